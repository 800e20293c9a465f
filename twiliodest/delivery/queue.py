"""Jobs that wait: to each recipient in their order and one at a time, to different ones side by side."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import deque
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Queue(Generic[Job]):
    """What has its turn comes in the order in which it was put."""

    def __init__(self) -> None:
        self._places = itertools.count()
        self._next: asyncio.PriorityQueue[tuple[float, Job | None]] = asyncio.PriorityQueue()
        # by recipient: what follows a job that is waiting for a worker, or under way
        self._later: dict[str, deque[tuple[float, Job]]] = {}

    def put(self, job: Job, to: str) -> None:
        """Add a job; it has its turn when no other is before it or under way to this recipient."""
        placed = (next(self._places), job)
        if to in self._later:
            self._later[to].append(placed)
        else:
            self._later[to] = deque()
            self._next.put_nowait(placed)

    def release(self, to: str) -> None:
        """Nothing is under way to a recipient any more: what follows has its turn, by its place."""
        if later := self._later[to]:
            self._next.put_nowait(later.popleft())
        else:
            del self._later[to]

    def end(self, workers: int) -> None:
        """Tell so many workers that nothing more comes, once everything has had its turn."""
        for _ in range(workers):
            self._next.put_nowait((math.inf, None))

    async def get(self) -> Job | None:
        """The next job; `None` at the end."""
        return (await self._next.get())[1]
