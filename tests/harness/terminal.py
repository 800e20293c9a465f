"""A shell in a real terminal of a given size, as a person sees it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import CREDENTIALS, SECONDS, environment

TMUX = shutil.which("tmux")


class Terminal:
    """A shell in a terminal of so many columns and lines, as a person sees it."""

    def __init__(self, home: Path, columns: int, lines: int) -> None:
        self._tmux = [str(TMUX), "-S", str(home / "tmux"), "-f", "/dev/null"]
        variables = {**environment(home, **CREDENTIALS), "PS1": "$ ", "TERM": "screen"}
        given = [f"{name}={value}" for name, value in variables.items()]
        size = ("-x", str(columns), "-y", str(lines))
        self._do(
            "new-session", "-d", *size, "-c", str(home), "env", "-i", *given, "bash", "--norc", "--noprofile"
        )
        self.until(lambda shown: shown.endswith("$"))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        self._do("kill-server")

    def type(self, text: str) -> None:
        self._do("send-keys", "-l", text)
        self._do("send-keys", "Enter")

    def press(self, key: str) -> None:
        self._do("send-keys", key)

    @property
    def shown(self) -> str:
        return self._do("capture-pane", "-p").rstrip()

    @property
    def unwrapped(self) -> str:
        """The same with each line as it was written, however wide the terminal is."""
        return self._do("capture-pane", "-p", "-J").rstrip()

    def until(self, what: Callable[[str], object]) -> str:
        end = time.monotonic() + SECONDS
        while not what(shown := self.shown):
            assert time.monotonic() < end, shown
            time.sleep(0.05)
        return shown

    def _do(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, timeout=SECONDS, check=True
        )
        return done.stdout


on_terminal = pytest.mark.skipif(not TMUX, reason="tmux is the terminal")
SIZES = pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
