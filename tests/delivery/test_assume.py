"""`send --assume-sent`: rows without texts, for a switch from another program and for a ledger that is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import ACCOUNT, TOKEN, Bench, order
from harness import bench as new_bench
from shell import on_terminal

EVENTS = [order(number) for number in range(5)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with new_bench(tmp_path) as made:
        made.write(EVENTS)
        yield made


def texts(bench: Bench) -> int:
    """How many texts have arrived at the stand-in for Twilio."""
    return len(bench.sandbox.messages())


def test_nothing_is_posted_and_nobody_is_texted_again(bench: Bench) -> None:
    """What another program has sent is written as sent; a send of the same events texts nobody."""
    assumed = bench.send("events.jsonl", "--assume-sent")
    assert (assumed.status, assumed.statuses) == (0, {"already": 5})
    assert {row["status"] for row in bench.listed()} == {"sent"}
    sent = bench.send("events.jsonl")
    assert (sent.status, sent.statuses, texts(bench)) == (0, {"already": 5}, 0)
    bench.write([*EVENTS, order(9)])
    assert bench.send("events.jsonl").statuses == {"already": 5, "sent": 1}


def test_without_a_terminal_it_wants_a_yes(bench: Bench) -> None:
    """A script that forgets --yes writes nothing."""
    ended = bench.run("send", "events.jsonl", "--assume-sent", *bench.common)
    assert ended.status == 2
    assert "add --yes" in ended.err
    assert not bench.ledger.exists()


@pytest.mark.parametrize(("answer", "rows"), [("n", 0), ("y", 5)])
def test_on_a_terminal_it_asks(bench: Bench, answer: str, rows: int) -> None:
    """The question says how many, and that nothing is sent; no is no."""
    command = bench.command("send", "events.jsonl", "--assume-sent", *bench.common)
    status, shown = on_terminal(command, cwd=bench.folder, env=bench.variables(), answer=answer)
    assert "as sent   5 messages" in shown
    assert "send none of them?" in shown
    assert status == (0 if rows else 1), shown
    assert len(bench.listed() if bench.ledger.exists() else []) == rows
    assert texts(bench) == 0


def test_records_say_what_was_sent(bench: Bench) -> None:
    """Of a lost ledger, the outcomes that were kept bring back what they say, and no more."""
    kept = bench.send("events.jsonl", "--limit", 3)
    records = kept.records
    records[1] |= {"status": "unknown", "sid": None}
    records.append({**records[2], "event_id": "m4", "status": "failed"})
    (bench.folder / "kept.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    bench.ledger.rename(bench.folder / "lost.db")
    for left in bench.ledger.parent.glob("ledger.db*"):
        left.unlink() if left.is_file() else None
    assumed = bench.send("events.jsonl", "--assume-sent", "--shown-in", "kept.jsonl")
    assert assumed.statuses == {"already": 2, "unknown": 1, "planned": 2}
    rows = {row["event_id"]: row for row in bench.listed()}
    assert {key: row["status"] for key, row in rows.items()} == {"m0": "sent", "m1": "unknown", "m2": "sent"}
    assert rows["m0"]["sid"] == records[0]["sid"]
    again = bench.send("events.jsonl")
    assert (again.statuses["sent"], texts(bench)) == (2, 5)


def test_twilio_s_list_says_what_was_sent(bench: Bench) -> None:
    """A lost ledger comes back from Twilio's own list, with the SIDs; what it does not show is left to send."""
    first = bench.send("events.jsonl", "--limit", 3).records
    bench.ledger.rename(bench.folder / "lost.db")
    for left in bench.ledger.parent.glob("ledger.db-*"):
        left.unlink()
    assumed = bench.send("events.jsonl", "--assume-sent", "--shown-in", "twilio")
    assert assumed.statuses == {"already": 3, "planned": 2}
    assert {row["sid"] for row in bench.listed()} == {record["sid"] for record in first}
    assert bench.send("events.jsonl").statuses == {"already": 3, "sent": 2}
    assert texts(bench) == 5


def test_of_two_equal_texts_in_the_list_each_counts_once(bench: Bench) -> None:
    """One text to a person proves one message, not two."""
    twins = [order(1, order=7), order(61, to=order(1)["to"], order=7)]
    bench.write(twins[:1])
    bench.send("events.jsonl")
    bench.ledger.unlink()
    for left in bench.ledger.parent.glob("ledger.db-*"):
        left.unlink()
    bench.write(twins)
    assert bench.send("events.jsonl", "--assume-sent", "--shown-in", "twilio").statuses == {
        "already": 1,
        "planned": 1,
    }


def test_a_limit_and_a_second_time(bench: Bench) -> None:
    """As far as --limit goes; what is written stays as it was."""
    bench.send("events.jsonl", "--assume-sent", "--limit", 2)
    assert len(bench.listed()) == 2
    assert bench.send("events.jsonl", "--assume-sent").statuses == {"already": 5}
    assert len(bench.listed()) == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file"),
        ("", "no record in it says"),
        ('{"status": "planned", "action": "order", "event_id": "m1"}\n', "no record in it says"),
        ('{"status": "sent", "action": "order", "event_id": "m1"}\nx\n', "line 2 is not a record"),
        ("[1]\n", "line 1 is not a record"),
        ('{"status": 5}\n', "line 1 is not a record"),
    ],
)
def test_what_is_no_record_is_said_in_a_sentence(bench: Bench, text: str | None, says: str) -> None:
    """A wrong file writes nothing."""
    if text is not None:
        (bench.folder / "kept.jsonl").write_text(text)
    ended = bench.send("events.jsonl", "--assume-sent", "--shown-in", "kept.jsonl")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert says in ended.err
    assert not bench.ledger.exists()


@pytest.mark.parametrize("option", ["--dry-run", "--sandbox", "--retry=unknown", "--rate=1"])
def test_options_that_send_have_no_meaning(bench: Bench, option: str) -> None:
    """Nobody is left to wonder what was sent."""
    ended = bench.run("send", "events.jsonl", "--assume-sent", "-y", option)
    assert ended.status == 2
    assert "--assume-sent sends nothing" in ended.err


def test_no_token_is_needed(bench: Bench) -> None:
    """Nothing goes to Twilio, so nothing has to log in; an account has to be known."""
    bench.environment = {"TWILIO_ACCOUNT_SID": ACCOUNT}
    assert bench.send("events.jsonl", "--assume-sent").status == 0
    bench.environment = {"TWILIO_AUTH_TOKEN": TOKEN}
    ended = bench.send("events.jsonl", "--assume-sent")
    assert ended.status == 2
    assert "the account is missing" in ended.err
