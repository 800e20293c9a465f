"""What people, backups and machines do to a ledger's files: nobody is texted twice, and somebody is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from test_ledger import HOLD, always, claim, claimed, never, opened, program, refusal, settled

from twiliodest.errors import LedgerError
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.locks import Turns
from twiliodest.ledger.place import Place
from twiliodest.ledger.rows import State

SECONDS = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


@contextlib.contextmanager
def running(code: str, *arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of its own that has said its first line; killed at the end, if it still runs."""
    with program(code, *arguments) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def dead(path: Path) -> None:
    """A ledger as `kill -9` leaves it: three messages being sent, one sent."""
    with running(HOLD, path) as (process, _):
        process.kill()
        process.wait(SECONDS)


def copy(path: Path, name: str = "copy.db") -> Path:
    """The main file alone, copied to a folder of its own."""
    folder = path.parent.parent / "elsewhere"
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(path, folder / name))


def look(path: Path) -> None:
    ledger = Ledger.open_readonly(path)
    assert ledger
    ledger.close()


WAYS = pytest.mark.parametrize("way", [Ledger.open, look])


@WAYS
def test_a_copy_of_what_a_killed_run_left_is_noticed(path: Path, way: Callable[[Path], object]) -> None:
    """The main file alone lacks what the log holds; it is neither a new ledger nor an older one."""
    dead(path)
    words = refusal(lambda: way(copy(path)))
    assert "lacks its log" in words
    assert "ledger backup" in words
    with opened(path) as ledger:
        assert ledger.counts() == {State.SENT: 1, State.UNKNOWN: 3}


@WAYS
def test_a_copy_of_a_ledger_in_use_is_noticed(path: Path, way: Callable[[Path], object]) -> None:
    """At whatever moment it is copied: at the start, with rows in the log, and after the log was moved over."""
    with running(HOLD, path):
        assert "lacks its log" in refusal(lambda: way(copy(path)))
        with opened(path) as ours:
            assert "lacks its log" in refusal(lambda: way(copy(path, "two.db")))
            settled(ours, State.SENT, 7)
            assert "lacks its log" in refusal(lambda: way(copy(path, "three.db")))
        assert "lacks its log" in refusal(lambda: way(copy(path, "four.db")))


def test_a_copy_of_a_closed_ledger_is_a_ledger(path: Path) -> None:
    """At rest the one documented file is all of it, also after another program has looked into it."""
    with opened(path) as ledger:
        settled(ledger, State.SENT)
    with opened(copy(path)) as ledger:
        assert ledger.counts() == {State.SENT: 1}
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("SELECT count(*) FROM message")
    with opened(copy(path)) as ledger:
        assert ledger.counts() == {State.SENT: 1}


def test_another_program_may_have_moved_the_log(path: Path) -> None:
    """What a killed run left, opened and closed by any program that knows SQLite, is whole and at rest."""
    dead(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE message SET reason = 'x' WHERE 0")
    assert not Path(f"{path}-wal").exists()
    with opened(copy(path)) as ledger:
        assert ledger.counts() == {State.SENT: 1, State.UNKNOWN: 3}


def test_a_run_that_dies_while_the_log_moves_leaves_a_whole_ledger(path: Path) -> None:
    """Between the two notes of a move nothing is missing."""
    half = """
        ledger = Ledger.open(Path(sys.argv[1]))
        settled(ledger, State.SENT, 1)
        with ledger._turns.take():
            ledger._db.execute("UPDATE log SET opened = opened + 1")
            ledger._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        os.kill(os.getpid(), 9)
    """
    with program(half, path) as process:
        process.wait(SECONDS)
    assert "lacks its log" in refusal(lambda: look(copy(path)))
    with opened(path) as ledger:
        assert ledger.counts() == {State.SENT: 1}


@pytest.mark.parametrize("rest", ["nothing", "an empty log"])
@WAYS
def test_a_ledger_whose_log_was_removed_is_noticed(
    path: Path, rest: str, way: Callable[[Path], object]
) -> None:
    """A cleaner that removes `-wal` and `-shm` has not made it an older ledger."""
    dead(path)
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink()
    if rest != "nothing":
        Path(f"{path}-wal").touch()
    assert "lacks its log" in refusal(lambda: way(path))


@pytest.mark.parametrize("end", ["", "-wal"])
def test_a_moved_ledger_names_its_old_place(path: Path, end: str) -> None:
    """Moved by its one name it lacks its log, and says where that may be; moved with it, it is whole."""
    dead(path)
    new = path.with_name("new.db")
    for name in {"", end}:
        Path(f"{path}{name}").rename(f"{new}{name}")
    if not end:
        assert str(path) in refusal(lambda: Ledger.open(new))
        return
    with opened(new) as ledger:
        assert len(ledger.unknowns()) == 3


@WAYS
def test_a_log_without_its_ledger_is_no_new_start(path: Path, way: Callable[[Path], object]) -> None:
    """Where the ledger is gone, or emptied, and its log is not, nobody begins anew by accident."""
    dead(path)
    path.unlink()
    assert "is still there" in refusal(lambda: way(path))
    path.touch()
    assert "is still there" in refusal(lambda: way(path))
    assert Path(f"{path}-wal").stat().st_size


@WAYS
@pytest.mark.parametrize("what", ["header", "page"])
def test_only_an_empty_file_is_new(path: Path, what: str, way: Callable[[Path], object]) -> None:
    """A file of 0 bytes is a new ledger; a main file without tables, as earlier versions left it, is not."""
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size == 4096
    if what == "header":
        os.truncate(path, 512)
    assert str(path) in refusal(lambda: way(path))
    os.truncate(path, 0)
    assert Ledger.open_readonly(path) is None
    with opened(path) as ledger:
        settled(ledger, State.SENT)


def test_the_schema_is_in_the_main_file_at_once(path: Path) -> None:
    """Without a single claim, and without the log."""
    with opened(path), contextlib.closing(sqlite3.connect(copy(path))) as db:
        assert db.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_the_log_is_moved_from_time_to_time(path: Path) -> None:
    """So that the main file is never long behind, and the log never large."""
    with opened(path) as ledger:
        ledger._log._moved -= 3600
        settled(ledger, State.SENT, 1)
        settled(ledger, State.SENT, 2)
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as db:
            assert db.execute("SELECT count(*) FROM message").fetchone()[0] >= 1


def removed(path: Path) -> None:
    path.unlink()


def moved(path: Path) -> None:
    path.rename(path.with_name("old.db"))


def replaced(path: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(path)) as db,
        contextlib.closing(sqlite3.connect(path.with_name("backup"))) as backup,
    ):
        db.backup(backup)
    path.with_name("backup").replace(path)


def lost_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def lost_index(path: Path) -> None:
    Path(f"{path}-shm").unlink()


def lost_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("gone"))


@pytest.mark.parametrize("attack", [removed, moved, replaced, lost_log, lost_index, lost_folder])
def test_a_ledger_that_is_taken_away_grants_nothing_more(path: Path, attack: Callable[[Path], None]) -> None:
    """Not one claim, and no settlement that would be told as kept."""
    with opened(path) as ledger:
        mine = claimed(ledger)
        attack(path)
        with pytest.raises(LedgerError, match=r"moved, removed or replaced|cannot be used"):
            asyncio.run(ledger.claim(claim(2), always))
        with pytest.raises(LedgerError):
            asyncio.run(ledger.settle(mine.key, State.SENT, sid="SM1"))


def test_an_end_without_its_file_harms_nobody(path: Path) -> None:
    """A run whose ledger was replaced ends without touching the new one, which another run has opened meanwhile."""
    with contextlib.ExitStack() as second:
        with opened(path) as ledger:
            claimed(ledger, 1)
            for file in path.parent.glob("ledger.db*"):
                file.rename(file.with_name(f"old-{file.name}"))
            other = second.enter_context(opened(path))
            claimed(other, 2)
        settled(other, State.SENT, 3)
        assert Path(f"{path}-wal").exists()
        assert other.counts() == {State.SENDING: 1, State.SENT: 1}


def test_a_switched_link_is_noticed(path: Path) -> None:
    """Where the ledger is named by a symbolic link, what the next run would find there is what counts."""
    link = path.parent.parent / "current.db"
    with opened(path):
        pass
    link.symlink_to(path)
    with opened(link) as ledger:
        claimed(ledger)
        link.unlink()
        link.symlink_to(path.with_name("other.db"))
        with pytest.raises(LedgerError, match="moved, removed or replaced"):
            asyncio.run(ledger.claim(claim(2), always))


@pytest.mark.parametrize("make", [os.link, os.symlink], ids=["hard link", "symbolic link"])
def test_two_names_are_one_ledger(path: Path, make: Callable[[Path, Path], None]) -> None:
    """By whichever name two runs come, a message is claimed once, and the log lies beside one name only."""
    with opened(path) as ledger:
        settled(ledger, State.SENT, 1)
    other = path.parent.parent / "other.db"
    make(path, other)
    with opened(other) as one, opened(path) as two:
        assert one.is_alive(two.run)
        claimed(one, 2)
        row = asyncio.run(two.claim(claim(2), never))
        assert row
        assert row.state is State.SENDING
        assert not Path(f"{other}-wal").exists()
    looked_into = Ledger.open_readonly(other)
    assert looked_into
    looked_into.close()


def test_names_that_nobody_can_tell_apart_are_refused(path: Path) -> None:
    """A ledger of an earlier version with two names may be in use by the other one."""
    with opened(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE log; DROP TABLE delivery")
    os.link(path, path.with_name("other.db"))
    assert "hard links" in refusal(lambda: Ledger.open(path))
    path.with_name("other.db").unlink()
    with opened(path) as ledger:
        settled(ledger, State.SENT)


SUSPENDED = """
    import signal, time
    def stop(row):
        print(os.getpid(), flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(1)  # another thread may take the signal first
        return False
    ledger = Ledger.open(Path(sys.argv[1]))
    settled(ledger, State.SENT, 1)
    asyncio.run(ledger.claim(claim(1), stop))
    print("on", flush=True)
    ledger.close()
"""


@pytest.mark.slow
def test_a_suspended_run_is_named(path: Path) -> None:
    """Whoever waits for it is told for whom, and for how long it has waited; once it goes on, so does everybody."""
    with opened(path) as ours, running(SUSPENDED, path) as (process, pid):
        for attempt in (
            lambda: asyncio.run(ours.claim(claim(2), always)),
            lambda: Ledger.open(path),
        ):
            start = time.monotonic()
            words = refusal(attempt)
            assert f"another run (pid {pid}) has held the ledger" in words
            assert f"kill -CONT {pid}" in words
            assert time.monotonic() - start < SECONDS / 2
            ours.hurry()
        process.send_signal(signal.SIGCONT)
        assert process.stdout
        assert process.stdout.readline() == "on\n"
        process.wait(SECONDS)
    with opened(path) as ours:
        claimed(ours, 2)


def test_another_program_is_waited_for_and_told(path: Path) -> None:
    """A shell of SQLite with an open transaction holds up a run for a while, and not for ever."""
    with opened(path):
        pass
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert "another program has held the ledger" in refusal(lambda: Ledger.open(path))
    with opened(path):
        pass


def test_who_is_to_end_waits_no_longer(path: Path) -> None:
    """A run that was told to end gives up waiting at once."""
    with opened(path) as ours, running(SUSPENDED, path) as (process, _):
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        threading.Timer(0.2, ours.hurry).start()
        start = time.monotonic()
        with pytest.raises(LedgerError, match=r"for [01] s"):
            asyncio.run(ours.claim(claim(2), always))
        assert time.monotonic() - start < 9


def test_a_busy_run_is_not_a_suspended_one(path: Path) -> None:
    """Whoever waits does not give up while others take their turns, however long that goes on."""
    with opened(path) as ledger:
        turns = ledger._turns
        turns.hurry()  # patience is a second
        other = Ledger.open(path)
        ends = time.monotonic() + 3

        def busy() -> None:
            while time.monotonic() < ends:
                with other._turns.take():
                    time.sleep(0.3)

        thread = threading.Thread(target=busy)
        thread.start()
        while time.monotonic() < ends:
            with turns.take():
                pass
        thread.join()
        other.close()


def test_an_earlier_version_reads_and_writes_on(path: Path) -> None:
    """What it does not know it leaves alone; its rows count as Twilio's, and it may close what a newer one left."""
    with opened(path) as ledger:
        settled(ledger, State.SENT, 1)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE log; DROP TABLE delivery")
    with opened(path) as ledger:
        assert ledger.servers() == [("https://api.twilio.com", "https://api.twilio.com")]
        assert ledger.counts() == {State.SENT: 1}


def test_a_ledger_that_goes_while_a_run_waits_for_its_turn_is_missed(path: Path) -> None:
    """A run that found a ledger begins no new one in its place: it would text everybody again."""
    with opened(path) as ledger:
        settled(ledger, State.SENT, 1)
    place = Place(path)
    path.rename(path.with_name("away.db"))
    assert "was moved, removed or replaced" in refusal(place.check)
    with opened(path) as new:  # who finds none begins one
        settled(new, State.SENT, 2)
    assert "was moved, removed or replaced" in refusal(place.check)


@pytest.mark.parametrize("ends", [("",), ("", "-wal", "-shm"), ("", "-wal", "-shm", ".runs")])
def test_a_ledger_that_comes_and_goes_while_a_run_waits_is_missed(path: Path, ends: Sequence[str]) -> None:
    """A run that found none, and waits for one that has begun one, does not begin a second one when that is gone."""
    first = Turns(path, "a" * 16)
    path.parent.mkdir()
    first.create()
    first.enlist()
    words: list[str] = []
    waiting = threading.Thread(target=lambda: words.append(refusal(lambda: Ledger.open(path))))
    runs, deadline = path.with_name(f"{path.name}.runs"), time.monotonic() + SECONDS
    with first.take(), contextlib.closing(sqlite3.connect(path)) as db:
        waiting.start()
        while len([*runs.iterdir()]) < 2:  # until it has come to know that it has to wait
            assert time.monotonic() < deadline
            time.sleep(0.01)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE message (key)")
        for end in ends:
            path.with_name(f"{path.name}{end}").rename(path.with_name(f"away.db{end}"))
    waiting.join(SECONDS)
    assert "was moved, removed or replaced" in words[0]
    assert not path.exists()
