"""What is committed in a ledger, read without leaving a trace."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twiliodest.ledger.file import connect, explained, refuse_others


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

    def raw(self, sql: str) -> Iterator[Any]:
        """Row by row, whatever is in them: a text that is not UTF-8 has surrogates. Raises SQLite's errors."""
        before, self._db.text_factory = (
            self._db.text_factory,
            lambda text: text.decode("utf-8", "surrogateescape"),
        )
        try:
            yield from self._db.execute(sql)
        finally:
            self._db.text_factory = before

    def copy_to(self, db: sqlite3.Connection) -> None:
        """Copy it, as it is at one moment."""
        with explained(self._path):
            self._db.backup(db)
            while self._rest and self._rest != _at_rest(self._path):  # somebody has begun to write meanwhile
                self._db.close()
                self._open()
                self._db.backup(db)

    def refuse_others(self) -> None:
        """See `refuse_others`."""
        refuse_others(self._db, self._path)

    def close(self) -> None:
        self._db.close()

    def _open(self) -> None:
        """Plain reading would create the side files of a file at rest, or fail where it cannot."""
        self._rest = _at_rest(self._path)
        self._db = connect(self._path, "mode=ro&immutable=1" if self._rest else "mode=ro")


def _at_rest(path: Path) -> tuple[int, int, int] | None:
    """None while the file has its side files: in use, or left by the dead. Else a mark that use changes."""
    if os.path.exists(f"{path}-wal"):
        return None
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns
