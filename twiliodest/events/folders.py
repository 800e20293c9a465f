"""The event files in a folder, and what else is there."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from twiliodest.events.unpacking import BLOCK, begins_like_json

SUFFIXES = (".json", ".jsonl", ".ndjson")
COMPRESSED = (".gz", ".zst")
SHOWN = 5  # names of files that are left out


class LeftOut:
    """What is in a folder and not read: how many, and the first names."""

    def __init__(self) -> None:
        self._count = 0
        self._names: list[str] = []

    def add(self, path: Path, why: str = "") -> None:
        """Take a file, a link or a folder."""
        self._count += 1
        if len(self._names) < SHOWN:
            self._names.append(f"{path}{f' ({why})' if why else ''}")

    def join(self, others: LeftOut) -> None:
        """Take what others have."""
        self._count += others._count
        self._names += others._names[: SHOWN - len(self._names)]

    def __str__(self) -> str:
        more = self._count - len(self._names)
        return ", ".join(self._names) + (f" and {more:,} more" if more else "")


def event_files(folder: Path, left_out: LeftOut) -> Iterator[Path]:
    """Those in a folder and the folders in it, ordered by their paths, name by name.

    An event file is called `*.json`, `*.jsonl` or `*.ndjson`, also in capitals, also with `.gz` or `.zst` behind it;
    of other compressed files the content decides. Links are followed, but nothing is entered twice. Raises `OSError`.
    """
    status = folder.stat()
    yield from _within(folder, {(status.st_dev, status.st_ino)}, left_out)


def _within(folder: Path, entered: set[tuple[int, int]], left_out: LeftOut) -> Iterator[Path]:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if name.startswith("."):
            left_out.add(path, "hidden")
        elif not _is_event_name(name) and not os.path.exists(path):
            left_out.add(path, "a link to nothing")
        elif stat.S_ISDIR((status := path.stat()).st_mode):
            key = (status.st_dev, status.st_ino)
            if key in entered:
                left_out.add(path, "a folder that has already been read")
            else:
                entered.add(key)
                yield from _within(path, entered, left_out)
        elif not stat.S_ISREG(status.st_mode):  # to open a pipe might wait forever
            left_out.add(path, "not a file")
        elif _is_event_name(name) or _holds_events(path):
            yield path
        else:
            left_out.add(path)


def _is_event_name(name: str) -> bool:
    name = name.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith(SUFFIXES)


def _holds_events(path: Path) -> bool:
    if not path.name.lower().endswith(COMPRESSED):
        return False
    with path.open("rb") as file:
        return begins_like_json(iter(_reader(file.read), b""))


def _reader(read: Callable[[int], bytes]) -> Callable[[], bytes]:
    return lambda: read(BLOCK)
