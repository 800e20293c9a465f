"""The files, folders and pipes that events are read from."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from twiliodest.errors import Place, Problem, UsageError
from twiliodest.events.folders import SUFFIXES, LeftOut, event_files
from twiliodest.events.unpacking import BLOCK

STDIN = "-"


class Source(NamedTuple):
    """One input: its name as the user wrote it, its size in bytes (`None` for a pipe), and its blocks."""

    name: str
    size: int | None
    blocks: Callable[[], Iterator[bytes]]


def find_sources(names: Sequence[str], left_out: LeftOut | None = None) -> list[Source]:
    """The inputs that `names` stand for: files, folders (the event files in them) or `-`.

    `left_out` is told what else is in the folders. Raises `UsageError` with every name that cannot be read.
    """
    left_out = LeftOut() if left_out is None else left_out
    sources: list[Source] = []
    problems: list[Problem] = []
    for name in names:
        if name == STDIN:
            sources.append(Source(STDIN, None, lambda: _blocks(sys.stdin.fileno(), keep_open=True)))
            continue
        if not name:  # an unset variable in a script; to `Path` it is the current folder
            problems.append(Problem(message="the name of an input is empty"))
            continue
        try:
            path, others = Path(name), LeftOut()
            files = list(event_files(path, others)) if path.is_dir() else [path]
            sources.extend(map(_file, files))
            left_out.join(others)
            if not files:
                kinds = ", ".join(SUFFIXES)
                found = f"; it contains {others}" if str(others) else ""
                problems.append(Problem(message=f"there are no event files ({kinds}) in {name}{found}"))
        except OSError as error:
            place = str(error.filename or name)
            problems.append(Problem(message=f"cannot read {place}: {error.strerror}", place=Place(place)))
    if STDIN in names and sys.stdin is None:
        problems.append(Problem(message="standard input is closed, so no events can be read from it"))
    if len([name for name in names if name == STDIN]) > 1:
        problems.append(Problem(message="standard input (-) is given twice"))
    if problems:
        raise UsageError(problems)
    return sources


def _file(path: Path) -> Source:
    def opened() -> int:
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a named pipe that is opened and closed loses its writer
        return Source(str(path), None, lambda: _blocks(opened()))
    os.close(opened())
    return Source(str(path), status.st_size, lambda: _blocks(opened()))


def _blocks(descriptor: int, *, keep_open: bool = False) -> Iterator[bytes]:
    """What is there, as soon as it is there."""
    try:
        while block := _read_some(descriptor):
            yield block
    finally:
        if not keep_open:
            os.close(descriptor)


def _read_some(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, BLOCK)
        except BlockingIOError:  # somebody else who has this pipe does not want to wait
            select.select((descriptor,), (), ())
