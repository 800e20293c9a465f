"""The command `ledger list`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from twiliodest.cli.command import declare, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.filters import configured_actions, moment, person, refuse_unknown, states
from twiliodest.cli.ledger.place import is_there, ledger_path
from twiliodest.cli.options import api_base_option, config_option, ledger_option, output_option
from twiliodest.cli.selection import ActionName
from twiliodest.cli.values import Number
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.receipts import Receipt
from twiliodest.ledger.rows import Row, State
from twiliodest.screens import screen
from twiliodest.screens.ledger import print_rows
from twiliodest.screens.report import encode_lines


@declare("list")
@config_option
@ledger_option
@option(
    "--status",
    under="Output",
    metavar="STATUS",
    multiple=True,
    shell_complete=lambda context, parameter, begun: [it.value for it in State if it.value.startswith(begun)],
    help="Only these statuses: sent, unknown, …",
)
@option("--to", under="Output", metavar="NUMBER", help="Only this recipient.")
@option("--action", under="Output", metavar="NAME", type=ActionName(), help="Only this action.")
@option("--since", under="Output", metavar="TIME", help="Only since this time: 2026-11-23, or 3d.")
@option(
    "--limit",
    under="Output",
    type=Number(0),
    default=50,
    show_default=True,
    help="Rows to show, the latest first; 0 shows all.",
)
@api_base_option
@output_option
def command(
    config: Path | None,
    ledger: Path | None,
    status: Sequence[str],
    to: str | None,
    action: str | None,
    since: str | None,
    limit: int,
    api_base: str | None,
    output: str,
) -> None:
    """$ twiliodest ledger list --status unknown

    List the messages in the ledger, the latest first.
    """
    environment = Environment.current()
    path = ledger_path(ledger, config, api_base, environment)
    chosen, told = states(status)
    start = moment(since, environment.clock()) if since else None
    recipient = to and person(to, config, environment)
    if not is_there(path):
        return
    opened = Ledger.open_readonly(path)
    if opened is None:
        screen.print_line(f"there is no ledger at {path} yet")
        return
    with contextlib.closing(opened):
        if action is not None:
            refuse_unknown(action, opened, lambda: configured_actions(config, environment))
        rows = opened.rows_and_receipts(
            states=chosen if status else None,
            statuses=told,
            to=recipient,
            action=action,
            since=start,
            limit=limit or None,
        )
        if output == "table":
            print_rows(rows)
            return
        for row, receipt in rows:
            sys.stdout.buffer.write(encode_lines([_record(row, receipt)]))


def _record(row: Row, receipt: Receipt | None) -> dict[str, object]:
    fields = msgspec.structs.asdict(row)
    for name in ("key", "text", "run"):
        del fields[name]
    fields["status"] = fields.pop("state")
    for name in ("claimed_at", "settled_at"):
        fields[name] = _moment(fields[name])
    fields["receipt"] = None
    if receipt:
        told = msgspec.structs.asdict(receipt)
        del told["sid"]
        fields["receipt"] = {**told, "asked_at": _moment(receipt.asked_at)}
    return fields


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds).astimezone()
