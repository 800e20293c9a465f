"""The command `ledger prune`."""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path

from twiliodest.cli.command import declare, mistake, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.place import is_there, ledger_path
from twiliodest.cli.options import api_base_option, config_option, ledger_option
from twiliodest.cli.signals import interrupts
from twiliodest.errors import ExitStatus, ExpressionError
from twiliodest.guards.durations import read_duration
from twiliodest.ledger.ledger import Ledger
from twiliodest.screens import screen
from twiliodest.screens.send import ask

DAY = 24 * 60 * 60  # seconds; what is younger comes again easily


@declare("prune")
@option(
    "--older-than",
    under="Input",
    metavar="AGE",
    required=True,
    help="Forget what is older than this: 90d, 12h.",
)
@option("--dry-run", "-n", under="Safety", is_flag=True, help="Show what would be forgotten; forget nothing.")
@option(
    "--yes", "-y", under="Safety", is_flag=True, help="Do not ask; also needed for an age of less than a day."
)
@config_option
@ledger_option
@api_base_option
def command(
    *,
    older_than: str,
    dry_run: bool,
    yes: bool,
    config: Path | None,
    ledger: Path | None,
    api_base: str | None,
) -> ExitStatus:
    """$ twiliodest ledger prune --older-than 365d

    Forget old rows, except unknown ones. An event that was forgotten texts people again if it is sent again.
    """
    environment = Environment.current()
    path = ledger_path(ledger, config, api_base, environment)
    age = _age(older_than)
    if age < DAY and not (yes or dry_run):
        message = f"{older_than.strip()} is less than a day: whoever was texted today could be texted again"
        raise mistake(message, "use a longer age, or add --yes if you mean it")
    if not is_there(path):
        return ExitStatus.OK
    asks = not yes and environment.stdin_is_terminal and environment.stderr_is_terminal
    with interrupts():
        return prune(path, environment.clock() - age, asks=asks, dry_run=dry_run)


def prune(path: Path, before: float, *, asks: bool, dry_run: bool) -> ExitStatus:
    """Forget what was settled before that time. Raises `LedgerError`."""
    told = _told(path, before)
    if dry_run:
        screen.print_line(f"would forget {told}")
        return ExitStatus.OK
    if asks:
        screen.print_line(f"about to forget {told}")
        if not ask("Forget?"):
            screen.print_line("nothing was forgotten")
            return ExitStatus.INCOMPLETE
    with contextlib.closing(Ledger.open(path)) as opened:
        opened.prune(before)
    screen.print_line(f"forgot {told}")
    return ExitStatus.OK


def _told(path: Path, before: float) -> str:
    """What pruning forgets, and what that means."""
    ledger, rows, people = Ledger.open_readonly(path), 0, 0
    if ledger:
        with contextlib.closing(ledger):
            rows, people = ledger.prunable(before)
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(max(before, 0)))
    told = f"{rows:,} row{'' if rows == 1 else 's'} from before {since}"
    if people:
        who = "1 person" if people == 1 else f"{people:,} people"
        told += f": {who} could be texted again if the same events come again"
    return told


def _age(text: str) -> float:
    try:
        return read_duration(text.strip(), math.inf)
    except ExpressionError:
        hint = "write one like 365d, 12h, 30m or 4w"
        raise mistake(f'"{text}" is not a duration', hint) from None
