"""What a send would do: shown by a dry run, counted before the question."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twiliodest.cli.run import Run
from twiliodest.cli.signals import end_line, handled
from twiliodest.config.accounts import api_base_problems
from twiliodest.delivery.intake import Intake
from twiliodest.delivery.preview import preview
from twiliodest.errors import ExitStatus, Problem, UsageError
from twiliodest.model import Event, Message, Outcome, Status, Step
from twiliodest.planning.planner import steps
from twiliodest.planning.progress import Progress
from twiliodest.screens import screen
from twiliodest.screens.report import FINE, Tally

if TYPE_CHECKING:
    from twiliodest.ledger.ledger import Ledger

SHOWN = 3  # texts, before the question


def show_preview(run: Run) -> ExitStatus:
    """The dry run. Raises `UsageError` for an address that a send would refuse."""
    if problems := api_base_problems(run.options.api_base):
        raise UsageError(problems)
    progress, ending, intake = Progress(), _Ending(), Intake()
    bar = run.bar()
    planner = run.planner(keeps_texts=run.options.rejects is not None, intake=intake)
    with (
        run.helpers(planner) as helpers,
        run.rejects(run.ledger_path()) as rejects,
        seen(run) as ledger,
        bar,
    ):
        planned = run.planned(steps(planner, progress, bar.advance, helpers))
        results = run.results(bar, rejects, progress)

        def interrupt(number: int, frame: object) -> None:
            """Wait until everything is counted, between two groups; but not where that may take forever."""
            if not bar.is_shown:  # which takes the line of the ^C when it is drawn again
                end_line()
            if ending.is_interrupted or intake.is_waiting:
                ending.is_interrupted = True
                raise KeyboardInterrupt
            ending.is_interrupted = True

        with handled(interrupt), contextlib.suppress(KeyboardInterrupt):
            for group in _expected(run, planned, ledger, progress, ending):
                results.tell_all(group, ending.cut)
                if results.are_useless or ending.is_interrupted:
                    break
            for left in ending.rest:
                if left[0].event is not ending.cut:
                    results.finished(left[0].event, ())
    if results.is_closed and rejects is None and run.options.summary_json is None:
        results.close()
        return ExitStatus.OK
    run.conclude(results, progress, ending.untried, at_limit=ending.at_limit)
    if progress.events and not progress.matched and not run.options.verbose:
        screen.print_problems(run.config.warnings)  # one of them may say why
    if ending.is_interrupted:
        return ExitStatus.INTERRUPTED
    if problem := too_many(run.config.max_messages, results.tally.messages):
        run.notes.problems.append(problem.message)
        screen.print_problems([problem])
        return ExitStatus.USAGE
    status = results.tally.exit_status()
    if ending.rest:
        message = f"a send would stop here: max_messages is {run.config.max_messages:,}, and there are more"
        run.stopped(message)
    is_stopped = ending.rest or results.fault
    return ExitStatus.INCOMPLETE if is_stopped and status is ExitStatus.OK else status


def count_plan(run: Run) -> tuple[Tally, list[Message]]:
    """Read everything once: what a send would do, and its first texts. Raises `UsageError` if that is too much."""
    tally = Tally()
    first: list[Message] = []
    bar, planner, progress = run.bar(), run.planner(keeps_texts=False), Progress()
    with run.helpers(planner) as helpers, seen(run) as ledger, bar:
        planned = run.planned(steps(planner, progress, bar.advance, helpers))
        for group in _expected(run, planned, ledger, progress, _Ending()):
            outcomes = [*itertools.chain.from_iterable(group)]
            tally.add(outcomes)
            bar.show(tally)
            if len(first) < SHOWN:
                texts = (it.message for it in outcomes if it.status is Status.PLANNED and it.message)
                first.extend(itertools.islice(texts, SHOWN - len(first)))
    if problem := too_many(run.config.max_messages, tally.messages):
        raise UsageError([problem])
    return tally, first


def too_many(most: int | None, messages: int) -> Problem | None:
    """What a send says of so many messages, and sends none of them."""
    if most is None or messages <= most:
        return None
    message = f"these events make {messages:,} messages, but max_messages is {most:,}: nothing was sent"
    return Problem(message=message, hint="check the input, or raise max_messages")


@dataclass(slots=True)
class _Ending:
    """Why a preview ends before its input does; of the event `cut`, so many messages are left.

    `rest` is what was read from a pipe beyond `max_messages`.
    """

    at_limit: bool = False
    is_interrupted: bool = False
    untried: int = 0
    cut: Event | None = None
    rest: Sequence[Sequence[Outcome]] = ()


def _expected(
    run: Run,
    planned: Iterable[Sequence[Step]],
    ledger: Ledger | None,
    progress: Progress,
    ending: _Ending,
) -> Iterator[Sequence[Sequence[Outcome]]]:
    """What would come of what is planned, up to the limit; with --fail-fast, up to the first fault.

    From a pipe, no more than `max_messages`: a send posts so many before it notices.
    """
    groups = preview(
        planned,
        run.config.account or "",
        ledger.get if ledger else None,
        run.retry,
        guards=run.guards(ledger),
        clock=run.environment.clock,
    )
    most = None if run.is_rereadable else run.config.max_messages
    count = itertools.count(1)

    def ends(outcome: Outcome) -> bool:
        if run.options.fail_fast and outcome.status not in FINE:
            return True
        ending.at_limit = outcome.status is Status.PLANNED and next(count) == run.options.limit
        return ending.at_limit

    if most is not None:
        groups = _no_more_than(most, groups, ending)
    if not run.options.fail_fast and run.options.limit is None:
        yield from groups
        return
    for group in groups:
        for place, outcomes in enumerate(group):
            last = next((number for number, outcome in enumerate(outcomes) if ends(outcome)), None)
            if last is None:
                continue
            event, rest = outcomes[last].event, [*group[place + 1 :], *ending.rest]
            ending.rest = ()
            ending.untried = len(outcomes) - last - 1
            if rest and rest[0][0].event.line == event.line:
                ending.untried += len(rest.pop(0))
            ending.cut = event if ending.untried else None
            progress.give_back(event, rest)
            yield [*group[:place], outcomes[: last + 1]]
            return
        yield group


def _no_more_than(
    most: int, groups: Iterable[Sequence[Sequence[Outcome]]], ending: _Ending
) -> Iterator[Sequence[Sequence[Outcome]]]:
    """As much as makes so many messages; what was read with it is not tried."""
    for group in groups:
        for place, outcomes in enumerate(group):
            planned = [number for number, outcome in enumerate(outcomes) if outcome.status is Status.PLANNED]
            if len(planned) <= most:
                most -= len(planned)
                continue
            end = planned[most]
            ending.rest = [outcomes[end:], *group[place + 1 :]]
            ending.untried = sum(map(len, ending.rest))
            ending.cut = outcomes[0].event if end else None
            yield [*group[:place], *([outcomes[:end]] if end else [])]
            return
        yield group


@contextlib.contextmanager
def seen(run: Run) -> Iterator[Ledger | None]:
    """The ledger to look into, where there is one."""
    path, ledger = run.ledger_path(), None
    if path and _may_exist(path):
        from twiliodest.ledger.ledger import Ledger

        ledger = Ledger.open_readonly(path, use=run.use())
    with contextlib.closing(ledger) if ledger else contextlib.nullcontext():
        if ledger:
            run.warn(ledger, run.use())
            run.counted_with = ledger.moment()
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
