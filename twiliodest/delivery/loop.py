"""The bounded, ordered loop: what is planned in, outcomes out, each recipient's messages in order and one at a time.

A worker finishes one message at a time, and takes the next one to somebody to whom none is under way; so none is
idle while another has a queue. Only so many events are read ahead: a slow network holds up the reader, and memory
stays flat.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twiliodest.delivery.intake import Allowance, Intake, OverError, Room, size_of
from twiliodest.delivery.queue import Queue
from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus, LedgerError
from twiliodest.model import Event, Outcome, Planned, Status, Step

AHEAD = 8 << 20  # bytes of events that are read but not finished: enough to keep hundreds of lanes busy
PARKED = 1000  # unknown messages that wait for a last look-up at the end of the run
IDLE = 30.0  # seconds without a job after which a worker looks up what it parked
HANDFUL = 64  # events that the reader hands over at once: each time, both threads have to wait for each other


class Finisher(Protocol):
    """What becomes of one message that is planned, by one of the workers. May raise `LedgerError`."""

    async def finish(self, worker: int, planned: Planned) -> Outcome | None:
        """How it ended; `None` if the run stopped before anything was tried."""

    async def ask_again(self, worker: int, doubts: Sequence[tuple[Planned, Outcome]]) -> Sequence[Outcome]:
        """How a worker's unknown ones ended after all, at the end of the run, in the same order."""


@dataclass(slots=True, eq=False)
class _Open:
    """An event whose messages are not all settled yet."""

    event: Event
    left: int
    outcomes: list[Outcome] = field(default_factory=list)
    takes_room: bool = True


_Job = tuple[_Open, Planned]


class Loop:
    """One run. `tell` hears every outcome; `finished` hears of an event once nothing more will come of it.

    All callbacks are made on the event loop's thread. `untried` counts the messages that a stop left behind;
    an event with such a message is finished without outcomes. Whatever was read by then is told or counted.

    With a `limit`, no more events are begun than may yet be posted. Of what was read beyond it, `gives_back` takes
    what can be read again, and returns whether it could.
    """

    def __init__(
        self,
        finisher: Finisher,
        workers: int,
        stop: Stop,
        tell: Callable[[Outcome], None],
        finished: Callable[[Event, Sequence[Outcome]], None],
        *,
        intake: Intake | None = None,
        limit: int | None = None,
        gives_back: Callable[[Event, Sequence[Step]], bool] = lambda last, steps: False,
    ) -> None:
        self._finisher = finisher
        self._stop = stop
        self._tell = tell
        self._finished = finished
        self._workers = workers
        self._queue = Queue[_Job]()
        self._room = Room(AHEAD)
        self._intake = intake
        self._allowance = None if limit is None else Allowance(limit)
        self._gives_back = gives_back
        self._open: set[_Open] = set()
        self._parked: list[list[tuple[_Job, Outcome]]] = [[] for _ in range(workers)]
        self._fault: Exception | None = None
        self.untried = 0
        self.is_complete = False  # the input was read to its end, and nothing of it is untried

    @property
    def is_at_limit(self) -> bool:
        """Whether as many were posted as may be."""
        return self._allowance is not None and self._allowance.is_spent

    async def run(self, groups: Iterable[Sequence[Step]]) -> None:
        """Go on until the input ends or something stops the run; `groups` are what is planned.

        Raises what reading or telling raised.
        """
        loop = asyncio.get_running_loop()
        read: asyncio.Future[bool] = loop.create_future()
        workers = [asyncio.create_task(self._work(worker)) for worker in range(self._workers)]
        stopped = asyncio.create_task(self._stop.wait())
        # a daemon of its own: a pipe that blocks must hold up neither the workers nor the end of the run
        threading.Thread(target=self._read, args=(groups, loop, read), name="reader", daemon=True).start()
        await asyncio.wait((read, stopped), return_when=asyncio.FIRST_COMPLETED)
        self._hold_up_nobody()
        self._queue.end(len(workers))
        await asyncio.gather(*workers)
        await asyncio.gather(*(self._ask_again(worker) for worker in range(len(workers))))
        stopped.cancel()
        if self._intake and self._intake.close():
            await asyncio.wait((read,))
        self.untried = sum(left.left for left in self._open)
        for left in list(self._open):
            with self._minding():
                self._close(left)
        if read.done():
            self.is_complete = read.result() and not self.untried
        if self._fault:
            raise self._fault

    def _hold_up_nobody(self) -> None:
        self._room.open()
        if self._allowance:
            self._allowance.open()

    def _read(
        self, groups: Iterable[Sequence[Step]], loop: asyncio.AbstractEventLoop, read: asyncio.Future[bool]
    ) -> None:
        """The reader's thread: hands on events. What it has when the run stops, it hands on, too."""
        result: bool | BaseException = False
        try:
            result = all(self._hand_on(group, loop) for group in groups)
        except OverError:
            pass
        except BaseException as error:  # it belongs to whoever waits for the reader
            result = error
        with contextlib.suppress(RuntimeError):  # the run is over, and its event loop closed
            loop.call_soon_threadsafe(_complete, read, result)

    def _hand_on(self, group: Sequence[Step], loop: asyncio.AbstractEventLoop) -> bool:
        """Hands on the events of a group, within bounds; returns whether there may be more."""
        steps = iter(group)
        while handful := list(itertools.islice(steps, 1 if self._allowance else HANDFUL)):
            self._room.enter(sum(size_of(step[0].event) for step in handful))
            loop.call_soon_threadsafe(self._take, handful)
            if self._allowance:
                self._allowance.begin(sum(isinstance(it, Planned) for it in handful[0]))
                if self.is_at_limit and not self._stop.hurries:
                    rest = list(steps)
                    if not self._gives_back(handful[0][0].event, rest):
                        loop.call_soon_threadsafe(self._take, rest)
                    return False
        return not self._stop

    def _take(self, steps: Iterable[Step]) -> None:
        for step in steps:
            opened = _Open(step[0].event, len(step))
            self._open.add(opened)
            for it in step:
                if isinstance(it, Planned):
                    self._queue.put((opened, it), it.message.to)
                else:
                    with self._minding():
                        self._settle(opened, it)

    async def _work(self, worker: int) -> None:
        while job := await self._next(worker):
            with self._minding():
                outcome = None if self._stop else await self._finisher.finish(worker, job[1])
                if outcome and self._allowance:
                    self._allowance.end(posted=outcome.attempts > 0)
                if outcome and self._may_turn_up(outcome):
                    self._parked[worker].append((job, outcome))
                    self._make_room(job[0])  # what waits for a last look-up must not hold up the reader
                elif outcome:
                    self._settle(job[0], outcome)
            self._queue.release(job[1].message.to)

    async def _next(self, worker: int) -> _Job | None:
        """The next job. A worker that is idle for a while asks again about its unknowns: a pipe may never end."""
        while self._parked[worker]:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(self._queue.get(), IDLE)
            await self._ask_again(worker)
        return await self._queue.get()

    def _may_turn_up(self, outcome: Outcome) -> bool:
        """Whether to ask again at the end: for what this run posted; what is older has had its time."""
        is_fresh = outcome.status is Status.UNKNOWN and outcome.attempts > 0
        return is_fresh and sum(map(len, self._parked)) < PARKED

    async def _ask_again(self, worker: int) -> None:
        parked, self._parked[worker] = self._parked[worker], []
        doubts = [(planned, outcome) for (_, planned), outcome in parked]
        outcomes = await self._finisher.ask_again(worker, doubts) if doubts else ()
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
            self._room.leave(opened.event)

    def _close(self, opened: _Open) -> None:
        self._open.remove(opened)
        self._make_room(opened)
        self._finished(opened.event, () if opened.left else opened.outcomes)


def _complete(future: asyncio.Future[bool], result: bool | BaseException) -> None:
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
