"""A stand-in for Twilio that fails by script, a folder of inputs, and the real program run against them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twiliodest.sandbox import Answer, Form, Sandbox, Settings

ROOT = Path(__file__).parents[2]
ACCOUNT = "AC" + "0" * 32
TOKEN = "f00dfeedf00dfeedf00dfeedf00dfeed"
SENDER = "+15551234567"
PATIENCE = 60  # seconds until a hanging program fails a test

CONFIG = f"""
account: ${{TWILIO_ACCOUNT_SID}}
token: ${{TWILIO_AUTH_TOKEN}}
number: "{SENDER}"
actions:
  - name: order
    trigger: type = "track" and event = "Order"
    to: $.to
    body: "Order {{{{$.order}}}} for you"
"""

Record = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """A run of the program that has ended."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[Record]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def statuses(self) -> Counter[str]:
        return Counter(record["status"] for record in self.records)


def order(number: int, to: str | None = None, **more: object) -> Record:
    """An event that texts one person."""
    to = to or f"+1555000{number % 60:04}"
    return {"type": "track", "event": "Order", "messageId": f"m{number}", "to": to, "order": number, **more}


def lines(events: Sequence[Record]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


class Bench:
    """One folder, one stand-in, and every output that the program made there."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.said: list[str] = []
        self.environment: dict[str, str] = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
        self.configure()

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / "ledger.db"

    def configure(self, config: str = CONFIG, **settings: object) -> None:
        """Write the configuration, with these settings more."""
        more = "".join(f"{name}: {value}\n" for name, value in settings.items())
        (self.folder / "twiliodest.yaml").write_text(more + config)

    def write(self, events: Sequence[Record] | str, name: str = "events.jsonl") -> Path:
        path = self.folder / name
        path.write_text(events if isinstance(events, str) else lines(events))
        return path

    def start(
        self, *arguments: object, prepare: Callable[[], None] | None = None, out: Any = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        """Start the program; what it writes is for the caller to read."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.PIPE,
            preexec_fn=prepare,
        )

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "twiliodest", *map(str, arguments)]

    def variables(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("TWILIO", "HTTP"))
        }
        return {**inherited, "PYTHONPATH": str(ROOT), "HOME": str(self.folder), **self.environment}

    def end(self, process: subprocess.Popen[str], given: str | None = None) -> Ended:
        """Wait until it ends."""
        with process:
            try:
                out, err = process.communicate(given, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        self.said += [out or "", err]
        assert "Traceback" not in err, err
        return Ended(process.returncode, out or "", err)

    def run(
        self, *arguments: object, given: str | None = None, prepare: Callable[[], None] | None = None
    ) -> Ended:
        """Run any command to its end."""
        return self.end(self.start(*arguments, prepare=prepare), given)

    def sending(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """Start `send` against the stand-in."""
        return self.start("send", *self.common, "-o", "jsonl", "-y", *arguments, **options)

    def send(
        self, *arguments: object, given: str | None = None, prepare: Callable[[], None] | None = None
    ) -> Ended:
        """Run `send` against the stand-in to its end."""
        return self.end(self.sending(*arguments, prepare=prepare), given)

    @property
    def common(self) -> Sequence[object]:
        return ("--ledger", self.ledger, "--api-base", self.sandbox.url)

    def listed(self, *arguments: object) -> list[Record]:
        """What `ledger list` says."""
        ended = self.run("ledger", "list", "--ledger", self.ledger, "-o", "jsonl", "--limit", 0, *arguments)
        assert ended.status == 0, ended.err
        return ended.records

    def bodies(self) -> list[str]:
        """What the stand-in accepted, in order."""
        return [text.body for text in self.sandbox.messages()]

    def posts(self) -> int:
        return sum(request.method == "POST" for request in self.sandbox.requests())

    def check_secrecy(self) -> None:
        """The token is in nothing that was said or written."""
        assert not [said for said in self.said if TOKEN in said]
        files = (path for path in self.folder.rglob("*") if path.is_file())
        assert not [path for path in files if TOKEN.encode() in path.read_bytes()]


@contextlib.contextmanager
def bench(
    folder: Path, script: Callable[[Form], Answer | None] | None = None, **more: Any
) -> Iterator[Bench]:
    """A bench whose stand-in lets in only its account, and follows a script."""
    settings: Mapping[str, Any] = {"account": ACCOUNT, "token": TOKEN, "script": script, **more}
    with Sandbox(Settings(**settings)) as sandbox:
        made = Bench(folder, sandbox)
        yield made
        made.check_secrecy()
