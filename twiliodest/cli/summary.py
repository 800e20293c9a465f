"""What `--summary-json` promises: however a run ends, its summary says how."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from twiliodest.cli.environment import Environment
from twiliodest.cli.send_options import SendOptions
from twiliodest.errors import ExitStatus, LedgerError, Problem, UsageError

if TYPE_CHECKING:
    from twiliodest.config.settings import Config
    from twiliodest.planning.progress import Progress
    from twiliodest.screens.report import Tally


@dataclass(slots=True)
class Notes:
    """What a run knows of itself: its numbers, which go on, what ended it early, and how it ended."""

    config: Config | None = None
    tally: Tally | None = None
    progress: Progress | None = None
    untried: int = 0
    at_limit: bool = False
    diverted_to: str | None = None
    problems: list[str] = field(default_factory=list)
    status: ExitStatus = ExitStatus.OK

    @property
    def numbers(self) -> dict[str, Any]:
        """The fields of the document that count something, as far as they are known by now."""
        from twiliodest.screens import summary

        numbers: dict[str, Any] = {"not_tried": self.untried, "at_limit": self.at_limit}
        if self.progress:
            numbers["events"] = summary.events_of(self.progress)
        if self.tally and self.config:
            prices = (self.config.price_per_segment, self.config.price_per_mms, self.config.currency)
            numbers["messages"] = summary.messages_of(self.tally, *prices)
            numbers["statuses"] = summary.statuses_of(self.tally)
            numbers["reasons"] = summary.reasons_of(self.tally)
        return numbers


@contextlib.contextmanager
def summarized(options: SendOptions, environment: Environment) -> Iterator[Notes]:
    """What to tell of the run in here, which is then written where the options say. Raises `UsageError`."""
    notes = Notes()
    if options.summary_json is None:
        yield notes
        return
    from twiliodest.screens import screen
    from twiliodest.screens import summary as document

    path, started = options.summary_json, _moment(environment)
    document.check_place(path)
    try:
        yield notes
    except BaseException as error:
        notes.status, notes.problems = _ended(error)
        raise
    finally:
        try:
            document.write_summary(
                document.Summary(
                    started=started,
                    ended=_moment(environment),
                    exit_status=notes.status,
                    problems=notes.problems,
                    dry_run=options.dry_run,
                    diverted_to=notes.diverted_to,
                    **notes.numbers,
                ),
                path,
            )
        except UsageError as error:
            screen.print_problems(error.problems)
            notes.status = notes.status or ExitStatus.INCOMPLETE
        except OSError as error:
            message = f"the summary cannot be written to {path}: {error.strerror}"
            screen.print_problems([Problem(message=message)])
            notes.status = notes.status or ExitStatus.INCOMPLETE


def _ended(error: BaseException) -> tuple[ExitStatus, list[str]]:
    if isinstance(error, UsageError):
        return ExitStatus.USAGE, [problem.message for problem in error.problems if not problem.warning]
    if isinstance(error, LedgerError):
        return ExitStatus.USAGE, [str(error)]
    if isinstance(error, KeyboardInterrupt):
        return ExitStatus.INTERRUPTED, ["interrupted"]
    return ExitStatus.INCOMPLETE, [str(error)]


def _moment(environment: Environment) -> datetime:
    return datetime.fromtimestamp(environment.clock()).astimezone()
