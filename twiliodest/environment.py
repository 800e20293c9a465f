"""What a command sees of the machine: variables, terminals, folders, time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twiliodest.errors import Problem, UsageError


@dataclass(frozen=True, slots=True)
class Environment:
    """Read once, at the start of a command; but the `clock` (unix seconds) goes on."""

    variables: Mapping[str, str]
    stdin_is_terminal: bool
    stdout_is_terminal: bool
    stderr_is_terminal: bool
    clock: Callable[[], float] = field(default=time.time, kw_only=True)

    @classmethod
    def current(cls) -> Environment:
        """The environment of this process; a closed stream is no terminal."""
        streams = (sys.stdin, sys.stdout, sys.stderr)
        return cls(dict(os.environ), *(bool(stream and stream.isatty()) for stream in streams))

    @property
    def config_path(self) -> Path:
        """The configuration when none is named."""
        return Path(self.variables.get("TWILIODEST_CONFIG") or "twiliodest.yaml")

    def ledger_path(self, account: str | None) -> Path:
        """The ledger when none is named: one per account, where the platform keeps a user's state.

        Raises `UsageError` without an account.
        """
        if account is None:
            hint = "set account, or name the ledger's file with --ledger"
            raise UsageError([Problem(message="without an account there is no default ledger", hint=hint)])
        return self._state_folder / "twiliodest" / f"{account}.db"

    @property
    def _state_folder(self) -> Path:
        home = Path(self.variables.get("HOME") or Path.home())
        if sys.platform == "darwin":
            return home / "Library" / "Application Support"
        given = Path(self.variables.get("XDG_STATE_HOME", ""))  # XDG: a relative one is to be ignored
        return given if given.is_absolute() else home / ".local" / "state"
