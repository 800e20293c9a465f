"""Ask Twilio what became of what it took, with few requests, and remember it."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from twiliodest.ledger.receipts import STATUSES, Receipt, Unanswered
from twiliodest.twilio.faults import LookUpError
from twiliodest.twilio.receipts import PAGE, Page, Told

FEW = 10  # messages that are asked about one by one: a page of the list costs as much as one of them
ONE_BY_ONE = 500  # that the list did not show, each time
EARLY = 3600.0  # seconds by which Twilio's clock may be behind
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds between two rounds, and from then on the last


class Asker(Protocol):
    """Asks about messages. Raises `LookUpError`."""

    async def page(self, address: str | None) -> Page: ...
    async def one(self, sid: str) -> Told | None: ...


class Remembers(Protocol):
    """The side of a ledger that keeps receipts. Any call may raise `LedgerError`."""

    async def receive(self, found: Sequence[tuple[bytes, Receipt]]) -> None: ...
    def unanswered(self, since: float, now: float, *, run: str | None = None) -> list[Unanswered]: ...


class Receipts:
    """Collects receipts for what a ledger has as sent `since` then (unix seconds), in one run or in all.

    `clock` is in unix seconds.
    """

    def __init__(
        self,
        ledger: Remembers,
        asker: Asker,
        clock: Callable[[], float],
        *,
        since: float,
        run: str | None = None,
    ) -> None:
        self._ledger = ledger
        self._asker = asker
        self._clock = clock
        self._since = since
        self._run = run

    def left(self) -> list[Unanswered]:
        """What has no final receipt yet."""
        return self._ledger.unanswered(self._since, self._clock(), run=self._run)

    async def ask(self) -> None:
        """Ask once about all that is left. Raises `LookUpError`; what was told until then is remembered."""
        left = {message.sid: message for message in self.left()}
        if len(left) > FEW:
            await self._list(left)
        for message in list(itertools.islice(left.values(), ONE_BY_ONE)):
            told = await self._asker.one(message.sid)
            await self._remember({message.sid: message}, [told or _gone(message.sid)])

    async def wait(
        self, seconds: float, rest: Callable[[float], Awaitable[object]], tell: Callable[[int], object]
    ) -> None:
        """Ask until all is final, or the time is over; `tell` hears how many are left. Raises `LookUpError`.

        A request that fails is made again as long as there is time.
        """
        deadline, pauses = self._clock() + seconds, itertools.chain(PAUSES, itertools.repeat(PAUSES[-1]))
        while True:
            fault: LookUpError | None = None
            try:
                await self.ask()
            except LookUpError as error:
                fault = error
            left = len(self.left())
            tell(left)
            pause = next(pauses)
            if fault and self._clock() + pause > deadline:
                raise fault
            if not left or self._clock() + pause > deadline:
                return
            await rest(pause)

    async def _list(self, left: dict[str, Unanswered]) -> None:
        """Go through Twilio's list, newest first, as long as it may show something for less than asking singly."""
        begin = min(message.claimed_at for message in left.values()) - EARLY
        most = 2 * (len(left) // PAGE + 1) + FEW
        address: str | None = None
        for _ in range(most):
            page = await self._asker.page(address)
            known = {told.sid: left.pop(told.sid) for told in page.messages if told.sid in left}
            await self._remember(known, page.messages)
            address = page.following
            created = [told.created for told in page.messages if told.created is not None]
            if not left or not address or (created and min(created) < begin):
                return

    async def _remember(self, asked: Mapping[str, Unanswered], told: Sequence[Told]) -> None:
        now = self._clock()
        found = [
            (
                asked[it.sid].key,
                Receipt(
                    sid=it.sid,
                    status=it.status,
                    code=it.code,
                    price=it.price,
                    currency=it.currency,
                    asked_at=now,
                ),
            )
            for it in told
            if it.sid in asked and it.status in STATUSES
        ]
        if found:
            await self._ledger.receive(found)


def _gone(sid: str) -> Told:
    return Told(sid=sid, status="deleted", code=None, price=None, currency=None, created=None)
