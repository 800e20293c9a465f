"""What `send` does: a preview; or a plan, a question and a delivery."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from twiliodest.cli.environment import Environment
from twiliodest.cli.run import Run, SendOptions
from twiliodest.cli.signals import handled
from twiliodest.config.settings import Config, account_of, api_base_problems
from twiliodest.delivery.intake import Intake
from twiliodest.delivery.preview import preview
from twiliodest.errors import ExitStatus, Problem, UsageError
from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.outcomes import by_event
from twiliodest.planning.planner import Progress, outcomes
from twiliodest.screens import screen
from twiliodest.screens import send as send_screen
from twiliodest.screens.report import FINE, Tally

if TYPE_CHECKING:
    from twiliodest.ledger.ledger import Ledger

SHOWN = 3  # texts, before the question


def send_events(config: Config, options: SendOptions, environment: Environment) -> ExitStatus:
    """Run `send`. Raises `UsageError` and `LedgerError`."""
    if options.dry_run and options.sandbox:
        hint = "leave out --dry-run: with --sandbox nothing goes to Twilio"
        raise UsageError([Problem(message="a dry run sends nowhere, not even to a sandbox", hint=hint)])
    config = replace(
        config,
        rate=options.rate or config.rate,
        concurrency=options.concurrency or config.concurrency,
        ledger=options.ledger or config.ledger,
    )
    run = Run(config, options, environment)
    if options.dry_run:
        return _preview(run)
    return _send_to_sandbox(run) if options.sandbox else _send(run)


def _preview(run: Run) -> ExitStatus:
    """The dry run. Raises `UsageError` for an address that a send would refuse."""
    if problems := api_base_problems(run.options.api_base):
        raise UsageError(problems)
    progress, ending, intake = Progress(), _Ending(), Intake()
    bar = run.bar(shown=not run.options.jsonl)
    planner = run.planner(keeps_texts=run.options.rejects is not None, intake=intake)
    with (
        run.helpers(planner) as helpers,
        run.rejects(run.ledger_path()) as rejects,
        _seen(run) as ledger,
        bar,
    ):
        planned = outcomes(planner, progress, bar.advance, helpers)
        results = run.results(bar, rejects)

        def interrupt(number: int, frame: object) -> None:
            """Wait until everything is counted, between two groups; but not where that may take for ever."""
            if ending.is_interrupted or intake.is_waiting:
                ending.is_interrupted = True
                raise KeyboardInterrupt
            ending.is_interrupted = True

        with handled(interrupt), contextlib.suppress(KeyboardInterrupt):
            for group in _expected(run, planned, ledger, progress, ending):
                results.tell_all(group, ending.cut)
                if results.are_useless or ending.is_interrupted:
                    break
    if results.is_closed and rejects is None:
        results.close()
        return ExitStatus.OK
    run.conclude(results, progress, ending.untried, at_limit=ending.at_limit)
    if ending.is_interrupted:
        return ExitStatus.INTERRUPTED
    status = results.tally.exit_status()
    return ExitStatus.INCOMPLETE if results.fault and status is ExitStatus.OK else status


def _send(run: Run) -> ExitStatus:
    """The real one. Raises `UsageError` where credentials are missing, before anything is read."""
    account = account_of(run.config, run.options.api_base)
    from twiliodest.twilio.network import route_to

    route = route_to(account.api_base, run.environment.variables)
    terminals = run.environment.stdin_is_terminal and run.environment.stderr_is_terminal
    asks, messages = run.options.ask and terminals, None
    is_rereadable = all(source.size is not None for source in run.sources)
    if is_rereadable and (asks or run.config.max_messages is not None):
        run.read_to_plan()
        planned, first = _plan_pass(run)
        if asks and not _confirmed(run, planned, first):
            return ExitStatus.INCOMPLETE
        run.read_what_was_planned()
        messages = planned.messages
    from twiliodest.cli.sending import deliver

    path = run.ledger_path()
    assert path, "an account has a ledger"  # noqa: S101 -- for the type checker
    return deliver(run, account, route, path, messages)


def _send_to_sandbox(run: Run) -> ExitStatus:
    """The real one, but to a sandbox and with a ledger that go with the run. Raises `UsageError`."""
    from twiliodest.cli.sandbox import embedded_sandbox, keep_open
    from twiliodest.cli.sending import deliver
    from twiliodest.twilio.network import route_to

    with embedded_sandbox(run.config) as (sandbox, account), tempfile.TemporaryDirectory() as folder:
        screen.print_line(f"sandbox   {sandbox.url}")
        route = route_to(account.api_base, {})
        status = deliver(run, account, route, Path(folder) / "ledger.db")
        count = sandbox.accepted
        texts = f"{count:,} text{'' if count == 1 else 's'}"
        screen.print_line(f"sandbox   {texts} arrived; nothing went to Twilio")
        waits = run.options.wait and run.environment.stdout_is_terminal
        if waits and status is not ExitStatus.INTERRUPTED:
            keep_open(sandbox.url)
    return status


def _plan_pass(run: Run) -> tuple[Tally, list[Message]]:
    """Read everything once: what a send would do, and its first texts. Raises `UsageError` if that is too much."""
    tally = Tally()
    first: list[Message] = []
    bar, planner, progress = run.bar(), run.planner(keeps_texts=False), Progress()
    with run.helpers(planner) as helpers, _seen(run) as ledger, bar:
        planned = outcomes(planner, progress, bar.advance, helpers)
        for group in _expected(run, planned, ledger, progress, _Ending()):
            tally.add(group)
            if len(first) < SHOWN:
                texts = (it.message for it in group if it.status is Status.PLANNED and it.message)
                first.extend(itertools.islice(texts, SHOWN - len(first)))
    most = run.config.max_messages
    if most is not None and tally.messages > most:
        made = f"these events make {tally.messages:,} messages"
        message = f"{made}, and max_messages is {most:,}: nothing was sent"
        raise UsageError([Problem(message=message, hint="check the input, or raise max_messages")])
    return tally, first


def _confirmed(run: Run, planned: Tally, first: Sequence[Message]) -> bool:
    if not planned.messages:
        return True
    send_screen.print_plan(planned, first, run.config)
    if send_screen.ask("Send?"):
        return True
    screen.print_line("nothing was sent")
    return False


@dataclass(slots=True)
class _Ending:
    """Why a preview ends before its input does; of the event `cut`, so many messages are left."""

    at_limit: bool = False
    is_interrupted: bool = False
    untried: int = 0
    cut: Event | None = None


def _expected(
    run: Run,
    planned: Iterable[Sequence[Outcome]],
    ledger: Ledger | None,
    progress: Progress,
    ending: _Ending,
) -> Iterator[Sequence[Outcome]]:
    """What would come of what is planned, up to the limit; with --fail-fast, up to the first fault."""
    groups = preview(
        planned,
        run.config.account or "",
        ledger.get if ledger else None,
        run.retry,
        guards=run.guards(ledger),
        clock=run.environment.clock,
    )
    count = itertools.count(1)

    def ends(outcome: Outcome) -> bool:
        if run.options.fail_fast and outcome.status not in FINE:
            return True
        ending.at_limit = outcome.status is Status.PLANNED and next(count) == run.options.limit
        return ending.at_limit

    if not run.options.fail_fast and run.options.limit is None:
        yield from groups
        return
    for group in groups:
        last = next((place for place, outcome in enumerate(group) if ends(outcome)), None)
        if last is None:
            yield group
            continue
        event, rest = group[last].event, group[last + 1 :]
        ending.untried = [outcome.event.line for outcome in rest].count(event.line)
        ending.cut = event if ending.untried else None
        progress.give_back(event, list(by_event(rest[ending.untried :])))
        yield group[: last + 1]
        return


@contextlib.contextmanager
def _seen(run: Run) -> Iterator[Ledger | None]:
    """The ledger to look into, where there is one."""
    path, ledger = run.ledger_path(), None
    if path and _may_exist(path):
        from twiliodest.ledger.ledger import Ledger

        ledger = Ledger.open_readonly(path, use=run.use())
    with contextlib.closing(ledger) if ledger else contextlib.nullcontext():
        if ledger:
            run.warn(ledger, run.use())
        yield ledger


def _may_exist(path: Path) -> bool:
    """Whether there is a ledger to load SQLite for; where that cannot be told, the ledger says what is the matter."""
    for name in (path, f"{path}-wal"):
        try:
            os.stat(name)
        except FileNotFoundError:
            continue
        except OSError:
            pass
        return True
    return False
