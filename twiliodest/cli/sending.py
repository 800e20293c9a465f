"""A delivery: every message is posted once, within the budgets, until the events or a person's patience end."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from twiliodest.cli.reading import Reading
from twiliodest.cli.run import Run
from twiliodest.cli.signals import end_line, handled, interrupts
from twiliodest.delivery.budgets import Budget
from twiliodest.delivery.clocks import Time
from twiliodest.delivery.deliver import Delivery
from twiliodest.delivery.diversion import DivertedLane
from twiliodest.delivery.loop import Finisher, Loop
from twiliodest.delivery.pace import Pace
from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus
from twiliodest.ledger.ledger import Ledger
from twiliodest.model import Account, Event, Outcome, Step
from twiliodest.screens.bar import Bar
from twiliodest.screens.report import FINE, Tally
from twiliodest.screens.results import Results
from twiliodest.twilio.messages import Accepted, Lane, Watch
from twiliodest.twilio.network import Route, allow_connections

CLOSED = "nothing reads the output any more; run again to continue where it stopped"
FIRST = (
    ExitStatus.INTERRUPTED,
    ExitStatus.REFUSED,
    ExitStatus.USAGE,
    ExitStatus.UNKNOWN,
    ExitStatus.INCOMPLETE,
)


def deliver(
    run: Run,
    account: Account,
    route: Route,
    path: Path,
    plan: Tally | None = None,
    reading: Reading | None = None,
) -> ExitStatus:
    """Send all, remembering it in the ledger at `path`; the `plan` says what that comes to, where it was counted.

    Raises `UsageError` and `LedgerError`.
    """
    allow_connections(run.config.concurrency)
    use = run.use(account)
    opened = Ledger.open(path, clock=run.environment.clock, use=use, since=run.counted_with)
    with contextlib.closing(opened) as ledger:
        run.warn(ledger, use)
        return asyncio.run(_deliver(run, account, route, ledger, plan, reading or Reading(run)))


async def _deliver(
    run: Run, account: Account, route: Route, ledger: Ledger, plan: Tally | None, reading: Reading
) -> ExitStatus:
    clock = Time(
        clock=run.environment.clock,
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        jitter=lambda: random.uniform(-1, 1),  # noqa: S311 -- no secret
    )
    accepted, watch = Accepted(), Watch(run.environment.clock)
    plain = [Lane(account, route, accepted=accepted, watch=watch) for _ in range(run.config.concurrency)]
    phone = run.options.divert
    lanes = [DivertedLane(lane, phone) for lane in plain] if phone else plain
    delivery = Delivery(
        account.sid,
        lanes,
        ledger,
        Pace(run.config.rate),
        clock,
        reading.stop,
        retry=run.retry,
        budgets=_budgets(run),
        guards=run.guards(ledger),
    )
    try:
        status = await drive(run, ledger, delivery, delivery.workers, plan, reading)
    finally:
        await asyncio.gather(*(lane.close() for lane in lanes))
    if run.options.receipts is None or reading.stop.hurries:
        return status
    with interrupts():
        return await _with_receipts(run, account, route, ledger, run.options.receipts, status)


async def drive(
    run: Run, ledger: Ledger, finisher: Finisher, workers: int, plan: Tally | None, reading: Reading
) -> ExitStatus:
    """Have so many workers finish all that is planned, and tell what came of it."""
    stop, progress = reading.stop, reading.progress
    rereadable = {source.name for source in run.sources if source.size is not None}
    bar = run.bar(sends=True, plan=plan)
    with run.rejects(ledger.path) as rejects, bar, _signals(stop, ledger, bar):
        results = run.results(bar, rejects, progress)

        def tell(outcome: Outcome) -> None:
            results.tell((outcome,))
            _stop_after(outcome, run, results, stop)

        def finished(event: Event, outcomes: Sequence[Outcome]) -> None:
            results.finished(event, outcomes)
            if results.fault:
                stop.now(ExitStatus.INCOMPLETE, "")

        def gives_back(last: Event, rest: Sequence[Step]) -> bool:
            if last.source in rereadable:
                progress.give_back(last, rest)
            return last.source in rereadable

        loop = Loop(
            finisher,
            workers,
            stop,
            tell,
            finished,
            intake=reading.intake,
            limit=run.options.limit,
            gives_back=gives_back,
        )
        try:
            await loop.run(bar.watch(reading.groups(bar.advance)))
        finally:
            run.notes.untried = loop.untried
    if loop.is_complete and run.is_whole:
        ledger.note_completed()
    run.conclude(results, progress, loop.untried, at_limit=loop.is_at_limit)
    return _exit_status(run, stop, results, is_complete=loop.is_complete)


async def _with_receipts(
    run: Run, account: Account, route: Route, ledger: Ledger, seconds: float, status: ExitStatus
) -> ExitStatus:
    """Wait for the receipts of what this run has sent; what did not arrive changes a status that all was sent."""
    from twiliodest.cli.receipts import collect, did_not_arrive
    from twiliodest.screens.receipts import print_receipts

    show = run.environment.stderr_is_terminal and not run.options.quiet
    fault = await collect(
        ledger, account, route, run.environment, -math.inf, seconds, run=ledger.run, show=show
    )
    if not run.options.quiet:
        print_receipts(ledger.ended(-math.inf, run=ledger.run), stderr=True)
    bad = fault or did_not_arrive(ledger, -math.inf, ledger.run)
    return ExitStatus.INCOMPLETE if bad and status is ExitStatus.OK else status


def _exit_status(run: Run, stop: Stop, results: Results, *, is_complete: bool) -> ExitStatus:
    """What ended the run, told if that is a surprise; an output that closed after everything was sent is none."""
    said = {stop.status, results.tally.exit_status()}
    if results.is_closed and stop.reason == CLOSED and is_complete:
        said.discard(stop.status)
    elif stop.reason:
        run.stopped(f"the run was stopped: {stop.reason}")
    if results.fault:
        said.add(ExitStatus.INCOMPLETE)
    return next((status for status in FIRST if status in said), ExitStatus.OK)


def _budgets(run: Run) -> list[Budget]:
    budgets = []
    if run.options.limit is not None:
        budgets.append(Budget(run.options.limit, ExitStatus.OK, ""))
    if (most := run.config.max_messages) is not None:
        reason = f"max_messages is reached: {most:,} messages were posted, and there are more"
        budgets.append(Budget(most, ExitStatus.INCOMPLETE, reason))
    return budgets


def _stop_after(outcome: Outcome, run: Run, results: Results, stop: Stop) -> None:
    """Nobody reads the output any more, or nothing may go wrong and something did."""
    if results.is_closed:
        stop.now(ExitStatus.INCOMPLETE, CLOSED)
    if results.fault:
        stop.now(ExitStatus.INCOMPLETE, "")
    if run.options.fail_fast and outcome.status not in FINE:
        reason = f"--fail-fast: {outcome.event.source}:{outcome.event.line} {outcome.status}"
        stop.now(ExitStatus.INCOMPLETE, reason)


@contextlib.contextmanager
def _signals(stop: Stop, ledger: Ledger, bar: Bar) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run in good order; the second ends it at once, whatever it waits for."""
    loop, is_heard = asyncio.get_running_loop(), False

    def end() -> None:
        stop.now(ExitStatus.INTERRUPTED, "interrupted; run again to continue where it stopped")
        stop.status = ExitStatus.INTERRUPTED
        ledger.hurry()

    def hear(number: int, frame: object) -> None:
        nonlocal is_heard
        if is_heard or not bar.is_shown:  # which takes the line of the ^C when it is drawn again
            end_line()
        if is_heard:
            os._exit(ExitStatus.INTERRUPTED)  # the ledger is right either way
        is_heard = True
        loop.call_soon_threadsafe(end)

    with handled(hear, even_if_ignored=True):
        yield
