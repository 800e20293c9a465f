"""A survey tells what events would come to, and where they do not fit the actions, before anything is sent."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import BIN, environment, on_terminal, run

from twiliodest.checks import survey as surveys
from twiliodest.checks.findings import Findings
from twiliodest.checks.reasons import REASONS
from twiliodest.checks.survey import Survey
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.planning.identity import compile_identity
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.grammar import parse

CONFIG = """\
number: "+15005550006"
price_per_segment: 0.01
price_per_mms: 0.02
actions:
  - name: Order
    trigger: type = "track" and event = "Ordered"
    to: [$.properties.phone, $.context.phone]
    body: 'Hi {{properties.name | default: "there"}}, {{properties.item}} is on its way'
  - name: Card
    trigger: type = "track" and event = "Carded"
    to: $.properties.phone
    body: Look
    media_url: $.properties.picture
"""
PHONE = "+14155550100"


def event(kind: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": kind, "properties": properties}


def check(home: Path, events: Sequence[Any], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the `events` of `check --events -o json`; a text among the events is a line as it is."""
    lines = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in events]
    (home / "twiliodest.yaml").write_text(CONFIG)
    (home / "e.jsonl").write_text("\n".join(lines), "utf-8")
    done = run("check", "--events", "e.jsonl", "-o", "json", *arguments, cwd=home)
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    found: dict[str, Any] = document["events"]
    return done.returncode, found


def test_everything_that_fits_is_a_success(tmp_path: Path) -> None:
    """Events that match are counted as to be sent; those that match nothing are no fault."""
    status, found = check(tmp_path, [event("Ordered", phone=PHONE, name="Al", item="It"), {"type": "page"}])
    assert status == 0
    assert (found["events"], found["matched"], found["messages"], found["segments"]) == (2, 1, 1, 1)
    assert found["cost"] == pytest.approx(0.01)
    assert found["unmatched"] == [{"type": "page", "event": None, "count": 1}]


def test_a_path_that_fails_comes_with_a_place_and_the_nearest_path(tmp_path: Path) -> None:
    """Each path says how often it was there, where it first was not, and where its name does stand."""
    events = [
        event("Ordered", phone=PHONE, name="Al", item="It"),
        {**event("Ordered", phone=PHONE, name="Al"), "context": {"item": "Box"}},
        {**event("Ordered", item=" "), "context": {"phone": PHONE}},
    ]
    status, found = check(tmp_path, events)
    order = found["actions"][0]
    paths = {(path["field"], path["path"]): path for path in order["paths"]}
    item = paths["body", "$.properties.item"]
    assert status == 1
    assert (order["matched"], order["to_send"], order["invalid"]) == (3, 1, 2)
    assert (item["resolved"], item["missing"], item["first"]) == (1, 2, "e.jsonl:2")
    assert (item["fault"], item["nearest"]) == ("is missing", "$.context.item")
    assert [(reason["count"], reason["first"]) for reason in order["reasons"]] == [
        (1, "e.jsonl:2"),
        (1, "e.jsonl:3"),
    ]
    assert paths["to", "$.context.phone"]["resolved"] == 1


def test_a_default_or_an_alternative_covers_what_is_missing(tmp_path: Path) -> None:
    """A path that is missing where the text is made all the same is told apart from one that stops it."""
    _, found = check(tmp_path, [{**event("Ordered", item="It"), "context": {"phone": PHONE}}])
    paths = {path["path"]: (path["missing"], path["covered"]) for path in found["actions"][0]["paths"]}
    assert paths["$.properties.phone"] == (1, 1)
    assert paths["$.properties.name"] == (1, 1)
    assert paths["$.properties.item"] == (0, 0)


def test_texts_are_counted_by_their_segments(tmp_path: Path) -> None:
    """How many texts cost how much, which is the longest, and what makes one UCS-2, with places."""
    events = [
        event("Ordered", phone=PHONE, name="Al", item="It"),
        event("Ordered", phone=PHONE, name="Al", item="x" * 200),
        event("Ordered", phone=PHONE, name="Al", item="🎉"),
        event("Carded", phone=PHONE, picture="https://example.com/a.png"),
    ]
    _, found = check(tmp_path, events)
    order, card = found["actions"]
    assert order["segments"] == {"1": 2, "2": 1}
    assert (order["longest"]["place"], order["longest"]["segments"]) == ("e.jsonl:2", 2)
    assert (order["ucs2"]["texts"], order["ucs2"]["place"]) == (1, "e.jsonl:3")
    assert "PARTY POPPER" in order["ucs2"]["character"]
    assert (card["mms"], card["segments"], card["longest"]) == (1, {}, None)
    assert (found["segments"], found["mms"]) == (4, 1)
    assert found["cost"] == pytest.approx(0.06)


def test_recipients_are_counted_by_country_and_by_texts(tmp_path: Path) -> None:
    """People, not texts, are counted by country; the one who would get the most is named."""
    phones = [PHONE, PHONE, "+442071838750", "+16135550100"]
    _, found = check(tmp_path, [event("Ordered", phone=to, item=str(n)) for n, to in enumerate(phones)])
    people = found["recipients"]
    assert (people["count"], people["exact"], people["most"], people["texts"]) == (3, True, PHONE, 2)
    assert people["countries"] == {"US": 1, "GB": 1, "CA": 1}


def test_a_repeated_event_is_counted_once(tmp_path: Path) -> None:
    """As in a send, an event that comes twice texts once."""
    status, found = check(tmp_path, [event("Ordered", phone=PHONE, item="It")] * 2)
    order = found["actions"][0]
    assert (status, order["to_send"], order["already"], found["messages"]) == (0, 1, 1, 1)


def test_lines_that_are_no_events_are_counted_with_a_place(tmp_path: Path) -> None:
    """Broken lines neither stop the survey nor pass for a success."""
    status, found = check(tmp_path, ["{broken", "[1]", event("Ordered", phone=PHONE, item="It")])
    assert status == 1
    assert {(row["first"], row["count"]) for row in found["not_events"]} == {
        ("e.jsonl:1", 1),
        ("e.jsonl:2", 1),
    }
    assert found["messages"] == 1


def test_the_table_says_the_same_to_people(tmp_path: Path) -> None:
    """Without `-o json` the same findings are tables and lines; hostile texts are shown literally."""
    events = [
        event("Ordered", phone=PHONE, item="🎉"),
        event("Ordered", phone="555"),
        {"type": "track", "event": "\x1b[2J[bold]:smile:"},
    ]
    check(tmp_path, events)
    done = run("check", "--events", "e.jsonl", cwd=tmp_path)
    shown = " ".join(done.stdout.decode().split())
    assert done.returncode == 1
    for text in ("1 of 2", "PARTY POPPER", "US 1", "e.jsonl:2", r"\x1b[2J[bold]:smile:", "about 0.01 USD"):
        assert text in shown
    assert b"\x1b" not in done.stdout


def test_a_shells_pattern_and_a_pipe_are_inputs(tmp_path: Path) -> None:
    """`--events *.jsonl`, a folder, and `-` read what `send` would read."""
    check(tmp_path, [event("Ordered", phone=PHONE, item="It")])
    (tmp_path / "f.jsonl").write_text(json.dumps(event("Ordered", phone=PHONE, item="At")))
    for arguments in (["e.jsonl", "f.jsonl"], [".", "--events", "-"], ["e.jsonl", "--events", "f.jsonl"]):
        done = run("check", "-o", "json", "--events", *arguments, cwd=tmp_path)
        assert json.loads(done.stdout)["events"]["messages"] == 2


def test_a_file_s_name_need_not_be_utf8(tmp_path: Path) -> None:
    """A place in such a file is told with an escape, by a check and by a dry run."""
    check(tmp_path, [event("Ordered", phone="555")])
    (tmp_path / "e.jsonl").rename(tmp_path / os.fsdecode(b"\xff.jsonl"))
    for command in (["check", "-o", "json", "--events"], ["send", "-n", "-o", "jsonl"]):
        done = run(*command, ".", cwd=tmp_path)
        assert done.returncode == 1
        assert rb"\udcff.jsonl" in done.stdout


WRONG = [["twiliodest.yaml"], ["missing.jsonl"], ["--events", "missing.jsonl"], ["--events", ""]]


@pytest.mark.parametrize("arguments", WRONG)
def test_a_wrong_input_is_a_usage_error(arguments: Sequence[str], tmp_path: Path) -> None:
    """A configuration without -c, or a file that is not there, ends with status 2 and words."""
    check(tmp_path, [])
    done = run("check", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_check_of_events_sends_and_remembers_nothing(tmp_path: Path) -> None:
    """It neither writes a ledger nor needs an account."""
    check(tmp_path, [event("Ordered", phone=PHONE, item="It")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.jsonl", "twiliodest.yaml"]


def test_a_terminal_sees_it_too(tmp_path: Path) -> None:
    """On a terminal the progress bar does not get into the result."""
    check(tmp_path, [event("Ordered", phone=PHONE, item="It")])
    command = (BIN / "twiliodest", "check", "--events", "e.jsonl")
    status, shown = on_terminal(command, cwd=tmp_path, env=environment(tmp_path))
    assert (status, "1 read, 1 matched" in shown) == (0, True)


ACTION = SendSms(
    name="one",
    trigger=parse("true"),
    to=[compile_field("$.to")],
    body=compile_field("{{text}}"),
    media=[],
    sender="+15005550006",
)


def outcome(
    line: int, to: str, status: Status = Status.PLANNED, kind: str | None = None, body: str = "Hi"
) -> Outcome:
    raw = json.dumps({"to": to, "text": body}).encode()
    made = Message(to=to, sender="+15005550006", body=body, encoding="GSM-7", segments=1)
    message = made if status is Status.PLANNED else None
    return Outcome(Event("e", line, raw, None, str(line)), "one", status, message, kind=kind)


def findings(taken: Survey) -> Findings:
    return taken.findings(None, None, "USD")


def test_memory_is_bounded_whatever_the_events_are() -> None:
    """Beyond a limit, new names and reasons are counted together, and new recipients not at all, which is said."""
    taken = Survey([ACTION], compile_identity(["$.messageId"]))
    for number in range(surveys.NAMES + 10):
        taken.passed({"type": "track", "event": f"name {number}"})
        taken.add(outcome(number, PHONE, Status.INVALID, f"reason {number}"))
    for number in range(surveys.RECIPIENTS + 1):
        taken.add(outcome(number, f"+1415{number:07}"))
    found = findings(taken)
    assert (found.recipients.count, found.recipients.exact) == (surveys.RECIPIENTS, False)
    assert len(found.actions[0].reasons) == REASONS + 1
    assert len(found.unmatched) == surveys.SHOWN
    assert found.unmatched_other == surveys.NAMES + 10 - surveys.SHOWN
    assert found.messages == surveys.RECIPIENTS + 1


def test_the_longest_text_is_the_one_that_fills_most_of_its_segments() -> None:
    """Lengths are compared in the units in which they are told: an emoji is two."""
    taken = Survey([ACTION], compile_identity(["$.messageId"]))
    taken.add(outcome(1, PHONE, body="é" * 3))
    taken.add(outcome(2, PHONE, body="🎉" * 2))
    taken.add(outcome(3, PHONE, body="ë" * 3))
    longest = findings(taken).actions[0].longest
    assert longest
    assert (longest.place, longest.characters) == ("e:2", 4)


NAME = st.none() | st.sampled_from(["track", "page", "x" * 100, ""]) | st.integers()


@given(
    st.lists(st.tuples(st.sampled_from([PHONE, "+442071838750", "+999123"]), st.booleans()), max_size=20),
    st.lists(st.tuples(NAME, NAME), max_size=20),
)
@settings(max_examples=50, deadline=None)
def test_no_event_is_counted_twice_or_lost(
    texts: list[tuple[str, bool]], passed: list[tuple[Any, Any]]
) -> None:
    """Matched and unmatched events add up, and so do texts, recipients and countries."""
    taken = Survey([ACTION], compile_identity(["$.messageId"]))
    for line, (to, sent) in enumerate(texts):
        taken.add(outcome(line, to, *(() if sent else (Status.INVALID, "no"))))
    for kind, name in passed:
        taken.passed({"type": kind, "event": name})
    found = findings(taken)
    people = {to for to, sent in texts if sent}
    assert found.events == len(texts) + len(passed)
    assert sum(row.count for row in found.unmatched) + found.unmatched_other == len(passed)
    assert found.messages + found.actions[0].invalid == found.matched == len(texts)
    assert (found.recipients.count, sum(found.recipients.countries.values())) == (len(people), len(people))
    assert all(path.resolved + path.missing == len(texts) for path in found.actions[0].paths)
