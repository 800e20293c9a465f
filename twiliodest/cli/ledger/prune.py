"""The command `ledger prune`."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

from twiliodest.cli.command import declare, mistake, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.place import is_there, ledger_path
from twiliodest.cli.options import api_base_option, config_option, ledger_option
from twiliodest.errors import ExpressionError
from twiliodest.guards.durations import read_duration
from twiliodest.ledger.ledger import Ledger
from twiliodest.screens import screen


@declare("prune")
@option("--older-than", metavar="AGE", required=True, help="An age, like 90d or 12h.")
@config_option
@ledger_option
@api_base_option
def command(older_than: str, config: Path | None, ledger: Path | None, api_base: str | None) -> None:
    """$ twiliodest ledger prune --older-than 365d

    Forget old rows. An event that is forgotten and sent again texts people again; unknown rows are kept.
    """
    environment = Environment.current()
    path = ledger_path(ledger, config, api_base, environment)
    before = environment.clock() - _age(older_than)
    if not is_there(path):
        return
    with contextlib.closing(Ledger.open(path)) as opened:
        count = opened.prune(before)
    screen.print_line(f"forgot {count:,} row{'' if count == 1 else 's'}")


def _age(text: str) -> float:
    try:
        return read_duration(text.strip(), math.inf)
    except ExpressionError:
        hint = "write one like 365d, 12h, 30m or 4w"
        raise mistake(f'"{text}" is not a duration', hint) from None
