"""Outcomes become records and numbers: JSON Lines for programs, a tally for people. `screen` draws them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec

from twiliodest.errors import ExitStatus
from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.savings import Savings

REASONS = 1000  # distinct reasons that are counted one by one
RECIPIENTS = 100_000  # distinct recipients that are counted exactly
TO_SEND = (Status.PLANNED, Status.SENT)
DONE = (Status.PLANNED, Status.SENT, Status.ALREADY, Status.SUPPRESSED)
FINE = (*DONE, Status.HELD)  # nothing went wrong


class Tally:
    """What a run came to. Its memory does not grow with the input."""

    def __init__(self) -> None:
        self.statuses: Counter[Status] = Counter()
        self.encodings: Counter[str] = Counter()
        self.segments = 0
        self.media = 0
        self.savings = Savings()
        self._reasons: dict[tuple[Status, str], tuple[int, str]] = {}
        self._recipients: set[int] = set()

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.statuses[outcome.status] += 1
        message = outcome.message
        if outcome.status in TO_SEND and message:
            self.encodings[message.encoding] += 1
            self.savings.add(message)
            if message.media_urls:
                self.media += 1
            else:
                self.segments += message.segments
            if len(self._recipients) < RECIPIENTS:
                self._recipients.add(hash(message.to))
        if outcome.kind or outcome.status not in DONE:
            key = (outcome.status, outcome.kind or outcome.reason or "")
            if key not in self._reasons and len(self._reasons) >= REASONS:
                key = (outcome.status, "other reasons")
            count, place = self._reasons.get(key, (0, f"{outcome.source}:{outcome.line}"))
            self._reasons[key] = (count + 1, place)

    @property
    def messages(self) -> int:
        """Sent, or to be sent."""
        return sum(self.statuses[status] for status in TO_SEND)

    @property
    def recipients(self) -> str:
        """How many different people get a message."""
        count = len(self._recipients)
        return f"{count:,}" if count < RECIPIENTS else f"more than {RECIPIENTS:,}"

    def reasons(self, status: Status) -> Sequence[tuple[str, int, str]]:
        """Why messages have a status: reason, count and the first place, the most frequent first."""
        rows = [(reason, *rest) for (its, reason), rest in self._reasons.items() if its is status]
        return sorted(rows, key=lambda row: -row[1])

    def cost(self, per_segment: float | None, per_mms: float | None) -> float | None:
        """The estimate, where prices are configured."""
        if per_segment is None and per_mms is None:
            return None
        return self.segments * (per_segment or 0) + self.media * (per_mms or 0)

    def exit_status(self) -> ExitStatus:
        """What the outcomes alone say."""
        if self.statuses[Status.UNKNOWN]:
            return ExitStatus.UNKNOWN
        done = sum(self.statuses[status] for status in DONE)
        return ExitStatus.OK if done == self.statuses.total() else ExitStatus.INCOMPLETE


class Record(msgspec.Struct, frozen=True, gc=False):
    """One line of `--output jsonl`; the README documents the fields."""

    source: str
    line: int
    event_id: str | None
    event: str | None
    action: str | None
    status: Status
    to: str | None
    sender: str | None = msgspec.field(name="from")
    body: str | None
    media_urls: Sequence[str]
    encoding: str | None
    segments: int | None
    sid: str | None
    code: int | None
    reason: str | None
    attempts: int


def write_record(outcome: Outcome, out: BinaryIO) -> None:
    """Write an outcome as one line of JSON, with no byte in it that a terminal would obey."""
    event, message = outcome.event or _NO_EVENT, outcome.message or _NO_MESSAGE
    line = encode(
        Record(
            outcome.source,
            outcome.line,
            event.id,
            event.name,
            outcome.action,
            outcome.status,
            message.to,
            message.sender,
            message.body,
            message.media_urls,
            message.encoding,
            message.segments,
            outcome.sid,
            outcome.code,
            outcome.reason,
            outcome.attempts,
        )
    )
    out.write(line + b"\n")


def encode(value: object) -> bytes:
    """One line of JSON, with no byte in it that a terminal would obey."""
    try:
        line = _ENCODER.encode(value)
    except UnicodeEncodeError:  # the name of a file need not be UTF-8
        line = json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()
    if line.isascii() and b"\x7f" not in line:
        return line
    return _TERMINAL.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode()).encode()


class Rejects:
    """The original texts of what did not go out, one a line, ready to be fed in again."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def broken(self, outcome: Outcome) -> None:
        """Keep a line that is no event."""
        if outcome.event is None and outcome.raw:
            self._write(outcome.raw)

    def event(self, event: Event, outcomes: Sequence[Outcome]) -> None:
        """Keep an event of which something did not go out, or was not tried."""
        if not outcomes or any(outcome.status not in DONE for outcome in outcomes):
            self._write(event.raw)

    def _write(self, raw: bytes) -> None:
        self._out.write(b" ".join(raw.split(b"\n")).rstrip() + b"\n")


_ENCODER = msgspec.json.Encoder()
_NOTHING: Any = None
_NO_EVENT = Event("", 0, b"", None, _NOTHING)  # a line that is no event has nulls in their place
_NO_MESSAGE = Message(to=_NOTHING, sender=_NOTHING, body=_NOTHING, encoding=_NOTHING, segments=_NOTHING)
_TERMINAL = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
