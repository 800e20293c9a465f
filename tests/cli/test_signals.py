"""A signal at any time ends a command in good order: exit status 130, no traceback, and nothing after it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shell import BIN, CREDENTIALS, SECONDS, environment, on_terminal

from twiliodest.sandbox import Sandbox

CONFIG = """\
number: "+15005550006"
actions: [{name: a, trigger: event = "Hello", to: $.phone, body: Hi}]
"""
EVENT = '{"event": "Hello", "messageId": "1", "phone": "+14155550134"}\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    (tmp_path / "events.jsonl").write_text(EVENT)
    return tmp_path


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal."""
    status = dict(row.split(":", 1) for row in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["SigCgt"], 16) >> (number - 1) & 1)


def until_loading(process: subprocess.Popen[bytes]) -> None:
    """Wait until the program has begun; the interpreter itself catches no SIGTERM."""
    end = time.monotonic() + SECONDS
    while not catches(process.pid, signal.SIGTERM):
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells what a process catches")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "command", ["send - -n", "send - -y --api-base http://127.0.0.1:9", "check --events -"]
)
def test_a_signal_while_everything_loads_is_no_traceback(
    home: Path, command: str, number: signal.Signals
) -> None:
    """From its first line on, and wherever it is then."""
    dice = random.Random(1)
    for _ in range(8):
        with subprocess.Popen(
            [BIN / "twiliodest", *command.split()],
            cwd=home,
            env=environment(home, **CREDENTIALS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            until_loading(process)
            time.sleep(dice.random() * 0.6)
            process.send_signal(number)
            assert process.wait(SECONDS) == 130
            assert process.stderr
            assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question_sends_nothing(home: Path, number: signal.Signals) -> None:
    """It is no yes and no no."""
    with Sandbox() as sandbox:
        status, shown = on_terminal(
            (BIN / "twiliodest", "send", "events.jsonl", "--api-base", sandbox.url),
            cwd=home,
            env=environment(home, **CREDENTIALS),
            answer="",
            number=number,
        )
        assert (status, sandbox.messages()) == (130, [])
    assert "Traceback" not in shown


def test_the_first_process_of_a_container_can_be_terminated(home: Path) -> None:
    """What is process 1 ignores a signal that it has no handler for, so it has one from the start."""
    unshare = shutil.which("unshare")
    if (
        not unshare
        or subprocess.run([unshare, "-p", "-f", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this machine allows no namespaces")
    with subprocess.Popen(
        [unshare, "-p", "-f", "--kill-child", sys.executable, BIN / "twiliodest", "send", "-", "-n"],
        cwd=home,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as outer:
        end = time.monotonic() + SECONDS
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        while not (inner := children.read_text().split()) or not catches(int(inner[0]), signal.SIGTERM):
            assert time.monotonic() < end
            time.sleep(0.01)
        os.kill(int(inner[0]), signal.SIGTERM)
        assert outer.wait(SECONDS) == 130
        assert outer.stderr
        assert b"Traceback" not in outer.stderr.read()


def test_a_second_signal_ends_a_run_whose_output_is_stuck(home: Path) -> None:
    """Nobody reads, and nobody has closed it, either: the first one cannot be heard, the second is."""
    events = (EVENT.replace('"1"', f'"{n}"').replace("50134", f"{n:05}") for n in range(10_000, 13_000))
    (home / "events.jsonl").write_text("".join(events))
    with Sandbox() as sandbox:
        command = ("send", "events.jsonl", "-y", "-o", "jsonl", "--api-base", sandbox.url)
        with subprocess.Popen(
            [BIN / "twiliodest", *command],
            cwd=home,
            env=environment(home, **CREDENTIALS),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout
            os.read(process.stdout.fileno(), 1)
            end = time.monotonic() + SECONDS
            while process.poll() is None:
                assert time.monotonic() < end
                process.send_signal(signal.SIGTERM)
                time.sleep(0.05)
            assert process.returncode == 130


@pytest.mark.slow
def test_the_tests_themselves_run_in_the_background_of_a_script() -> None:
    """There SIGINT is ignored, and all that a test starts would be deaf to it, too."""
    name = "tests/cli/test_counts.py::test_an_interrupted_dry_run_counts_what_it_showed"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name],
        cwd=Path(__file__).parents[2],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
