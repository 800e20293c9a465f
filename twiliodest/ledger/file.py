"""The ledger's file: what is in it, how it is opened and read, and what to do when that fails."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from twiliodest.errors import LedgerError
from twiliodest.ledger.locks import Turns
from twiliodest.ledger.place import moved, refuse_remains, refuse_special
from twiliodest.ledger.receipts import TABLE as RECEIPTS
from twiliodest.ledger.rows import Damaged
from twiliodest.ledger.servers import TWILIO

T = TypeVar("T")

APPLICATION = 0x54574C31  # "TWL1": tells a ledger from any other SQLite file
VERSION = 2  # 1: without receipts
BUSY_SECONDS = 1.0  # that SQLite waits by itself, in which nothing can interrupt it
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
# What tells more about the rows. Versions that do not know these tables leave them alone.
NOTES = (
    "CREATE TABLE log (opened INTEGER NOT NULL, logged INTEGER NOT NULL, home BLOB NOT NULL)",
    "INSERT INTO log VALUES (0, 0, x'')",
    """CREATE TABLE delivery (
        run TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL,
        server TEXT NOT NULL,
        api_base TEXT NOT NULL,
        rule TEXT,
        ahead REAL,
        reached INTEGER NOT NULL,
        completed INTEGER NOT NULL
    )""",
    # what earlier versions sent, which noted nothing, counts as sent to Twilio
    f"""INSERT INTO delivery SELECT '', '', '{TWILIO}', '{TWILIO}', NULL, NULL, 1, 1
        WHERE EXISTS (SELECT 1 FROM message)""",  # noqa: S608 -- a name of ours
)
HAS_NOTES = "SELECT count(*) = 2 FROM sqlite_master WHERE type = 'table' AND name IN ('log', 'delivery')"
CACHE = "PRAGMA cache_size = -16384"  # KiB: the inner pages of the indexes of ten million rows
SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA wal_autocheckpoint = 0",  # see `ledger_log`
    "PRAGMA journal_size_limit = 0",  # so that the log's size says what is in it
)
IDENTITY = """SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
    FROM pragma_application_id, pragma_user_version"""

WHOLE = (
    "use the original with all its files, or a copy made by twiliodest ledger backup; if the log is lost for good, "
    "twiliodest ledger check --accept goes on without it, and people may be texted twice"
)
RESTORE = "twiliodest ledger check says more; restore it from a backup: without it people may be texted twice"
ADVICE = {
    "SQLITE_NOTADB": "is not a ledger; name another file with --ledger",
    "SQLITE_CORRUPT": f"is damaged; {RESTORE}",
    "SQLITE_BUSY": "is locked by another program; end that program, then run again",
    "SQLITE_FULL": "cannot grow: the disk is full; free some space, then run again",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and of its folder",
    "SQLITE_CANTOPEN": "cannot be opened; check the permissions of the file and of its folder",
    "SQLITE_IOERR": "cannot be read or written; check the disk and its free space, then run again",
}


def create(path: Path) -> None:
    """Creates an empty ledger where there is nothing, or nothing in it; for its owner's eyes only, all of it or none.

    Whoever calls it has the turn.
    """
    refuse_special(path)
    refuse_remains(path, Path(f"{path}-wal"))
    if is_begun(path):
        return
    made = Path(f"{path}.new")
    for name in (made, Path(f"{made}-journal")):
        name.unlink(missing_ok=True)
    os.close(
        os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    )  # SQLite gives its side files the same mode
    with contextlib.closing(connect(made)) as db, transaction(db):
        for statement in (*SCHEMA, *NOTES, *RECEIPTS):
            db.execute(statement)
    made.rename(path)
    sync_folder(path.parent)


def is_begun(path: Path) -> bool:
    """Whether there is a file, and something in it."""
    return path.exists() and path.stat().st_size > 0


def create_folders(path: Path) -> None:
    """Creates the folders above a file, for their owner's eyes only."""
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """What was named in a folder keeps its name if the power fails now."""
    file = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(file)
    finally:
        os.close(file)


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


def set_up(db: sqlite3.Connection, path: Path, turns: Turns) -> None:
    """Opens a ledger for writing; what is committed from here on is on the disk. Raises `LedgerError`."""
    refuse_others(db, path)  # asked before anything changes in what may be another's file
    patiently(turns, lambda: db.execute("PRAGMA busy_timeout = 1000"))
    mode = patiently(turns, lambda: db.execute("PRAGMA journal_mode = WAL").fetchone())
    if mode != ("wal",):
        raise LedgerError(f"{path} is on a disk that cannot keep it safe; name a local one with --ledger")
    for statement in SETTINGS:
        db.execute(statement)


def refuse_others(db: sqlite3.Connection, path: Path) -> None:
    """Raises `LedgerError` if this is not a ledger, not a whole one, or one of a newer version."""
    application, version, tables = db.execute(IDENTITY).fetchone()
    if application == version == tables == 0:
        raise LedgerError(f"{path} is not a ledger, or lacks its log; use the original with all its files")
    if application != APPLICATION:
        raise LedgerError(f"{path} {ADVICE['SQLITE_NOTADB']}")
    if version > VERSION:
        raise LedgerError(f"{path} was written by a newer twiliodest; upgrade, or name another with --ledger")


@contextlib.contextmanager
def transaction(db: sqlite3.Connection, turns: Turns | None = None) -> Iterator[None]:
    """All that is written in it, or nothing. With `turns`, another program is waited for as another run is."""
    if turns:
        patiently(turns, lambda: db.execute("BEGIN IMMEDIATE"))
    else:
        db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.rollback()
        raise


def patiently(turns: Turns, attempt: Callable[[], T]) -> T:
    """Tries until no other program is in the way, or patience ends. Raises `LedgerError`."""
    start = time.monotonic()
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - start
            if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            if waited >= turns.patience:
                raise turns.refusal(waited) from error
            time.sleep(0.01)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system raise into a `LedgerError` that says what to do."""
    try:
        yield
    except Damaged as error:
        raise LedgerError(f"{path} is damaged: {error}; {RESTORE}") from error
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        advice = next((advice for start, advice in ADVICE.items() if name.startswith(start)), None)
        raise LedgerError(f"{path} {advice or ADVICE['SQLITE_CORRUPT']}") from error
    except UnicodeDecodeError as error:  # of SQLite's own sentence about it
        raise LedgerError(f"{path} {ADVICE['SQLITE_CORRUPT']}") from error
    except OSError as error:
        if error.errno == errno.ENOENT and str(error.filename).startswith(f"{path}.runs"):
            raise moved(path) from error  # it was created, and went
        place, why = error.filename or path, error.strerror
        raise LedgerError(
            f"{place} cannot be used: {why}; fix that, or name another with --ledger"
        ) from error
