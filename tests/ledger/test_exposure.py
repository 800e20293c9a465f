"""A ledger holds phone numbers: who else can read it is told wherever it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import bench, order

COMMANDS = [
    ("send", "-n", "events.jsonl"),
    ("send", "-y", "events.jsonl"),
    ("ledger", "list"),
    ("ledger", "list", "-o", "jsonl"),
    ("ledger", "check"),
    ("ledger", "prune", "--older-than", "1d"),
    ("ledger", "resolve"),
    ("ledger", "backup", "copy.db"),
]


@pytest.mark.parametrize(
    ("mode", "does"), [(0o644, "read"), (0o640, "read"), (0o660, "change"), (0o602, "change")]
)
def test_a_ledger_that_others_can_read_is_warned_of(tmp_path: Path, mode: int, does: str) -> None:
    """Once, on standard error, by every command that uses it, with what to do; and the command goes on."""
    with bench(tmp_path) as made:
        path = made.write([order(1)])
        made.configure(api_base=made.sandbox.url)
        made.send(path)
        made.ledger.chmod(mode)
        for command in COMMANDS:
            ended = made.run(*command, "--ledger", made.ledger)
            assert ended.status == 0, ended.err
            assert ended.err.count("warning: ") == 1, (command, ended.err)
            assert f"others can {does} the ledger {made.ledger}" in ended.err
            assert f"chmod go= {made.ledger}*" in ended.err
            assert "others can" not in ended.out


def test_a_ledger_of_its_owner_is_not_spoken_of(tmp_path: Path) -> None:
    """As it is created, and as the advice makes it, with a folder that can still be used."""
    with bench(tmp_path) as made:
        path = made.write([order(1)])
        made.configure(api_base=made.sandbox.url)
        assert "others" not in made.send(path).err
        for command in COMMANDS:
            ended = made.run(*command, "--ledger", made.ledger)
            assert "others" not in ended.err
        assert all(not file.stat().st_mode & 0o077 for file in made.ledger.parent.rglob("*"))
