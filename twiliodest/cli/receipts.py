"""Asking Twilio what became of messages, for a command or at the end of a run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from twiliodest.cli.environment import Environment
from twiliodest.errors import Problem
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.receipts import NOT_ARRIVED
from twiliodest.model import Account
from twiliodest.screens import receipts as shown
from twiliodest.screens import screen

if TYPE_CHECKING:
    from twiliodest.twilio.network import Route


async def collect(
    ledger: Ledger,
    account: Account,
    route: Route,
    environment: Environment,
    since: float,
    wait: float,
    *,
    run: str | None = None,
    show: bool = False,
) -> str:
    """Ask about what the ledger has as sent; says why that failed, which is also shown. Raises `LedgerError`."""
    from twiliodest.delivery.receipts import Receipts
    from twiliodest.twilio.faults import LookUpError
    from twiliodest.twilio.receipts import Asker

    asker = Asker(account, route)
    receipts = Receipts(ledger, asker, environment.clock, since=since, run=run)
    fault = ""
    try:
        with shown.waiting(len(receipts.left()), shown=show) as tell:
            await receipts.wait(wait, asyncio.sleep, tell)
    except LookUpError as error:
        fault = f"Twilio's messages cannot be read: {error}"
        screen.print_problems([Problem(message=fault, hint="ask again with: twiliodest ledger receipts")])
    finally:
        await asker.close()
    return fault


def did_not_arrive(ledger: Ledger, since: float, run: str | None = None) -> bool:
    """Whether something is known not to have been delivered."""
    return any(it.status in NOT_ARRIVED for it in ledger.ended(since, run=run))
