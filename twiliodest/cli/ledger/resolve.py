"""The command `ledger resolve`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from twiliodest.cli.command import declare
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.asking import address_to_ask
from twiliodest.cli.ledger.place import default_ledger, is_there
from twiliodest.cli.options import api_base_option, config_option, ledger_option, load_to_send
from twiliodest.cli.signals import interrupts
from twiliodest.config.accounts import account_of
from twiliodest.config.settings import Config
from twiliodest.errors import ExitStatus, Problem
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.servers import parted
from twiliodest.model import Account
from twiliodest.screens import screen

if TYPE_CHECKING:
    from twiliodest.twilio.network import Route


@declare("resolve")
@config_option
@ledger_option
@api_base_option
def command(config: Path | None, ledger: Path | None, api_base: str | None) -> ExitStatus:
    """$ twiliodest ledger resolve

    Look up unknown messages at Twilio; those that it accepted become sent.
    """
    environment = Environment.current()
    loaded = load_to_send(config, environment, api_base)
    path = ledger or loaded.ledger or default_ledger(loaded, api_base, environment)
    with interrupts():
        return resolve_unknowns(loaded, path, api_base, environment.variables)


def resolve_unknowns(
    config: Config, path: Path, api_base: str | None, variables: Mapping[str, str]
) -> ExitStatus:
    """Look up every unknown message where it went. Raises `UsageError`, `LedgerError`."""
    account = account_of(config, api_base)
    if not is_there(path):
        return ExitStatus.OK
    from twiliodest.twilio.network import route_to

    with contextlib.closing(Ledger.open(path)) as ledger:
        account = msgspec.structs.replace(
            account, api_base=address_to_ask(ledger, account.api_base, api_base)
        )
        route = route_to(account.api_base, variables)
        phone = next((phone for server, _ in ledger.servers() if (phone := parted(server)[1])), None)
        left, found, fault = asyncio.run(_resolve(account, route, ledger, phone))
    nothing = not (found or left or fault)
    screen.print_line(
        "nothing is unknown"
        if nothing
        else f"{found:,} found in Twilio's list and marked as sent, {left:,} still unknown"
    )
    if fault:
        screen.print_problems([Problem(message=f"Twilio's list cannot be read: {fault}")])
    if left:
        screen.print_line(
            "not found does not mean not sent: send --retry unknown may text these people twice"
        )
    return ExitStatus.UNKNOWN if left else ExitStatus.OK


async def _resolve(account: Account, route: Route, ledger: Ledger, phone: str | None) -> tuple[int, int, str]:
    """How many are left and how many were found; and why the list cannot be read, which ends the search.

    `phone` is where all texts were diverted to.
    """
    from twiliodest.delivery.diversion import DivertedLane
    from twiliodest.delivery.reconcile import prove
    from twiliodest.twilio.faults import LookUpError
    from twiliodest.twilio.messages import Lane

    plain = Lane(account, route)
    lane = DivertedLane(plain, phone) if phone else plain
    rows, found, fault = ledger.unknowns(), 0, ""
    try:
        for row in rows:
            found += await prove(row, lane, ledger) is not None
    except LookUpError as error:
        fault = str(error)
    finally:
        await lane.close()
    return len(rows) - found, found, fault
