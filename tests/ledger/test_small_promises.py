"""What a ledger promises on the side: which files it takes, what it tells, and how its log is kept small."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_ledger import claim, claimed, never, opened, settled

from twiliodest.errors import LedgerError
from twiliodest.ledger import log, writer
from twiliodest.ledger.check import faults, go_on_without
from twiliodest.ledger.copy import back_up
from twiliodest.ledger.file import explained
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Damaged, State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
@pytest.mark.parametrize("is_linked", [False, True])
def test_what_is_no_file_is_no_ledger(kind: str, is_linked: bool, path: Path) -> None:
    """It is refused in words, in a preview and in a send; nothing waits for what never comes."""
    odd = path.with_name("odd") if is_linked else path
    match kind:
        case "pipe":
            os.mkfifo(odd)
        case "folder":
            odd.mkdir()
        case "device":
            odd.symlink_to("/dev/null")
    if is_linked:
        path.symlink_to(odd)
    for look in (Ledger.open, Ledger.open_readonly):
        with pytest.raises(LedgerError, match="is not a regular file; name another with --ledger"):
            look(path)


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    """As `mktemp` leaves one; before that, a look at it finds none."""
    path.touch()
    assert Ledger.open_readonly(path) is None
    with opened(path) as ledger:
        assert ledger.counts() == {}


def test_a_backup_says_how_many_rows_it_has(path: Path) -> None:
    """None, one, or many; also of a ledger that is in use."""
    with opened(path) as ledger:
        for count in range(3):
            assert back_up(path, path.with_name(f"{count}.db")) == count
            settled(ledger, State.SENT, count, f"SM{count}")
    assert back_up(path, path.with_name("closed.db")) == 3
    assert list(faults(path.with_name("2.db"), 1e12)) == []


def test_what_is_left_of_a_ledger_can_be_gone_on_with_anywhere(path: Path) -> None:
    """Also where only its main file was saved, to a folder that has seen no run."""
    saved = path.with_name("saved") / "ledger.db"
    saved.parent.mkdir()
    with opened(path) as ledger:
        settled(ledger, State.SENT, 1, "SM1")
        shutil.copy(path, saved)
    assert go_on_without(path) is False
    assert go_on_without(saved) is True
    assert go_on_without(saved) is False
    with opened(saved) as ledger:
        assert claimed(ledger, 2)


@pytest.mark.parametrize("claims", [writer.LARGEST - 1, writer.LARGEST, 2 * writer.LARGEST + 1])
def test_many_claims_at_once_are_all_answered(claims: int, path: Path) -> None:
    """However many wait, one transaction takes so many; the others come in the next."""
    sizes, gate = list[int](), threading.Event()
    with opened(path) as ledger:
        perform = ledger._writer._perform

        def counted(jobs: list[object]) -> object:
            assert gate.wait(60)
            sizes.append(len(jobs))
            return perform(jobs)  # type: ignore[arg-type] # whatever it is given

        ledger._writer._perform = counted  # type: ignore[assignment]

        async def claim_all() -> list[object]:
            waiting = [asyncio.ensure_future(ledger.claim(claim(n), never)) for n in range(claims)]
            await asyncio.sleep(0)  # by now each has handed over its claim
            gate.set()
            return [*await asyncio.gather(*waiting)]

        assert asyncio.run(claim_all()) == [None] * claims
        assert ledger.counts() == {State.SENDING: claims}
    assert sum(sizes) == claims
    assert max(sizes) <= writer.LARGEST
    assert len(sizes) <= 1 + math.ceil(claims / writer.LARGEST)


@contextlib.contextmanager
def logged(path: Path) -> Iterator[tuple[Ledger, log.Log]]:
    with opened(path) as ledger:
        yield ledger, ledger._log


def test_the_log_is_moved_when_it_is_old_or_large(path: Path) -> None:
    """Either is enough, and neither is so after a move."""
    with logged(path) as (ledger, kept):
        settled(ledger, State.SENT)
        assert not kept.is_due()
        kept._moved -= log.SECONDS
        assert kept.is_due()
        kept._moved += log.SECONDS
        wal = Path(f"{path}-wal")
        size = wal.stat().st_size
        for end, due in ((log.SIZE, False), (log.SIZE + 1, True)):
            os.truncate(wal, end)
            ledger._place.check()
            assert kept.is_due() is due
        os.truncate(wal, size)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Damaged("row 3 is odd"), "ledger.db is damaged: row 3 is odd; twiliodest ledger check says more"),
        (sqlite3.DatabaseError("x"), "ledger.db is damaged; twiliodest ledger check says more"),
        (
            OSError(28, "No space left on device"),
            "ledger.db cannot be used: No space left on device; fix that",
        ),
        (OSError(13, "Permission denied", "/etc/x"), "/etc/x cannot be used: Permission denied; fix that"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "ledger.db is damaged"),
    ],
)
def test_what_goes_wrong_is_told_with_the_file(error: Exception, told: str, path: Path) -> None:
    """The one that the system names, else the ledger."""
    with pytest.raises(LedgerError) as caught, explained(path):
        raise error
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("SQLITE_NOTADB", "is not a ledger; name another file with --ledger"),
        ("SQLITE_BUSY", "is locked by another program; end that program, then run again"),
        ("SQLITE_BUSY_SNAPSHOT", "is locked by another program; end that program, then run again"),
        ("SQLITE_FULL", "cannot grow: the disk is full; free some space, then run again"),
        ("SQLITE_READONLY_DBMOVED", "cannot be written; check the permissions of the file and of its folder"),
        ("SQLITE_CANTOPEN", "cannot be opened; check the permissions of the file and of its folder"),
        (
            "SQLITE_IOERR_WRITE",
            "cannot be read or written; check the disk and its free space, then run again",
        ),
        ("SQLITE_SOMETHING_NEW", "is damaged; twiliodest ledger check says more"),
    ],
)
def test_each_trouble_of_sqlite_comes_with_what_to_do(code: str, told: str, path: Path) -> None:
    """By the beginning of its code, as SQLite adds new endings."""
    error = sqlite3.OperationalError("whatever")
    error.sqlite_errorname = code
    with pytest.raises(LedgerError) as caught, explained(path):
        raise error
    assert str(caught.value).startswith(f"{path} {told}")
