"""What a run came to is counted right, in bounded memory, and told to programs in full."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.errors import ExitStatus
from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.screens import report
from twiliodest.screens.report import Rejects, Tally, write_records

MESSAGE = Message(to="+14155550134", sender="+15005550006", body="Hello", encoding="GSM-7", segments=1)
MMS = msgspec.structs.replace(MESSAGE, media_urls=("https://example.com/a.png",))
EVENT = Event(source="events.jsonl", line=7, raw=b'{"n":\n 1}\n', name="Hello", id="m1")
DONE = (Status.PLANNED, Status.SENT, Status.ALREADY)


BROKEN = Event(source="events.jsonl", line=7, raw=b'{"a": \xff')


def outcome(status: Status, event: Event = EVENT, action: str = "A", **more: Any) -> Outcome:
    return Outcome(event, action, status, **more)


def tally(*outcomes: Outcome) -> Tally:
    counted = Tally()
    half = len(outcomes) // 2
    counted.add(outcomes[:half])
    counted.add(outcomes[half:])
    return counted


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), ExitStatus.OK),
        (DONE, ExitStatus.OK),
        ((*DONE, Status.INVALID), ExitStatus.INCOMPLETE),
        ((*DONE, Status.REJECTED), ExitStatus.INCOMPLETE),
        ((*DONE, Status.FAILED), ExitStatus.INCOMPLETE),
        ((*Status,), ExitStatus.UNKNOWN),
    ],
)
def test_the_worst_outcome_decides_the_exit_status(statuses: Sequence[Status], expected: ExitStatus) -> None:
    """An unknown counts before what is incomplete; an empty input is a success."""
    assert tally(*map(outcome, statuses)).exit_status() is expected


def test_recipients_are_counted_up_to_the_limit_and_not_beyond() -> None:
    """Exactly as many as are counted one by one are no more than that."""
    counted = Tally()

    def sent(to: str) -> Outcome:
        return outcome(Status.SENT, message=msgspec.structs.replace(MESSAGE, to=to))

    for number in range(report.RECIPIENTS):
        counted.add([sent(f"+1415{number:07}")])
    assert counted.recipients == "100,000"
    counted.add([sent("+14150000000"), sent("+447911123456")])
    assert counted.recipients == "more than 100,000"
    counted.add([sent("+447911123457")])
    assert counted.recipients == "more than 100,000"


def test_only_what_is_sent_is_counted_as_a_message() -> None:
    """Segments, encodings and recipients are those of messages that leave, not of those that are already there."""
    counted = tally(
        outcome(Status.SENT, message=msgspec.structs.replace(MESSAGE, segments=3)),
        outcome(
            Status.PLANNED, message=msgspec.structs.replace(MESSAGE, to="+14155550199", encoding="UCS-2")
        ),
        outcome(Status.SENT, message=MMS),
        outcome(Status.ALREADY, message=MESSAGE),
        outcome(Status.REJECTED, message=MESSAGE),
        outcome(Status.INVALID),
    )
    assert (counted.messages, counted.segments, counted.media, counted.recipients) == (3, 4, 1, "2")
    assert counted.encodings == {"GSM-7": 2, "UCS-2": 1}


@pytest.mark.parametrize(
    ("per_segment", "per_mms", "cost"),
    [(None, None, None), (0.01, None, 0.03), (None, 0.5, 0.5), (0.01, 0.5, 0.53), (0.0, None, 0.0)],
)
def test_the_cost_is_segments_and_media_times_their_prices(
    per_segment: float | None, per_mms: float | None, cost: float | None
) -> None:
    """Without a price there is no estimate; a message with media costs its own price, not its segments'."""
    counted = tally(
        outcome(Status.PLANNED, message=msgspec.structs.replace(MESSAGE, segments=3)),
        outcome(Status.PLANNED, message=MMS),
    )
    assert counted.cost(per_segment, per_mms) == (None if cost is None else pytest.approx(cost))


def test_like_reasons_are_one_reason_with_its_first_place() -> None:
    """Reasons are grouped by kind, the most frequent first, each with where it came first."""
    missing: dict[str, Any] = {"reason": "nothing at $.a (this event has $.b)", "kind": "nothing at $.a"}
    counted = tally(
        outcome(Status.REJECTED, Event("a", 1, b""), reason="opted out"),
        outcome(Status.INVALID, Event("a", 2, b""), reason="other", kind="rare"),
        *(outcome(Status.INVALID, Event("b", line, b""), **missing) for line in (3, 9)),
    )
    assert counted.reasons(Status.INVALID) == [("nothing at $.a", 2, "b:3"), ("rare", 1, "a:2")]
    assert counted.reasons(Status.REJECTED) == [("opted out", 1, "a:1")]


def test_a_tally_does_not_grow_with_its_input() -> None:
    """However many different reasons there are, so many are kept, and the rest are counted together."""
    counted = tally(*(outcome(Status.REJECTED, reason=f"reason {n}") for n in range(3 * report.REASONS)))
    reasons = counted.reasons(Status.REJECTED)
    assert len(reasons) == report.REASONS + 1
    assert reasons[0][:2] == ("other reasons", 2 * report.REASONS)
    assert sum(count for _, count, _ in reasons) == counted.statuses[Status.REJECTED]


def record(one: Outcome) -> bytes:
    out = io.BytesIO()
    write_records([one], out)
    return out.getvalue()


def test_a_record_of_a_broken_line_has_every_field() -> None:
    """What is no event is told with the same fields, null where there is nothing."""
    found = json.loads(record(outcome(Status.INVALID, BROKEN, "", reason="not valid JSON")))
    told = {name: value for name, value in found.items() if value}
    assert told == {"source": "events.jsonl", "line": 7, "status": "invalid", "reason": "not valid JSON"}
    assert len(found) == len(msgspec.structs.fields(report.Record))


@given(text=st.text())
def test_a_record_keeps_every_text_and_no_terminal_code(text: str) -> None:
    """Any text comes back exactly from a record, and no byte of the record is one that a terminal obeys."""
    body = text.encode(errors="replace").decode()
    message = msgspec.structs.replace(MESSAGE, body=body, media_urls=(body,))
    line = record(outcome(Status.SENT, message=message, sid="SM1", attempts=2))
    found = json.loads(line)
    assert (found["body"], found["media_urls"], found["from"]) == (body, [body], "+15005550006")
    assert (found["event_id"], found["event"], found["sid"], found["attempts"]) == ("m1", "Hello", "SM1", 2)
    assert line.count(b"\n") == 1
    shown = line.decode().rstrip("\n")
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u2066\u2028" for char in shown)


def test_rejects_keep_each_event_that_did_not_go_out_once() -> None:
    """An event with one failed message of two is kept, on one line; one that went out is not."""
    out = io.BytesIO()
    rejects = Rejects(out)
    rejects.add(EVENT, [outcome(Status.SENT), outcome(Status.FAILED)])
    rejects.add(EVENT, [outcome(Status.SENT), outcome(Status.ALREADY)])
    assert out.getvalue() == b'{"n":  1}\n'


def test_rejects_keep_what_a_stopped_run_did_not_try() -> None:
    """An event without any outcome was not tried, and must not get lost."""
    out = io.BytesIO()
    Rejects(out).add(EVENT, [])
    assert out.getvalue() == b'{"n":  1}\n'


def test_rejects_keep_broken_lines_as_they_were() -> None:
    """A line that is no event is kept byte by byte, to be mended; of a file that cannot be read, nothing."""
    out = io.BytesIO()
    rejects = Rejects(out)
    rejects.add(BROKEN, [outcome(Status.INVALID, BROKEN, "")])
    unread = Event("gone.jsonl", 0, b"")
    rejects.add(unread, [outcome(Status.INVALID, unread, "")])
    assert out.getvalue() == b'{"a": \xff\n'
