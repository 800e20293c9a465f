"""Where a ledger lies: the one name by which it is used, and whether what is open is still what lies there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from pathlib import Path

from twiliodest.errors import LedgerError

ALL = ("", "-wal", "-shm")  # the files of a ledger in use


class Place:
    """The files of one ledger. `path` is the name by which SQLite is to open it."""

    def __init__(self, given: Path) -> None:
        """Raises `LedgerError` if it has names that exclude each other."""
        self._given = given.absolute()
        self.path = _home(given.resolve())
        self._open: list[tuple[str, int, int]] = []
        self.wal = (
            f"{self.path}-wal"  # SQLite's log of what is committed and not yet in the ledger's main file
        )
        self.log_size = 0  # bytes, as the last check found it
        with contextlib.suppress(OSError):  # what is the matter is told by who opens it
            status = os.stat(self.path)
            if status.st_size:
                self._open.append((str(self.path), status.st_dev, status.st_ino))

    def remember(self) -> None:
        """What lies there now is what is open."""
        self._open.clear()
        names = [*(f"{self.path}{end}" for end in ALL)]
        if self._given != self.path:
            names.append(str(self._given))
        for name in names:
            status = os.stat(name)
            self._open.append((name, status.st_dev, status.st_ino))

    def check(self) -> None:
        """Raises `LedgerError` if what is open is no longer what lies there: nothing written to it would last.

        Before anything is open, what lay there at first has to be there still.
        """
        for it in self._open:
            status = _unmoved(*it)
            if it[0] == self.wal:
                self.log_size = status.st_size

    def check_file(self) -> None:
        """The same for the main file alone: cheaper, for where `check` follows."""
        for it in self._open[:1]:
            _unmoved(*it)


def _unmoved(name: str, device: int, number: int) -> os.stat_result:
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(name)
        if status.st_dev == device and status.st_ino == number:
            return status
    raise moved(name)


def moved(name: object) -> LedgerError:
    """What is said of a ledger in use that is not where it was."""
    return LedgerError(
        f"{name} was moved, removed or replaced while it was in use, so nothing more is sent; put back what was "
        "there, then run again: without it people may be texted twice"
    )


def refuse_remains(path: Path, wal: Path) -> None:
    """Raises `LedgerError` if the log of a ledger lies where the ledger itself is gone."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size:
            return
    with contextlib.suppress(FileNotFoundError):
        if wal.stat().st_size:
            raise LedgerError(
                f"{path} is gone or empty, but its log {wal} is still there: put the ledger back; or, to start over "
                "and text people again, remove the log as well"
            )


def refuse_special(path: Path) -> None:
    """Raises `LedgerError` if this is not a file that can be a ledger."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise LedgerError(f"{path} is not a regular file; name another with --ledger")


def _home(path: Path) -> Path:
    """Of a file's names (hard links) the one by which it is used: SQLite keeps its log beside a name, not a file."""
    try:
        status = path.stat()
    except OSError:  # what is the matter is told by who opens it
        return path
    if status.st_nlink < 2 or not stat.S_ISREG(status.st_mode):
        return path
    with contextlib.suppress(sqlite3.Error, OSError, TypeError, ValueError):
        address = f"{path.as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
            home = Path(os.fsdecode(db.execute("SELECT home FROM log").fetchone()[0]))
        if os.path.samestat(home.stat(), status):
            return home
    raise LedgerError(
        f"{path} has {status.st_nlink} names (hard links), and its log is beside only one of them; keep that one "
        "and remove the others"
    )
