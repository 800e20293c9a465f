"""What the `ledger` commands do."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from twiliodest import screen
from twiliodest.config import Config, account_of
from twiliodest.errors import ExitStatus, Problem, UsageError
from twiliodest.ledger import Ledger
from twiliodest.model import Account
from twiliodest.rows import Row, State

if TYPE_CHECKING:
    from twiliodest.network import Route

UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


def list_rows(
    path: Path,
    states: Sequence[str],
    to: str | None,
    action: str | None,
    since: str | None,
    limit: int,
    *,
    jsonl: bool,
) -> None:
    """Show rows, the latest first; 0 is no limit. Raises `UsageError`."""
    known = [state.value for state in State]
    if unknown := [state for state in states if state not in known]:
        raise UsageError(
            [Problem(message=f'no status is called "{unknown[0]}"', hint=f"they are: {', '.join(known)}")]
        )
    moment = _moment(since) if since else None
    ledger = Ledger.open_readonly(path)
    if ledger is None:
        screen.print_line(f"there is no ledger at {path} yet")
        return
    with contextlib.closing(ledger):
        rows = ledger.rows(
            states=[State(state) for state in states] or None,
            to=to,
            action=action,
            since=moment,
            limit=limit or None,
        )
        if jsonl:
            for row in rows:
                sys.stdout.buffer.write(_RECORD.encode(_record(row)) + b"\n")
        else:
            screen.print_rows(rows)


def resolve_unknowns(
    config: Config, path: Path, api_base: str | None, variables: Mapping[str, str]
) -> ExitStatus:
    """Look up every unknown message at Twilio. Raises `UsageError`, `LedgerError`."""
    account = account_of(config, api_base)
    if not path.exists():
        screen.print_line(f"there is no ledger at {path} yet")
        return ExitStatus.OK
    from twiliodest.network import route_to

    route = route_to(account.api_base, variables)
    with contextlib.closing(Ledger.open(path)) as ledger:
        left, found, fault = asyncio.run(_resolve(account, route, ledger))
    nothing = not (found or left or fault)
    screen.print_line(
        "nothing is unknown"
        if nothing
        else f"{found:,} found in Twilio's list and now sent, {left:,} still unknown"
    )
    if fault:
        screen.print_problems([Problem(message=f"Twilio's list cannot be read: {fault}")])
    if left:
        screen.print_line(
            "no match proves nothing: send --retry unknown texts these people, perhaps once more"
        )
    return ExitStatus.UNKNOWN if left else ExitStatus.OK


def prune_rows(path: Path, older_than: str) -> None:
    """Forget old rows. Raises `UsageError`, `LedgerError`."""
    before = time.time() - _age(older_than)
    if not path.exists():
        screen.print_line(f"there is no ledger at {path} yet")
        return
    with contextlib.closing(Ledger.open(path)) as ledger:
        count = ledger.prune(before)
    screen.print_line(f"forgot {count:,} row{'' if count == 1 else 's'}")


async def _resolve(account: Account, route: Route, ledger: Ledger) -> tuple[int, int, str]:
    """How many are left and how many were found; and why the list cannot be read, which ends the search."""
    from twiliodest.reconcile import prove
    from twiliodest.twilio import Lane, LookUpError

    lane = Lane(account, route)
    rows, found, fault = ledger.unknowns(), 0, ""
    try:
        for row in rows:
            found += await prove(row, lane, ledger) is not None
    except LookUpError as error:
        fault = str(error)
    finally:
        await lane.close()
    return len(rows) - found, found, fault


def _record(row: Row) -> dict[str, object]:
    fields = msgspec.structs.asdict(row)
    for name in ("key", "text", "run"):
        del fields[name]
    fields["status"] = fields.pop("state")
    for name in ("claimed_at", "settled_at"):
        seconds = fields[name]
        fields[name] = None if seconds is None else datetime.fromtimestamp(seconds).astimezone()
    return fields


_RECORD = msgspec.json.Encoder()


def _moment(text: str) -> float:
    if re.fullmatch(r"\d+[mhdw]", text):
        return time.time() - _age(text)
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        hint = "write a date like 2026-11-23, a time like 2026-11-23T10:00, or an age like 3d"
        raise UsageError([Problem(message=f'"{text}" is no time', hint=hint)]) from None


def _age(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}[mhdw]", text):
        raise UsageError([Problem(message=f'"{text}" is no age', hint="write one like 90d, 12h, 30m or 4w")])
    return int(text[:-1]) * UNITS[text[-1]]
