"""What the `ledger` commands do."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from twiliodest.config.settings import Config, account_of
from twiliodest.errors import ExitStatus, ExpressionError, Problem, UsageError
from twiliodest.guards.durations import read_duration
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Row, State
from twiliodest.ledger.servers import is_own, server_of
from twiliodest.messages.phones import PhoneError, recipient
from twiliodest.model import Account
from twiliodest.screens import screen
from twiliodest.screens.report import encode_lines

if TYPE_CHECKING:
    from twiliodest.twilio.network import Route


def list_rows(
    path: Path,
    states: Sequence[str],
    to: str | None,
    action: str | None,
    since: str | None,
    limit: int,
    *,
    jsonl: bool,
    now: float,
    region: Callable[[], str | None],
) -> None:
    """Show rows, the latest first; 0 is no limit. Raises `UsageError`.

    `region` gives the configuration's, for a recipient that is not written in E.164; `now` is in unix seconds.
    """
    known = [state.value for state in State]
    if unknown := [state for state in states if state not in known]:
        raise UsageError(
            [Problem(message=f'no status is called "{unknown[0]}"', hint=f"they are: {', '.join(known)}")]
        )
    moment = _moment(since, now) if since else None
    person = to and _recipient(to, region)
    ledger = Ledger.open_readonly(path)
    if ledger is None:
        screen.print_line(f"there is no ledger at {path} yet")
        return
    with contextlib.closing(ledger):
        rows = ledger.rows(
            states=[State(state) for state in states] or None,
            to=person,
            action=action,
            since=moment,
            limit=limit or None,
        )
        if jsonl:
            for row in rows:
                sys.stdout.buffer.write(encode_lines([_record(row)]))
        else:
            screen.print_rows(rows)


def resolve_unknowns(
    config: Config, path: Path, api_base: str | None, variables: Mapping[str, str]
) -> ExitStatus:
    """Look up every unknown message where it went. Raises `UsageError`, `LedgerError`."""
    account = account_of(config, api_base)
    if not _is_there(path):
        return ExitStatus.OK
    from twiliodest.twilio.network import route_to

    with contextlib.closing(Ledger.open(path)) as ledger:
        account = msgspec.structs.replace(account, api_base=_asked(ledger, account.api_base, api_base))
        route = route_to(account.api_base, variables)
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


def prune_rows(path: Path, older_than: str, now: float) -> None:
    """Forget old rows; `now` is in unix seconds. Raises `UsageError`, `LedgerError`."""
    before = now - _age(older_than)
    if not _is_there(path):
        return
    with contextlib.closing(Ledger.open(path)) as ledger:
        count = ledger.prune(before)
    screen.print_line(f"forgot {count:,} row{'' if count == 1 else 's'}")


def _is_there(path: Path) -> bool:
    """Whether there is a ledger, or what is left of one; if not, this is told."""
    if path.exists() or Path(f"{path}-wal").exists():
        return True
    screen.print_line(f"there is no ledger at {path} yet")
    return False


def _asked(ledger: Ledger, usual: str, named: str | None) -> str:
    """The address to ask: the server's where the ledger's messages went. Raises `UsageError`.

    The token goes to Twilio, to this machine, and to where the user says; to no other place that a file names.
    """
    held = ledger.servers()
    if not held or server_of(usual) in [server for server, _ in held]:
        return usual
    server, address = held[0]
    if named:
        message = f"the messages of this ledger went to {server}, not to {server_of(named)}"
        raise UsageError(
            [Problem(message=message, hint=f"leave out --api-base, or write --api-base {address}")]
        )
    if not is_own(server):
        message = (
            f"the messages of this ledger went to {server}, and the configuration says {server_of(usual)}"
        )
        raise UsageError([Problem(message=message, hint=f"to ask there, write --api-base {address}")])
    screen.print_line(f"asking {server}, where the messages of this ledger went")
    return address


async def _resolve(account: Account, route: Route, ledger: Ledger) -> tuple[int, int, str]:
    """How many are left and how many were found; and why the list cannot be read, which ends the search."""
    from twiliodest.delivery.reconcile import prove
    from twiliodest.twilio.messages import Lane, LookUpError

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


def _recipient(text: str, region: Callable[[], str | None]) -> str:
    """The recipient that an option names, read as those of events are."""
    with contextlib.suppress(PhoneError):
        return recipient(text, None)
    try:
        return recipient(text, region())
    except PhoneError as error:
        raise UsageError([Problem(message=f"--to: {error.reason}")]) from None


def _moment(text: str, now: float) -> float:
    with contextlib.suppress(ExpressionError):
        return now - read_duration(text.strip(), math.inf)
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        hint = "write a date like 2026-11-23, a time like 2026-11-23T10:00, or an age like 3d"
        raise UsageError([Problem(message=f'"{text}" is not a time', hint=hint)]) from None


def _age(text: str) -> float:
    try:
        return read_duration(text.strip(), math.inf)
    except ExpressionError:
        hint = "write one like 365d, 12h, 30m or 4w"
        raise UsageError([Problem(message=f'"{text}" is not a duration', hint=hint)]) from None
