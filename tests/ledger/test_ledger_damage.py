"""A ledger that is damaged ends in a sentence that says what to do, whatever is asked of it; and it can be copied."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness import Bench, bench, order
from test_ledger import HOLD, claim, claimed, opened, program, settled
from test_ledger_attacks import running

from twiliodest.cli.app import app
from twiliodest.errors import LedgerError, UsageError
from twiliodest.ledger.check import faults
from twiliodest.ledger.copy import back_up
from twiliodest.ledger.rows import State

NOW = 4e9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


def filled(path: Path, rows: int = 8) -> None:
    with opened(path) as ledger:
        for number in range(rows):
            settled(ledger, [State.SENT, State.FAILED, State.UNKNOWN][number % 3], number, sid=f"SM{number}")


def change(sql: str) -> Callable[[Path], None]:
    """Something done to the rows by whoever writes past the rules."""

    def spoil(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute(sql)
            db.commit()

    return spoil


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def cut_in_a_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1000)


def overwritten(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))


def text(path: Path) -> None:
    path.write_text("to,body\n" * 1000)


DAMAGES = {
    "state": change("UPDATE message SET state = 'sfnt'"),
    "bytes as state": change("UPDATE message SET state = x'ff00'"),
    "unfinished": change("UPDATE message SET state = 'sending'"),
    "not utf-8": change("UPDATE message SET event_id = CAST(x'ff41fe' AS TEXT)"),
    "number as recipient": change("UPDATE message SET \"to\" = x'31'"),
    "text as key": change('UPDATE message SET "key" = hex(randomblob(8))'),
    "short key": change('UPDATE message SET "key" = substr("key", 1, 15)'),
    "text as count": change("UPDATE message SET attempts = 'many'"),
    "time of never": change("UPDATE message SET claimed_at = 9e999"),
    "time too far": change("UPDATE message SET claimed_at = 1e300, settled_at = 1e300"),
    "time before all": change("UPDATE message SET settled_at = -1e12"),
    "text as time": change("UPDATE message SET claimed_at = 'noon'"),
    "text as code": change("UPDATE message SET code = 'x'"),
    "notes of the log": change("UPDATE log SET opened = 'x'"),
    "no notes of the log": change("DELETE FROM log"),
    "cut": cut,
    "cut in a page": cut_in_a_page,
    "overwritten": overwritten,
}
COMMANDS = [
    ("ledger", "list"),
    ("ledger", "list", "-o", "jsonl"),
    ("ledger", "list", "--status", "sent"),
    ("ledger", "list", "--to", "+15551234567"),
    ("ledger", "resolve"),
    ("ledger", "prune", "--older-than", "0m", "--yes"),
    ("ledger", "prune", "--older-than", "0m", "--dry-run"),
    ("ledger", "check"),
    ("ledger", "backup", "copy.db"),
    ("send", "-n", "events.jsonl"),
    ("send", "-y", "events.jsonl"),
]


def asked(made: Bench, command: tuple[str, ...], ledger: Path) -> tuple[int, str]:
    """What a command says in this process; another one would take a second for each."""
    config = ("-c", str(made.folder / "twiliodest.yaml"))
    named = [
        str(made.folder / word) if word.endswith(("jsonl", ".db")) and "." in word else word
        for word in command
    ]
    server = () if command[1] in ("list", "prune", "backup", "check") else ("--api-base", made.sandbox.url)
    done = CliRunner().invoke(
        app,
        [*named, *config, "--ledger", str(ledger), *server],
        env={**made.environment, "COLUMNS": "300"},
        standalone_mode=False,
    )
    if isinstance(done.exception, LedgerError | UsageError):
        return 2, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), (command, done.exception)
    return int(done.return_value or done.exit_code), done.output


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_ends_in_a_traceback(tmp_path: Path, damage: str) -> None:
    """Every command ends with a sentence; `ledger check` finds it; and no copy is made of what is not a ledger."""
    with bench(tmp_path) as made:
        made.write([order(number) for number in range(8)])
        assert made.send(made.folder / "events.jsonl").status == 0
        DAMAGES[damage](made.ledger)
        spoiled = tmp_path / "spoiled.db"
        found = {}
        for command in COMMANDS:
            shutil.copy(made.ledger, spoiled)
            found[command] = asked(made, command, spoiled)
        status, said = found["ledger", "check"]
        assert status in (1, 2)
        assert "restore it from a backup" in said
        assert all(status in (0, 1, 2, 3) for status, _ in found.values())
        if "key" not in damage:  # by which a row is found: that it is another shows in a check alone
            assert made.posts() == 8, "a damaged ledger lets nobody be texted again"


@pytest.mark.slow
def test_any_flipped_byte_ends_in_a_sentence(tmp_path: Path) -> None:
    """Wherever it is: no command gives a traceback, and none runs for ever."""
    with bench(tmp_path) as made:
        made.write([order(number) for number in range(8)])
        made.send(made.folder / "events.jsonl")
        whole = made.ledger.read_bytes()
        chance = random.Random(7)
        spoiled = tmp_path / "spoiled.db"
        used = [place for place, byte in enumerate(whole) if byte]
        for _ in range(150):
            content = bytearray(whole)
            for place in chance.sample(used, chance.choice([1, 1, 3])):
                content[place] ^= 1 << chance.randrange(8)
            for command in chance.sample(COMMANDS[:-1], 3):
                for end in ("", "-wal", "-shm"):
                    Path(f"{spoiled}{end}").unlink(missing_ok=True)
                spoiled.write_bytes(content)
                asked(made, command, spoiled)
                (tmp_path / "copy.db").unlink(missing_ok=True)


def test_a_sound_ledger_is_found_sound(path: Path) -> None:
    """At rest, in use, and after a crash: nothing is said where nothing is the matter."""
    filled(path)
    assert list(faults(path, NOW)) == []
    with running(HOLD, path) as (process, _):
        assert list(faults(path, NOW)) == []
        process.kill()
        process.wait(60)
    assert list(faults(path, NOW)) == []
    with opened(path):
        assert list(faults(path, NOW)) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (change("UPDATE message SET state = 'sfnt' WHERE rowid = 2"), "row 2"),
        (change("UPDATE message SET sid = 'SM1' WHERE rowid = 5"), "SID SM1"),
        (change("UPDATE message SET claimed_at = 9e9, settled_at = 9e9 WHERE rowid = 1"), "in the future"),
        (change("UPDATE log SET opened = opened + 1"), "lacks its log"),
    ],
)
def test_a_check_names_what_is_wrong(path: Path, spoil: Callable[[Path], None], words: str) -> None:
    """With the row, so that somebody can look at it."""
    filled(path)
    spoil(path)
    assert any(words in sentence for sentence in faults(path, NOW))


def test_a_key_that_is_anothers_is_found(tmp_path: Path) -> None:
    """A flipped bit in a key or an id would let its event be texted again."""
    with bench(tmp_path) as made:
        made.send(made.write([order(1), order(2)]))
        change("UPDATE message SET event_id = 'm3' WHERE event_id = 'm1'")(made.ledger)
        ended = made.run("ledger", "check", "--ledger", made.ledger)
        assert ended.status == 1
        assert "row 1 has a key that is not its event's" in ended.err


def test_an_index_that_lost_a_row_is_found(path: Path) -> None:
    """SQLite's own check is part of it."""
    filled(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        (index,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'message_claimed'").fetchone()
        db.execute("PRAGMA writable_schema = ON")
        db.execute("DELETE FROM sqlite_master WHERE name = 'message_claimed'")
        db.commit()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE message SET claimed_at = claimed_at + 1")
        db.execute("PRAGMA writable_schema = ON")
        root = db.execute("SELECT max(rootpage) FROM sqlite_master WHERE name = 'message_sending'").fetchone()
        values = ("index", "message_claimed", "message", root[0] - 1, index)
        db.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", values)
        db.commit()
    assert list(faults(path, NOW)) != []


def test_going_on_without_a_lost_log_is_a_decision(tmp_path: Path) -> None:
    """`ledger check` says that it is lost; with `--accept` the rest is a ledger, from then on."""
    with bench(tmp_path) as made:
        made.send(made.write([order(1)]))
        with program(HOLD, made.ledger) as process:
            assert process.stdout
            process.stdout.readline()
            process.kill()
            process.wait(60)
        for end in ("-wal", "-shm"):
            Path(f"{made.ledger}{end}").unlink()
        assert made.send("events.jsonl").status == 2
        ended = made.run("ledger", "check", "--ledger", made.ledger)
        assert ended.status == 1
        assert "it lacks its log" in ended.err
        assert made.run("ledger", "check", "--ledger", made.ledger, "--accept").status == 0
        assert made.send("events.jsonl").statuses == {"already": 1}
        assert made.run("ledger", "check", "--ledger", made.ledger, "--accept").status == 0


def test_a_backup_is_whole_though_runs_go_on(path: Path) -> None:
    """Every backup of a busy ledger is one by itself, in one file, for its owner's eyes."""
    with opened(path) as ledger:
        counts = []
        for number in range(5):
            settled(ledger, State.SENT, number, sid=f"SM{number}")
            claimed(ledger, 10 + number)
            copy = path.with_name(f"copy-{number}.db")
            counts.append(back_up(path, copy))
            assert stat.S_IMODE(copy.stat().st_mode) == 0o600
            assert copy.stat().st_nlink == 1
    assert counts == [2, 4, 6, 8, 10]
    with opened(path.with_name("copy-4.db")) as copied:
        assert copied.counts() == {State.SENT: 5, State.UNKNOWN: 5}
    assert not [name for name in os.listdir(path.parent) if name.startswith(".")]


BUSY = """
    ledger = Ledger.open(Path(sys.argv[1]))
    print("ready", flush=True)
    for number in range(100_000):
        settled(ledger, State.SENT, number, sid=f"SM{number}")
"""


def test_a_backup_of_a_ledger_that_another_process_writes(path: Path) -> None:
    """A claim is in it or not; never half of one."""
    with running(BUSY, path):
        for number in range(8):
            copy = path.with_name(f"copy-{number}.db")
            back_up(path, copy)
            assert list(faults(copy, NOW)) == []


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    """Neither a file nor what a link names; and what cannot be copied leaves nothing behind."""
    with bench(tmp_path) as made:
        copy = tmp_path / "copy.db"
        assert made.run("ledger", "backup", copy, "--ledger", made.ledger).status == 2
        made.send(made.write([order(1)]))
        assert made.run("ledger", "backup", copy, "--ledger", made.ledger).status == 0
        before = copy.read_bytes()
        (tmp_path / "link.db").symlink_to(tmp_path / "nowhere.db")
        for target in (
            copy,
            made.ledger,
            tmp_path,
            tmp_path / "link.db",
            tmp_path / "no" / "folder" / "copy.db",
        ):
            ended = made.run("ledger", "backup", target, "--ledger", made.ledger)
            assert ended.status == 2, target
            assert str(target.parent) in ended.err
        assert copy.read_bytes() == before
        assert made.send("events.jsonl", "--ledger", copy).statuses == {"already": 1}
        assert not (tmp_path / "nowhere.db").exists()


def test_a_backup_lies_where_a_relative_name_says(tmp_path: Path) -> None:
    """As the docs write it: in the folder in which the command was typed."""
    with bench(tmp_path) as made:
        made.send(made.write([order(1)]))
        ended = made.run("ledger", "backup", "copy.db", "--ledger", made.ledger)
        assert (ended.status, ended.err) == (0, "copied 1 row to copy.db\n")
        assert made.send("events.jsonl", "--ledger", "copy.db").statuses == {"already": 1}


def test_a_copy_of_a_part_is_refused(path: Path) -> None:
    """What lacks its log cannot be made whole by copying it."""
    with running(HOLD, path):
        part = path.with_name("part.db")
        shutil.copy(path, part)
        with pytest.raises(LedgerError, match="lacks its log"):
            back_up(part, path.with_name("copy.db"))
        assert not path.with_name("copy.db").exists()


def test_a_run_meets_damage_in_words(path: Path) -> None:
    """Also where it shows only while a message is claimed: then nothing is granted."""
    filled(path)
    change("UPDATE message SET attempts = 'many' WHERE rowid = 2")(path)
    with opened(path) as ledger, pytest.raises(LedgerError, match="is damaged"):
        asyncio.run(ledger.claim(claim(1), lambda row: True))
