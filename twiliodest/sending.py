"""A delivery: every message is posted once, within the budgets, until the events or a person's patience end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from twiliodest import screen
from twiliodest.deliver import Budget, Delivery, Time
from twiliodest.errors import ExitStatus, Problem
from twiliodest.events import Progress, outcomes
from twiliodest.ledger import Ledger
from twiliodest.loop import Loop, Stop
from twiliodest.model import Account, Outcome
from twiliodest.network import Route, route_to
from twiliodest.pace import Pace
from twiliodest.report import FINE
from twiliodest.results import Results
from twiliodest.run import Run
from twiliodest.twilio import Accepted, Lane

FIRST = (
    ExitStatus.INTERRUPTED,
    ExitStatus.REFUSED,
    ExitStatus.USAGE,
    ExitStatus.UNKNOWN,
    ExitStatus.INCOMPLETE,
)


def deliver(run: Run, account: Account, path: Path, messages: int | None = None) -> ExitStatus:
    """Send all, remembering it in the ledger at `path`; `messages` is their number, where it is known.

    Raises `UsageError` and `LedgerError`.
    """
    # what is loaded stays, and values hold no cycles: a collection would look at all of them, and find nothing
    route = route_to(account.api_base, run.environment.variables)
    gc.freeze()
    gc.set_threshold(10_000)
    with contextlib.closing(Ledger.open(path, clock=run.environment.clock)) as ledger:
        return asyncio.run(_deliver(run, account, route, ledger, messages))


async def _deliver(
    run: Run, account: Account, route: Route, ledger: Ledger, messages: int | None
) -> ExitStatus:
    stop, progress = Stop(), Progress()
    clock = Time(
        clock=run.environment.clock,
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        jitter=lambda: random.uniform(-1, 1),  # noqa: S311 -- no secret
    )
    accepted = Accepted()
    lanes = [Lane(account, route, accepted=accepted) for _ in range(run.config.concurrency)]
    bar = run.bar(messages)
    with run.rejects() as rejects, bar, _signals(stop):
        results = run.results(bar, rejects)

        def tell(outcome: Outcome) -> None:
            results.tell((outcome,))
            _stop_after(outcome, run, results, stop)

        delivery = Delivery(
            account.sid,
            lanes,
            ledger,
            Pace(run.config.rate),
            clock,
            stop,
            retry=run.retry,
            budgets=_budgets(run),
            guards=run.guards(ledger),
        )
        loop = Loop(delivery, delivery.workers, stop, tell, results.finished)
        try:
            await loop.run(outcomes(run.planner(keeps_texts=True), progress, bar.advance))
        finally:
            await asyncio.gather(*(lane.close() for lane in lanes))
    run.conclude(results, progress, untried=loop.untried)
    if stop.reason:
        screen.print_problems([Problem(message=f"the run was stopped: {stop.reason}")])
    said = {stop.status, results.tally.exit_status()}
    return next((status for status in FIRST if status in said), ExitStatus.OK)


def _budgets(run: Run) -> list[Budget]:
    budgets = []
    if run.options.limit is not None:
        budgets.append(Budget(run.options.limit, ExitStatus.OK, ""))
    if (most := run.config.max_messages) is not None:
        reason = f"max_messages is reached: {most:,} were posted, and there are more"
        budgets.append(Budget(most, ExitStatus.INCOMPLETE, reason))
    return budgets


def _stop_after(outcome: Outcome, run: Run, results: Results, stop: Stop) -> None:
    """Nobody reads the output any more, or nothing may go wrong and something did."""
    if results.is_closed:
        stop.now(ExitStatus.OK, "")
    if run.options.fail_fast and outcome.status not in FINE:
        reason = f"--fail-fast: {outcome.event.source}:{outcome.event.line} {outcome.status}"
        stop.now(ExitStatus.INCOMPLETE, reason)


@contextlib.contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run in good order; the second ends it at once."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.status is ExitStatus.INTERRUPTED:
            os._exit(ExitStatus.INTERRUPTED)  # the ledger is right either way
        stop.status = ExitStatus.INTERRUPTED
        stop.now(ExitStatus.INTERRUPTED, "interrupted; a rerun goes on where it stopped")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
