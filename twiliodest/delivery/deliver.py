"""How one message is sent: pace → claim → post → settle, so that it leaves once or it is known why not.

A claim is on the disk before the POST leaves. What nobody can know afterwards stays `unknown` until Twilio's own
list proves that it was sent; it is never sent again unless the user says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from twiliodest.delivery.breaker import Breaker
from twiliodest.delivery.budgets import Budget, pay, pay_back
from twiliodest.delivery.claims import claim_of, may_claim, standing
from twiliodest.delivery.clocks import Time
from twiliodest.delivery.lookup import LookUp, Notes, proven
from twiliodest.delivery.pace import Pace, backoff, retry_after
from twiliodest.delivery.reconcile import Lister
from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus, LedgerError
from twiliodest.guards.guards import Guards
from twiliodest.ledger.rows import Claim, Row, State
from twiliodest.model import FOUND, Attempt, Message, Outcome, Planned, Status, Verdict

TRIES = 5  # to reach Twilio, as Twilio advises
BUSY_TRIES = 8  # while Twilio answers 429, and the pace drops
OTHER_RUN = 60.0  # seconds to wait for another run that is sending this very message


class DeliveryLane(Lister, Protocol):
    """One connection to Twilio. `post` never raises and never repeats a request."""

    async def post(self, message: Message) -> Attempt: ...


class DeliveryLedger(Notes, Protocol):
    """What went out. `claim` and `settle` return when they are on the disk; any call may raise `LedgerError`.

    `claim` gives the row that is in the way, or `None`: then this run, and no other, may post.
    """

    async def claim(self, claim: Claim, may_claim: Callable[[Row], bool]) -> Row | None: ...


class _Posted(NamedTuple):
    """A POST that was made, so many of them for this message; the ledger does not know yet what came of it."""

    planned: Planned
    claim: Claim
    attempt: Attempt
    posts: int


class Delivery:
    """The finisher of a real send. `retry` names the states that the user wants to be tried once more."""

    def __init__(
        self,
        account: str,
        lanes: Sequence[DeliveryLane],
        ledger: DeliveryLedger,
        pace: Pace,
        clock: Time,
        stop: Stop,
        *,
        retry: frozenset[State] = frozenset(),
        budgets: Sequence[Budget] = (),
        guards: Guards | None = None,
    ) -> None:
        self._account = account
        self._lanes = lanes
        self._free = [asyncio.Lock() for _ in lanes]
        self._ledger = ledger
        self._pace = pace
        self._time = clock
        self._stop = stop
        self._retry = retry
        self._since = clock.clock()
        self._budgets = budgets
        self._guards = guards
        self._breaker = Breaker(stop)
        self._look_up = LookUp(account, ledger, clock, stop)

    @property
    def workers(self) -> int:
        """How many messages it finishes at once: while one waits for the disk, the other one has the lane."""
        return 2 * len(self._lanes)

    async def finish(self, worker: int, planned: Planned) -> Outcome | None:
        """See `Finisher`. Tries again only what certainly was not accepted."""
        number = worker % len(self._lanes)
        lane = self._lanes[number]
        async with self._free[number]:
            ended = await self._send(lane, planned)
        if not isinstance(ended, _Posted):
            return ended
        outcome = await self._settle(lane, ended)
        self._breaker.note(ended.claim.sender, outcome, ended.attempt)
        return outcome

    async def ask_again(self, worker: int, doubts: Sequence[tuple[Planned, Outcome]]) -> Sequence[Outcome]:
        """See `Finisher`."""
        number = worker % len(self._lanes)
        return await self._look_up.again(doubts, self._lanes[number], self._free[number])

    async def _send(self, lane: DeliveryLane, planned: Planned) -> Outcome | _Posted | None:
        """Everything up to an acceptance, which is not settled yet: for that, the lane need not wait."""
        claim, outcome, posts = claim_of(self._account, planned), None, 0
        while True:
            posted = await self._try(lane, planned, claim, posts)
            if not isinstance(posted, _Posted):
                return posted or outcome
            attempt, posts = posted.attempt, posted.posts
            if attempt.verdict is Verdict.ACCEPTED:
                return posted
            outcome = await self._settle(lane, posted)
            if attempt.busy:
                self._pace.refused(self._time.monotonic())
            last = posts >= (BUSY_TRIES if attempt.busy else TRIES) or self._stop.hurries
            if attempt.verdict is not Verdict.AGAIN or last:
                self._breaker.note(claim.sender, outcome, attempt)
                return outcome
            asked = retry_after(attempt.retry_after, self._time.clock()) or 0.0
            await self._time.rest(max(asked, backoff(posts, self._time.jitter())), self._stop)

    async def _try(
        self, lane: DeliveryLane, planned: Planned, claim: Claim, posts: int
    ) -> _Posted | Outcome | None:
        """Post it once more; or why that must not be, or `None` if the run stops before."""
        row = self._ledger.get(claim.key)
        if row and (known := await self._known(lane, planned, claim, row)):
            return known
        now = self._time.clock()
        ready = self._guards(planned, now, row.claimed_at if row else None) if self._guards else planned
        if isinstance(ready, Outcome):
            return msgspec.structs.replace(ready, attempts=posts)
        if not posts and (self._stop or not pay(self._budgets, self._stop)):
            return None  # before it waits for its turn: others go ahead
        await self._time.rest(self._pace.reserve(self._time.monotonic()), self._stop)
        if self._stop.hurries:
            return None
        if row := await self._claim(claim):
            if not posts:
                pay_back(self._budgets)
            return standing(planned, row)
        attempt = await self._post(lane, ready, now)
        self._look_up.note_clock(lane)
        return _Posted(ready, claim, attempt, posts + 1)

    async def _known(self, lane: DeliveryLane, planned: Planned, claim: Claim, row: Row) -> Outcome | None:
        """What has come of it already, where it may not be posted; what is unknown is looked up."""
        if row.state is State.UNKNOWN and (sid := await self._look_up.prove(row, lane)):
            return planned.outcome(Status.ALREADY, sid=sid, reason=FOUND)
        if row.state is not State.SENDING and not self._may_claim(claim, row):
            return standing(planned, row)
        return None

    async def _claim(self, claim: Claim) -> Row | None:
        """Claim, and while another run is sending this very message, wait for what comes of it."""
        deadline = self._time.monotonic() + OTHER_RUN
        while True:
            row = await self._ledger.claim(claim, lambda row: self._may_claim(claim, row))
            if (
                not row
                or row.state is not State.SENDING
                or self._stop.hurries
                or self._time.monotonic() > deadline
            ):
                return row
            await self._time.rest(0.1, self._stop)

    def _may_claim(self, claim: Claim, row: Row) -> bool:
        """What the user wants tried once more is tried once, even if its event comes twice."""
        return may_claim(claim, row, self._retry if row.claimed_at < self._since else ())

    async def _post(self, lane: DeliveryLane, planned: Planned, now: float) -> Attempt:
        """Post what is claimed. What goes wrong that nobody has thought of ends the run, and can be settled."""
        attempt = Attempt(verdict=Verdict.UNKNOWN)
        try:
            attempt = await lane.post(planned.message)
            if self._guards and attempt.verdict in (Verdict.ACCEPTED, Verdict.UNKNOWN):
                self._guards.sent(planned, now)
        except Exception as error:
            reason = f"something unexpected happened ({type(error).__name__})"
            self._stop.now(ExitStatus.INCOMPLETE, f"{reason}; please report it")
            attempt = msgspec.structs.replace(attempt, reason=attempt.reason or reason)
        return attempt

    async def _settle(self, lane: DeliveryLane, posted: _Posted) -> Outcome:
        """Record what came of a POST. What is unknown is looked up at once."""
        planned, claim, attempt, posts = posted
        status = _STATUS[attempt.verdict]
        outcome = planned.outcome(
            status, sid=attempt.sid, code=attempt.code, reason=attempt.reason, attempts=posts
        )
        try:
            await self._ledger.settle(
                claim.key,
                State(status.value),
                sid=attempt.sid,
                code=attempt.code,
                reason=attempt.reason,
                attempts=1,
            )
            if status is Status.UNKNOWN:
                row = self._ledger.get(claim.key)
                sid = await self._look_up.prove(row, lane) if row else None
                return proven(outcome, sid) if sid else outcome
        except LedgerError as error:
            self._stop.now(ExitStatus.USAGE, str(error))
        except Exception as error:  # what Twilio said is told all the same
            self._stop.now(ExitStatus.INCOMPLETE, f"something unexpected happened ({type(error).__name__})")
        if status is Status.SENT:
            self._pace.accepted(self._time.monotonic())
        return outcome


_STATUS = {
    Verdict.ACCEPTED: Status.SENT,
    Verdict.REJECTED: Status.REJECTED,
    Verdict.DOUBTFUL: Status.REJECTED,
    Verdict.SENDER: Status.REJECTED,
    Verdict.FORBIDDEN: Status.FAILED,
    Verdict.DELAYED: Status.FAILED,
    Verdict.AGAIN: Status.FAILED,
    Verdict.UNKNOWN: Status.UNKNOWN,
}
