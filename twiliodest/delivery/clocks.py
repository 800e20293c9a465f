"""Time as an argument."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from twiliodest.delivery.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """`clock` in unix seconds, `monotonic` in seconds, `jitter` in [-1, 1]."""

    clock: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    jitter: Callable[[], float]

    async def rest(self, seconds: float, stop: Stop) -> None:
        """Sleep, unless there is hurry."""
        if seconds > 0 and not stop.hurries:
            sleeping = asyncio.ensure_future(self.sleep(seconds))
            stopped = asyncio.ensure_future(stop.wait_for_hurry())
            await asyncio.wait((sleeping, stopped), return_when=asyncio.FIRST_COMPLETED)
            sleeping.cancel()
            stopped.cancel()
