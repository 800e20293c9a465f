"""Which ledger a command means."""

from __future__ import annotations

from pathlib import Path

from twiliodest.cli.environment import Environment
from twiliodest.cli.options import load_to_send
from twiliodest.config.accounts import api_base_problems
from twiliodest.config.settings import Config
from twiliodest.errors import UsageError
from twiliodest.ledger.exposure import exposure
from twiliodest.ledger.servers import server_of
from twiliodest.screens import screen


def ledger_path(
    given: Path | None, config: Path | None, api_base: str | None, environment: Environment
) -> Path:
    """The ledger that is named, or the usual one. Raises `UsageError`."""
    if given:
        return given
    loaded = load_to_send(config, environment, api_base)
    return loaded.ledger or default_ledger(loaded, api_base, environment)


def default_ledger(config: Config, api_base: str | None, environment: Environment) -> Path:
    """The ledger of the server that is named; where none is, and nothing went there yet, the only other one."""
    if problems := api_base_problems(api_base):
        raise UsageError(problems)
    server = server_of(api_base or config.api_base)
    path = environment.ledger_path(config.account, server)
    if api_base or path.exists() or not config.account:
        return path
    others = environment.other_ledgers(config.account)
    if len(others) == 1:
        screen.print_line(f"there is no ledger for {server} yet, so this is {others[0]}")
    return others[0] if len(others) == 1 else path


def is_there(path: Path) -> bool:
    """Whether there is a ledger, or what is left of one; if not, this is told, and else who can read it."""
    if path.exists() or Path(f"{path}-wal").exists():
        warn_of_others(path)
        return True
    screen.print_line(f"there is no ledger at {path} yet")
    return False


def warn_of_others(path: Path) -> None:
    """Say so if others can read a ledger."""
    if exposed := exposure(path):
        screen.print_problems([exposed])
