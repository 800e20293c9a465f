"""What is sent is read from the very bytes that were planned, whatever has become of the files meanwhile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence

from twiliodest.errors import Problem
from twiliodest.events.sources import Source

BLOCK = 1 << 16  # bytes that have a digest of their own: so the digests of 1 GB are 128 kB
CHANGED = "it has changed since it was planned"


class PlannedInput:
    """A file that is read to plan, with digests of what was there, and then to send what is still the same."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._digests: list[bytes] = []
        self._size = 0
        self._state: Sequence[int] | None = None
        self._is_whole = False

    @property
    def to_plan(self) -> Source:
        """The file as it is found."""
        return self._source._replace(blocks=self._noted)

    @property
    def to_send(self) -> Source:
        """The file as it was found: what was added since is left out, and anything else is a fault (`OSError`)."""
        return self._source._replace(blocks=self._compared)

    def verify(self) -> Problem | None:
        """Says so where the file does not begin with all that was planned, before anything of it is sent."""
        try:
            if self._state is not None and self._state != _state(self._source.name):
                if not self._is_whole:
                    raise OSError(0, CHANGED)
                for _ in self._compared():
                    pass
        except OSError:
            name = self._source.name
            hint = "run the command again to see what it would send now"
            return Problem(message=f"{name} has changed since it was planned: nothing was sent", hint=hint)
        return None

    def _noted(self) -> Iterator[bytes]:
        self._digests, self._size, self._is_whole = [], 0, False
        self._state = _state(self._source.name)
        for block in _even(self._source.blocks()):
            self._digests.append(_digest(block))
            self._size += len(block)
            yield block
        self._is_whole = True

    def _compared(self) -> Iterator[bytes]:
        left = self._size
        blocks = _even(self._source.blocks())
        for digest in self._digests:
            block = next(blocks, b"")[:left]
            left -= len(block)
            if _digest(block) != digest:
                raise OSError(0, CHANGED)
            yield block
        if not self._is_whole:  # the plan ended before the file did, as with --limit
            yield from blocks


def _state(name: str) -> Sequence[int]:
    status = os.stat(name)
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _even(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of one size, but for the last."""
    some = b""
    for block in blocks:
        some = some + block if some else block
        while len(some) >= BLOCK:
            yield some[:BLOCK]
            some = some[BLOCK:]
    if some:
        yield some


def _digest(block: bytes) -> bytes:
    return hashlib.blake2b(block, digest_size=8).digest()
