"""`twiliodest sandbox` as it is met first: what it prints works as printed, with nothing set up."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harness import lines, order
from shell import BIN, SECONDS, environment, run

CONFIG = """number: "+15005550006"
actions:
  - {name: order, trigger: event = "Order", to: $.to, body: "Order {{$.order}}"}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    (tmp_path / "events.jsonl").write_text(lines([order(1), order(2, to="+15005550004")]))
    return tmp_path


@contextlib.contextmanager
def serving(home: Path, *options: str, **variables: str) -> Iterator[tuple[str, list[str]]]:
    """The command that it prints, and all that it says until it is ended."""
    said: list[str] = []
    process = subprocess.Popen(
        [BIN / "twiliodest", "sandbox", "--port", "0", *options],
        cwd=home, env=environment(home, **variables), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr
        first = [process.stderr.readline(), process.stderr.readline()]
        yield first[1].removeprefix("send").strip(), said
    finally:
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=SECONDS)[1].splitlines()


@pytest.mark.parametrize("set_up", [(), ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")])
def test_what_it_prints_works_as_printed(home: Path, set_up: tuple[str, ...]) -> None:
    """Neither account nor token need be set, for the send or for what is asked of its ledger afterwards."""
    values = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "token"}
    env = {name: values[name] for name in set_up}
    with serving(home) as (command, said):
        words = command.replace("EVENTS", "events.jsonl").split()[1:]
        assert run(*words, "-n", cwd=home, env=env).returncode == 0
        assert run(*words, cwd=home, env=env).returncode == 1
        again = run(*words, "-n", "-o", "jsonl", cwd=home, env=env).stdout
        assert (again.count(b'"already"'), again.count(b'"rejected"')) == (1, 1)
        url = words[-1]
        for asked in (("list",), ("resolve",), ("check",), ("receipts",)):
            assert run("ledger", *asked, "--api-base", url, cwd=home, env=env).returncode == 0
    posts = [line for line in said if "POST" in line]
    assert [re.sub(r"^[0-9:]{8}  ", "", line) for line in sorted(posts, key=lambda it: it[10:])] == [
        "POST  to +15005550004  400 21610",
        f"POST  to {order(1)['to']}  201",
    ]


def test_twilio_itself_still_needs_both(home: Path) -> None:
    """What stands in is for this machine alone."""
    done = run("send", "events.jsonl", cwd=home)
    assert done.returncode == 2
    assert b"the account is missing" in done.stderr
    assert b"the token is missing" in done.stderr


def test_a_credential_that_is_named_and_cannot_be_had_is_told(home: Path) -> None:
    """A missing secret of a container is not replaced by one that means nothing."""
    (home / "twiliodest.yaml").write_text(f"token_file: none\n{CONFIG}")
    done = run("send", "events.jsonl", "--api-base", "http://127.0.0.1:9", cwd=home)
    assert done.returncode == 2
    assert b"the token is missing" in done.stderr


@pytest.mark.parametrize("name", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"])
def test_half_a_login_is_a_mistake(home: Path, name: str) -> None:
    """Whoever sets one has forgotten the other: a proxy of one's own would get a token that means nothing."""
    env = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32} if name.endswith("SID") else {name: "token"}
    done = run("send", "events.jsonl", "--api-base", "http://127.0.0.1:9", cwd=home, env=env)
    assert done.returncode == 2
    assert b"is missing" in done.stderr


def test_quiet_logs_nothing(home: Path) -> None:
    """`-q` is for those who watch the inbox."""
    with serving(home, "-q") as (command, said):
        run(*command.replace("EVENTS", "events.jsonl").split()[1:], cwd=home)
    assert said == []


def test_what_a_client_says_makes_no_line_of_its_own(home: Path) -> None:
    """The log is for a terminal, and what is in it is anybody's."""
    with serving(home) as (command, said):
        url = command.split()[-1]
        account = "AC" + "0" * 32
        path = f"/2010-04-01/Accounts/{account}/Messages.json"
        form = {"To": "\x1b[2J\n00:00:00  POST  to +1\x9b", "Body": "x"}
        httpx.post(f"{url}{path}", data=form, auth=(account, "x"), trust_env=False)
    assert len(said) == 1
    assert said[0].isprintable()


HX = "HX" + "a" * 32


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--undelivered", "+15557654321"), 'write NUMBER=CODE'),
        (("--undelivered", "=30003"), "write NUMBER=CODE"),
        (("--undelivered", "+15557654321=3"), "of five digits"),
        (("--undelivered", "nobody=30003"), "write NUMBER=CODE"),
        (("--pace", "-1"), "0"),
        (("--pace", "nan"), "0"),
        (("--templates", "missing.yaml"), "cannot read missing.yaml: No such file"),
        (("--templates", "."), "cannot read .: Is a directory"),
        (("--templates", "list.yaml"), "list.yaml: Expected `object`"),
        (("--templates", "broken.yaml"), "line 1"),
        (("--templates", "sid.yaml"), '"HX1" is not the SID of a content template'),
        (("--templates", "key.yaml"), "bodi"),
        (("--templates", "binary.yaml"), "binary.yaml: "),
    ],
)  # fmt: skip
def test_a_mistake_in_an_option_is_said(home: Path, options: tuple[str, ...], said: str) -> None:
    """What is wrong and how to write it; nothing is served, and there is no traceback."""
    (home / "list.yaml").write_text("- a\n")
    (home / "broken.yaml").write_text("HX: {body: 'x\n")
    (home / "sid.yaml").write_text("HX1: {body: x}\n")
    (home / "key.yaml").write_text(f"{HX}: {{bodi: x}}\n")
    (home / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    done = run("sandbox", "--port", "0", *options, cwd=home)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_texts_end_as_the_options_say(home: Path) -> None:
    """A number that nothing reaches, and a template of one's own."""
    (home / "templates.yaml").write_text(f"{HX}:\n  body: Hi {{{{1}}}}\n  variables: {{1: there}}\n")
    options = ("--pace", "0", "--undelivered", "+14155550134=30006", "--templates", "templates.yaml")
    with serving(home, *options) as (command, _):
        url = command.split()[-1]
        account = "AC" + "0" * 32
        form = {"To": "+14155550134", "From": "+15005550006", "ContentSid": HX}
        with httpx.Client(auth=(account, "x"), trust_env=False, timeout=SECONDS) as client:
            messages = f"{url}/2010-04-01/Accounts/{account}/Messages.json"
            assert client.post(messages, data=form).json()["body"] == "Hi there"
            (listed,) = client.get(messages).json()["messages"]
    assert (listed["status"], listed["error_code"]) == ("undelivered", 30006)


def test_the_inbox_opens_in_the_browser(home: Path) -> None:
    """Whatever browser there is gets the address that is printed, and the sandbox ends without it."""
    browser = home / "browser"
    part, opened = home / "opened.part", home / "opened"
    browser.write_text(f'#!/bin/sh\nexec >/dev/null 2>&1\necho "$1" > {part}\nmv {part} {opened}\n')
    browser.chmod(0o755)
    with serving(home, "--open", BROWSER=f"{browser} %s") as (command, _):
        end = time.monotonic() + SECONDS
        while not opened.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert opened.read_text().strip() == command.split()[-1]
