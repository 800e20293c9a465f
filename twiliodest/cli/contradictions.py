"""Options of `send` that do not go together: nobody is left to wonder which of them counted."""

from __future__ import annotations

import os

import click
from click.core import ParameterSource

from twiliodest.cli.command import mistake

EXCLUSIVE = {
    ("--sandbox", "--dry-run"): (
        "a dry run sends nothing, not even to a sandbox",
        "leave out --dry-run: with --sandbox nothing goes to Twilio",
    ),
    ("--sandbox", "--api-base"): (
        "--sandbox sends to a sandbox of its own, not to another server",
        "leave out --sandbox to send to the server that --api-base names",
    ),
    ("--sandbox", "--ledger"): (
        "--sandbox has a ledger of its own, which ends with the run",
        "to keep one over several runs, start twiliodest sandbox, and send there with --api-base",
    ),
    ("--sandbox", "--retry"): (
        "--sandbox starts with an empty ledger, so there is nothing to retry",
        "to retry over several runs, start twiliodest sandbox, and send there with --api-base",
    ),
    **{
        ("--assume-sent", other): (
            f"--assume-sent sends nothing, so {other} has no effect",
            f"leave out {other}",
        )
        for other in (
            "--dry-run",
            "--sandbox",
            "--retry",
            "--divert",
            "--rate",
            "--concurrency",
            "--receipts",
        )
    },
    ("--receipts", "--dry-run"): ("a dry run sends nothing that could arrive", "leave out --receipts"),
    ("--sandbox", "--insecure-api-base"): (
        "--sandbox sends to a sandbox of its own, not to another server",
        "leave out one of them",
    ),
    ("--quiet", "--verbose"): ("--quiet and --verbose contradict each other", "leave one of them out"),
}
NEEDED = {
    "--no-wait": ("--sandbox", "--no-wait is for --sandbox: other runs do not wait when they end"),
    "--shown-in": ("--assume-sent", "--shown-in works only with --assume-sent"),
    "--insecure-api-base": (
        "--api-base",
        "--insecure-api-base works only with --api-base",
    ),
}


def refuse_contradictions(context: click.Context) -> None:
    """Raises `UsageError` for the first options that were given and would contradict or ignore each other."""
    given = options_given(context)
    for pair, (message, hint) in EXCLUSIVE.items():
        if given.issuperset(pair):
            raise mistake(message, hint)
    for option, (needed, message) in NEEDED.items():
        if option in given and needed not in given:
            raise mistake(message, f"add {needed}, or leave out {option}")
    rejects, summary = context.params["rejects"], context.params["summary_json"]
    if rejects and summary and os.path.realpath(rejects) == os.path.realpath(summary):
        raise mistake("--rejects and --summary-json name the same file", "name two files")
    if "--rows" in given and context.params["jsonl"]:
        raise mistake("--rows is for the table; JSON Lines have every row", "leave out --rows or --output")


def options_given(context: click.Context) -> frozenset[str]:
    """The long names of the options on the command line, whatever their values."""
    return frozenset(
        max(it.opts, key=len)
        for it in context.command.params
        if it.name and context.get_parameter_source(it.name) is ParameterSource.COMMANDLINE
    )
