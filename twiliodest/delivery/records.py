"""The records of earlier sends as evidence of what was sent."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from twiliodest.delivery.assume import Evidence, Shown
from twiliodest.ledger.rows import Claim, State
from twiliodest.model import Planned, Status

_STATES = {
    Status.SENT.value: State.SENT,
    Status.ALREADY.value: State.SENT,
    Status.UNKNOWN.value: State.UNKNOWN,
    Status.REJECTED.value: State.REJECTED,
}
_ORDER = (
    State.REJECTED,
    State.UNKNOWN,
    State.SENT,
)  # of several records of a message, the last one here counts


class RecordError(ValueError):
    """A line that is not a record of a send."""


class _Record(msgspec.Struct):
    status: str
    action: str | None = None
    event_id: str | None = None
    to: str | None = None
    sid: str | None = None
    code: int | None = None


def in_records(lines: Iterable[bytes]) -> Evidence:
    """What the records of `send -o jsonl` say: sent, unknown and rejected messages stay so. Raises `RecordError`."""
    found: dict[tuple[str, str, str | None], Shown] = {}
    decode = msgspec.json.Decoder(_Record).decode
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise RecordError(f"line {number} is not a record of send -o jsonl") from None
        state = _STATES.get(record.status)
        if state is None or record.action is None or not record.event_id:
            continue
        shown = Shown(state, record.sid, record.code)
        for person in (None, record.to):
            known = found.get(key := (record.event_id, record.action, person))
            if known is None or _ORDER.index(known.state) <= _ORDER.index(state):
                found[key] = shown
    if not found:
        raise RecordError("no record in it says that a message was sent")

    async def shown_in(planned: Planned, claim: Claim) -> Shown | None:
        extras = planned.message.extras
        person = claim.to if extras and extras.is_one_of_many else None
        return found.get((claim.event_id, claim.action, person))

    return shown_in
