"""The program: its commands by name, and how it starts and ends."""

from __future__ import annotations

import contextlib
import sys

import click

from twiliodest import __version__
from twiliodest.cli.command import VARIABLE, Commands, in_our_words
from twiliodest.cli.endings import EXITS, end_in_words
from twiliodest.cli.environment import Environment, mend_surroundings
from twiliodest.cli.signals import ignore_signals
from twiliodest.errors import ExitStatus
from twiliodest.screens.streams import mend_streams

COMMANDS = {
    "send": "Render and send, or show with --dry-run.",
    "check": "Check the configuration, the events and the account.",
    "explain": "Explain why an event does or does not send a text.",
    "init": "Write a commented configuration to start from.",
    "schema": "Print the configuration's JSON Schema, for editors.",
    "sandbox": "Serve a local stand-in for Twilio, with an inbox page.",
    "ledger": "What was sent: list, stats, resolve, prune, backup, check.",
    "completion": "Complete commands and options in your shell.",
    "man": "Print the manual page.",
}


app = click.version_option(__version__, message="twiliodest %(version)s", help="Print the version.")(
    Commands(
        "twiliodest",
        "twiliodest.cli",
        COMMANDS,
        help=f"$ twiliodest send events.jsonl --dry-run\n\nTurn customer events into text messages.\n\n{EXITS}",
    )
)


def main() -> None:
    """The console script, once it is loaded."""
    mend_surroundings()
    mend_streams()
    try:
        status = end_in_words(_run)
    finally:
        ignore_signals()
    raise SystemExit(status)


def _run() -> ExitStatus:
    """Parse, load and call the command; or complete a line, if a shell asks. Raises what the command raises."""
    if asked := Environment.current().variables.get(VARIABLE):
        return _complete(asked)
    try:
        with app.make_context("twiliodest", sys.argv[1:]) as context, in_our_words(context):
            return app.invoke(context) or ExitStatus.OK
    except click.exceptions.Exit as left:
        return ExitStatus(left.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)  # noqa: T201 -- help, as Click lays it out
        return ExitStatus.USAGE


def _complete(asked: str) -> ExitStatus:
    from click.shell_completion import shell_complete

    from twiliodest.cli import shells as shells  # where Click finds it

    with contextlib.suppress(KeyError, ValueError):  # it is not a shell that asks
        return ExitStatus(shell_complete(app, {}, "twiliodest", VARIABLE, asked))
    return ExitStatus.INCOMPLETE
