"""What `send` does: a preview; or a plan, a question and a delivery."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twiliodest import screen
from twiliodest.config import Config, check_api_base
from twiliodest.environment import Environment
from twiliodest.errors import ExitStatus, Problem, UsageError
from twiliodest.events import Progress, steps
from twiliodest.guards import Guards
from twiliodest.ledger import Ledger, State
from twiliodest.model import Account, Event, Message, Outcome, Status
from twiliodest.plan import Plan
from twiliodest.preview import preview
from twiliodest.report import FINE, Rejects, Tally
from twiliodest.results import Results
from twiliodest.sources import STDIN, Source, find_sources

FIRST = (
    ExitStatus.INTERRUPTED,
    ExitStatus.REFUSED,
    ExitStatus.USAGE,
    ExitStatus.UNKNOWN,
    ExitStatus.INCOMPLETE,
)
TEXTED = (State.SENT, State.UNKNOWN, State.SENDING)  # what has reached somebody, or may have


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """The options of `send`, as given."""

    events: Sequence[str]
    dry_run: bool
    jsonl: bool
    ask: bool
    quiet: bool
    limit: int | None
    rows: int
    rejects: Path | None
    fail_fast: bool
    ledger: Path | None
    retry: frozenset[str]
    rate: float | None
    concurrency: int | None
    api_base: str | None
    sandbox: bool
    wait: bool


def send_events(config: Config, options: SendOptions, environment: Environment) -> ExitStatus:
    """Run `send`. Raises `UsageError` and `LedgerError`."""
    config = replace(
        config,
        rate=options.rate or config.rate,
        concurrency=options.concurrency or config.concurrency,
        ledger=options.ledger or config.ledger,
    )
    run = _Run(config, options, environment)
    if options.dry_run:
        return run.preview()
    return run.send_to_sandbox() if options.sandbox else run.send()


def account_of(config: Config, api_base: str | None) -> Account:
    """Who sends, and through which server. Raises `UsageError` with everything that a real send lacks."""
    problems = []
    if not config.account:
        hint = "set account in the configuration, or the variable TWILIO_ACCOUNT_SID"
        problems.append(Problem(message="the account is missing", hint=hint))
    if not config.token:
        hint = "set token in the configuration, or the variable TWILIO_AUTH_TOKEN; a dry run needs none"
        problems.append(Problem(message="the token is missing", hint=hint))
    if api_base and (fault := check_api_base(api_base)):
        problems.append(Problem(message=fault.replace("api_base", "--api-base")))
    if problems or not config.account or not config.token:
        raise UsageError(problems)
    base = (api_base or config.api_base).rstrip("/")
    return Account(
        sid=config.account, user=config.api_key or config.account, token=config.token, api_base=base
    )


class _Run:
    """One `send`: its inputs, its plan, and how far it has come."""

    def __init__(self, config: Config, options: SendOptions, environment: Environment) -> None:
        self.config = config
        self.options = options
        self.environment = environment
        self.sources = find_sources(options.events)
        self.retry = frozenset(State(name) for name in options.retry)
        self._plan = Plan(config.actions, config.event_id)
        self._path = config.ledger or (environment.ledger_path(config.account) if config.account else None)

    def preview(self) -> ExitStatus:
        """The dry run."""
        progress, interrupted = Progress(), False
        bar = screen.Bar(self._bar_total(), shown=self._shows_bar() and self.options.jsonl is False)
        with self._rejects() as rejects, self._seen() as ledger, bar:
            results = self._results(bar, rejects)
            ends = self._ends(self.options.limit)
            with _termination_as_interrupt():
                try:
                    for outcome in self._previewed(ledger, progress, bar, results.finished):
                        results.tell(outcome)
                        if results.is_closed or ends(outcome):
                            break
                except KeyboardInterrupt:
                    interrupted = True
        self._conclude(results, progress)
        if results.is_closed:
            return ExitStatus.OK
        return ExitStatus.INTERRUPTED if interrupted else results.tally.exit_status()

    def send(self) -> ExitStatus:
        """The real one. Raises `UsageError` where credentials are missing, before anything is read."""
        account = account_of(self.config, self.options.api_base)
        total = None
        if self._is_rereadable() and (self._asks() or self.config.max_messages is not None):
            with _termination_as_interrupt():
                planned = self._plan_pass()
            if self._asks() and not self._confirmed(planned):
                return ExitStatus.INCOMPLETE
            total = planned.messages
        path = self._path or self.environment.ledger_path(account.sid)
        with contextlib.closing(Ledger.open(path, clock=self.environment.clock)) as ledger:
            return asyncio.run(self._deliver(account, ledger, total))

    def send_to_sandbox(self) -> ExitStatus:
        """The real one, but to a sandbox and with a ledger that go with the run. Raises `UsageError`."""
        from twiliodest.sandbox_command import embedded_sandbox, keep_open

        with embedded_sandbox(self.config) as (sandbox, account), tempfile.TemporaryDirectory() as folder:
            screen.print_line(f"sandbox   {sandbox.url}")
            path = Path(folder) / "ledger.db"
            with contextlib.closing(Ledger.open(path, clock=self.environment.clock)) as ledger:
                status = asyncio.run(self._deliver(account, ledger, None))
            count = len(sandbox.messages())
            texts = f"{count:,} text{'' if count == 1 else 's'}"
            screen.print_line(f"sandbox   {texts} arrived; nothing went to Twilio")
            if (
                self.options.wait
                and self.environment.stdout_is_terminal
                and status is not ExitStatus.INTERRUPTED
            ):
                keep_open(sandbox.url)
        return status

    async def _deliver(self, account: Account, ledger: Ledger, total: int | None) -> ExitStatus:
        from twiliodest.deliver import Budget, Delivery, Time
        from twiliodest.loop import Loop, Stop
        from twiliodest.pace import Pace
        from twiliodest.twilio import Lane, tls_context

        stop = Stop()
        progress = Progress()
        clock = Time(
            clock=self.environment.clock,
            monotonic=time.monotonic,
            sleep=asyncio.sleep,
            jitter=lambda: random.uniform(-1, 1),  # noqa: S311 -- no secret
        )
        tls = tls_context(account.api_base)
        lanes = [Lane(account, tls) for _ in range(self.config.concurrency)]
        budgets = []
        if self.options.limit is not None:
            budgets.append(Budget(self.options.limit, ExitStatus.OK, ""))
        if (most := self.config.max_messages) is not None:
            reason = f"max_messages is reached: {most:,} were posted, and there are more"
            budgets.append(Budget(most, ExitStatus.INCOMPLETE, reason))
        bar = screen.Bar(
            self._bar_total() if total is None else total, shown=self._shows_bar(), messages=total is not None
        )
        with self._rejects() as rejects, bar, _signals(stop):
            results = self._results(bar, rejects)

            def tell(outcome: Outcome) -> None:
                results.tell(outcome)
                if results.is_closed:
                    stop.now(ExitStatus.OK, "")
                if self.options.fail_fast and outcome.status not in FINE:
                    stop.now(
                        ExitStatus.INCOMPLETE,
                        f"--fail-fast: {outcome.source}:{outcome.line} {outcome.status}",
                    )

            delivery = Delivery(
                account.sid,
                lanes,
                ledger,
                Pace(self.config.rate),
                clock,
                stop,
                retry=self.retry,
                budgets=budgets,
                guards=self._guards(ledger),
            )
            loop = Loop(delivery, len(lanes), stop, tell, results.finished)
            try:
                await loop.run(steps(self.sources, self._plan, progress, bar.advance))
            finally:
                await asyncio.gather(*(lane.close() for lane in lanes))
        self._conclude(results, progress, untried=loop.untried)
        if stop.reason:
            screen.print_problems([Problem(message=f"the run was stopped: {stop.reason}")])
        said = {stop.status, results.tally.exit_status()}
        return next((status for status in FIRST if status in said), ExitStatus.OK)

    def _plan_pass(self) -> Tally:
        """Read everything once, to know what a send would do. Raises `UsageError` if that is too much."""
        tally = Tally()
        first: list[Message] = []
        bar = screen.Bar(self._bar_total(), shown=self._shows_bar())
        with self._seen() as ledger, bar:
            ends = self._ends(self.options.limit)
            for outcome in self._previewed(ledger, Progress(), bar, lambda *_: None):
                tally.add(outcome)
                if (
                    outcome.status is Status.PLANNED
                    and isinstance(outcome.message, Message)
                    and len(first) < 3
                ):
                    first.append(outcome.message)
                if ends(outcome):
                    break
        most = self.config.max_messages
        if most is not None and tally.messages > most:
            message = f"these events make {tally.messages:,} messages, and max_messages is {most:,}: nothing was sent"
            raise UsageError([Problem(message=message, hint="check the input, or raise max_messages")])
        self._first = first
        return tally

    def _previewed(
        self,
        ledger: Ledger | None,
        progress: Progress,
        bar: screen.Bar,
        finished: Callable[[Event, Sequence[Outcome]], None],
    ) -> Iterator[Outcome]:
        return preview(
            steps(self.sources, self._plan, progress, bar.advance),
            self.config.account or "",
            ledger.get if ledger else None,
            self.retry,
            finished,
            guards=self._guards(ledger),
            clock=self.environment.clock,
        )

    def _guards(self, ledger: Ledger | None) -> Guards | None:
        """What is configured to hold texts back, knowing the texts that may still matter."""
        config = self.config
        cooldowns = {
            action.name: seconds
            for action in config.actions
            if (seconds := config.cooldown if action.cooldown is None else action.cooldown)
        }
        if not (cooldowns or config.quiet_hours or config.suppressed):
            return None
        guards = Guards(config.quiet_hours, cooldowns, config.suppressed)
        if ledger and guards.reach:
            since = self.environment.clock() - guards.reach
            young = itertools.takewhile(lambda row: row.claimed_at >= since, ledger.rows(states=TEXTED))
            guards.remember((row.action, row.to, row.sender, row.claimed_at) for row in young)
        return guards

    def _confirmed(self, planned: Tally) -> bool:
        if not planned.messages:
            return True
        screen.print_plan(planned, self._first, self.config)
        if agreed := screen.ask("Send?"):
            return agreed
        screen.print_line("nothing was sent")
        return False

    def _asks(self) -> bool:
        terminals = self.environment.stdin_is_terminal and self.environment.stderr_is_terminal
        return self.options.ask and terminals

    def _is_rereadable(self) -> bool:
        return all(source.size is not None for source in self.sources)

    def _shows_bar(self) -> bool:
        return self.environment.stderr_is_terminal and not self.options.quiet

    def _bar_total(self) -> int | None:
        sizes = [source.size for source in self.sources]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def _ends(self, limit: int | None) -> Callable[[Outcome], bool]:
        """Whether a preview ends with an outcome: at the limit, or with --fail-fast at the first fault."""
        count = itertools.count(1)

        def ends(outcome: Outcome) -> bool:
            if self.options.fail_fast and outcome.status not in FINE:
                return True
            return outcome.status is Status.PLANNED and next(count) == limit

        return ends

    @contextlib.contextmanager
    def _seen(self) -> Iterator[Ledger | None]:
        ledger = Ledger.open_readonly(self._path) if self._path else None
        if ledger is None:
            yield None
            return
        with contextlib.closing(ledger):
            yield ledger

    @contextlib.contextmanager
    def _rejects(self) -> Iterator[Rejects | None]:
        path = self.options.rejects
        if path is None:
            yield None
            return
        if any(path.exists() and _same(path, source) for source in self.sources):
            raise UsageError(
                [Problem(message=f"{path} is one of the inputs; name another file for the rejects")]
            )
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise UsageError([Problem(message=f"cannot write {path}: {error.strerror}")]) from None
        with os.fdopen(descriptor, "wb") as file:
            yield Rejects(file)

    def _results(self, bar: screen.Bar, rejects: Rejects | None) -> Results:
        options = self.options
        return Results(
            bar,
            rejects,
            rows=None if options.jsonl else options.rows,
            sources=[source.name for source in self.sources],
            live=not options.dry_run or STDIN in options.events or self.environment.stdout_is_terminal,
        )

    def _conclude(self, results: Results, progress: Progress, untried: int = 0) -> None:
        results.close()
        if not self.options.quiet and not results.is_closed:
            screen.print_summary(
                results.tally, progress, self.config, dry_run=self.options.dry_run, untried=untried
            )


@contextlib.contextmanager
def _signals(stop: object) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run in good order; the second ends it at once."""
    from twiliodest.loop import Stop

    assert isinstance(stop, Stop)  # noqa: S101
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


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _same(path: Path, source: Source) -> bool:
    return source.name != STDIN and path.samefile(source.name)
