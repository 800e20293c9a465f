"""How one message is sent: pace → claim → post → settle, so that it leaves once or it is known why not.

A claim is on the disk before the POST leaves. What nobody can know afterwards stays `unknown` until Twilio's own
list proves that it was sent; it is never sent again unless the user says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from twiliodest.delivery.claims import claim_of, may_claim, standing
from twiliodest.delivery.loop import Stop
from twiliodest.delivery.pace import Pace, backoff, retry_after
from twiliodest.delivery.reconcile import FOUND, Doubts, Lister, prove
from twiliodest.errors import ExitStatus, LedgerError
from twiliodest.guards.guards import Guards
from twiliodest.ledger.rows import Claim, Row, State
from twiliodest.model import Attempt, Message, Outcome, Status, Verdict
from twiliodest.outcomes import outcome_of
from twiliodest.twilio.messages import LookUpError

TRIES = 5  # to reach Twilio, as Twilio advises
BUSY_TRIES = 8  # while Twilio answers 429, and the pace drops
IN_A_ROW = 10  # so many alike failures with no success between them are not the recipients' fault
OTHER_RUN = 60.0  # seconds to wait for another run that is sending this very message
JUMP = 2.0  # seconds; what clocks differ less by is not worth a note
ASK_AGAIN = (0.0, 1.0, 2.0)  # seconds before each look-up at the end of a run: Twilio's list may lag


class Lane(Lister, Protocol):
    """One connection to Twilio. `post` never raises and never repeats a request."""

    async def post(self, message: Message) -> Attempt: ...


class Ledger(Doubts, Protocol):
    """What went out. `claim` and `settle` return when they are on the disk; any call may raise `LedgerError`.

    `claim` gives the row that stands in the way, or `None`: then this run, and no other, may post.
    """

    def get(self, key: bytes) -> Row | None: ...
    def note_ahead(self, seconds: float) -> None: ...
    async def claim(self, claim: Claim, may_claim: Callable[[Row], bool]) -> Row | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """Time as an argument: `clock` in unix seconds, `monotonic` in seconds, `jitter` in [-1, 1]."""

    clock: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    jitter: Callable[[], float]


@dataclass(slots=True)
class Budget:
    """How many messages a run may post, and what it says when it wants to post one more."""

    left: int
    status: ExitStatus
    reason: str


class _Accepted(NamedTuple):
    """A message that Twilio has, which the ledger does not know yet."""

    planned: Outcome
    claim: Claim
    attempt: Attempt
    posts: int


class Delivery:
    """The finisher of a real send. `retry` names the states that the user wants to be tried once more."""

    def __init__(
        self,
        account: str,
        lanes: Sequence[Lane],
        ledger: Ledger,
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
        self._breaker = _Breaker(stop)
        self._ahead: float | None = None

    @property
    def workers(self) -> int:
        """How many messages it finishes at once: while one waits for the disk, the other one has the lane."""
        return 2 * len(self._lanes)

    async def finish(self, worker: int, planned: Outcome) -> Outcome | None:
        """See `Finisher`. Tries again only what certainly was not accepted."""
        lane = worker % len(self._lanes)
        async with self._free[lane]:
            ended = await self._try(lane, planned)
        if not isinstance(ended, _Accepted):
            return ended
        outcome = await self._settle(lane, *ended)
        self._breaker.note(ended.claim.sender, outcome, ended.attempt)
        return outcome

    async def _try(self, lane: int, planned: Outcome) -> Outcome | _Accepted | None:
        """Everything up to an acceptance, which is not settled yet: for that, the lane need not wait."""
        claim = claim_of(self._account, planned)
        outcome = None
        posts = 0
        while True:
            row = self._ledger.get(claim.key)
            if row and row.state is State.UNKNOWN and (sid := await self._prove(lane, row)):
                return outcome_of(planned, Status.ALREADY, sid=sid, reason=FOUND)
            if row and row.state is not State.SENDING and not self._may_claim(claim, row):
                return standing(planned, row)
            ready, now = planned, self._time.clock()
            if self._guards:
                ready = self._guards(planned, now, row.claimed_at if row else None)
                if ready.status is not Status.PLANNED:
                    return msgspec.structs.replace(ready, attempts=posts)
            if not posts and (self._stop or not self._pay()):
                return None  # before it waits for its turn: others go ahead
            await self._rest(self._pace.reserve(self._time.monotonic()))
            if self._stop.hurries:
                return outcome
            if row := await self._claim(claim):
                if not posts:
                    self._pay(-1)
                return standing(planned, row)
            attempt = await self._post(lane, ready, now)
            posts += 1
            self._note_clock(self._lanes[lane].ahead)
            if attempt.verdict is Verdict.ACCEPTED:
                return _Accepted(ready, claim, attempt, posts)
            outcome = await self._settle(lane, ready, claim, attempt, posts)
            if attempt.busy:
                self._pace.refused(self._time.monotonic())
            last = posts >= (BUSY_TRIES if attempt.busy else TRIES) or self._stop.hurries
            if attempt.verdict is not Verdict.AGAIN or last:
                self._breaker.note(claim.sender, outcome, attempt)
                return outcome
            asked = retry_after(attempt.retry_after, self._time.clock()) or 0.0
            await self._rest(max(asked, backoff(posts, self._time.jitter())))

    async def _post(self, lane: int, planned: Outcome, now: float) -> Attempt:
        """Post what is claimed. What goes wrong that nobody has thought of ends the run, and can be settled."""
        attempt = Attempt(verdict=Verdict.UNKNOWN)
        try:
            attempt = await self._lanes[lane].post(planned.message)  # type: ignore[arg-type] # what is planned has one
            if self._guards and attempt.verdict in (Verdict.ACCEPTED, Verdict.UNKNOWN):
                self._guards.sent(planned, now)
        except Exception as error:
            reason = f"something unexpected happened ({type(error).__name__})"
            self._stop.now(ExitStatus.INCOMPLETE, f"{reason}; please report it")
            attempt = msgspec.structs.replace(attempt, reason=attempt.reason or reason)
        return attempt

    async def ask_again(self, worker: int, doubts: Sequence[tuple[Outcome, Outcome]]) -> Sequence[Outcome]:
        """See `Finisher`. A list that cannot be read ends a round: it would keep the run waiting for each."""
        lane = worker % len(self._lanes)
        outcomes = [outcome for _, outcome in doubts]
        with contextlib.suppress(LedgerError):
            for seconds in ASK_AGAIN:
                await self._rest(seconds)
                with contextlib.suppress(LookUpError):
                    for place, (planned, _) in enumerate(doubts):
                        if outcomes[place].status is Status.UNKNOWN:
                            async with self._free[lane]:
                                outcomes[place] = await self._ask(lane, planned, outcomes[place])
                if self._stop.hurries or not any(outcome.status is Status.UNKNOWN for outcome in outcomes):
                    break
        return outcomes

    async def _ask(self, lane: int, planned: Outcome, outcome: Outcome) -> Outcome:
        row = self._ledger.get(claim_of(self._account, planned).key)
        if row and row.state is State.UNKNOWN:
            sid = await prove(row, self._lanes[lane], self._ledger)
            return _proven(outcome, sid) if sid else outcome
        return standing(planned, row) if row and row.state is not State.SENDING else outcome

    async def _settle(
        self, lane: int, planned: Outcome, claim: Claim, attempt: Attempt, posts: int
    ) -> Outcome:
        """Record what came of a POST. What is unknown is looked up at once."""
        status = _STATUS[attempt.verdict]
        outcome = outcome_of(
            planned, status, sid=attempt.sid, code=attempt.code, reason=attempt.reason, attempts=posts
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
                sid = await self._prove(lane, row) if row else None
                return _proven(outcome, sid) if sid else outcome
        except LedgerError as error:
            self._stop.now(ExitStatus.USAGE, str(error))
        except Exception as error:  # what Twilio said is told all the same
            self._stop.now(ExitStatus.INCOMPLETE, f"something unexpected happened ({type(error).__name__})")
        if status is Status.SENT:
            self._pace.accepted(self._time.monotonic())
        return outcome

    def _note_clock(self, ahead: float | None) -> None:
        """By how much Twilio's clock is ahead of ours, for whoever looks up later what this run leaves in doubt."""
        if ahead is not None and (self._ahead is None or abs(ahead - self._ahead) > JUMP):
            self._ahead = ahead
            self._ledger.note_ahead(ahead)

    async def _prove(self, lane: int, row: Row) -> str | None:
        try:
            sid = await prove(row, self._lanes[lane], self._ledger)
            self._note_clock(self._lanes[lane].ahead)
            return sid
        except LookUpError:
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
            await self._rest(0.1)

    def _may_claim(self, claim: Claim, row: Row) -> bool:
        """What the user wants tried once more is tried once, even if its event comes twice."""
        return may_claim(claim, row, self._retry if row.claimed_at < self._since else ())

    def _pay(self, messages: int = 1) -> bool:
        for budget in self._budgets:
            if budget.left < messages:
                self._stop.enough(budget.status, budget.reason)
                return False
        for budget in self._budgets:
            budget.left -= messages
        return True

    async def _rest(self, seconds: float) -> None:
        """Sleep, unless there is hurry."""
        if seconds > 0 and not self._stop.hurries:
            sleeping = asyncio.ensure_future(self._time.sleep(seconds))
            stopped = asyncio.ensure_future(self._stop.wait_for_hurry())
            await asyncio.wait((sleeping, stopped), return_when=asyncio.FIRST_COMPLETED)
            sleeping.cancel()
            stopped.cancel()


class _Breaker:
    """Stops a run that gets nowhere: on what no message can pass, and on many alike failures in a row."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._proven: set[str] = set()
        self._last: tuple[Verdict, int | None] | None = None
        self._count = 0

    def note(self, sender: str, outcome: Outcome, attempt: Attempt) -> None:
        """One more message ended, in this way."""
        if outcome.status is Status.SENT:
            self._proven.add(sender)
            self._last, self._count = None, 0
        elif attempt.verdict is Verdict.FORBIDDEN:
            self._stop.now(ExitStatus.REFUSED, outcome.reason or "")
        elif attempt.verdict is not Verdict.REJECTED:
            kind = (attempt.verdict, attempt.code)
            self._count = self._count + 1 if kind == self._last else 1
            self._last = kind
            refused = attempt.verdict in (Verdict.SENDER, Verdict.DOUBTFUL)
            if attempt.verdict is Verdict.SENDER and sender not in self._proven:
                self._stop.now(ExitStatus.REFUSED, outcome.reason or "")
            elif self._count >= IN_A_ROW:
                status = ExitStatus.REFUSED if refused else ExitStatus.INCOMPLETE
                self._stop.now(status, f"{IN_A_ROW} messages in a row ended the same way: {outcome.reason}")


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


def _proven(outcome: Outcome, sid: str) -> Outcome:
    status = Status.SENT if outcome.attempts else Status.ALREADY
    return msgspec.structs.replace(outcome, status=status, sid=sid, code=None, reason=FOUND)
