"""What a person sees of each command in a real terminal, narrow and wide: all of it, nothing broken in mid-word."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import CREDENTIALS, run
from terminal import SIZES, Terminal, on_terminal

from twiliodest.sandbox import Sandbox

CONFIG = """\
account: ${TWILIO_ACCOUNT_SID}
token: ${TWILIO_AUTH_TOKEN}
number: "+15005550006"
actions:
  - name: Order confirmation
    trigger: type = "track" and event = "Order Completed"
    to: $.properties.phone
    body: "Thank you, {{properties.name}}! Your order {{properties.id}} is on its way."
"""
EVENTS = """\
{"type": "track", "event": "Order Completed", "messageId": "1", "properties": {"phone": "+14155550134", "name": "Ann", "id": 7}}
{"type": "track", "event": "Order Completed", "messageId": "2", "properties": {"phone": "+14155550135", "id": 8}}
{"type": "track", "event": "Page Viewed", "messageId": "3"}
"""  # noqa: E501 -- one event a line
WRONG = CONFIG.replace("type = ", "type == ").replace("{{properties.name}}", "{{properties.name | upcas}}")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    (tmp_path / "events.jsonl").write_text(EVENTS)
    (tmp_path / "wrong.yaml").write_text(WRONG)
    return tmp_path


SHOWN = {
    "check -c wrong.yaml": [
        'wrong.yaml:6:19: error: "==" is not an operator here',
        '  6 |     trigger: type == "track" and event = "Order Completed"\n    |                   ^\n',
        'wrong.yaml:8:43: error: there is no filter "upcas"',
        "\n    |                                           ^\n    did you mean",
    ],
    "check events.jsonl": [
        "invalid   Order confirmation: 1 × nothing at $.properties.name (events.jsonl:2)",
        "events    3 read, 2 matched",
        "countries US 1",
        "the configuration is valid: 1 action",
    ],
    "explain events.jsonl:2": [
        'events.jsonl:2  track "Order Completed"',
        "Order confirmation: matches, but cannot be sent: nothing at $.properties.name",
    ],
    "explain events.jsonl:3": [
        "Order confirmation: does not match",
        'event = "Order Completed" is false: event is "Page Viewed"',
    ],
    "ledger stats": ["Order confirmation  sent", "rows      1"],
    "ledger receipts": ["messages  receipt", "price so far"],
    "send --help": ["Delivery:", "--receipts TIME", "-h, --help", "130 interrupted."],
}


@on_terminal
@SIZES
@pytest.mark.parametrize("command", SHOWN)
def test_a_command_looks_right(command: str, columns: int, lines: int, home: Path) -> None:
    """What matters is on the screen, and whole: the terminal itself wraps no line, and no caret is out of place."""
    with Sandbox() as sandbox:
        where = ("--api-base", sandbox.url) if command.startswith(("ledger", "explain")) else ()
        if command.startswith("ledger"):
            assert run("send", "events.jsonl", "-y", *where, cwd=home, env=CREDENTIALS).returncode == 1
        with Terminal(home, columns, lines) as terminal:
            terminal.type(" ".join(["twiliodest", *command.split(), *where, "; echo done $COLUMNS"]))
            shown = terminal.until(lambda shown: f"\ndone {columns}\n" in shown)
            assert [part for part in SHOWN[command] if part not in shown] == []
            unwrapped = terminal.unwrapped.splitlines()
    typed = [line for line in unwrapped if line.startswith("$ ")]
    assert [line for line in unwrapped if len(line) > columns and line not in typed] == []
