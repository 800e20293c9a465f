"""Why a run ends before its input does."""

from __future__ import annotations

import asyncio

from twiliodest.errors import ExitStatus


class Stop:
    """Why a run ends before its input does. The first reason counts; `reason` may be empty: no need to say it."""

    def __init__(self) -> None:
        self.reason = ""
        self.status = ExitStatus.OK
        self._event = asyncio.Event()
        self._hurry = asyncio.Event()

    def now(self, status: ExitStatus, reason: str) -> None:
        """End what is under way, and nothing more."""
        if not self.hurries:
            self.status, self.reason = status, reason
            self._event.set()
            self._hurry.set()

    def enough(self, status: ExitStatus, reason: str) -> None:
        """Begin nothing more; what has begun goes its way, with everything that may be tried again."""
        if not self:
            self.status, self.reason = status, reason
            self._event.set()

    @property
    def hurries(self) -> bool:
        """Whether nothing is tried once more, and nobody rests."""
        return self._hurry.is_set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        await self._event.wait()

    async def wait_for_hurry(self) -> None:
        await self._hurry.wait()
