"""The command `ledger backup`."""

from __future__ import annotations

from pathlib import Path

import click

from twiliodest.cli.command import argument, declare, mistake
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.place import ledger_path, warn_of_others
from twiliodest.cli.options import api_base_option, config_option, ledger_option
from twiliodest.ledger.copy import back_up
from twiliodest.screens import screen


@declare("backup")
@argument("file", type=click.Path(path_type=Path))
@config_option
@ledger_option
@api_base_option
def command(file: Path, config: Path | None, ledger: Path | None, api_base: str | None) -> None:
    """$ twiliodest ledger backup ledger-backup.db

    Copy the ledger to a new file, as it is at one moment. Runs can go on meanwhile.
    """
    path = ledger_path(ledger, config, api_base, Environment.current())
    if not path.exists():
        raise mistake(f"there is no ledger at {path} yet, so there is nothing to copy")
    warn_of_others(path)
    count = back_up(path, file)
    screen.print_line(f"copied {count:,} row{'' if count == 1 else 's'} to {file}")
