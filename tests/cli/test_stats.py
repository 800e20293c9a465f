"""`ledger stats` counts what went out, and `ledger list` understands what people type."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path

import pytest
from shell import run

from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Claim, State, key

DAY = 86400
CONFIG = """\
number: "+15005550006"
default_region: US
actions:
  - {name: Greeting, trigger: 'event = "Hello"', to: $.phone, body: Hi}
"""
ROWS = [
    ("Order shipped", State.SENT, None),
    ("Order shipped", State.SENT, None),
    ("Order shipped", State.REJECTED, 21610),
    ("Login code", State.REJECTED, 21211),
    ("Login code", State.REJECTED, 21211),
    ("Login code", State.REJECTED, 21610),
    ("\x1b[2J", State.UNKNOWN, None),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A ledger of two ages."""
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    enter(tmp_path, ROWS[:1], time.time() - 400 * DAY)
    enter(tmp_path, ROWS[1:], time.time())
    return tmp_path


def enter(folder: Path, rows: list[tuple[str, State, int | None]], at: float) -> None:
    with contextlib.closing(Ledger.open(folder / "x.db", clock=lambda: at)) as ledger:
        for number, (action, state, code) in enumerate(rows):
            mine = Claim(
                key=key("", f"{at}", f"{number}"),
                event_id="m",
                action=action,
                to="+14155550134",
                sender="s",
                text=b"",
            )
            assert asyncio.run(ledger.claim(mine, lambda row: False)) is None
            asyncio.run(ledger.settle(mine.key, state, code=code, attempts=1))


def test_rows_are_counted_by_action_status_and_code(home: Path) -> None:
    """As a table for people, whose terminal obeys no name, and as data; `--since` leaves out what is older."""
    table = run("ledger", "stats", "--ledger", "x.db", cwd=home)
    cells = [line.split() for line in table.stdout.decode().splitlines()]
    assert ["Login", "code", "rejected", "21211", "2"] in cells
    assert ["Order", "shipped", "sent", "2"] in cells
    assert b"\x1b" not in table.stdout
    assert table.stderr == b"rows      7\n"
    data = run("ledger", "stats", "--ledger", "x.db", "--since", "7d", "-o", "jsonl", cwd=home)
    counted = [tuple(json.loads(line).values()) for line in data.stdout.splitlines()]
    assert counted == [
        ("\x1b[2J", "unknown", None, None, 1),
        ("Login code", "rejected", None, 21211, 2),
        ("Login code", "rejected", None, 21610, 1),
        ("Order shipped", "rejected", None, 21610, 1),
        ("Order shipped", "sent", None, None, 1),
    ]


def test_an_empty_or_missing_ledger_has_nothing_to_count(home: Path) -> None:
    """Nothing is created, and scripts get no line."""
    done = run("ledger", "stats", "--ledger", "new.db", "-o", "jsonl", cwd=home)
    assert (done.returncode, done.stdout, (home / "new.db").exists()) == (0, b"", False)


@pytest.mark.parametrize("spelling", ["+14155550134", "(415) 555-0134", "415.555.0134", "+1 415 555 0134"])
def test_a_recipient_is_read_as_in_events(home: Path, spelling: str) -> None:
    """A number is found however it is written, with the country of the configuration."""
    done = run("ledger", "list", "--ledger", "x.db", "--to", spelling, "-o", "jsonl", cwd=home)
    assert done.stdout.count(b"\n") == len(ROWS), done.stderr


@pytest.mark.parametrize(
    ("options", "says", "hint"),
    [
        (("--action", "login Code"), 'there is no action "login Code"', 'did you mean "Login code"?'),
        (("--action", "Order chipped"), 'there is no action "Order chipped"', 'mean "Order shipped"?'),
        (
            ("--action", "zzz"),
            'there is no action "zzz"',
            'the actions are: "\\x1b[2J", "Login code", "Order',
        ),
        (("--status", "Sent"), '"Sent" is not a status', "did you mean sent?"),
        (("--status", "planned"), '"planned" is not a status', "a ledger has these: sending, sent, "),
    ],
)
def test_a_mistyped_filter_gets_a_hint(home: Path, options: tuple[str, str], says: str, hint: str) -> None:
    """A name that nothing has is not silently nothing."""
    done = run("ledger", "list", "--ledger", "x.db", *options, cwd=home)
    first, second = done.stderr.decode().splitlines()
    assert (done.returncode, first) == (2, f"error: {says}")
    assert hint in second


def test_an_action_that_has_sent_nothing_yet_is_known(home: Path) -> None:
    """What the configuration has is no mistake."""
    done = run("ledger", "list", "--ledger", "x.db", "--action", "Greeting", cwd=home)
    assert (done.returncode, done.stderr) == (0, b"the ledger has no such rows\n")
