"""In-memory twins of what a delivery needs: a ledger, Twilio's connections, time. They keep the same contracts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from twiliodest.delivery.clocks import Time
from twiliodest.errors import LedgerError
from twiliodest.ledger.rows import Claim, Row, State
from twiliodest.model import Attempt, Event, Message, Planned, Step, Verdict
from twiliodest.twilio.faults import LookUpError
from twiliodest.twilio.messages import Listed

ACCOUNT = "AC" + "0" * 32
SENDER = "+15551234567"


class Power:
    """The machine that a run is on. It fails at the given step, and then nothing of that run goes on."""

    def __init__(self, steps: int | None = None) -> None:
        self._left = steps
        self.failed = asyncio.Event()

    async def step(self) -> None:
        """One point at which the run may die."""
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self.failed.set()
        if self.failed.is_set():
            await asyncio.Event().wait()
        await asyncio.sleep(0)


@dataclass
class Shelf:
    """What ledgers share, as a file does: rows by key, the runs that live, a clock that only tests move."""

    now: float = 1000.0
    rows: dict[bytes, Row] = field(default_factory=dict)
    alive: set[str] = field(default_factory=set)
    runs: int = 0
    broken: str = ""
    ahead: dict[str, float] = field(default_factory=dict)


class MemoryLedger:
    """A run's ledger in memory."""

    def __init__(self, shelf: Shelf, power: Power | None = None) -> None:
        self.shelf = shelf
        self.power = power or Power()
        shelf.runs += 1
        self.run = f"run-{shelf.runs}"
        shelf.alive.add(self.run)
        self._bury()

    def close(self) -> None:
        self.shelf.alive.discard(self.run)

    def ahead(self, run: str) -> float | None:
        return self.shelf.ahead.get(run)

    def note_ahead(self, seconds: float) -> None:
        self.shelf.ahead[self.run] = seconds

    def get(self, key: bytes) -> Row | None:
        self._check()
        return self.shelf.rows.get(key)

    def knows(self, sid: str) -> bool:
        return any(row.sid == sid for row in self.shelf.rows.values())

    def undecided(self) -> list[Row]:
        states = (State.UNKNOWN, State.SENDING)
        rows = [row for row in self.shelf.rows.values() if row.state in states]
        return sorted(rows, key=lambda row: row.claimed_at)

    async def claim(self, claim: Claim, may_claim: Callable[[Row], bool]) -> Row | None:
        await self.power.step()
        self._check()
        before = self.get(claim.key)
        if before and before.state is State.SENDING and before.run != self.run:
            self._bury()
            before = self.get(claim.key)
        if before and not may_claim(before):
            return before
        self.shelf.rows.pop(claim.key, None)  # a claim comes last in the order of claims
        self.shelf.rows[claim.key] = Row(
            **msgspec.structs.asdict(claim),
            state=State.SENDING,
            run=self.run,
            sid=None,
            code=None,
            reason=None,
            attempts=before.attempts if before else 0,
            claimed_at=self.shelf.now,
            settled_at=None,
        )
        try:
            await self.power.step()
        except asyncio.CancelledError:
            if not self.power.failed.is_set():
                del self.shelf.rows[claim.key]
                self.shelf.rows.update({claim.key: before} if before else {})
            raise
        return None

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
    ) -> None:
        await self.power.step()
        self._check()
        row = self.shelf.rows[key]
        mine = row.state is State.UNKNOWN or (row.state is State.SENDING and row.run == self.run)
        held = (row.state, row.run, row.claimed_at)
        if mine and (expected is None or held == (expected.state, expected.run, expected.claimed_at)):
            self.shelf.rows[key] = msgspec.structs.replace(
                row,
                state=state,
                sid=sid,
                code=code,
                reason=reason,
                attempts=row.attempts + attempts,
                settled_at=self.shelf.now,
            )
        await self.power.step()

    def _check(self) -> None:
        if self.shelf.broken:
            raise LedgerError(self.shelf.broken)

    def _bury(self) -> None:
        for key, row in self.shelf.rows.items():
            if row.state is State.SENDING and row.run not in self.shelf.alive:
                self.shelf.rows[key] = msgspec.structs.replace(
                    row, state=State.UNKNOWN, settled_at=self.shelf.now
                )


ACCEPTED = Attempt(verdict=Verdict.ACCEPTED)
LOST = Attempt(verdict=Verdict.UNKNOWN, reason="no answer from Twilio")
LATER = Attempt(verdict=Verdict.AGAIN, reason="Twilio cannot be reached")


class MemoryTwilio:
    """Twilio as all its connections see it. `fates` come first, one for each POST; then it accepts everything.

    A fate is what the caller is told, and whether the message was accepted all the same.
    """

    def __init__(self, shelf: Shelf, fates: Iterable[tuple[Attempt, bool]] = ()) -> None:
        self.shelf = shelf
        self.accepted: list[Listed] = []
        self.posts: list[Message] = []
        self.together: dict[str, int] = {}  # the most messages that were under way to a recipient at once
        self.fates = list(fates)
        self.blind = False  # its list cannot be read
        self._under_way: dict[str, int] = {}

    def lane(self, power: Power | None = None) -> MemoryLane:
        return MemoryLane(self, power or Power())

    async def post(self, message: Message, power: Power) -> Attempt:
        to = message.to
        self._under_way[to] = self._under_way.get(to, 0) + 1
        self.together[to] = max(self.together.get(to, 0), self._under_way[to])
        await power.step()
        self.posts.append(message)
        attempt, accepts = self.fates.pop(0) if self.fates else (ACCEPTED, True)
        if accepts:
            sid = f"SM{len(self.accepted):032}"
            senders = frozenset({message.sender})
            self.accepted.append(
                Listed(
                    sid=sid,
                    to=to,
                    senders=senders,
                    body=message.body,
                    created=self.shelf.now,
                    refused=False,
                )
            )
            if attempt.verdict is Verdict.ACCEPTED:
                attempt = msgspec.structs.replace(attempt, sid=sid)
        await power.step()
        self._under_way[to] -= 1
        return attempt


@dataclass
class MemoryLane:
    """One of its connections."""

    twilio: MemoryTwilio
    power: Power
    ahead: float | None = 0.0

    async def post(self, message: Message) -> Attempt:
        return await self.twilio.post(message, self.power)

    def reached(self, to: str) -> str:
        return to

    async def sent_to(self, to: str, since: float) -> Sequence[Listed]:
        await self.power.step()
        if self.twilio.blind:
            raise LookUpError("it took too long")
        found = [listed for listed in self.twilio.accepted if listed.to == to and listed.created >= since]
        return found[::-1]


def time_of(shelf: Shelf, slept: list[float]) -> Time:
    """Time that passes when somebody sleeps."""

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        shelf.now += seconds
        await asyncio.sleep(0)

    return Time(clock=lambda: shelf.now, monotonic=lambda: shelf.now, sleep=sleep, jitter=lambda: 0.0)


def text(
    number: int = 1, *, to: str = "", body: str = "", sender: str = SENDER, action: str = "Order"
) -> Planned:
    """The message of one action on event `number`."""
    event = Event("events.jsonl", number, b"{}", "Order Completed", f"event-{number}")
    made = Message(
        to=to or f"+1555000{number:04}",
        sender=sender,
        body=body or f"Order {number}",
        encoding="GSM-7",
        segments=1,
    )
    return Planned(event, action, made)


def step(*planned: Planned) -> Step:
    """What is planned for one event."""
    return [msgspec.structs.replace(it, event=planned[0].event) for it in planned]
