"""The bounded, ordered loop: steps in, outcomes out, each recipient's messages in order and one at a time.

A recipient's digest picks the lane; a lane finishes one message at a time. Only so many events are read ahead:
a slow network holds up the reader, and memory stays flat.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twiliodest.errors import ExitStatus, LedgerError
from twiliodest.model import Event, Outcome, Status

AHEAD = 256  # events read but not finished
PARKED = 1000  # unknown messages that wait for a last look-up at the end of the run
IDLE = 30.0  # seconds without a job after which a lane looks up what it parked


Step = Sequence[Outcome]
"""What is planned for one event, or why nothing is; for a line that is no event, its outcome."""


class Finisher(Protocol):
    """What becomes of one message that is planned, on one of the lanes. May raise `LedgerError`."""

    async def finish(self, lane: int, planned: Outcome) -> Outcome | None:
        """How it ended; `None` if the run stopped before anything was tried."""

    async def ask_again(self, lane: int, doubts: Sequence[tuple[Outcome, Outcome]]) -> Sequence[Outcome]:
        """How a lane's unknown ones ended after all, at the end of the run, in the same order."""


class Stop:
    """Why a run ends before its input does. The first reason counts; `reason` may be empty: no need to say it."""

    def __init__(self) -> None:
        self.reason = ""
        self.status = ExitStatus.OK
        self._event = asyncio.Event()

    def now(self, status: ExitStatus, reason: str) -> None:
        if not self:
            self.status, self.reason = status, reason
            self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        await self._event.wait()


@dataclass(slots=True, eq=False)
class _Open:
    """An event whose messages are not all settled yet."""

    event: Event
    left: int
    outcomes: list[Outcome] = field(default_factory=list)
    takes_room: bool = True


_Job = tuple[_Open, Outcome]


class Loop:
    """One run. `tell` hears every outcome; `finished` hears of an event once nothing more will come of it.

    All callbacks are made on the event loop's thread. `untried` counts the messages that a stop left behind;
    an event with such a message is finished without outcomes.
    """

    def __init__(
        self,
        finisher: Finisher,
        lanes: int,
        stop: Stop,
        tell: Callable[[Outcome], None],
        finished: Callable[[Event, Sequence[Outcome]], None],
    ) -> None:
        self._finisher = finisher
        self._stop = stop
        self._tell = tell
        self._finished = finished
        self._queues: list[asyncio.Queue[_Job | None]] = [asyncio.Queue() for _ in range(lanes)]
        self._room = threading.Semaphore(AHEAD)
        self._open: set[_Open] = set()
        self._parked: list[list[tuple[_Job, Outcome]]] = [[] for _ in range(lanes)]
        self._fault: Exception | None = None
        self.untried = 0

    async def run(self, steps: Iterable[Step]) -> None:
        """Go on until the input ends or something stops the run. Raises what reading or telling raised."""
        loop = asyncio.get_running_loop()
        read: asyncio.Future[None] = loop.create_future()
        lanes = [asyncio.create_task(self._work(lane, queue)) for lane, queue in enumerate(self._queues)]
        stopped = asyncio.create_task(self._stop.wait())
        # a daemon of its own: a pipe that blocks must hold up neither the lanes nor the end of the run
        threading.Thread(target=self._read, args=(steps, loop, read), name="reader", daemon=True).start()
        await asyncio.wait((read, stopped), return_when=asyncio.FIRST_COMPLETED)
        for queue in self._queues:
            queue.put_nowait(None)
        await asyncio.gather(*lanes)
        await asyncio.gather(*(self._ask_again(lane) for lane in range(len(lanes))))
        stopped.cancel()
        self.untried = sum(left.left for left in self._open)
        for left in list(self._open):
            with self._minding():
                self._close(left)
        if read.done():
            read.result()
        if self._fault:
            raise self._fault

    def _read(
        self, steps: Iterable[Step], loop: asyncio.AbstractEventLoop, read: asyncio.Future[None]
    ) -> None:
        fault: BaseException | None = None
        try:
            for step in steps:
                self._room.acquire()
                if self._stop:
                    break
                loop.call_soon_threadsafe(self._take, step)
        except BaseException as error:  # it belongs to whoever waits for the reader
            fault = error
        with contextlib.suppress(RuntimeError):  # the run is over, and its event loop closed
            loop.call_soon_threadsafe(_complete, read, fault)

    def _take(self, step: Step) -> None:
        opened = _Open(step[0].event, len(step))
        self._open.add(opened)
        for outcome in step:
            if outcome.message:
                lane = zlib.crc32(outcome.message.to.encode()) % len(self._queues)
                self._queues[lane].put_nowait((opened, outcome))
            else:
                with self._minding():
                    self._settle(opened, outcome)

    async def _work(self, lane: int, queue: asyncio.Queue[_Job | None]) -> None:
        while job := await self._next(lane, queue):
            with self._minding():
                outcome = None if self._stop else await self._finisher.finish(lane, job[1])
                if outcome and self._may_turn_up(outcome):
                    self._parked[lane].append((job, outcome))
                    self._make_room(job[0])  # what waits for a last look-up must not hold up the reader
                elif outcome:
                    self._settle(job[0], outcome)

    async def _next(self, lane: int, queue: asyncio.Queue[_Job | None]) -> _Job | None:
        """The next job. A lane that is idle for a while asks again about its unknowns: a pipe may never end."""
        while self._parked[lane]:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(queue.get(), IDLE)
            await self._ask_again(lane)
        return await queue.get()

    def _may_turn_up(self, outcome: Outcome) -> bool:
        """Whether to ask again at the end: for what this run posted; what is older has had its time."""
        is_fresh = outcome.status is Status.UNKNOWN and outcome.attempts > 0
        return is_fresh and sum(map(len, self._parked)) < PARKED

    async def _ask_again(self, lane: int) -> None:
        parked, self._parked[lane] = self._parked[lane], []
        doubts = [(planned, outcome) for (_, planned), outcome in parked]
        outcomes = await self._finisher.ask_again(lane, doubts) if doubts else ()
        for ((opened, _), _), outcome in zip(parked, outcomes, strict=True):
            with self._minding():
                self._settle(opened, outcome)

    @contextlib.contextmanager
    def _minding(self) -> Iterator[None]:
        """Whatever goes wrong here ends the run in good order: what is in flight is settled."""
        try:
            yield
        except LedgerError as error:
            self._stop.now(ExitStatus.USAGE, str(error))
        except Exception as error:
            self._fault = self._fault or error
            self._stop.now(ExitStatus.INCOMPLETE, "")

    def _settle(self, opened: _Open, outcome: Outcome) -> None:
        opened.outcomes.append(outcome)
        opened.left -= 1
        self._tell(outcome)
        if not opened.left:
            self._close(opened)

    def _make_room(self, opened: _Open) -> None:
        if opened.takes_room:
            opened.takes_room = False
            self._room.release()

    def _close(self, opened: _Open) -> None:
        self._open.remove(opened)
        self._make_room(opened)
        self._finished(opened.event, () if opened.left else opened.outcomes)


def _complete(future: asyncio.Future[None], fault: BaseException | None) -> None:
    if fault:
        future.set_exception(fault)
    else:
        future.set_result(None)
