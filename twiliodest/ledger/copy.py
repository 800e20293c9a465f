"""A copy of a ledger that is whole, though runs may go on meanwhile."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from twiliodest.errors import LedgerError
from twiliodest.ledger.file import HAS_NOTES, connect, explained, sync_folder
from twiliodest.ledger.log import LOGGED, refuse_part
from twiliodest.ledger.place import Place
from twiliodest.ledger.reader import Reader

COUNT = "SELECT count(*) FROM message"
INTEGRITY = "PRAGMA integrity_check(1)"


def back_up(path: Path, target: Path) -> int:
    """Copies the ledger as it is at one moment to a new file, for its owner's eyes only; says how many rows it has.

    The new file is there when all of it is on the disk, or not at all. Raises `LedgerError`, also if it exists.
    """
    with explained(path):
        place = Place(path)
    if os.path.lexists(target):
        raise LedgerError(f"{target} already exists; name a new file")
    made = target.absolute().with_name(f".{target.name}.{secrets.token_hex(4)}")
    with contextlib.ExitStack() as copying:
        with explained(place.path):
            reader = copying.enter_context(contextlib.closing(Reader(place.path)))
            reader.refuse_others()
            refuse_part(reader, place)
        with explained(target):
            copying.callback(made.unlink, missing_ok=True)
            os.close(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            count = _copy(reader, made)
            _publish(made, target)
    return count


def _copy(reader: Reader, made: Path) -> int:
    with contextlib.closing(connect(made)) as db:
        reader.copy_to(db)
        if db.execute(INTEGRITY).fetchall() != [("ok",)]:
            raise LedgerError(
                "the ledger is damaged, and no copy was made; twiliodest ledger check says more"
            )
        if db.execute(HAS_NOTES).fetchone()[0]:
            db.execute(LOGGED)  # the copy has no log that could be missing
        count: int = db.execute(COUNT).fetchone()[0]
    return count


def _publish(made: Path, target: Path) -> None:
    """Give the file its name, unless somebody else has it by now."""
    file = os.open(made, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    try:
        os.link(made, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        os.rename(made, target)
    else:
        made.unlink()
    sync_folder(target.parent)
