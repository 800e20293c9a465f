"""How far the reader of a run may go ahead, and whether it has anything in hand."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from twiliodest.model import Event

EACH = 2 << 10  # bytes that an event takes beside its text


class OverError(Exception):
    """The run is over: nothing more is read."""


class Intake:
    """Watches blocks being read, so that at the end of a run it is known whether all that was read was handed on."""

    def __init__(self, is_over: Callable[[], object] = bool) -> None:
        self.is_waiting = False
        self._is_over = is_over
        self._is_closed = False
        self._lock = threading.Lock()

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks, until the run is over: `OverError`."""
        with contextlib.closing(blocks):  # type: ignore[type-var] # generators have close()
            while True:
                self._begin_to_wait()
                try:
                    block = next(blocks, b"")
                finally:
                    with self._lock:
                        self.is_waiting = False
                        is_closed = self._is_closed
                if is_closed:
                    raise OverError
                if not block:
                    return
                yield block

    def _begin_to_wait(self) -> None:
        with self._lock:
            if self._is_closed or self._is_over():
                raise OverError
            self.is_waiting = True

    def close(self) -> bool:
        """Take nothing more; returns whether what was read is still being worked on, and will be handed on soon."""
        with self._lock:
            self._is_closed = True
            return not self.is_waiting


class Room:
    """Holds up the reader's thread while too many events are open. Each count has one thread that writes it."""

    def __init__(self, size: int) -> None:
        self._most = size
        self._entered = self._left = 0
        self._gate = threading.Event()
        self._is_open = False

    def enter(self, size: int) -> None:
        """Wait for room; for the reader. Once it is full, until half of it is free: each wait costs two switches."""
        while self._is_full():
            self._gate.clear()
            if self._is_full():
                self._gate.wait()
        self._entered += size

    def leave(self, event: Event) -> None:
        """One event less; for the loop."""
        self._left += size_of(event)
        if not self._gate.is_set() and self._entered - self._left <= self._most // 2:
            self._gate.set()

    def open(self) -> None:
        """Hold up nobody any more."""
        self._is_open = True
        self._gate.set()

    def _is_full(self) -> bool:
        return not self._is_open and self._entered - self._left >= self._most


class Allowance:
    """How many messages may be begun where only so many may be posted: no more than might all cost something."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = self._free = self._spent = 0
        self._gate = threading.Event()
        self._is_open = False

    @property
    def is_spent(self) -> bool:
        return self._spent >= self._most

    def begin(self, messages: int) -> None:
        """So many are handed on; for the reader. Waits until another one might be, or none ever will."""
        self._begun += messages
        while self._must_wait():
            self._gate.clear()
            if self._must_wait():
                self._gate.wait()

    def end(self, *, posted: bool) -> None:
        """One has ended; for the loop."""
        if posted:
            self._spent += 1
        else:
            self._free += 1
        self._gate.set()

    def open(self) -> None:
        """Hold up nobody any more."""
        self._is_open = True
        self._gate.set()

    def _must_wait(self) -> bool:
        return not (self._is_open or self.is_spent) and self._begun - self._free >= self._most


def size_of(event: Event) -> int:
    """Roughly the memory that an event takes."""
    original = event.original
    more = 0 if original is None else len(original) if isinstance(original, bytes) else original.size
    return len(event.raw) + more + EACH
