"""Messages of which nobody knows whether Twilio has them, looked up in its list."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from twiliodest.delivery.claims import claim_of, standing
from twiliodest.delivery.clocks import Time
from twiliodest.delivery.reconcile import Doubts, Lister, prove
from twiliodest.delivery.stop import Stop
from twiliodest.errors import LedgerError
from twiliodest.ledger.rows import Row, State
from twiliodest.model import FOUND, Outcome, Planned, Status
from twiliodest.twilio.faults import LookUpError

JUMP = 2.0  # seconds; what clocks differ less by is not worth a note
ASK_AGAIN = (0.0, 1.0, 2.0)  # seconds before each look-up at the end of a run: Twilio's list may lag


class Notes(Doubts, Protocol):
    """A ledger that is asked about doubts, and told by how many seconds Twilio's clock is ahead of ours."""

    def get(self, key: bytes) -> Row | None: ...
    def note_ahead(self, seconds: float) -> None: ...


class LookUp:
    """Looks up what one run, or one before it, has left in doubt."""

    def __init__(self, account: str, ledger: Notes, time: Time, stop: Stop) -> None:
        self._account = account
        self._ledger = ledger
        self._time = time
        self._stop = stop
        self._ahead: float | None = None

    async def prove(self, row: Row, lister: Lister) -> str | None:
        """The SID of an unknown message that Twilio turns out to have; the ledger knows it then, too."""
        try:
            sid = await prove(row, lister, self._ledger)
            self.note_clock(lister)
            return sid
        except LookUpError:
            return None

    async def again(
        self, doubts: Sequence[tuple[Planned, Outcome]], lister: Lister, is_free: asyncio.Lock
    ) -> Sequence[Outcome]:
        """How doubtful messages ended after all. A list that cannot be read ends a round: each would have to wait."""
        outcomes = [outcome for _, outcome in doubts]
        with contextlib.suppress(LedgerError):
            for seconds in ASK_AGAIN:
                await self._time.rest(seconds, self._stop)
                with contextlib.suppress(LookUpError):
                    for place, (planned, _) in enumerate(doubts):
                        if outcomes[place].status is Status.UNKNOWN:
                            async with is_free:
                                outcomes[place] = await self._ask(planned, outcomes[place], lister)
                if self._stop.hurries or not any(outcome.status is Status.UNKNOWN for outcome in outcomes):
                    break
        return outcomes

    async def _ask(self, planned: Planned, outcome: Outcome, lister: Lister) -> Outcome:
        row = self._ledger.get(claim_of(self._account, planned).key)
        if row and row.state is State.UNKNOWN:
            sid = await prove(row, lister, self._ledger)
            return proven(outcome, sid) if sid else outcome
        return standing(planned, row) if row and row.state is not State.SENDING else outcome

    def note_clock(self, lister: Lister) -> None:
        """Note what an answer has told of Twilio's clock, for later look-ups of what this run leaves in doubt."""
        ahead = lister.ahead
        if ahead is not None and (self._ahead is None or abs(ahead - self._ahead) > JUMP):
            self._ahead = ahead
            self._ledger.note_ahead(ahead)


def proven(outcome: Outcome, sid: str) -> Outcome:
    """The outcome of a doubtful message that Twilio turned out to have."""
    status = Status.SENT if outcome.attempts else Status.ALREADY
    return msgspec.structs.replace(outcome, status=status, sid=sid, code=None, reason=FOUND)
