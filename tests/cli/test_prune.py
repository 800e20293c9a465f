"""`ledger prune` forgets whom it may text again, so it says how many they are, and asks."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from pathlib import Path

import pytest
from shell import BIN, environment, on_terminal, run

from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Claim, State, key

DAY = 86400
TOLD = "4 rows from before "
PEOPLE = ": 2 people could be texted again if the same events come again"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A ledger of three texts to two people and one refusal, 400 days old, and of a text of an hour ago."""
    now = time.time()
    rows = [("+14155550134", State.SENT)] * 2 + [
        ("+14155550135", State.SENT),
        ("+14155550136", State.REJECTED),
    ]
    enter(tmp_path, rows, now - 400 * DAY)
    enter(tmp_path, [("+14155550137", State.SENT)], now - 3600)
    return tmp_path


def enter(folder: Path, rows: list[tuple[str, State]], at: float) -> None:
    with contextlib.closing(Ledger.open(folder / "x.db", clock=lambda: at)) as ledger:
        for number, (to, state) in enumerate(rows):
            mine = Claim(
                key=key("", f"{at}", f"{number}"), event_id="m", action="a", to=to, sender="s", text=b""
            )
            assert asyncio.run(ledger.claim(mine, lambda row: False)) is None
            asyncio.run(ledger.settle(mine.key, state, attempts=1))


def known(home: Path) -> int:
    return run("ledger", "list", "--ledger", "x.db", "-o", "jsonl", cwd=home).stdout.count(b"\n")


def prune(home: Path, *options: str) -> tuple[int, str, int]:
    """Exit status, what is said, and how many rows there still are."""
    done = run("ledger", "prune", "--ledger", "x.db", "--older-than", *options, cwd=home)
    return done.returncode, done.stderr.decode(), known(home)


def test_pruning_says_who_could_be_texted_again(home: Path) -> None:
    """People are counted once, and only those who were texted; a script is not asked."""
    status, said, left = prune(home, "365d")
    assert (status, left) == (0, 1)
    assert f"forgot {TOLD}" in said
    assert PEOPLE in said
    assert prune(home, "365d")[1].startswith("forgot 0 rows from before ")


@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_a_dry_run_of_pruning_forgets_nothing(home: Path, more: tuple[str, ...]) -> None:
    """It says the same, of any age, and leaves the ledger as it is."""
    before = (home / "x.db").read_bytes()
    status, said, left = prune(home, "365d", "--dry-run", *more)
    assert (status, left) == (0, 5)
    assert f"would forget {TOLD}" in said
    assert PEOPLE in said
    assert ": 3 people" in prune(home, "1m", "-n", *more)[1]
    assert (home / "x.db").read_bytes() == before


@pytest.mark.parametrize(("answer", "status", "left"), [("y", 0, 1), ("n", 1, 5), ("", 1, 5)])
def test_pruning_asks_on_a_terminal(home: Path, answer: str, status: int, left: int) -> None:
    """Only a yes forgets; what will be forgotten is told before."""
    command = (BIN / "twiliodest", "ledger", "prune", "--ledger", "x.db", "--older-than", "365d")
    ended, shown = on_terminal(command, cwd=home, env=environment(home), answer=answer)
    asked = " ".join(shown.partition("[y/N]")[0].split())
    assert f"about to forget {TOLD}" in asked
    assert PEOPLE in asked
    assert (ended, known(home)) == (status, left)
    assert ("nothing was forgotten" in shown) == (left == 5)


def test_yes_is_not_asked(home: Path) -> None:
    """Whoever says yes beforehand is not kept waiting."""
    command = (BIN / "twiliodest", "ledger", "prune", "--ledger", "x.db", "--older-than", "365d", "-y")
    status, shown = on_terminal(command, cwd=home, env=environment(home))
    assert (status, known(home)) == (0, 1)
    assert "[y/N]" not in shown


def test_a_signal_at_the_question_forgets_nothing(home: Path) -> None:
    """A service manager that ends it is no yes."""
    command = (BIN / "twiliodest", "ledger", "prune", "--ledger", "x.db", "--older-than", "365d")
    status, _ = on_terminal(command, cwd=home, env=environment(home), answer="y", number=signal.SIGTERM)
    assert (status, known(home)) == (130, 5)


@pytest.mark.parametrize("age", ["0m", "0s", "23h", "86399s", "1439m"])
def test_less_than_a_day_needs_a_yes(home: Path, age: str) -> None:
    """`--older-than 0m` would let everybody be texted again: it must be meant."""
    status, said, left = prune(home, age)
    assert (status, left) == (2, 5)
    assert "less than a day" in said
    assert "--yes" in said
    status, said, left = prune(home, age, "--yes")
    assert (status, left) == (0, 1 if age in ("23h", "86399s", "1439m") else 0)


def test_a_day_is_old_enough(home: Path) -> None:
    """The bound itself needs no yes."""
    assert [prune(home, age)[0] for age in ("1d", "24h", "1w")] == [0, 0, 0]
