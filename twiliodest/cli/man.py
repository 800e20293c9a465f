"""The command `man`: what --help says of every command, as a page of the manual."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import click

from twiliodest import __version__
from twiliodest.cli.command import HELP_NAMES, declare, rooms

FILES = (
    ("twiliodest.yaml", "The configuration, unless -c or $TWILIODEST_CONFIG names another one."),
    ("$XDG_STATE_HOME/twiliodest", "The ledgers, else in ~/.local/state/twiliodest."),
)
VARIABLES = (
    ("TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN", "The account and its token; with _FILE, files that hold them."),
    ("TWILIODEST_CONFIG", "The configuration to use."),
)

NAMES = HELP_NAMES["help_option_names"]


@declare("man")
@click.pass_context
def command(context: click.Context) -> None:
    """$ twiliodest man | man -l -

    Print the manual page: all commands and options.
    """
    app = context.find_root().command
    sys.stdout.write("\n".join(_page(app)) + "\n")


def _page(app: click.Command) -> Iterator[str]:
    root = click.Context(app, info_name=app.name, help_option_names=NAMES)
    example, about, exits = _said(app)
    yield f'.TH TWILIODEST 1 "" "twiliodest {__version__}" "User Commands"'
    yield from (".nh", ".ad l")  # a name of a file is one word
    yield from (".SH NAME", f"twiliodest \\- {_escaped(about[:1].lower() + about[1:].rstrip('.'))}")
    yield from (".SH SYNOPSIS", *_typed(_usage(root)), ".SH EXAMPLE", *_typed(example))
    yield ".SH COMMANDS"
    yield from _commands(root)
    yield from (".SH EXIT STATUS", _escaped(exits.removeprefix("Exit status: ")))
    for heading, entries in (("ENVIRONMENT", VARIABLES), ("FILES", FILES)):
        yield f".SH {heading}"
        yield from (line for entry in entries for line in _entry(*entry))


def _commands(context: click.Context) -> Iterator[str]:
    """Every command that does something, with its options."""
    group = context.command
    assert isinstance(group, click.Group)  # noqa: S101 -- for the type checker
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found  # noqa: S101 -- for the type checker
        inner = click.Context(found, parent=context, info_name=name, help_option_names=NAMES)
        if isinstance(found, click.Group):
            yield from _commands(inner)
            continue
        example, about, *_ = _said(found)
        yield from (
            f'.SS "{_escaped(inner.command_path)}"',
            _escaped(about),
            *_typed(_usage(inner), *example.splitlines()),
        )
        for argument in found.params:
            if isinstance(argument, click.Argument) and (record := argument.get_help_record(inner)):
                yield from _entry(*record)
        for records in rooms(found, inner).values():
            yield from (line for record in records for line in _entry(*record))
        if found.epilog:
            yield from (".PP", _escaped(found.epilog))


def _said(command: click.Command) -> list[str]:
    """The paragraphs of a command's help: its examples, a line each, what it does, and more."""
    examples, *others = re.split(r"\n\s*\n", (command.help or "").strip("\b \n"))
    return [examples, *(" ".join(it.split()) for it in others)]


def _usage(context: click.Context) -> str:
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])


def _typed(*lines: str) -> Iterator[str]:
    yield from (".PP", ".nf", *(f".B {_escaped(line)}" for line in lines), ".fi")


def _entry(term: str, told: str) -> Iterator[str]:
    yield from (".TP", f".B {_escaped(term)}", _escaped(told))


def _escaped(text: str) -> str:
    """A text as roff shows it: nothing of it is a command or a sign of roff's."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq")
    text = re.sub(r"[^ -~]", lambda found: f"\\[u{ord(found[0]):04X}]", text)
    return f"\\&{text}" if text.startswith(".") else text
