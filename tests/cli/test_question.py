"""Before anything is sent, a person at a terminal sees what goes where, also of a pipe. In a real terminal."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import BIN, CREDENTIALS, SECONDS, environment, run
from terminal import SIZES, Terminal, on_terminal

from twiliodest.cli.asking import target
from twiliodest.model import Account, Secret
from twiliodest.sandbox import Sandbox

CONFIG = """\
account: ${TWILIO_ACCOUNT_SID}
token: ${TWILIO_AUTH_TOKEN}
number: "+15005550006"
actions: [{name: Greeting, trigger: event = "Hello", to: $.phone, body: "Hello {{name}}!"}]
"""


def event(number: int) -> str:
    fields = {
        "event": "Hello",
        "messageId": f"m{number}",
        "name": f"Ann {number}",
        "phone": f"+1415555{number:04}",
    }
    return json.dumps(fields) + "\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    (tmp_path / "events.jsonl").write_text("".join(map(event, range(30))))
    return tmp_path


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@on_terminal
@SIZES
def test_a_pipe_asks_at_the_terminal(home: Path, sandbox: Sandbox, columns: int, lines: int) -> None:
    """First messages and target are shown while the pipe is open; after a yes, rows appear as they happen."""
    os.mkfifo(home / "feed")
    with Terminal(home, columns, lines) as terminal:
        terminal.type(f"clear; cat feed | twiliodest send --api-base {sandbox.url}")
        with (home / "feed").open("w") as feed:
            feed.write(event(1))
            feed.flush()
            asked = terminal.until(lambda shown: shown.endswith("[y/N]"))
            assert "+14155550001  Hello Ann 1!" in asked
            assert f"Send all of it to {sandbox.url} (not Twilio)? [y/N]" in asked
            assert sandbox.messages() == []
            terminal.type("y")
            for number in (1, 2, 3):
                if number > 1:
                    feed.write(event(number))
                    feed.flush()
                row = f"Hello Ann {number}!"
                terminal.until(lambda shown, row=row: row in shown.partition("[y/N]")[2])  # type: ignore[misc] # bound
        shown = terminal.until(lambda shown: shown.endswith("\n$"))
    assert "sent      3" in shown
    assert len(sandbox.messages()) == 3


@on_terminal
@pytest.mark.parametrize("answer", ["n", "", "^C", "^D"])
def test_whatever_is_no_yes_sends_nothing(home: Path, sandbox: Sandbox, answer: str) -> None:
    """And the prompt that follows stands on a line of its own."""
    with Terminal(home, 80, 24) as terminal:
        for command in ("twiliodest send events.jsonl", "cat events.jsonl | twiliodest send"):
            terminal.type(f"clear; {command} --api-base {sandbox.url}")
            terminal.until(lambda shown: shown.endswith("[y/N]"))
            if answer.startswith("^"):
                terminal.press(f"C-{answer[1].lower()}")
            else:
                terminal.type(answer)
            terminal.until(lambda shown: shown.endswith("\n$"))
            terminal.type("echo $?")
            expected = "130" if answer == "^C" else "1"
            terminal.until(lambda shown, expected=expected: f"\n{expected}\n$" in shown)  # type: ignore[misc] # bound
    assert sandbox.messages() == []


@on_terminal
@SIZES
def test_the_bar_measures_sending(home: Path, sandbox: Sandbox, columns: int, lines: int) -> None:
    """Settled messages of those planned, rate and time left, on one line; after Ctrl-C nothing of it is left."""
    with Terminal(home, columns, lines) as terminal:
        terminal.type(f"clear; twiliodest send events.jsonl --api-base {sandbox.url} --rate 4")
        terminal.until(lambda shown: shown.endswith("[y/N]"))
        terminal.type("y")
        shown = terminal.until(lambda shown: " left" in shown)
        last = shown.splitlines()[-1]
        assert last.startswith("━" * 10)
        assert "of 30" in last
        assert " sent  " in last
        terminal.press("C-c")
        shown = terminal.until(lambda shown: shown.endswith("\n$"))
    assert "━" not in shown
    assert "^C" not in shown
    assert "run again to continue where it stopped" in shown.replace("\n", " ")


@on_terminal
@SIZES
def test_a_rerun_shows_what_is_new_on_one_screen(
    home: Path, sandbox: Sandbox, columns: int, lines: int
) -> None:
    """What was sent before is a number, and how to see it; ten rows fit the screen."""
    address = ("--api-base", sandbox.url)
    run("send", "events.jsonl", *address, cwd=home, env=CREDENTIALS)
    with (home / "events.jsonl").open("a") as file:
        file.write(event(99) + "{broken\n")
    with Terminal(home, columns, lines) as terminal:
        terminal.type(f"clear; twiliodest send events.jsonl -n --api-base {sandbox.url}")
        shown = terminal.until(lambda shown: shown.endswith("\n$"))
        assert "Hello Ann 99!" in shown
        assert "Hello Ann 1!" not in shown
        assert "already   30" in shown
        assert "--show already lists them" in shown
        terminal.type(f"clear; twiliodest ledger list --api-base {sandbox.url} --limit 5")
        shown = terminal.until(lambda shown: "sid" in shown and shown.endswith("\n$"))
        assert ("… marks what was cut" in shown.replace("\n", " ")) == (columns == 80)
        assert shown.count("+1415555") == 5


def test_a_pipe_with_nobody_to_ask_needs_yes(home: Path, sandbox: Sandbox) -> None:
    """Messages are shown on a terminal that cannot be asked: nothing is sent without `-y`."""
    theirs, ours = os.openpty()
    try:
        for options, status, texts in ((), 2, 0), (("-y",), 0, 1):
            done = subprocess.run(
                [BIN / "twiliodest", "send", "--api-base", sandbox.url, *options],
                cwd=home,
                env=environment(home, **CREDENTIALS),
                input=event(1).encode(),
                stdout=subprocess.DEVNULL,
                stderr=ours,
                start_new_session=True,
                timeout=SECONDS,
                check=False,
            )
            assert (done.returncode, len(sandbox.messages())) == (status, texts)
        assert "add -y to send without asking" in os.read(theirs, 65536).decode()
    finally:
        os.close(theirs)
        os.close(ours)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://api.twilio.com", "api.twilio.com as AC…1234"),
        ("https://api.dublin.ie1.twilio.com", "api.dublin.ie1.twilio.com as AC…1234"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025 (not Twilio)"),
        ("https://api.twilio.com.example.com", "https://api.twilio.com.example.com (not Twilio)"),
    ],
)
def test_the_target_is_named(address: str, says: str) -> None:
    """Twilio by its host and the account's end, anything else by its address."""
    sid = "AC" + "0" * 28 + "1234"
    assert target(Account(sid=sid, user=sid, token=Secret("x"), api_base=address)) == says
