"""The three standard streams, made such that none of them can break a run: closed ones, full ones, any encoding."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import io
import os
import select
import sys
from typing import TextIO

from twiliodest.errors import OutputError


def mend_streams() -> None:
    """Open what is closed, and show what an encoding does not have as `?`.

    Afterwards standard input is still `None` if it was closed. What cannot be written to standard output is an
    `OutputError`; what cannot be written to standard error is lost: it must not change what a run does.
    """
    if isinstance(sys.stderr, io.TextIOWrapper) and _is_ours(sys.stderr):
        return
    _open_closed_ones()
    if sys.stdin is not None:
        with contextlib.suppress(AttributeError):
            sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr] # it is a TextIOWrapper
    sys.stdout = _text(sys.stdout, _Output(1, "w", closefd=False))
    sys.stderr = _text(sys.stderr, _Forgiving(2, "w", closefd=False), line_buffering=True)


def flush_output() -> None:
    """Write what is still buffered. Raises `OutputError`."""
    sys.stdout.flush()


def mute() -> None:
    """Nobody reads standard output any more: what is still flushed to it goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


class _Output(io.FileIO):
    """Waits where the other end does not block, and says of every fault that it is the output's."""

    def write(self, data: object, /) -> int:
        while True:
            try:
                written = super().write(data)  # type: ignore[arg-type] # bytes-like
            except OSError as error:
                raise OutputError(error.errno, error.strerror) from None
            if written is not None:
                return written
            select.select((), (self,), ())


class _Forgiving(_Output):
    """What cannot be written is taken for written."""

    def write(self, data: object, /) -> int:
        try:
            return super().write(data)
        except OutputError:
            return memoryview(data).nbytes  # type: ignore[arg-type] # bytes-like


def _is_ours(stream: io.TextIOWrapper) -> bool:
    return isinstance(getattr(stream.buffer, "raw", None), _Output)


def _open_closed_ones() -> None:
    """So that no file of ours becomes a standard stream. An output that is open for reading is closed, too."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        try:
            mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
        except OSError:
            mode = os.O_RDONLY if descriptor else os.O_WRONLY
        if mode == (os.O_RDONLY if descriptor else os.O_WRONLY):
            os.dup2(null, descriptor)
    if null > 2:
        os.close(null)


def _text(before: TextIO | None, raw: io.FileIO, *, line_buffering: bool = False) -> io.TextIOWrapper:
    encoding = before.encoding if before else "utf-8"
    with contextlib.suppress(Exception):
        if before:
            before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding if _replaces(encoding) else "utf-8",
        "replace",
        line_buffering=line_buffering or raw.isatty(),
    )


def _replaces(encoding: str) -> bool:
    """Whether an encoding has a sign that stands for those that it does not have."""
    try:
        return bool(codecs.encode("\u2500", encoding, "replace"))
    except (LookupError, UnicodeError):
        return False
