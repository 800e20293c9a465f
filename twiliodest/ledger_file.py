"""The ledger's file: what is in it, how it is opened, read and locked, and what to do when that fails."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twiliodest.errors import LedgerError

APPLICATION = 0x54574C31  # "TWL1": tells a ledger from any other SQLite file
VERSION = 1
BUSY_SECONDS = 30
MANY = sqlite3.sqlite_version_info >= (3, 33)  # takes UPDATE … FROM, and as many parameters as a group has

# A claim adds at the end of the table and of the index by time. Of ten million rows a message touches but one
# old page, that of its key; an index by SID would be a second one.
SCHEMA = (
    """CREATE TABLE message (
        "key" BLOB NOT NULL UNIQUE,
        event_id TEXT NOT NULL,
        action TEXT NOT NULL,
        "to" TEXT NOT NULL,
        sender TEXT NOT NULL,
        "text" BLOB NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('sending', 'sent', 'rejected', 'failed', 'unknown')),
        run TEXT NOT NULL,
        sid TEXT,
        code INTEGER,
        reason TEXT,
        attempts INTEGER NOT NULL,
        claimed_at REAL NOT NULL,
        settled_at REAL CHECK ((settled_at IS NULL) = (state = 'sending'))
    )""",
    "CREATE INDEX message_claimed ON message (claimed_at, sid)",
    "CREATE INDEX message_sending ON message (run) WHERE state = 'sending'",
    "CREATE INDEX message_unknown ON message (claimed_at) WHERE state = 'unknown'",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
CACHE = "PRAGMA cache_size = -16384"  # KiB: the inner pages of the indexes of ten million rows
SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA wal_autocheckpoint = 10000",  # pages; a checkpoint writes them all over a large file, so: seldom
)
IDENTITY = """SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
    FROM pragma_application_id, pragma_user_version"""

ADVICE = {
    "SQLITE_NOTADB": "is not a ledger; name another file with --ledger",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup: without it people may be texted twice",
    "SQLITE_BUSY": f"was locked by another program for {BUSY_SECONDS} s; end that program, then run again",
    "SQLITE_FULL": "cannot grow: the disk is full; free some space, then run again",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and of its folder",
    "SQLITE_CANTOPEN": "cannot be opened; check the permissions of the file and of its folder",
    "SQLITE_IOERR": "cannot be read or written; check the disk and its free space, then run again",
}


class Reader:
    """Reads what is committed. A file at rest is read as it lies, until somebody begins to write to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def query(self, sql: str, *parameters: object) -> list[Any]:
        with explained(self._path):
            if self._rest and self._rest != _at_rest(self._path):
                self._db.close()
                self._open()
            return self._db.execute(sql, parameters).fetchall()

    def stream(self, sql: str, parameters: Mapping[str, object]) -> Iterator[Any]:
        """Row by row; until it ends, other reads by this reader see the past."""
        with explained(self._path):
            yield from self._db.execute(sql, parameters)

    def is_new(self) -> bool:
        """See `is_new`."""
        return is_new(self._db, self._path)

    def close(self) -> None:
        self._db.close()

    def _open(self) -> None:
        """Plain reading would create the side files of a file at rest, or fail where it cannot."""
        self._rest = _at_rest(self._path)
        self._db = connect(self._path, "mode=ro&immutable=1" if self._rest else "mode=ro")


def create(path: Path, locks: Path) -> None:
    """Creates the file and the folder of its locks, for their owner's eyes only, unless they are there."""
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its side files the same mode
    locks.mkdir(mode=0o700, exist_ok=True)


def connect(path: Path, how: str = "mode=rw") -> sqlite3.Connection:
    address = f"{path.as_uri()}?{how}"
    db = sqlite3.connect(
        address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    with contextlib.ExitStack() as failing:
        failing.callback(db.close)
        db.execute(CACHE)
        failing.pop_all()
    return db


def set_up(db: sqlite3.Connection, path: Path) -> None:
    """Makes it a ledger if it is empty; what is committed from here on is on the disk. Raises `LedgerError`."""
    schema = SCHEMA if is_new(db, path) else ()  # asked before anything changes in what may be another's file
    if db.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise LedgerError(f"{path} is on a disk that cannot keep it safe; name a local one with --ledger")
    for statement in SETTINGS:
        db.execute(statement)
    with transaction(db):
        for statement in schema:
            db.execute(statement)


def is_new(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is empty. Raises `LedgerError` if it is no ledger, or one of a newer version."""
    application, version, tables = db.execute(IDENTITY).fetchone()
    if application == version == tables == 0:
        return True
    if application != APPLICATION:
        raise LedgerError(f"{path} {ADVICE['SQLITE_NOTADB']}")
    if version > VERSION:
        raise LedgerError(f"{path} was written by a newer twiliodest; upgrade, or name another with --ledger")
    return False


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.rollback()
        raise


def turn(locks: Path) -> contextlib.AbstractContextManager[None]:
    """One writer at a time, from the start of its transaction to the end of its checkpoint.

    SQLite's own lock ends before the checkpoint, and until 3.51.3 a commit amid somebody's checkpoint could,
    rarely, corrupt the file (its WAL-reset bug). Nor can two turn WAL on at once.
    """
    return locked(locks, os.O_RDONLY)


@contextlib.contextmanager
def locked(path: Path, flags: int, lock: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Holds a kernel lock on a file or folder, against other processes and other holders in this one.

    The kernel lets go of it however the holder ends.
    """
    file = os.open(path, flags, 0o600)
    try:
        fcntl.flock(file, lock)
        yield
    finally:
        os.close(file)


def is_locked(file: Path) -> bool:
    """Whether somebody has locked it; if that cannot be told, somebody has."""
    try:
        with locked(file, os.O_RDONLY, fcntl.LOCK_SH | fcntl.LOCK_NB):
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system raise into a `LedgerError` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        advice = next((advice for start, advice in ADVICE.items() if name.startswith(start)), None)
        raise LedgerError(f"{path} {advice or f'cannot be used: {error}'}") from error
    except OSError as error:
        place, why = error.filename or path, error.strerror
        raise LedgerError(
            f"{place} cannot be used: {why}; mend that, or name another with --ledger"
        ) from error


def _at_rest(path: Path) -> tuple[int, int, int] | None:
    """None while the file has its side files: in use, or left by the dead. Else a mark that use changes."""
    if os.path.exists(f"{path}-wal"):
        return None
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns
