"""Runs the installed command as a user does: with files, pipes and terminals."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

BIN = Path(sys.executable).parent
ACCOUNT = "AC" + "1" * 32
TOKEN = "3c0d9a7be5f14628"
CREDENTIALS = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
SECONDS = 60
_PROMPT = b"[y/N] "
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|.)")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Only what a command needs, so that nothing of the tester's own gets in; the ledger is under `home`."""
    return {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", **more}


def run(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """`twiliodest` with arguments and a pipe on standard input; its output as bytes."""
    return subprocess.run(
        [BIN / "twiliodest", *arguments],
        cwd=cwd,
        env=environment(cwd, **(env or {})),
        input=stdin,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


def on_terminal(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    answer: str | None = None,
    meanwhile: Callable[[], object] = lambda: None,
    number: int = 0,
) -> tuple[int, str]:
    """Exit status and everything shown, when all three streams are a terminal of 110 columns.

    A question is answered with `answer`, after `meanwhile`, or with the signal of that `number`; what draws and
    colours is taken out of what was shown.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 110, 0, 0))
    process = subprocess.Popen(
        command, cwd=cwd, env={**env, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while block := _read(ours):
            shown += block
            if answer is not None and _PROMPT in shown:
                meanwhile()
                if number:
                    process.send_signal(number)
                    process.wait(SECONDS)
                os.write(ours, f"{answer}\n".encode())
                answer = None
        return process.wait(SECONDS), _CONTROL.sub("", shown.decode()).replace("\r", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal: int) -> bytes:
    if not select.select([terminal], [], [], SECONDS)[0]:
        return b""
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        if error.errno != errno.EIO:  # on Linux, a terminal that everybody has closed
            raise
        return b""
