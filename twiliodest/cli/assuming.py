"""`send --assume-sent`: a question, and rows in the ledger. Nothing is posted."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twiliodest.cli.command import mistake
from twiliodest.cli.preview import count_plan
from twiliodest.cli.reading import Reading
from twiliodest.cli.run import Run
from twiliodest.cli.sending import drive
from twiliodest.config.accounts import account_of
from twiliodest.delivery.assume import Assumption, Evidence, everything, in_the_list
from twiliodest.delivery.records import RecordError, in_records
from twiliodest.errors import ExitStatus, Place, Problem, UsageError
from twiliodest.ledger.ledger import Ledger
from twiliodest.model import Account, Secret
from twiliodest.screens import screen
from twiliodest.screens import send as send_screen
from twiliodest.screens.assumed import print_assumed
from twiliodest.twilio.messages import Lane
from twiliodest.twilio.network import route_to

if TYPE_CHECKING:
    from twiliodest.screens.report import Tally

LIST = "twilio"  # what --shown-in names instead of a file
WORKERS = 16


def assume_sent(run: Run) -> ExitStatus:
    """Write what the events make as sent, once the user has said so. Raises `UsageError` and `LedgerError`."""
    run.config = replace(run.config, max_messages=None)  # which guards what is posted
    evidence = None if run.options.shown_in in (None, LIST) else _records(Path(str(run.options.shown_in)))
    account = _account(run)
    environment = run.environment
    if run.options.ask and not (environment.stdin_is_terminal and environment.stderr_is_terminal):
        raise mistake("--assume-sent asks before it writes, and there is no terminal to ask on", "add --yes")
    plan: Tally | None = None
    if run.is_rereadable and run.options.ask:
        run.read_to_plan()
        plan, first = count_plan(run)
        if plan.messages:
            print_assumed(plan, first, run.options.shown_in)
            if not send_screen.ask("Write these to the ledger as sent, and send none of them?"):
                run.notes.problems.append("you answered no: nothing was written")
                screen.print_line("nothing was written")
                return ExitStatus.INCOMPLETE
        run.read_what_was_planned()
    path = run.ledger_path()
    assert path, "an account has a ledger"  # noqa: S101 -- for the type checker
    use = run.use(account)
    opened = Ledger.open(path, clock=environment.clock, use=use, since=run.counted_with)
    with contextlib.closing(opened) as ledger:
        run.warn(ledger, use)
        return asyncio.run(_assume(run, account, ledger, evidence, plan))


async def _assume(
    run: Run, account: Account, ledger: Ledger, evidence: Evidence | None, plan: Tally | None
) -> ExitStatus:
    reading, lane = Reading(run), None
    if run.options.shown_in == LIST:
        lane = Lane(account, route_to(account.api_base, run.environment.variables))
        evidence = in_the_list(lane, ledger)
    finisher = Assumption(account.sid, ledger, evidence or everything, reading.stop, run.options.limit)
    try:
        return await drive(run, ledger, finisher, 1 if lane else WORKERS, plan, reading)
    finally:
        if lane:
            await lane.close()


def _account(run: Run) -> Account:
    """Whose ledger it is; a token is needed only to read Twilio's list. Raises `UsageError`."""
    config = run.config
    if run.options.shown_in != LIST:
        config = replace(config, token=config.token or Secret("none"))
    return account_of(config, run.options.api_base)


def _records(path: Path) -> Evidence:
    try:
        with path.open("rb") as file:
            return in_records(file)
    except (RecordError, OSError) as error:
        told = error.strerror or "it cannot be read" if isinstance(error, OSError) else str(error)
        raise UsageError([Problem(message=told, place=Place(str(path)))]) from None
