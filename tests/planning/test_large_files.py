"""A dry run over a file that is worth helpers: they are noticed by nothing but the time that it takes."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import BIN, SECONDS, environment

from twiliodest.cli.run import MUCH
from twiliodest.planning.parallel import spare_processors

CONFIG = """\
number: "+15005550006"
actions:
  - name: Greeting
    trigger: event = "Hello"
    to: $.phone
    body: "Hello {{name}}!"
"""
COMMAND = ("send", "events.jsonl", "-n", "-o", "jsonl", "--rejects", "rejects.jsonl")
ALONE = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a configuration, and a large file in which every hundredth line is no event."""
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    with (tmp_path / "events.jsonl").open("w") as file:
        number = 0
        while file.tell() < 2 * MUCH:
            number += 1
            event = {"event": "Hello", "name": f"Zoë {number}", "phone": "+14155550134", "more": "x" * 200}
            file.write("no event\n" if number % 100 == 0 else f"{json.dumps(event)}\n")
    return tmp_path


@contextlib.contextmanager
def started(home: Path, *command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A dry run in a process group of its own that has written something, and waits for its reader."""
    process = subprocess.Popen(
        command or (BIN / "twiliodest", *COMMAND),
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        assert process.stdout
        assert select.select([process.stdout], [], [], SECONDS)[0]
        try:
            yield process
        finally:
            process.kill()


def helpers(process: subprocess.Popen[bytes]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


def test_a_dry_run_is_the_same_on_one_processor(home: Path) -> None:
    """Output, rejects and summary; also when somebody kills the helpers in the middle."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not let a process choose its processors")
    told = []
    for kills, command in ((False, (sys.executable, "-c", ALONE, BIN / "twiliodest", *COMMAND)), (True, ())):
        with started(home, *command) as process:
            assert len(helpers(process)) == (spare_processors() if kills else 0)
            for pid in helpers(process):
                os.kill(pid, signal.SIGKILL)
            told.append((*process.communicate(timeout=SECONDS), (home / "rejects.jsonl").read_bytes()))
            assert process.returncode == 1
    assert told[0] == told[1]
    assert b"not valid JSON" in told[0][1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_a_dry_run_with_its_summary(home: Path, number: signal.Signals) -> None:
    """Ctrl-C reaches the helpers, too; nothing of that is shown, and none of them is left."""
    with started(home) as process:
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert all(json.loads(line)["status"] in ("planned", "invalid") for line in out.splitlines())
    assert b"events" in err
    assert b"Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
