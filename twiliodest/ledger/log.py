"""What is committed and not yet in the ledger's main file, and how a copy of the main file alone gives itself away.

SQLite writes what is committed to a log beside the main file (`-wal`), and moves it over from time to time. Before
each move the ledger notes that its log has been `opened` once more, and after it, in the new log, that this was
`logged`. So of a ledger in use the main file alone always says that something is missing; and once anybody, be it
another program, has moved the whole log over, it says so no more.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from twiliodest.errors import LedgerError
from twiliodest.ledger.file import HAS_NOTES, NOTES, VERSION, WHOLE, transaction
from twiliodest.ledger.locks import Turns
from twiliodest.ledger.place import Place
from twiliodest.ledger.reader import Reader
from twiliodest.ledger.receipts import EXISTS, TABLE
from twiliodest.ledger.rows import Damaged

SIZE = 40 << 20  # bytes of the log; moving it over writes all over a large file, so: seldom
SECONDS = 10.0  # after which it is moved all the same, so that the main file is never long behind
STATE = "SELECT opened, logged, home FROM log"
OPENED = "UPDATE log SET opened = opened + 1"
LOGGED = "UPDATE log SET logged = opened"
HOME = "UPDATE log SET home = ? WHERE home IS NOT ?"
MOVE = "PRAGMA wal_checkpoint(PASSIVE)"


class Log:
    """The log of a ledger that is being written. Whoever calls it has the turn."""

    def __init__(self, db: sqlite3.Connection, place: Place, turns: Turns) -> None:
        self._db = db
        self._place = place
        self._turns = turns
        self._moved = time.monotonic()

    def start(self) -> None:
        """Before anything else is written. Raises `LedgerError` if some of what was written before is not there."""
        if self._db.execute(HAS_NOTES).fetchone()[0]:
            opened, logged, home = _state(self._db.execute(STATE).fetchall())
            if opened != logged and self._db.execute(MOVE).fetchone()[1] <= 0:
                raise lost(self._place, home)
            missing: list[str] = []
        else:
            missing = [*NOTES]
        if not self._db.execute(EXISTS).fetchone()[0]:
            missing += (*TABLE, f"PRAGMA user_version = {VERSION}")
        with transaction(self._db, self._turns):
            for statement in missing:
                self._db.execute(statement)
            self._db.execute(LOGGED)
            self._db.execute(HOME, (home := os.fsencode(self._place.path), home))

    def move(self) -> None:
        """Move the log over to the main file, as far as nobody still reads what was before."""
        with transaction(self._db, self._turns):
            self._db.execute(OPENED)
        self._db.execute(MOVE)
        with transaction(self._db, self._turns):
            self._db.execute(LOGGED)
        self._moved = time.monotonic()

    def is_due(self) -> bool:
        """Whether it is time to move it; asked after each commit and check of its place."""
        return time.monotonic() - self._moved > SECONDS or self._place.log_size > SIZE

    def end(self) -> None:
        """After the last commit of this run."""
        with contextlib.suppress(sqlite3.Error, LedgerError, OSError):  # all of it is on the disk, in the log
            self._place.check()
            if self._turns.is_alone():
                self._db.execute(MOVE)
            else:
                self.move()


def refuse_part(reader: Reader, place: Place) -> None:
    """Raises `LedgerError` if what is read is only a part of a ledger."""
    if not reader.query(HAS_NOTES)[0][0]:
        return
    opened, logged, home = _state(reader.query(STATE))
    if opened != logged and not _has_log(place):
        raise lost(place, home)


def lost(place: Place, home: bytes) -> LedgerError:
    """What is said of a ledger without its log."""
    before = Path(os.fsdecode(home))
    where = f" (it was used as {before})" if before != place.path else ""
    return LedgerError(
        f"{place.path} lacks its log{where}, and with it texts that may have been sent; {WHOLE}"
    )


def _state(rows: Sequence[tuple[int, int, bytes]]) -> tuple[int, int, bytes]:
    if len(rows) != 1 or [*map(type, rows[0])] != [int, int, bytes]:
        raise Damaged("what it says about its log cannot be read")
    return rows[0]


def _has_log(place: Place) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.stat(place.wal).st_size > 0
    return False
