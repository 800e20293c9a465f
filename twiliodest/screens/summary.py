"""A run's summary as one JSON document for scripts: it is there as a whole, or the earlier one still is."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from twiliodest import __version__
from twiliodest.errors import ExitStatus, Problem, UsageError
from twiliodest.model import Status
from twiliodest.planning.progress import Progress
from twiliodest.screens.report import Tally, encode_lines

START = b'{"twiliodest":'  # by which an earlier summary is told from any other file
OPEN = ("/dev/fd/", "/dev/std", "/proc/")  # what stands for a file that is open already
NAME = 200  # bytes of a name that fit beside an ending


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: of it, so many match an action, and so many are not events."""

    read: int = 0
    matched: int = 0
    broken: int = 0


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent, or in a dry run would be. `recipients` is null where there are too many to count."""

    count: int = 0
    recipients: int | None = 0
    segments: int = 0
    mms: int = 0
    encodings: Mapping[str, int] = {}
    cost: float | None = None
    currency: str | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why so many messages have a status, and the place of the first."""

    status: Status
    reason: str
    count: int
    first: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The document; the docs have its fields."""

    twiliodest: str = __version__
    started: datetime
    ended: datetime
    exit_status: ExitStatus
    problems: Sequence[str] = ()
    dry_run: bool
    diverted_to: str | None = None
    events: Events = Events()
    messages: Messages = Messages()
    statuses: Mapping[str, int] = msgspec.field(default_factory=lambda: {it.value: 0 for it in Status})
    not_tried: int = 0
    at_limit: bool = False
    reasons: Sequence[Reason] = ()


def events_of(progress: Progress) -> Events:
    return Events(read=progress.events, matched=progress.matched, broken=progress.broken)


def messages_of(tally: Tally, per_segment: float | None, per_mms: float | None, currency: str) -> Messages:
    cost = tally.cost(per_segment, per_mms)
    return Messages(
        count=tally.messages,
        recipients=tally.people,
        segments=tally.segments,
        mms=tally.media,
        encodings=dict(sorted(tally.encodings.items())),
        cost=None if cost is None else round(cost, 6),
        currency=None if cost is None else currency,
    )


def statuses_of(tally: Tally) -> Mapping[str, int]:
    """All of them, also those that no message has."""
    return {status.value: tally.statuses[status] for status in Status}


def reasons_of(tally: Tally) -> Sequence[Reason]:
    return [
        Reason(status=status, reason=reason, count=count, first=first)
        for status in Status
        for reason, count, first in tally.reasons(status)
    ]


def check_place(path: Path) -> None:
    """Raises `UsageError` where no summary can be written, or something else would be lost by it."""
    try:
        _refuse_other(path)
        if not _is_special(path):
            folder = Path(os.path.realpath(path)).parent
            with contextlib.suppress(FileNotFoundError):
                if not os.access(folder, os.W_OK | os.X_OK) and folder.stat():
                    raise PermissionError(13, "its folder is not writable")
            folder.stat()
    except OSError as error:
        raise UsageError([Problem(message=f"cannot write {path}: {error.strerror}")]) from None


def write_summary(summary: Summary, path: Path) -> None:
    """Put it in the place of an earlier one. Raises `OSError`, `UsageError`."""
    document = encode_lines([summary])
    if _is_special(path):
        with path.open("ab") as out:
            out.write(document)
        return
    path = Path(os.path.realpath(path))  # a link stays a link
    name = os.fsdecode(os.fsencode(path.name)[:NAME])
    part = path.with_name(f"{name}.part-{secrets.token_hex(4)}")
    try:
        with part.open("xb") as out:
            out.write(document)
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        _refuse_other(path)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """Whether it is written to as it is: a pipe, a device, what is open already."""
    if str(path).startswith(OPEN):
        return True
    with contextlib.suppress(FileNotFoundError):
        return not stat.S_ISREG(path.stat().st_mode)
    return False


def _refuse_other(path: Path) -> None:
    """Raises `UsageError` where there is a file that is neither empty nor a summary; `OSError` at a folder."""
    if path.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    if _is_special(path) or not path.exists():
        return
    with path.open("rb") as file:
        start = file.read(len(START))
    if start not in (b"", START):
        message = f"{path} is not a summary of an earlier run, so it is not overwritten"
        raise UsageError([Problem(message=message, hint="name another file with --summary-json")])
