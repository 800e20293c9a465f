"""Every two options of `send`: both count, or they are an error that says which one to leave out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from harness import CONFIG, lines, order
from shell import run

from twiliodest.cli.app import app
from twiliodest.cli.send import command
from twiliodest.errors import UsageError

VALUES = {
    "--config": "twiliodest.yaml", "--action": "order", "--skip": "other", "--limit": "3", "--output": "jsonl",
    "--rows": "2", "--only": "planned", "--show": "already", "--rejects": "rejects.jsonl",
    "--summary-json": "summary.json", "--quiet": "", "--verbose": "", "--dry-run": "", "--yes": "",
    "--fail-fast": "", "--ledger": "x.db", "--divert": "+14155550199", "--retry": "rejected", "--rate": "5",
    "--concurrency": "2", "--api-base": "http://127.0.0.1:9", "--sandbox": "", "--no-wait": "",
    "--insecure-api-base": "",
    "--assume-sent": "",
    "--shown-in": "shown.jsonl",
    "--receipts": "1s",
}  # fmt: skip
ERRORS = {
    *(("--sandbox", other) for other in ("--dry-run", "--api-base", "--ledger", "--retry")),
    *(("--assume-sent", other) for other in ("--dry-run", "--sandbox", "--retry", "--divert", "--receipts")),
    *(("--assume-sent", other) for other in ("--rate", "--concurrency")),
    *(("--shown-in", other) for other in VALUES if other != "--assume-sent"),
    ("--receipts", "--dry-run"),
    ("--quiet", "--verbose"),
    ("--rows", "--output"),
    *(("--no-wait", other) for other in VALUES if other != "--sandbox"),
    *(("--insecure-api-base", other) for other in VALUES if other != "--api-base"),
}
REAL = {"--sandbox", "--assume-sent", "--receipts"}  # what a dry run cannot be
OTHER = '  - {name: other, trigger: event = "Other", to: $.to, body: other}\n'
# Said in the docs: to put -n into any command must be possible. A sandbox is not asked for, and not either.
COUNT_FOR_NOTHING = {("--dry-run", it) for it in ("--yes", "--rate", "--concurrency")} | {
    ("--sandbox", "--yes")
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG + OTHER)
    (tmp_path / "events.jsonl").write_text(lines([order(1)]))
    return tmp_path


def is_error(pair: Sequence[str]) -> bool:
    return bool({tuple(pair), tuple(reversed(pair))} & ERRORS)


def words(pair: Sequence[str]) -> list[str]:
    return [word for name in pair for word in (name, VALUES[name]) if word]


def test_every_option_is_in_the_table() -> None:
    """Whoever adds an option decides what it means beside each of the others."""
    named = {max(it.opts, key=len) for it in command.params if isinstance(it, click.Option)}
    assert named == set(VALUES)


def test_every_pair_of_options_is_an_error_or_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a dry run, in which what has nothing to do is accepted: it is documented, and no other is."""
    monkeypatch.chdir(home)
    wrong = []
    for pair in itertools.combinations(VALUES, 2):
        if REAL & set(pair) and not is_error(pair):
            continue
        dry = [] if {*REAL, "--dry-run"} & set(pair) else ["--dry-run"]
        done = CliRunner().invoke(app, ["send", "events.jsonl", *words(pair), *dry], standalone_mode=False)
        refused = isinstance(done.exception, UsageError)
        if refused != is_error(pair) or not (refused or done.exception is None):
            wrong.append((pair, done.exception))
    assert wrong == []


@pytest.mark.parametrize(
    "other", [it for it in VALUES if it != "--sandbox" and not is_error(("--sandbox", it))]
)
def test_what_goes_with_a_sandbox_works(other: str, home: Path) -> None:
    """Each of the other options, in a run of its own."""
    done = run("send", "events.jsonl", *words(("--sandbox", other)), cwd=home)
    assert done.returncode == 0, done.stderr


def test_what_counts_for_nothing_is_documented() -> None:
    """The few that are accepted all the same stand in the docs."""
    page = (Path(__file__).parents[2] / "docs" / "send.md").read_text()
    paragraph = next(it for it in page.split("\n\n") if it.startswith("A dry run takes every option"))
    assert all(f"`{option}`" in paragraph for _, option in COUNT_FOR_NOTHING)
