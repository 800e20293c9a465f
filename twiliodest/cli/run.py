"""What a preview and a delivery of one `send` share: events, guards, and where the outcomes go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from twiliodest.cli.environment import Environment
from twiliodest.cli.guards import guards_of
from twiliodest.cli.listing import listing_of
from twiliodest.cli.rejects import open_rejects
from twiliodest.cli.send_options import SendOptions
from twiliodest.cli.summary import Notes
from twiliodest.config.settings import Config
from twiliodest.delivery.intake import Intake
from twiliodest.errors import Problem, UsageError
from twiliodest.events.envelopes import names
from twiliodest.events.folders import LeftOut
from twiliodest.events.sources import STDIN, Source, find_sources
from twiliodest.guards.guards import Guards
from twiliodest.ledger.exposure import exposure
from twiliodest.ledger.rows import State
from twiliodest.ledger.servers import Use, diverted_ledger, diverted_server, parted, server_of
from twiliodest.model import Account, Step
from twiliodest.planning.confirmed import PlannedInput
from twiliodest.planning.parallel import Helpers, spare_processors
from twiliodest.planning.plan import Plan
from twiliodest.planning.planner import Planner
from twiliodest.planning.progress import Made, Progress
from twiliodest.screens import screen
from twiliodest.screens.bar import Bar
from twiliodest.screens.report import Rejects
from twiliodest.screens.results import Results

if TYPE_CHECKING:
    from twiliodest.ledger.ledger import Ledger
    from twiliodest.ledger.moment import Moment
    from twiliodest.screens.listing import Listing
    from twiliodest.screens.report import Tally

MUCH = 1 << 22  # bytes of files; less is planned before a helper has started
NAMES = 5  # of the actions that run, where not all do
AGAIN = "run the command again to see what it would send now"


class Run:
    """One `send`: its configuration, what it reads, and what it writes to. Raises `UsageError`."""

    def __init__(
        self, config: Config, options: SendOptions, environment: Environment, notes: Notes | None = None
    ) -> None:
        self.config = config
        self.notes = notes or Notes()
        self.options = options
        self.environment = environment
        self.left_out = LeftOut()
        self.sources = find_sources(options.events, self.left_out)
        self.retry = frozenset(State(name) for name in options.retry)
        self._planned: Sequence[PlannedInput] = ()
        self._is_planned = False
        self._said: set[str] = set()
        self.counted_with: Moment | None = None  # the ledger that a plan was counted with

    @property
    def is_whole(self) -> bool:
        """Whether it does all that the configuration makes of the events."""
        options = self.options
        return options.limit is None and not options.action and not options.skip

    @property
    def is_rereadable(self) -> bool:
        """Whether all that is read can be read again, as files can, and pipes cannot."""
        return all(source.size is not None for source in self.sources)

    def read_to_plan(self) -> None:
        """From now on, note what is read."""
        self._planned = [PlannedInput(source) for source in self.sources]
        self.sources = [planned.to_plan for planned in self._planned]

    def read_what_was_planned(self) -> None:
        """From now on, read only what was noted. Raises `UsageError` where that has changed."""
        problems = [problem for planned in self._planned if (problem := planned.verify())]
        if problems:
            raise UsageError(problems)
        self._is_planned = True
        self.sources = [planned.to_send for planned in self._planned]

    def use(self, account: Account | None = None) -> Use:
        """What the ledger of this run is used for."""
        api_base = account.api_base if account else self.options.api_base or self.config.api_base
        sid = account.sid if account else self.config.account
        return Use(
            account=sid or "",
            server=diverted_server(server_of(api_base), self.options.divert),
            api_base=api_base,
            rule=self.config.event_id.text,
        )

    def ledger_path(self) -> Path | None:
        """The ledger of this run; `None` without an account, and where it goes with the run."""
        if self.options.sandbox:
            return None
        config, path = self.config, self.config.ledger
        if not path and config.account:
            path = self.environment.ledger_path(config.account, parted(self.use().server)[0])
        return diverted_ledger(path, self.options.divert) if path and self.options.divert else path

    def warn(self, ledger: Ledger, use: Use) -> None:
        """Say once what would make known events look new, and who else can read of them.

        Raises `UsageError` where known events look new only since the messages were counted.
        """
        if exposed := exposure(ledger.path):
            self._warn(exposed)
        news = [sentence for sentence in ledger.differences(use) if sentence not in self._said]
        if news and self._is_planned:
            since = "the ledger has changed since the messages were counted, so nothing was sent"
            raise UsageError([Problem(message=f"{since}: {sentence}", hint=AGAIN) for sentence in news])
        for sentence in news:
            self._warn(Problem(message=sentence, hint="a dry run shows what would be sent", warning=True))

    def _warn(self, problem: Problem, about: str | None = None) -> None:
        """Say it, unless that was said before, or something else about the same."""
        about = about or problem.message
        if about not in self._said:
            self._said.add(about)
            screen.print_problems([problem])

    def guards(self, ledger: Ledger | None) -> Guards | None:
        """What is configured to hold texts back, knowing the texts that may still matter."""
        if self.options.assume_sent:
            return None
        return guards_of(
            self.config, ledger, self.environment.clock(), lambda problem: self._warn(problem, "the future")
        )

    def planner(self, *, keeps_texts: bool, intake: Intake | None = None) -> Planner:
        """What makes outcomes of the events; whether their texts are kept, as for a file of rejects."""
        config = self.config
        plan = Plan(config.actions, config.event_id, envelopes=names(config.events_at))
        sources = self.sources
        if intake:
            sources = [source._replace(blocks=_watched(source, intake)) for source in sources]
        return Planner(
            sources,
            plan,
            events_at=config.events_at,
            keeps_texts=keeps_texts,
            keeps_all=keeps_texts and self.options.rejects is not None,
        )

    def planned(self, groups: Iterable[Sequence[Step]]) -> Iterable[Sequence[Step]]:
        """What comes of the plan in this run; where all is diverted, nothing that cannot be."""
        if not self.options.divert:
            return groups
        from twiliodest.delivery.diversion import divertible

        return divertible(groups)

    def helpers(self, planner: Planner) -> Helpers[Made]:
        """Processes that share the planning of what is large; to be started before a bar, which has a thread."""
        total = sum(source.size or 0 for source in self.sources)
        return planner.helpers(spare_processors() if total >= MUCH else 0)

    def bar(self, *, sends: bool = False, plan: Tally | None = None) -> Bar:
        """The progress: of reading, or of a send, whose `plan` may be known."""
        environment, options = self.environment, self.options
        is_in_the_way = options.jsonl and environment.stdout_is_terminal
        return Bar(
            size(self.sources),
            shown=environment.stderr_is_terminal and not options.quiet and not is_in_the_way,
            sends=sends,
            plan=plan,
        )

    def rejects(self, ledger: Path | None) -> AbstractContextManager[Rejects | None]:
        """The file for what does not go out, if one is wanted; `ledger` is this run's. Raises `UsageError`."""
        return open_rejects(self.options, self.config, self.sources, ledger)

    def stopped(self, reason: str) -> None:
        """Say what ended the run."""
        self.notes.problems.append(reason)
        screen.print_problems([Problem(message=reason)])

    def tell_actions(self) -> None:
        """Say which actions run, unless all do."""
        if self.options.action or self.options.skip:
            names = [action.name for action in self.config.actions]
            more = f" and {len(names) - NAMES:,} more" if len(names) > NAMES else ""
            screen.print_line(f"actions   {', '.join(names[:NAMES])}{more}; no others")

    @property
    def _listing(self) -> Listing:
        return listing_of(self.options, self.config, self.sources, self.environment)

    def results(self, bar: Bar, rejects: Rejects | None, progress: Progress) -> Results:
        """Where the outcomes go, and what is counted of them and of the reading from here on."""
        options = self.options
        is_live = not options.dry_run or STDIN in options.events or self.environment.stdout_is_terminal
        counts = options.summary_json is not None
        results = Results(bar, rejects, listing=self._listing, live=is_live, counts=counts)
        self.notes.config, self.notes.tally, self.notes.progress = self.config, results.tally, progress
        return results

    def conclude(self, results: Results, progress: Progress, untried: int, *, at_limit: bool) -> None:
        """Write what is left, and the summary."""
        results.close()
        self.notes.untried, self.notes.at_limit = untried, at_limit
        if not self.options.quiet:
            from twiliodest.screens import send as send_screen

            if results.has_rows:
                screen.print_line("")
            self.tell_actions()
            send_screen.print_summary(
                results.tally,
                progress,
                self.config,
                self._listing,
                dry_run=self.options.dry_run,
                untried=untried,
                limit=self.options.limit if at_limit else None,
                left_out=str(self.left_out),
            )
            if self.options.divert and (ledger := self.ledger_path()):
                screen.print_line(f"ledger    {ledger}, only for rehearsals on this phone")
        if results.fault:
            self.stopped(results.fault)


def _watched(source: Source, intake: Intake) -> Callable[[], Iterator[bytes]]:
    return lambda: intake.watch(source.blocks())


def size(sources: Sequence[Source]) -> int | None:
    """The bytes of all sources together; `None` where one of them is a pipe."""
    sizes = [source.size for source in sources]
    return None if None in sizes else sum(size or 0 for size in sizes)
