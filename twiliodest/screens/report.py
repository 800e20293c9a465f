"""Outcomes become records and numbers: JSON Lines for programs, a tally for people. `screen` draws them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, BinaryIO

import msgspec

from twiliodest.errors import ExitStatus
from twiliodest.events.tapes import Tape
from twiliodest.messages.savings import Savings
from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.screens.controls import safe_json

REASONS = 1000  # distinct reasons that are counted one by one
RECIPIENTS = 100_000  # distinct recipients that are counted exactly
TO_SEND = (Status.PLANNED, Status.SENT)
DONE = (Status.PLANNED, Status.SENT, Status.ALREADY, Status.SUPPRESSED, Status.EXPIRED)
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

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count outcomes."""
        self.statuses.update(map(_status, outcomes))
        messages = [it.message for it in outcomes if it.status in TO_SEND and it.message]
        self.encodings.update(map(_encoding, messages))
        for message in messages:
            if message.media_urls:
                self.media += 1
            else:
                self.segments += message.segments
            if message.encoding != "GSM-7":
                self.savings.add(message)
        if len(self._recipients) <= RECIPIENTS:
            self._recipients.update([hash(message.to) for message in messages])
        for outcome in outcomes:
            if outcome.kind or outcome.status not in DONE:
                self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        key = (outcome.status, outcome.kind or outcome.reason or "")
        if key not in self._reasons and len(self._reasons) >= REASONS:
            key = (outcome.status, "other reasons")
        count, place = self._reasons.get(key, (0, f"{outcome.event.source}:{outcome.event.line}"))
        self._reasons[key] = (count + 1, place)

    @property
    def messages(self) -> int:
        """Sent, or to be sent."""
        return sum(self.statuses[status] for status in TO_SEND)

    @property
    def recipients(self) -> str:
        """How many different people get a message."""
        count = len(self._recipients)
        return f"{count:,}" if count <= RECIPIENTS else f"more than {RECIPIENTS:,}"

    @property
    def people(self) -> int | None:
        """How many they are, where that is known exactly."""
        count = len(self._recipients)
        return count if count <= RECIPIENTS else None

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
    parameters: Mapping[str, str | Sequence[str]] | None
    encoding: str | None
    segments: int | None
    sid: str | None
    code: int | None
    reason: str | None
    attempts: int


def record(outcome: Outcome) -> Record:
    """An outcome as a line of JSON has it."""
    event, message = outcome.event, outcome.message or _NO_MESSAGE
    return Record(
        event.source,
        event.line,
        event.id or None,
        event.name,
        outcome.action or None,
        outcome.status,
        message.to,
        message.sender,
        message.body,
        message.media_urls,
        _parameters(outcome.message),
        message.encoding,
        message.segments,
        outcome.sid,
        outcome.code,
        outcome.reason,
        outcome.attempts,
    )


class DivertedRecord(Record, frozen=True, gc=False):
    """A record of a rehearsal: `to` is whom a text was for, and `diverted_to` the phone that got it instead."""

    diverted_to: str


def write_records(outcomes: Iterable[Outcome], out: BinaryIO, diverted_to: str | None = None) -> None:
    """Write each outcome as one line of JSON, with no byte in it that a terminal would obey."""
    records: Iterable[Record] = map(record, outcomes)
    if diverted_to:
        records = (_diverted(it, diverted_to) for it in records)
    out.write(encode_lines(records))


def _diverted(found: Record, phone: str) -> Record:
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return DivertedRecord(**fields, diverted_to=phone)


def encode_lines(values: Iterable[object]) -> bytes:
    """One line of JSON for each value, with no byte in it that a terminal would obey."""
    values = list(values)
    try:
        lines = _ENCODER.encode_lines(values)
    except UnicodeEncodeError:  # the name of a file need not be UTF-8
        compact = (json.dumps(msgspec.to_builtins(value), separators=(",", ":")) for value in values)
        lines = "".join(f"{line}\n" for line in compact).encode()
    return safe_json(lines)


class Rejects:
    """The original texts of what did not go out, to be fed in again: an event a line, anything else as it was."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def add(self, event: Event, outcomes: Sequence[Outcome]) -> None:
        """Keep an event of which something was not sent, or not tried; and what is not an event, to be fixed."""
        is_done = outcomes and all(outcome.status in DONE for outcome in outcomes)
        if is_done:
            return
        text = event.raw if event.original is None else event.original
        if event.id:  # white space before it might make it part of something broken that comes before
            text = text.lstrip(b" \t").removesuffix(b"\n").replace(b"\n", b" ")
        # else: the lines of something broken, joined, might be valid and mean something else
        last = b"\n"
        for block in text.blocks() if isinstance(text, Tape) else (text,):
            self._out.write(block)
            last = block or last
        if not last.endswith(b"\n"):
            self._out.write(b"\n")


def _parameters(message: Message | None) -> Mapping[str, str | Sequence[str]] | None:
    if message is None:
        return None
    if not (message.extras or message.smart_encoded or message.send_at):
        return _NONE
    found: dict[str, list[str]] = {}
    for name, value in message.parameters:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


_NONE: Mapping[str, str] = {}
_status, _encoding = attrgetter("status"), attrgetter("encoding")
_ENCODER = msgspec.json.Encoder()
_NOTHING: Any = None
_NO_MESSAGE = Message(to=_NOTHING, sender=_NOTHING, body=_NOTHING, encoding=_NOTHING, segments=_NOTHING)
