"""The command `ledger list`."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from twiliodest.cli.command import declare, mistake, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.place import is_there, ledger_path
from twiliodest.cli.options import api_base_option, config_option, ledger_option, load, output_option
from twiliodest.cli.values import Number
from twiliodest.errors import ExpressionError
from twiliodest.guards.durations import read_duration
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Row, State
from twiliodest.messages.phones import PhoneError, recipient
from twiliodest.screens import screen
from twiliodest.screens.report import encode_lines


@declare("list")
@config_option
@ledger_option
@option("--status", metavar="STATUS", multiple=True, help="Only these: sent, unknown, …")
@option("--to", metavar="NUMBER", help="Only this recipient.")
@option("--action", metavar="NAME", help="Only this action.")
@option("--since", metavar="TIME", help="Not older: 2026-11-23, or 3d.")
@option("--limit", type=Number(0), default=50, show_default=True, help="Rows, the latest first; 0 shows all.")
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

    Show what the ledger knows, the latest first.
    """
    environment = Environment.current()
    path = ledger_path(ledger, config, api_base, environment)
    known = [state.value for state in State]
    if unknown := [state for state in status if state not in known]:
        raise mistake(f'no status is called "{unknown[0]}"', f"they are: {', '.join(known)}")
    moment = _moment(since, environment.clock()) if since else None
    person = to and _recipient(to, lambda: _region(config, environment))
    if not is_there(path):
        return
    opened = Ledger.open_readonly(path)
    if opened is None:
        screen.print_line(f"there is no ledger at {path} yet")
        return
    with contextlib.closing(opened):
        rows = opened.rows(
            states=[State(state) for state in status] or None,
            to=person,
            action=action,
            since=moment,
            limit=limit or None,
        )
        if output == "table":
            screen.print_rows(rows)
            return
        for row in rows:
            sys.stdout.buffer.write(encode_lines([_record(row)]))


def _region(config: Path | None, environment: Environment) -> str | None:
    """The country of national numbers, where there is a configuration."""
    if config is None and not environment.config_path.exists():
        return None
    return load(config, environment).default_region


def _record(row: Row) -> dict[str, object]:
    fields = msgspec.structs.asdict(row)
    for name in ("key", "text", "run"):
        del fields[name]
    fields["status"] = fields.pop("state")
    for name in ("claimed_at", "settled_at"):
        seconds = fields[name]
        fields[name] = None if seconds is None else datetime.fromtimestamp(seconds).astimezone()
    return fields


def _recipient(text: str, region: Callable[[], str | None]) -> str:
    """The recipient that an option names, read as those of events are."""
    with contextlib.suppress(PhoneError):
        return recipient(text, None)
    try:
        return recipient(text, region())
    except PhoneError as error:
        raise mistake(f"--to: {error.reason}") from None


def _moment(text: str, now: float) -> float:
    with contextlib.suppress(ExpressionError):
        return now - read_duration(text.strip(), math.inf)
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        hint = "write a date like 2026-11-23, a time like 2026-11-23T10:00, or an age like 3d"
        raise mistake(f'"{text}" is not a time', hint) from None
