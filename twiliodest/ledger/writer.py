"""The ledger's thread: jobs in groups, each on the disk before anybody hears of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from twiliodest.errors import LedgerError
from twiliodest.ledger.file import explained, transaction
from twiliodest.ledger.locks import Turns
from twiliodest.ledger.log import Log
from twiliodest.ledger.place import Place

Job = TypeVar("Job")
LARGEST = 1000  # jobs in one transaction


class Writer(Generic[Job]):
    """Has jobs done in its own thread: all that wait in one transaction, then one wake-up for all.

    `perform` does a group and returns what came of each. If a transaction fails, all its jobs and all later ones
    raise its `LedgerError`.
    """

    def __init__(
        self,
        place: Place,
        turns: Turns,
        db: sqlite3.Connection,
        log: Log,
        perform: Callable[[Sequence[Job]], Sequence[object]],
    ) -> None:
        self._place = place
        self._turns = turns
        self._db = db
        self._log = log
        self._perform = perform
        self._refusal = ""
        self._jobs: queue.SimpleQueue[tuple[Job, asyncio.Future[Any] | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> asyncio.Future[Any]:
        """Does the job though nobody may wait for it; what comes of it is told once it is on the disk."""
        if self._refusal or not self._thread.is_alive():
            raise LedgerError(self._refusal or f"{self._place.path} is closed")
        future = asyncio.get_running_loop().create_future()
        self._jobs.put((job, future))
        return future

    def put(self, job: Job) -> None:
        """Does the job; nobody waits for it."""
        self._jobs.put((job, None))

    def stop(self) -> None:
        """Commits what still waits."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while group := self._gather():
            results: Sequence[object] | None = None
            with self._refusing():
                results = self._commit([job for job, _ in group])
            if results is None:
                results = [LedgerError(self._refusal) for _ in group]
            answers = [(future, result) for (_, future), result in zip(group, results, strict=True) if future]
            for loop, batch in itertools.groupby(answers, key=lambda answer: answer[0].get_loop()):
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(_answer, list(batch))
            if not self._refusal:
                with self._refusing():
                    self._move_if_due()

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """What fails here is the last that was tried."""
        try:
            yield
        except Exception as error:
            self._refusal = str(error)

    def _commit(self, jobs: Sequence[Job]) -> Sequence[object]:
        """Do them, and be sure that what is on the disk now is the ledger that others see."""
        if self._refusal:
            raise LedgerError(self._refusal)
        with explained(self._place.path), self._turns.take():
            self._place.check_file()
            with transaction(self._db, self._turns):
                results = self._perform(jobs)
            self._place.check()
        return results

    def _move_if_due(self) -> None:
        with explained(self._place.path):
            if self._log.is_due():
                with self._turns.take():
                    self._log.move()

    def _gather(self) -> list[tuple[Job, asyncio.Future[Any] | None]]:
        """All jobs that wait, as far as one transaction takes them; none when it is time to stop."""
        group = []
        job = self._jobs.get()
        while job:
            group.append(job)
            if len(group) == LARGEST or self._jobs.empty():
                return group
            job = self._jobs.get()
        if group:
            self._jobs.put(None)  # this group first, then stop
        return group


def _answer(answers: list[tuple[asyncio.Future[Any], object]]) -> None:
    for future, result in answers:
        if future.done():  # cancelled
            continue
        if isinstance(result, LedgerError):
            future.set_exception(result)
        else:
            future.set_result(result)
