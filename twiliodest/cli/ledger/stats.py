"""The command `ledger stats`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from twiliodest.cli.command import declare, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.filters import moment
from twiliodest.cli.ledger.place import is_there, ledger_path
from twiliodest.cli.options import api_base_option, config_option, ledger_option, output_option
from twiliodest.ledger.ledger import Ledger
from twiliodest.screens import screen
from twiliodest.screens.report import encode_lines


@declare("stats")
@config_option
@ledger_option
@option("--since", under="Output", metavar="TIME", help="Only since this time: 2026-11-23, or 3d.")
@api_base_option
@output_option
def command(
    config: Path | None, ledger: Path | None, since: str | None, api_base: str | None, output: str
) -> None:
    """$ twiliodest ledger stats --since 7d

    Count the rows of the ledger by action, status and error code.
    """
    environment = Environment.current()
    path = ledger_path(ledger, config, api_base, environment)
    start = moment(since, environment.clock()) if since else None
    if not is_there(path):
        return
    opened = Ledger.open_readonly(path)
    groups = []
    if opened:
        with contextlib.closing(opened):
            groups = opened.groups(since=start)
    if output == "jsonl":
        sys.stdout.buffer.write(encode_lines(groups))
        return
    screen.print_table(
        ("action", "status", "receipt", "code", "rows"),
        [(it.action, it.status.value, it.receipt or "", str(it.code or ""), f"{it.rows:,}") for it in groups],
        numbers=(3, 4),
    )
    total = sum(group.rows for group in groups)
    screen.print_line(f"rows      {total:,}")
