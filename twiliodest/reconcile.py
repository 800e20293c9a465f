"""Whether Twilio has a message whose answer was lost: a match in its list proves it, no match proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twiliodest.claims import text_digest
from twiliodest.rows import Row, State
from twiliodest.twilio import Listed

SKEW = 300.0  # seconds that Twilio's clock and ours may differ
FOUND = "found in Twilio's list"
WINDOW = 900.0  # seconds after the claim within which the message must have been created


class Lister(Protocol):
    """Lists what Twilio has for a recipient, newest first. Raises `LookUpError`."""

    async def sent_to(self, to: str, since: float) -> Sequence[Listed]: ...


class Doubts(Protocol):
    """The side of a ledger that settles doubts. Any call may raise `LedgerError`."""

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
    listed = await lister.sent_to(row.to, row.claimed_at - SKEW)
    candidates = sorted(
        (message for message in listed if _matches(row, message) and not ledger.knows(message.sid)),
        key=lambda message: (message.created, message.sid),
    )
    rivals = [other for other in ledger.undecided() if any(_matches(other, it) for it in candidates)]
    place = next((i for i, rival in enumerate(rivals) if rival.key == row.key), None)
    if place is None or len(candidates) != len(rivals) or any(it.state is State.SENDING for it in rivals):
        return None
    sid = candidates[place].sid
    await ledger.settle(row.key, State.SENT, sid=sid, reason=FOUND, expected=row)
    return sid


def _matches(row: Row, message: Listed) -> bool:
    return (
        message.to == row.to
        and not message.refused
        and row.sender in message.senders
        and row.claimed_at - SKEW <= message.created <= row.claimed_at + WINDOW
        and text_digest(row.key, message.body) == row.text
    )
