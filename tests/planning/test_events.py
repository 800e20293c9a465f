"""Whatever is decoded at once, and in whatever company an event comes, the same is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.events.sources import find_sources
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Outcome, Planned, Status
from twiliodest.planning.identity import compile_identity
from twiliodest.planning.plan import Plan
from twiliodest.planning.planner import Planner, steps
from twiliodest.planning.progress import Progress
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.grammar import parse


def action(name: str) -> SendSms:
    return SendSms(
        name=name,
        trigger=parse(f'event = "{name}"'),
        to=[compile_field("$.to")],
        body=compile_field(f"Hi {{{{{name}.name}}}}"),
        media=[],
        sender="+15005550006",
    )


PLAN = Plan([action("a"), action("b")], compile_identity(["$.messageId"]))
FINE = b'{"event":"a","messageId":"%d","to":"+14155550134","a":{"name":"Ann"}}'
FAULT = b'"b":{"name":1e99999999999999999999}'  # a number that cannot be read, in what the action b needs


def found(folder: Path, lines: list[bytes]) -> tuple[list[Outcome], Progress, list[Any]]:
    file = folder / "events.jsonl"
    file.write_bytes(b"\n".join(lines))
    progress, passed = Progress(), list[Any]()
    planner = Planner(find_sources([str(file)]), PLAN, passed.append)
    return told(planner, progress), progress, passed


def told(planner: Planner, progress: Progress) -> list[Outcome]:
    """What comes of everything if each message is as planned."""
    return [
        it.outcome(Status.PLANNED) if isinstance(it, Planned) else it
        for group in steps(planner, progress, lambda size: None)
        for step in group
        for it in step
    ]


@pytest.mark.parametrize("company", [0, 2000])
def test_what_no_matching_action_needs_harms_no_event(tmp_path: Path, company: int) -> None:
    """Also among thousands that match, of which everything is decoded at once."""
    lines = [FINE % number for number in range(company)]
    lines += [
        b'{"event":"c",' + FAULT + b"}",
        b'{"event":"a","messageId":"x","to":"+14155550134","a":{"name":"Ann"},' + FAULT + b"}",
        b'{"event":"b","messageId":"y","to":"+14155550134",' + FAULT + b"}",
        FINE % company,
    ]
    outcomes, progress, passed = found(tmp_path, lines)
    assert (progress.events, progress.matched, len(passed)) == (company + 4, company + 2, 1)
    statuses = [outcome.status.value for outcome in outcomes[company:]]
    assert statuses == ["planned", "invalid", "planned"]
    assert [outcome.event.line for outcome in outcomes] == [
        *range(1, company + 1),
        *range(company + 2, company + 5),
    ]


def test_objects_that_hold_others_are_counted_by_name(tmp_path: Path) -> None:
    """So that somebody is told of `events_at` who sends an export of another shape; those that match do not count."""
    lines = [
        b'{"results":[{"event":"a"},{"event":"b"}],"more":[{"x":1}]}',
        b'{"results":[{"event":"a"}],"none":[],"texts":["a"]}',
        FINE[:-1] % 1 + b',"results":[{"event":"a"}]}',
    ]
    _, progress, _ = found(tmp_path, lines)
    assert progress.envelopes == {"results": (2, 3), "more": (1, 1)}
    assert (progress.events, progress.matched) == (3, 1)


def test_hundreds_of_actions_with_fields_of_their_own(tmp_path: Path) -> None:
    """Each event gives its own action's text, though it would take long to decode what all of them need."""
    plan = Plan([action(f"a{number}") for number in range(300)], compile_identity(["$.messageId"]))
    assert not plan.takes_fast
    lines = [FINE.replace(b'"a"', b'"a%d"' % (number % 300)) % number for number in range(2000)]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(lines))
    planner = Planner(find_sources([str(tmp_path / "events.jsonl")]), plan)
    found = told(planner, Progress())
    assert [outcome.action for outcome in found] == [f"a{number % 300}" for number in range(2000)]
    assert {outcome.message and outcome.message.body for outcome in found} == {"Hi Ann"}


EVENTS = st.lists(
    st.sampled_from(
        [
            FINE % 1,
            b'{"event":"b","to":"+14155550134","b":{"name":12.50}}',
            b'{"event":"b","to":"+14155550134"}',
            b'{"event":"b","to":5,"messageId":{}}',
            b'{"event":["b"],"type":{}}',
            b'{"event":"c"}',
            b"{",
            b"",
            b'{"batch":[' + FINE % 2 + b"]}",
        ]
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_an_event_comes_to_the_same_alone_and_in_company(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    """Neighbours change nothing but the line."""
    folder = tmp_path_factory.mktemp("events")
    together, _, _ = found(folder, lines)
    apart = [outcome for line in lines for outcome in found(folder, [line])[0]]
    assert [plain(outcome) for outcome in together] == [plain(outcome) for outcome in apart]


BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b'{"event":"a","messageId":"%d","to":"+14155550134","a":{"name":"Ann"}}',
                b'{"event":"b","messageId":"%d","to":"+14155550134","b":{"name":"Zo\xc3\xab"}}',
                b'{"event":"c","messageId":"%d"}',
                b'{"batch":[{"event":"a","messageId":"%d","to":"+14155550134","a":{"name":"Ann"}}]}',
                b'{"event":"a","messageId":"%d","to":"+1415555013"}',
                b'{"event":"b","messageId":"%d",' + FAULT + b"}",
                b'{"event":"a",\n"messageId":"%d"}\n',
                b"no event %d",
                b'{"not UTF-8":"\xff%d"}',
                b'{"event":"a","messageId":"%d","a":"' + b"x" * 70_000 + b'"}',
            ]
        ),
        st.sampled_from([1, 1, 3, 40, 2000]),
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(blocks=BLOCKS, ends=st.booleans(), count=st.integers(1, 2))
def test_helpers_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[tuple[bytes, int]], ends: bool, count: int
) -> None:
    """Not an outcome, not a number, not the order; wherever in a large file something is no event."""
    lines = [line.replace(b"%d", b"%d" % number) for line, times in blocks for number in range(times)]
    file = tmp_path_factory.mktemp("events") / "events.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n" * ends)
    sources = find_sources([str(file), str(file)])
    alone, together = Progress(), Progress()
    expected = [it for group in steps(Planner(sources, PLAN), alone, abs) for step in group for it in step]
    planner = Planner(sources, PLAN)
    with planner.helpers(count) as helpers:
        found = [it for group in steps(planner, together, abs, helpers) for step in group for it in step]
    assert found == expected
    assert together == alone


def plain(outcome: Outcome) -> str:
    message = outcome.message and (outcome.message.to, outcome.message.body)
    event = outcome.event
    told = [outcome.action, outcome.status, message, outcome.kind, event.id, event.raw.decode()]
    return json.dumps(told)
