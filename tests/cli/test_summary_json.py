"""`--summary-json`: however a run ends, one whole document says how; an earlier one is replaced, or stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from harness import Bench, Ended, bench, lines, order
from shell import BIN, on_terminal
from test_counts import counted, mixed
from test_send import until

from twiliodest.model import Status
from twiliodest.sandbox import RESET, Answer, Form, refuse

FIELDS = [
    *(
        "twiliodest",
        "started",
        "ended",
        "exit_status",
        "problems",
        "dry_run",
        "diverted_to",
        "events",
        "messages",
    ),
    *("statuses", "not_tried", "at_limit", "reasons"),
]


def summary(made: Bench) -> dict[str, Any]:
    """The document; nothing is left beside it."""
    assert not list(made.folder.glob("summary.json?*"))
    found: dict[str, Any] = json.loads((made.folder / "summary.json").read_bytes())
    assert list(found) == FIELDS
    assert list(found["statuses"]) == [status.value for status in Status]
    return found


def send(made: Bench, *arguments: object, **more: Any) -> tuple[Ended, dict[str, Any]]:
    ended = made.send(*arguments, "--summary-json", "summary.json", **more)
    return ended, summary(made)


@pytest.mark.parametrize(
    "words", [(), ("-n",), ("--limit", 20), ("--fail-fast", "--concurrency", 1), ("-q",)]
)
def test_the_document_says_what_the_summary_says(tmp_path: Path, words: tuple[object, ...]) -> None:
    """The same numbers, the same exit status, and the sum of all statuses and `not_tried` is what there was."""
    with bench(tmp_path) as made:
        made.configure(price_per_segment=0.01)
        ended, found = send(made, made.write(mixed(200)), *words)
        assert found["exit_status"] == ended.status
        assert found["dry_run"] == ("-n" in words)
        events, messages = found["events"], found["messages"]
        assert sum(found["statuses"].values()) + found["not_tried"] == events["matched"] + events["broken"]
        assert messages["count"] == found["statuses"]["sent"] + found["statuses"]["planned"]
        assert messages["cost"] == pytest.approx(0.01 * messages["segments"])
        assert found["at_limit"] == ("--limit" in words)
        assert (
            sum(it["count"] for it in found["reasons"] if it["status"] == "invalid")
            == found["statuses"]["invalid"]
        )
        assert all(it["first"].startswith(str(tmp_path)) for it in found["reasons"])
        if "-q" in words:
            assert "events" not in ended.err
        else:
            told = counted(ended.err)
            assert told.statuses == {name: count for name, count in found["statuses"].items() if count}
            assert (told.read, told.matched, told.untried) == (
                events["read"], events["matched"], found["not_tried"],
            )  # fmt: skip


def test_a_run_that_refuses_or_is_refused_says_so(tmp_path: Path) -> None:
    """Credentials, `max_messages`, a broken configuration, a missing input, a damaged ledger, an unknown message."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(30)])
        made.configure(max_messages=10)
        ended, found = send(made, path)
        assert (ended.status, found["exit_status"], found["statuses"]["sent"]) == (2, 2, 0)
        assert "max_messages is 10" in found["problems"][0]
        assert send(made, path, "-n")[1]["exit_status"] == 2
        _, found = send(made, "-", given=path.read_text())
        assert (found["exit_status"], found["statuses"]["sent"], found["not_tried"]) == (1, 10, 20)
        assert "max_messages is reached" in found["problems"][0]
        (tmp_path / "x.db").write_text("not a ledger")
        assert "x.db is not a ledger" in send(made, path, "--ledger", tmp_path / "x.db")[1]["problems"][0]
        made.configure(nonsense=1)
        assert send(made, path)[1]["exit_status"] == 2
        made.configure()
        assert "none.jsonl" in send(made, "none.jsonl")[1]["problems"][0]
        made.environment["TWILIO_AUTH_TOKEN"] = "wrong"
        ended, found = send(made, path)
        assert (ended.status, found["exit_status"]) == (4, 4)
        assert "the run was stopped" in found["problems"][0]
        assert found["not_tried"] > 0


@pytest.mark.parametrize("words", [("-n",), ()])
def test_a_reader_that_leaves_early_takes_no_numbers_along(tmp_path: Path, words: tuple[str, ...]) -> None:
    """`| head -1`: a dry run counts all the same, and a send, which stops there, says what it has sent."""
    with bench(tmp_path) as made:
        made.write([order(number) for number in range(5000 if words else 300)])
        address = f"--api-base {made.sandbox.url} --ledger x.db"
        command = f"{BIN / 'twiliodest'} send events.jsonl -o jsonl -q {' '.join(words)} {address}"
        program = f"{command} --summary-json summary.json | head -1"
        subprocess.run(
            ["bash", "-c", program], cwd=tmp_path, env=made.variables(), capture_output=True, check=False
        )
        found = summary(made)
        if words:
            assert (found["exit_status"], found["statuses"]["planned"]) == (0, 5000)
        else:
            assert found["statuses"]["sent"] == made.posts()


def test_a_run_whose_input_breaks_says_what_it_has_sent(tmp_path: Path) -> None:
    """The file is cut while it is read: an error of the system ends the run, and what was sent stays counted."""
    with bench(tmp_path, lambda form: Answer(delay=0.01)) as made:
        made.configure(max_messages=100_000)
        path = made.write([order(number, filler="x" * 20_000) for number in range(2000)])
        process = made.sending(path, "--summary-json", "summary.json")
        until(lambda: made.posts() > 10)
        os.truncate(path, 1000)
        ended = made.end(process)
        found = summary(made)
        assert ended.status == found["exit_status"] == 1
        assert found["statuses"]["sent"] == len(made.bodies()) > 10
        assert found["problems"] or found["reasons"]


def test_what_is_in_doubt_is_in_the_document(tmp_path: Path) -> None:
    """Exit status 3, with the reason and the place."""
    with bench(tmp_path, lambda form: RESET) as made:
        ended, found = send(made, made.write([order(1)]))
        assert (ended.status, found["exit_status"], found["statuses"]["unknown"]) == (3, 3, 1)
        assert found["reasons"][0]["status"] == "unknown"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so(tmp_path: Path, number: signal.Signals) -> None:
    """What was sent until then is counted, and the rest."""

    def slowly(form: Form) -> Answer:
        return Answer(delay=0.02)

    with bench(tmp_path, slowly) as made:
        path = made.write([order(number) for number in range(500)])
        process = made.sending(path, "--summary-json", "summary.json")
        until(lambda: made.posts() > 10)
        process.send_signal(number)
        ended = made.end(process)
        found = summary(made)
        assert (ended.status, found["exit_status"]) == (130, 130)
        assert found["statuses"]["sent"] == len(made.bodies())


def test_a_run_that_dies_leaves_the_earlier_document(tmp_path: Path) -> None:
    """`kill -9` in the middle: never half of one."""
    with bench(tmp_path, lambda form: Answer(delay=0.02)) as made:
        path = made.write([order(number) for number in range(500)])
        send(made, path, "--limit", 1)
        before = (tmp_path / "summary.json").read_bytes()
        process = made.sending(path, "--summary-json", "summary.json")
        until(lambda: made.posts() > 10)
        process.kill()
        made.end(process)
        summary(made)
        assert (tmp_path / "summary.json").read_bytes() == before


def test_a_no_is_in_the_document(tmp_path: Path) -> None:
    """Whoever answers no has sent nothing."""
    with bench(tmp_path) as made:
        made.write([order(1)])
        options = ("--api-base", made.sandbox.url, "--summary-json", "summary.json")
        command = (BIN / "twiliodest", "send", "events.jsonl", *options)
        status, _ = on_terminal(command, cwd=tmp_path, env=made.variables(), answer="n")
        found = summary(made)
        assert (status, found["exit_status"], found["statuses"]["sent"]) == (1, 1, 0)
        assert found["problems"] == ["you answered no: nothing was sent"]


@pytest.mark.parametrize(
    "name", ["events.jsonl", "twiliodest.yaml", "state/ledger.db", "stop.txt", "other.txt", "."]
)
def test_nothing_else_is_overwritten(tmp_path: Path, name: str) -> None:
    """An input, the configuration, the ledger, a list, whatever it is: only an earlier summary is replaced."""
    with bench(tmp_path) as made:
        (tmp_path / "stop.txt").write_text("+14155550102\n")
        (tmp_path / "other.txt").write_text('{"twilio": 1}')
        made.configure(suppress="stop.txt")
        made.write([order(1)])
        made.send("events.jsonl", "-n", "--limit", 1)
        if name.endswith(".db"):
            assert made.send("events.jsonl").status == 0
        posts = made.posts()
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        ended = made.send("events.jsonl", "--summary-json", name)
        assert (ended.status, ended.out, made.posts()) == (2, "", posts)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_ledger_that_is_made_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """The same new name for both: the ledger is kept, since without it everybody is texted again."""
    with bench(tmp_path) as made:
        path = made.write([order(1)])
        ended = made.send(path, "--ledger", tmp_path / "x.db", "--summary-json", tmp_path / "x.db")
        assert (ended.status, ended.statuses) == (1, {"sent": 1})
        assert "is not overwritten" in ended.err
        assert made.send(path, "--ledger", tmp_path / "x.db").statuses == {"already": 1}


def test_two_files_cannot_have_one_place(tmp_path: Path) -> None:
    """The summary would take the place of the rejects."""
    with bench(tmp_path) as made:
        names = ("--rejects", "out.json", "--summary-json", tmp_path / "." / "out.json")
        ended = made.send(made.write([order(1)]), *names)
        assert (ended.status, made.posts()) == (2, 0)
        assert "name the same file" in ended.err


@pytest.mark.parametrize("place", ["missing/summary.json", "events.jsonl/summary.json"])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_sent(tmp_path: Path, place: str) -> None:
    """A typing error in a folder's name costs no run."""
    with bench(tmp_path) as made:
        ended = made.send(made.write([order(1)]), "--summary-json", place)
        assert (ended.status, made.posts()) == (2, 0)
        assert "cannot write" in ended.err


def test_it_can_be_read_through_a_pipe_and_a_link(tmp_path: Path) -> None:
    """A process substitution, standard output, and a link, which stays a link; a file keeps its mode."""
    with bench(tmp_path) as made:
        made.write(lines([order(1)]))
        (tmp_path / "real.json").touch(mode=0o640)
        (tmp_path / "link.json").symlink_to("real.json")
        program = f"{BIN / 'twiliodest'} send events.jsonl -n -q -o jsonl --only sent --summary-json"
        for where in ("/dev/stdout", ">(cat)", "link.json; cat real.json"):
            done = subprocess.run(
                ["bash", "-c", f"{program} {where} | cat"],
                cwd=tmp_path, env=made.variables(), capture_output=True, check=False,
            )  # fmt: skip
            assert json.loads(done.stdout)["statuses"]["planned"] == 1, done
        assert (tmp_path / "link.json").is_symlink()
        assert os.stat(tmp_path / "real.json").st_mode & 0o777 == 0o640


def test_a_hostile_reason_is_harmless(tmp_path: Path) -> None:
    """The document holds no byte that a terminal would obey."""
    with bench(tmp_path, lambda form: refuse(21610)) as made:
        path = made.write(lines([order(1)]), "e\x1b[2J\x9b.jsonl")
        send(made, path)
        text = (tmp_path / "summary.json").read_text()
        assert text.isprintable() or text.rstrip("\n").isprintable()
