"""The command `ledger receipts`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from twiliodest.cli.command import declare, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.ledger.asking import address_to_ask
from twiliodest.cli.ledger.filters import moment
from twiliodest.cli.ledger.place import default_ledger, is_there
from twiliodest.cli.options import api_base_option, config_option, ledger_option, load_to_send, output_option
from twiliodest.cli.receipts import collect, did_not_arrive
from twiliodest.cli.signals import interrupts
from twiliodest.cli.values import Span
from twiliodest.config.accounts import account_of
from twiliodest.errors import ExitStatus
from twiliodest.ledger.ledger import Ledger
from twiliodest.screens import receipts as shown
from twiliodest.screens.report import encode_lines

REACH = 40 * 86400.0  # seconds: what was scheduled as far ahead as possible, and some days for its receipt


@declare("receipts")
@option(
    "--since",
    under="Input",
    metavar="TIME",
    help="Only what was sent since then: 2026-11-23, or 3d (default: 40d).",
)
@option(
    "--wait",
    under="Delivery",
    type=Span(),
    default=0,
    help="Keep asking until all are final, for at most this long: 5m.",
)
@config_option
@ledger_option
@api_base_option
@output_option
def command(
    since: str | None, wait: int, config: Path | None, ledger: Path | None, api_base: str | None, output: str
) -> ExitStatus:
    """$ twiliodest ledger receipts --wait 5m

    Ask Twilio what became of what it took: whether it arrived, why not, and what it cost.
    """
    environment = Environment.current()
    loaded = load_to_send(config, environment, api_base)
    now = environment.clock()
    begin = moment(since, now) if since else now - REACH
    path = ledger or loaded.ledger or default_ledger(loaded, api_base, environment)
    account = account_of(loaded, api_base)
    if not is_there(path):
        return ExitStatus.OK
    from twiliodest.twilio.network import route_to

    with interrupts(), contextlib.closing(Ledger.open(path, clock=environment.clock)) as opened:
        account = msgspec.structs.replace(
            account, api_base=address_to_ask(opened, account.api_base, api_base)
        )
        route = route_to(account.api_base, environment.variables)
        show = environment.stderr_is_terminal
        fault = asyncio.run(collect(opened, account, route, environment, begin, wait, show=show))
        ended = opened.ended(begin)
        if output == "jsonl":
            sys.stdout.buffer.write(encode_lines(it._asdict() for it in ended))
        else:
            shown.print_receipts(ended)
    return ExitStatus.INCOMPLETE if fault or did_not_arrive(opened, begin) else ExitStatus.OK
