"""What a command sees of the machine: variables, terminals, folders, time."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twiliodest.errors import Problem, UsageError
from twiliodest.ledger.servers import ASIDE, ledger_name

SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")  # of which the libraries that draw would believe anything


def mend_surroundings() -> None:
    """Drop what says nothing about the terminal, and keep what is written for its owner's eyes.

    A mask that takes the owner's own rights away would make a ledger that the next run cannot open.
    """
    for name in SIZES:
        if not re.fullmatch("[1-9][0-9]{0,3}", os.environ.get(name, "80"), re.ASCII):
            del os.environ[name]
    os.umask(0o077)


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
        """The environment of this process; a closed stream is not a terminal."""
        streams = (sys.stdin, sys.stdout, sys.stderr)
        return cls(dict(os.environ), *(bool(stream and stream.isatty()) for stream in streams))

    @property
    def config_path(self) -> Path:
        """The configuration when none is named."""
        return Path(self.variables.get("TWILIODEST_CONFIG") or "twiliodest.yaml")

    def ledger_path(self, account: str | None, server: str) -> Path:
        """The ledger when none is named: one per account and server, where the platform keeps a user's state.

        Raises `UsageError` without an account.
        """
        if account is None:
            hint = "set account, or name the ledger's file with --ledger"
            raise UsageError([Problem(message="without an account there is no default ledger", hint=hint)])
        return self._state_folder / "twiliodest" / ledger_name(account, server)

    def other_ledgers(self, account: str) -> list[Path]:
        """The ledgers of an account for other servers than Twilio."""
        found = (self._state_folder / "twiliodest").glob(f"{account}@*.db")
        return sorted(path for path in found if ASIDE not in path.name)

    @property
    def _state_folder(self) -> Path:
        if sys.platform == "darwin":
            return self._home / "Library" / "Application Support"
        given = Path(self.variables.get("XDG_STATE_HOME", ""))  # XDG: a relative one is to be ignored
        return given if given.is_absolute() else self._home / ".local" / "state"

    @property
    def _home(self) -> Path:
        """Raises `UsageError` where it would depend on the current folder: elsewhere, everybody is texted again."""
        hint = "set HOME or XDG_STATE_HOME to a full path, or name the ledger's file with --ledger"
        given = self.variables.get("HOME")
        if not given:
            try:
                return _home_of_the_user()
            except (KeyError, ImportError):
                message = (
                    "HOME is not set, and this user has no home folder, so there is no place for the ledger"
                )
                raise UsageError([Problem(message=message, hint=hint)]) from None
        if not os.path.isabs(given):
            message = f'HOME is "{given}", which is not a full path, so there is no place for the ledger'
            raise UsageError([Problem(message=message, hint=hint)])
        return Path(given)


def _home_of_the_user() -> Path:
    """What the password file says. Raises `KeyError` where it knows nothing of this user."""
    import pwd

    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    if not home.is_absolute():
        raise KeyError(home)
    return home
