"""Whether a ledger is what was written to it: SQLite's own check, and what must hold of every row."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from twiliodest.errors import LedgerError
from twiliodest.ledger.file import HAS_NOTES, connect, explained, set_up
from twiliodest.ledger.locks import Turns
from twiliodest.ledger.log import LOGGED, refuse_part
from twiliodest.ledger.place import Place
from twiliodest.ledger.reader import Reader
from twiliodest.ledger.rows import Damaged, Row, key, row_of

INTEGRITY = "PRAGMA integrity_check(20)"
ROWS = "SELECT rowid, * FROM message"
ACCOUNTS = "SELECT run, account FROM delivery WHERE account <> ''"
TWINS = "SELECT sid, count(*) FROM message WHERE sid IS NOT NULL GROUP BY sid HAVING count(*) > 1"
LATER = 86400.0  # seconds by which a clock may have been wrong


def faults(path: Path, now: float) -> Iterator[str]:
    """What is the matter with a ledger, in sentences; `now` is in unix seconds. Reads all of it.

    Raises `LedgerError` if it is not a ledger.
    """
    with explained(path):
        place = Place(path)
        reader = Reader(place.path)
    with contextlib.closing(reader):
        try:
            for (sentence,) in reader.raw(INTEGRITY):
                if sentence != "ok":
                    yield f"SQLite says: {sentence}"
            reader.refuse_others()
            if os.stat(place.path).st_size % reader.query("PRAGMA page_size")[0][0]:
                yield "it ends in the middle of a page: its end is missing"
            yield from _missing(reader, place)
            yield from _rows(reader, now)
            for sid, count in reader.raw(TWINS):
                yield f"{count} rows have the SID {_told(sid)}, which only one message can have"
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "").startswith("SQLITE_NOTADB"):
                raise LedgerError(f"{path} is not a ledger; name another file with --ledger") from error
            yield f"it cannot be read any further: {error}"
        except (Damaged, UnicodeDecodeError) as error:
            yield f"it cannot be read any further: {error}"


def go_on_without(path: Path) -> bool:
    """Takes a ledger whose log is lost for a whole one; says whether it was. Raises `LedgerError`."""
    with explained(path):
        place = Place(path)
        with contextlib.closing(Reader(place.path)) as reader:
            reader.refuse_others()
            if not list(_missing(reader, place)):
                return False
        turns = Turns(place.path, "check")
        turns.create()
        with turns.take(), contextlib.closing(connect(place.path)) as db:
            set_up(db, place.path, turns)
            db.execute(LOGGED)
    return True


def _missing(reader: Reader, place: Place) -> Iterator[str]:
    try:
        refuse_part(reader, place)
    except LedgerError as error:
        yield str(error).removeprefix(f"{place.path} ").replace("lacks", "it lacks", 1)


def _rows(reader: Reader, now: float) -> Iterator[str]:
    has_notes = reader.query(HAS_NOTES)[0][0]
    accounts = dict(reader.query(ACCOUNTS)) if has_notes else {}
    for number, *values in reader.raw(ROWS):
        if any(isinstance(value, str) and not _is_text(value) for value in values):
            yield f"row {number} has text that is not UTF-8"
            continue
        try:
            row = row_of(values)
        except Damaged as error:
            yield f"row {number}: {error}"
            continue
        account = accounts.get(row.run)
        if account and row.key not in _keys(account, row):
            yield f"row {number} has a key that is not its event's"
        elif row.claimed_at > now + LATER:
            yield f"row {number} was claimed at a time in the future"


def _keys(account: str, row: Row) -> tuple[bytes, bytes]:
    """The identities that a row can have: of its event and action, and of its recipient if there are several."""
    return key(account, row.event_id, row.action), key(account, row.event_id, row.action, row.to)


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _told(value: object) -> str:
    return str(value)[:64]
