"""What `explain` says of an event is what a send would do with it, and why."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import ROOT
from shell import CREDENTIALS, run
from strategies import EVENTS, EXPRESSIONS

from twiliodest.checks.inquiry import Answer, Inquiry
from twiliodest.config.settings import load
from twiliodest.delivery.preview import preview
from twiliodest.events.decoding import REFUSALS, view
from twiliodest.events.halves import Damaged
from twiliodest.events.sources import Source, find_sources
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Outcome, Status
from twiliodest.planning.identity import compile_identity
from twiliodest.planning.plan import Plan
from twiliodest.planning.planner import Planner, steps
from twiliodest.planning.progress import Progress
from twiliodest.sandbox import Sandbox
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.expressions import Expression
from twiliodest.triggers.grammar import parse
from twiliodest.triggers.matching import compile_trigger

IDENTITY = compile_identity(["$.messageId"])
EXPECTED = partial(preview, account="", find=None, retry=())
CONFIG = """\
number: "+15005550006"
actions:
  - name: Greeting
    trigger: type = "track" and event = "Hello" and properties.total > 10
    to: $.phone
    body: "Hello {{name}}!"
  - {name: Off, to: $.phone, body: Hi, enabled: false}
"""


def event(**more: Any) -> str:
    text = {"type": "track", "event": "Hello", "properties": {"total": 12.5}, "phone": "+14155550134"}
    return json.dumps({**text, "name": "Ann", **more})


def made_by(actions: Sequence[SendSms], sources: Sequence[Source]) -> list[Outcome]:
    """All that a dry run of these inputs makes, in order."""
    planner = Planner(sources, Plan(actions, IDENTITY))
    return [
        it for group in EXPECTED(steps(planner, Progress(), int)) for outcomes in group for it in outcomes
    ]


def answers(actions: Sequence[SendSms], sources: Sequence[Source], line: int | None) -> list[Answer]:
    return list(Inquiry(Planner(sources, Plan(actions, IDENTITY)), actions, EXPECTED, line=line).answers())


def source_of(text: bytes) -> list[Source]:
    return [Source("events.jsonl", len(text), lambda: (block for block in (text,)))]


def assert_true(answer: Answer, raw: bytes) -> None:
    """Each sentence of an answer, tried on the event by itself."""
    whole = view([()])
    for each in answer.actions:
        for condition in each.reasons.conditions if each.reasons else ():
            assert compile_trigger(parse(condition.text))(whole(raw)) is condition.holds
        if each.reasons:
            assert each.reasons.matches is bool(each.outcomes)
            assert each.reasons.conditions


@settings(deadline=None)
@given(st.lists(EXPRESSIONS, min_size=1, max_size=3), st.lists(EVENTS, min_size=1, max_size=4), st.data())
def test_the_verdict_is_the_run_s(
    triggers: list[Expression], events: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Whatever triggers and events, halves of characters and all: what is said to match is what makes something."""
    actions = [
        SendSms(
            name=str(number),
            trigger=trigger,
            to=[compile_field("+14155550134")],
            body=compile_field("{{a}}"),
            media=[],
            sender="+15005550006",
        )
        for number, trigger in enumerate(triggers)
    ]
    encode = msgspec.json.Encoder(decimal_format="number").encode
    raws = [encode(event) for event in events]
    if data.draw(st.booleans()):
        raws = [raw.replace(b'"a"', rb'"\ud83d"') for raw in raws]
    text = b"\n".join(raws)
    made = made_by(actions, source_of(text))
    for number, raw in enumerate(raws, 1):
        (answer,) = answers(actions, source_of(text), number)
        here = [outcome for outcome in made if outcome.event.line == number]
        if answer.fault is not None:
            assert [outcome.reason for outcome in here] == [answer.fault]
            continue
        assert [outcome for each in answer.actions for outcome in each.outcomes] == here
        try:
            if not isinstance(view([()])(raw), Damaged):
                assert_true(answer, raw)
        except REFUSALS:
            pass  # a part that no trigger looks at cannot be decoded


@pytest.mark.parametrize("path", sorted((ROOT / "sample-events").iterdir()), ids=lambda path: path.name)
def test_each_sample_event_is_explained_truly(path: Path) -> None:
    """For each line of the samples, and each action, the answer is that of the dry run, and its reasons are true."""
    actions = load(ROOT / "sample-config.yaml", {}).actions
    made = made_by(actions, find_sources([str(path)]))
    text = path.read_text(errors="replace")
    seen: list[Outcome] = []
    for number in range(1, text.count("\n") + 2):
        for answer in answers(actions, find_sources([str(path)]), number):
            if answer.line == number:
                seen += [it for each in answer.actions for it in each.outcomes]
            if answer.fault is None:
                assert [each.action for each in answer.actions] == list(actions)
                assert all(each.reasons and each.reasons.conditions for each in answer.actions)
            if path.suffix == ".jsonl" and answer.fault is None:
                assert_true(answer, text.splitlines()[number - 1].encode())
    assert seen == [outcome for outcome in made if outcome.action]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    lines = [
        event(messageId="1"),
        event(messageId="1"),
        "",
        '{"type": "page"',
        event(properties={"total": "12"}),
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress((tmp_path / "events.jsonl").read_bytes()))
    (tmp_path / "list.json").write_text(f"[\n{event(phone='555')},\n{{\n}}, {event(name='Bo')}]")
    (tmp_path / "batch.json").write_text('{"batch": [{"type": "page"}], "context": {}}')
    (tmp_path / "folder").mkdir()
    for name in ("a", "b"):
        (tmp_path / "folder" / f"{name}.jsonl").write_text(event())
    (tmp_path / "odd:7").write_text(event(name="Odd"))
    return tmp_path


@pytest.mark.parametrize(
    ("place", "status", "told"),
    [
        ("events.jsonl:1", 0, "Greeting: matches and would be sent"),
        ("events.jsonl:1", 0, "  | Hello Ann!"),
        ("events.jsonl:1", 0, "1 disabled action left out"),
        ("events.jsonl:1:14", 0, "Greeting: matches and would be sent"),
        ("events.jsonl", 0, "this is the first event; for the one on line 2, write events.jsonl:2"),
        ("events.jsonl:2", 0, "matches, but was already handled: the same event as events.jsonl:1"),
        ("events.jsonl:3", 2, "error: there is no event on line 3 of events.jsonl"),
        ("events.jsonl:4", 1, "events.jsonl:4  not an event: not valid JSON"),
        ("events.jsonl:5", 0, 'properties.total > 10 is false: properties.total is "12"'),
        ("events.jsonl:6", 2, "error: events.jsonl has no line 6\n    its last event ends on line 5"),
        ("events.jsonl:0", 2, "write events.jsonl:1"),
        ("packed.jsonl.gz:5", 0, 'properties.total > 10 is false: properties.total is "12"'),
        ("list.json:2", 0, "matches, but cannot be sent: "),
        ("list.json:3", 0, 'type = "track" is false: type is missing'),
        ("list.json:4", 0, "  | Hello Bo!"),
        ("batch.json:1", 0, 'type = "track" is false: type is "page"'),
        ("folder", 2, "error: folder has 2 files\n    name one of them: folder/a.jsonl:1"),
        ("odd:7", 0, "  | Hello Odd!"),
        ("-:2", 0, "  | Hello Cy!"),
        ("-", 0, 'type = "track" is false: type is "page"'),
        ("missing.jsonl:7", 2, "error: cannot read missing.jsonl: No such file"),
    ],
)
def test_an_event_is_named_by_its_place(home: Path, place: str, status: int, told: str) -> None:
    """Whatever a send reads can be asked about, at the places that problems and records name."""
    done = run("explain", place, cwd=home, stdin=f'{{"type": "page"}}\n{event(name="Cy")}'.encode())
    assert (told in (done.stdout + done.stderr).decode(), done.returncode) == (True, status), done


def test_what_was_sent_is_said_to_be(home: Path) -> None:
    """The ledger counts as in a dry run, and asking changes nothing in it."""
    with Sandbox() as sandbox:
        server = ("--api-base", sandbox.url)
        run("send", "list.json", *server, "-y", cwd=home, env=CREDENTIALS)
        for _ in range(2):
            done = run("explain", "list.json:4", *server, "-o", "jsonl", cwd=home, env=CREDENTIALS)
            told = [json.loads(line) for line in done.stdout.splitlines()]
            (outcome,) = told[-1]["actions"][0]["outcomes"]
            assert (outcome["status"], len(outcome["sid"])) == (Status.ALREADY, 34)
        assert len(sandbox.messages()) == 1


def test_what_a_terminal_would_obey_is_shown(home: Path) -> None:
    """Values of an event come into an explanation as text."""
    (home / "evil.jsonl").write_text(
        event(event="\x1b[2J\x9b\u202e", name="\x1b[31m") + "\n" + event(name="\x1b[2J")
    )
    for line in (1, 2):
        shown = run("explain", f"evil.jsonl:{line}", cwd=home).stdout.decode()
        assert shown
        assert not {"\x1b", "\x9b", "\u202e"} & {*shown}
