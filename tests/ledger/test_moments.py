"""What a person confirms was counted with a ledger; with another one, or one that has forgotten, nothing is sent."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import ROOT, Bench, bench, order
from shell import on_terminal

EVENTS = [order(number) for number in range(4)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bench]:
    """Two of the events were sent."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        made.write(EVENTS[:2], "before.jsonl")
        assert made.send("before.jsonl").statuses == {"sent": 2}
        yield made


def asked(made: Bench, meanwhile: Callable[[], object], *arguments: object) -> tuple[int, str]:
    """Exit status and what was shown where `Send?` is answered with yes after that."""
    command = made.command("send", *made.common, "events.jsonl", *arguments)
    inherited = {"PYTHONPATH": str(ROOT), "HOME": str(made.folder), **made.environment}
    status, shown = on_terminal(command, cwd=made.folder, env=inherited, answer="y", meanwhile=meanwhile)
    made.said.append(shown)
    assert "Traceback" not in shown
    return status, " ".join(shown.split())


def remove(made: Bench) -> None:
    for file in made.ledger.parent.glob("ledger.db*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()


def remove_folder(made: Bench) -> None:
    shutil.rmtree(made.ledger.parent)


def move(made: Bench) -> None:
    made.ledger.rename(made.folder / "moved.db")


def empty(made: Bench) -> None:
    """As `> ledger.db` does, or a disk that was full."""
    made.ledger.write_bytes(b"")


def replace(made: Bench) -> None:
    """By another ledger, which knows less."""
    remove(made)
    made.write(EVENTS[:1], "other.jsonl")
    assert made.send("other.jsonl").status == 0


def replace_by_a_copy(made: Bench) -> None:
    """One of the same rows: whether it is, nobody can tell, so it is another."""
    shutil.copy(made.ledger, made.folder / "copy.db")
    (made.folder / "copy.db").replace(made.ledger)


def point_elsewhere(made: Bench) -> None:
    """The name becomes a link to another ledger, as a deployment does."""
    move(made)
    made.write(EVENTS[:1], "other.jsonl")
    assert made.send("other.jsonl", "--ledger", made.folder / "other.db").status == 0
    made.ledger.symlink_to(made.folder / "other.db")


def prune(made: Bench) -> None:
    """What the plan counted as already sent is forgotten."""
    ended = made.run("ledger", "prune", "--older-than", "0s", "--yes", "--ledger", made.ledger)
    assert "forgot 2 rows" in ended.err, ended.err


def lose_the_latest(made: Bench) -> None:
    """The same file, overwritten with what it was before the last run."""
    with contextlib.closing(sqlite3.connect(made.ledger)) as db, db:
        db.execute("DELETE FROM message WHERE rowid = (SELECT max(rowid) FROM message)")


@pytest.mark.parametrize(
    "change",
    [
        remove,
        remove_folder,
        move,
        empty,
        replace,
        replace_by_a_copy,
        point_elsewhere,
        prune,
        lose_the_latest,
    ],
)
def test_a_ledger_that_changes_while_the_question_waits_ends_the_run(
    made: Bench, change: Callable[[Bench], object]
) -> None:
    """Whom the plan counted as `already` is not texted again; nothing is posted, and the ledger is named."""
    posts = []

    def meanwhile() -> None:
        change(made)
        posts.append(made.posts())

    status, shown = asked(made, meanwhile)
    assert status == 2, shown
    assert "since the messages were counted, so nothing was sent" in shown
    assert "ledger.db" in shown
    assert made.posts() == posts[0]


def test_no_ledger_is_created_where_one_was(made: Bench) -> None:
    """Else the next run would find it, and text everybody."""
    asked(made, lambda: remove_folder(made))
    assert not made.ledger.parent.exists()


def test_what_others_send_while_the_question_waits_is_not_sent_twice(made: Bench) -> None:
    """The same ledger with more in it is the same ledger; also one that another run has begun meanwhile."""
    made.write(EVENTS[:3], "meanwhile.jsonl")
    status, shown = asked(made, lambda: made.send("meanwhile.jsonl"))
    assert status == 0, shown
    assert made.posts() == 4


def test_a_ledger_that_is_new_since_the_question_is_used(made: Bench) -> None:
    """Where the plan found none, another run may have begun one: what it sent is not sent again."""
    remove(made)
    made.write(EVENTS[2:], "meanwhile.jsonl")
    status, shown = asked(made, lambda: made.send("meanwhile.jsonl"))
    assert status == 0, shown
    assert sorted(made.bodies()[2:]) == [f"Order {number} for you" for number in range(4)]


@pytest.mark.parametrize(
    ("variables", "settings"), [({"TWILIO_ACCOUNT_SID": "AC" + "9" * 32}, {}), ({}, {"event_id": "$.order"})]
)
def test_a_ledger_that_others_have_begun_since_the_question_is_refused(
    tmp_path: Path, variables: dict[str, str], settings: dict[str, str]
) -> None:
    """By another account or rule for identities: who confirmed was not warned, so is now, and nothing is sent."""
    with bench(tmp_path, account=None, token=None) as made:
        made.write(EVENTS)
        ours = made.environment

        def meanwhile() -> None:
            made.environment = ours | variables
            made.configure(**settings)
            assert made.send("events.jsonl", "--limit", 1).statuses == {"sent": 1}
            made.environment = ours

        status, shown = asked(made, meanwhile)
        assert status == 2, shown
        assert (
            "the ledger has changed since the messages were counted, so nothing was sent: the ledger" in shown
        )
        assert made.posts() == 1


def test_a_count_without_a_question_is_held_to_as_well(made: Bench) -> None:
    """With `max_messages` and no terminal, what is sent is counted with the same ledger."""
    made.configure(max_messages=2)
    assert made.send("events.jsonl").statuses == {"already": 2, "sent": 2}
