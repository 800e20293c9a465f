"""Whether Twilio has a message whose answer was lost: a match in its list proves it, no match proves nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from twiliodest.delivery.claims import text_digest
from twiliodest.ledger.rows import Row, State
from twiliodest.model import FOUND
from twiliodest.twilio.messages import Listed

EARLY = 3.0  # seconds by which a message may seem older than its claim: clocks tell whole seconds, and are never one
WINDOW = (
    120.0  # seconds after the claim within which the message must have been created; a request takes less
)


class Lister(Protocol):
    """Lists what Twilio has for a recipient, newest first, created at `since` by Twilio's clock or later.

    Raises `LookUpError`. `ahead` says by how many seconds Twilio's clock is ahead of ours, once an answer has told.
    """

    @property
    def ahead(self) -> float | None: ...
    def reached(self, to: str) -> str:
        """The address to which a text for somebody goes: theirs, unless texts are diverted."""

    async def sent_to(self, to: str, since: float) -> Sequence[Listed]: ...


class Doubts(Protocol):
    """The side of a ledger that settles doubts. Any call may raise `LedgerError`."""

    @property
    def run(self) -> str:
        """The run that this ledger is open for."""

    def ahead(self, run: str) -> float | None:
        """By how many seconds Twilio's clock was ahead of ours in a run, if that was measured."""

    def knows(self, sid: str) -> bool:
        """Whether any row has this SID, whatever its age."""

    def undecided(self) -> list[Row]:
        """What may have been accepted, and what is being sent, oldest claim first."""

    async def settle(
        self,
        key: bytes,
        state: State,
        *,
        sid: str | None = None,
        code: int | None = None,
        reason: str | None = None,
        attempts: int = 0,
        expected: Row | None = None,
    ) -> None: ...


async def prove(row: Row, lister: Lister, ledger: Doubts) -> str | None:
    """Settle an unknown row as sent if Twilio's list shows its message, and say the SID. Raises `LookUpError`.

    Texts that cannot be told apart prove something only if there are as many of them as there are rows in doubt,
    and none that is just being sent.
    """
    first = -math.inf if lister.ahead is None else _claimed(row, lister, ledger) - EARLY
    listed = await lister.sent_to(row.to, first)
    at = _claimed(row, lister, ledger)
    candidates = sorted(
        (
            message
            for message in listed
            if _matches(row, lister.reached(row.to), at, message) and not ledger.knows(message.sid)
        ),
        key=lambda message: (message.created, message.sid),
    )
    rivals = [
        other
        for other in (ledger.undecided() if candidates else ())
        if any(
            _matches(other, lister.reached(other.to), _claimed(other, lister, ledger), it)
            for it in candidates
        )
    ]
    place = next((i for i, rival in enumerate(rivals) if rival.key == row.key), None)
    if place is None or len(candidates) != len(rivals) or any(it.state is State.SENDING for it in rivals):
        return None
    sid = candidates[place].sid
    await ledger.settle(row.key, State.SENT, sid=sid, reason=FOUND, expected=row)
    return sid


def _claimed(row: Row, lister: Lister, ledger: Doubts) -> float:
    """When a row was claimed, by Twilio's clock: as it was measured in the row's own run, else as it is now."""
    then = None if row.run == ledger.run else ledger.ahead(row.run)
    ahead = lister.ahead if then is None else then
    return row.claimed_at + (ahead or 0.0)


def _matches(row: Row, to: str, claimed: float, message: Listed) -> bool:
    return (
        message.to == to
        and not message.refused
        and row.sender in message.senders
        and claimed - EARLY <= message.created <= claimed + WINDOW
        and text_digest(row.key, message.body) == row.text
    )
