"""The file that `--rejects` names: it takes nobody's place, and is whole or is not there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from twiliodest.errors import Problem, UsageError
from twiliodest.screens import screen

PART = ".part-"
OPEN = ("/dev/fd/", "/dev/std", "/proc/")  # what stands for a file that is open already
NAME = 200  # bytes of a name that a part keeps: with its ending it must not be too long for the disk

Taken = tuple[str, str | int | Path]
"""What a run reads or writes: in words, and its path or file descriptor."""


@contextlib.contextmanager
def reject_file(path: Path, taken: Iterable[Taken], *, live: bool) -> Iterator[BinaryIO]:
    """Where to write; at the end it takes the place of what `path` named, which is left alone until then.

    What is no regular file (a pipe, a device) is written to as it is. With `live`, nothing waits in memory. Raises
    `UsageError`, also where the file is one of those that are `taken`.
    """
    try:
        before = _status(path)
        _refuse_taken(path, before, taken)
        if before and stat.S_ISDIR(before.st_mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        is_plain = before is None or stat.S_ISREG(before.st_mode)
        if not is_plain or str(path).startswith(OPEN):
            file = _Whole(os.open(path, os.O_WRONLY | os.O_TRUNC), "w")
            part = None
        else:
            path = Path(os.path.realpath(path))  # a link stays a link
            part, file = _begin(path, before)
    except OSError as error:
        raise UsageError([_refusal(path, error)]) from None
    out: BinaryIO = file if live else io.BufferedWriter(file)
    try:
        with contextlib.closing(out):
            yield out
            out.flush()
            if part:
                os.fsync(file.fileno())
        if part:
            os.replace(part, path)
    except BaseException:
        if part:
            _leave(path, part)
        raise


def left_behind(path: Path) -> list[Path]:
    """Parts of runs that were killed."""
    path = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        start = _stem(path) + PART
        parts = [part for part in path.parent.iterdir() if part.name.startswith(start)]
        return sorted(part for part in parts if not _is_in_use(part))
    return []


class _Whole(io.FileIO):
    """Writes all of what it is given."""

    def write(self, data: object, /) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type] # bytes-like
        size = len(view)
        while view:
            view = view[super().write(view) or 0 :]
        return size


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _refuse_taken(path: Path, status: os.stat_result | None, taken: Iterable[Taken]) -> None:
    if status and stat.S_ISCHR(status.st_mode):  # a terminal, or /dev/null: there is nothing to destroy
        return
    real = os.path.realpath(path)
    for what, other in taken:
        is_same = not isinstance(other, int) and os.path.realpath(other) == real
        with contextlib.suppress(OSError):
            if is_same or (status and os.path.samestat(status, os.stat(other))):
                message = f"{path} is {what}; name another file for the rejects"
                raise UsageError([Problem(message=message)])


def _begin(path: Path, before: os.stat_result | None) -> tuple[Path, _Whole]:
    """A new file beside the one that is meant, with its rights."""
    if before:
        os.close(os.open(path, os.O_WRONLY))  # who may not write to it may not replace it
    part = path.with_name(f"{_stem(path)}{PART}{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # it tells the next run that this one lives
    if before:
        with contextlib.suppress(OSError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
    return part, _Whole(descriptor, "w")


def _stem(path: Path) -> str:
    return os.fsdecode(os.fsencode(path.name)[:NAME])


def _is_in_use(part: Path) -> bool:
    descriptor = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _leave(path: Path, part: Path) -> None:
    """After a run that failed: what was there before stays, and nothing that did not go out is lost."""
    with contextlib.suppress(OSError):
        if not part.stat().st_size:
            part.unlink()
            return
    message = f"the run failed: what it had for {path} is in {part}"
    screen.print_problems([Problem(message=message, warning=True)])


def _refusal(path: Path, error: OSError) -> Problem:
    hint = None
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "it is first written as a file next to it, so you must be able to write to its folder"
    return Problem(message=f"cannot write {path}: {error.strerror}", hint=hint)
