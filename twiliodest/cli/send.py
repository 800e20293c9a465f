"""The command `send`: a dry run; or a plan, a question and a delivery."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twiliodest.cli.command import Command, mistake
from twiliodest.cli.contradictions import refuse_contradictions
from twiliodest.cli.endings import EXITS
from twiliodest.cli.environment import Environment
from twiliodest.cli.options import load_to_send
from twiliodest.cli.selection import chosen
from twiliodest.cli.send_options import SendOptions, parameters
from twiliodest.cli.signals import interrupts
from twiliodest.cli.summary import Notes, summarized
from twiliodest.errors import ExitStatus

if TYPE_CHECKING:
    from twiliodest.cli.run import Run
    from twiliodest.config.settings import Config


def send(**given: Any) -> ExitStatus:
    """$ twiliodest send events.jsonl --dry-run

    Render the messages of every action whose trigger matches, and send them or show them.
    """
    environment = Environment.current()
    refuse_contradictions(click.get_current_context())
    options = SendOptions(**given)
    if not options.events and environment.stdin_is_terminal:
        hint = "name files or folders, or pipe events in: cat events.jsonl | twiliodest send"
        raise mistake("there are no events to send", hint)
    options = replace(options, events=options.events or ("-",))
    with interrupts(), summarized(options, environment) as notes:
        config = load_to_send(options.config, environment, options.api_base, warnings=options.verbose)
        notes.status = send_events(config, options, environment, notes)
    return notes.status


command = Command("send", callback=send, params=parameters(), help=send.__doc__, epilog=EXITS)


def send_events(
    config: Config, options: SendOptions, environment: Environment, notes: Notes | None = None
) -> ExitStatus:
    """Run `send`; `notes` takes what its summary says. Raises `UsageError` and `LedgerError`."""
    from twiliodest.cli.run import Run

    config = replace(
        config,
        actions=chosen(config, options.action, options.skip),
        rate=options.rate or config.rate,
        concurrency=options.concurrency or config.concurrency,
        ledger=options.ledger or config.ledger,
    )
    notes = notes or Notes()
    if options.divert is not None:
        from twiliodest.cli.divert import read_phone

        notes.diverted_to = read_phone(options.divert, config)
        options = replace(options, divert=notes.diverted_to)
    run = Run(config, options, environment, notes)
    # what is loaded stays, and values hold no cycles: a collection would look at all of them, and find nothing
    gc.freeze()
    gc.set_threshold(10_000)
    if options.dry_run:
        from twiliodest.cli.preview import show_preview

        return show_preview(run)
    if options.assume_sent:
        from twiliodest.cli.assuming import assume_sent

        return assume_sent(run)
    return _send_to_sandbox(run) if options.sandbox else _send(run)


def _send(run: Run) -> ExitStatus:
    """The real one. Raises `UsageError` where credentials are missing, before anything is read."""
    from twiliodest.cli.asking import says_yes, says_yes_to_pipe
    from twiliodest.cli.preview import count_plan
    from twiliodest.cli.reading import Reading
    from twiliodest.cli.sending import deliver
    from twiliodest.config.accounts import account_of
    from twiliodest.twilio.network import route_to

    account = account_of(run.config, run.options.api_base)
    route = route_to(account.api_base, run.environment.variables)
    asks = run.options.ask and run.environment.stderr_is_terminal
    planned, reading = None, Reading(run)
    if run.is_rereadable:
        asks = asks and run.environment.stdin_is_terminal
        if asks or run.config.max_messages is not None:
            run.read_to_plan()
            planned, first = count_plan(run)
            if asks and not says_yes(run, account, planned, first):
                return _refused(run)
            run.read_what_was_planned()
    elif asks and not says_yes_to_pipe(run, account, reading):
        return _refused(run)
    path = run.ledger_path()
    assert path, "an account has a ledger"  # noqa: S101 -- for the type checker
    return deliver(run, account, route, path, planned, reading)


def _refused(run: Run) -> ExitStatus:
    run.notes.problems.append("you answered no: nothing was sent")
    return ExitStatus.INCOMPLETE


def _send_to_sandbox(run: Run) -> ExitStatus:
    """The real one, but to a sandbox and with a ledger that go with the run. Raises `UsageError`."""
    import tempfile

    from twiliodest.cli.preview import count_plan
    from twiliodest.cli.sandbox import embedded_sandbox, keep_open
    from twiliodest.cli.sending import deliver
    from twiliodest.screens import screen
    from twiliodest.twilio.network import route_to

    if run.is_rereadable and run.config.max_messages is not None:
        run.read_to_plan()
        count_plan(run)
        run.read_what_was_planned()
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
