"""The command `ledger check`."""

from __future__ import annotations

import itertools
from pathlib import Path

from twiliodest.cli.command import declare, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.place import is_there, ledger_path
from twiliodest.cli.options import api_base_option, config_option, ledger_option
from twiliodest.errors import ExitStatus, Problem
from twiliodest.ledger.check import faults, go_on_without
from twiliodest.screens import screen

SHOWN = 20  # faults


@declare("check")
@option(
    "--accept", under="Safety", is_flag=True, help="Go on without the lost log; people may be texted twice."
)
@config_option
@ledger_option
@api_base_option
def command(*, accept: bool, config: Path | None, ledger: Path | None, api_base: str | None) -> ExitStatus:
    """$ twiliodest ledger check

    Read the whole ledger, and report what is damaged or missing. Exit status 1 if anything is.
    """
    environment = Environment.current()
    path = ledger_path(ledger, config, api_base, environment)
    if not is_there(path):
        return ExitStatus.OK
    if accept and go_on_without(path):
        screen.print_line("from now on the ledger is used without its lost log")
    found = faults(path, environment.clock())
    told = list(itertools.islice(found, SHOWN))
    if not told:
        screen.print_line(f"the ledger {path} is whole and undamaged")
        return ExitStatus.OK
    screen.print_problems([Problem(message=f"{path}: {sentence}") for sentence in told])
    if more := sum(1 for _ in found):
        screen.print_line(f"… and {more:,} more")
    screen.print_line("restore it from a backup; without it, people may be texted twice")
    return ExitStatus.INCOMPLETE
