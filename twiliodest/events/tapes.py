"""Bytes that are too many for memory, kept until nobody asks for them any more."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

IN_MEMORY = 1 << 20  # bytes; what is longer stands in a temporary file without a name
_BLOCK = 1 << 16


class Tape:
    """Is written once and then read, as often as wanted. Raises `OSError` where the disk is full."""

    def __init__(self) -> None:
        self.size = 0
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 -- it closes with the tape

    def write(self, text: bytes) -> None:
        """Add to its end."""
        self._file.write(text)
        self.size += len(text)

    def blocks(self) -> Iterator[bytes]:
        """All of it, in order."""
        at = 0
        while at < self.size:
            self._file.seek(at)
            block = self._file.read(_BLOCK)
            at += len(block)
            yield block

    def close(self) -> None:
        """Forget it."""
        self._file.close()

    def __del__(self) -> None:
        self._file.close()
