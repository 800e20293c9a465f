"""How a command is declared: each is loaded when it is called, and its help has its options under headings."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Never

import click

from twiliodest.errors import Problem, UsageError

VARIABLE = "_TWILIODEST_COMPLETE"  # by which a shell asks how a line may go on
HEADINGS = (
    "Input",
    "Output",
    "Safety",
    "Delivery",
    "Sandbox",
    "Options",
)  # of options, in the order of the help
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class Option(click.Option):
    """An option; its help is under the heading `under`."""

    def __init__(self, names: Sequence[str], under: str = HEADINGS[-1], **how: Any) -> None:
        super().__init__(names, **how)
        self.under = under


class Command(click.Command):
    """A command whose options stand under headings."""

    def __init__(self, name: str | None, **how: Any) -> None:
        super().__init__(name, context_settings=HELP_NAMES, **how)
        if self.help:
            self.help = f"\b\n{inspect.cleandoc(self.help)}"  # the examples have a line each

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        with in_our_words(ctx):
            rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise mistake(f'{ctx.command_path} does not take "{rest[0]}"', help_of(ctx))
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, records in rooms(self, ctx).items():
            with formatter.section(heading):
                formatter.write_dl(records)


def rooms(command: click.Command, context: click.Context) -> dict[str, list[tuple[str, str]]]:
    """The options of a command with their help, by heading."""
    found: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and not isinstance(parameter, click.Argument):
            found[getattr(parameter, "under", HEADINGS[-1])].append(record)
    return {heading: records for heading, records in found.items() if records}


class Commands(click.Group):
    """Commands by name, each with its line of help; `folder` has a module for each of them.

    A module is loaded when its command is called: what is not asked for costs nothing.
    """

    def __init__(self, name: str, folder: str, lines: Mapping[str, str], **how: Any) -> None:
        super().__init__(name, no_args_is_help=True, context_settings=HELP_NAMES, **how)
        self._folder = folder
        self._lines = lines

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lines:
            return None
        found: click.Command = importlib.import_module(f"{self._folder}.{cmd_name}").command
        found.short_help = self._lines[cmd_name]
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with in_our_words(ctx):
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self._lines and not ctx.resilient_parsing:
            import difflib

            near = difflib.get_close_matches(args[0].lower(), self._lines, 1)
            hint = f"did you mean {near[0]}?" if near else f"the commands are: {', '.join(self._lines)}"
            raise mistake(f'{ctx.command_path} has no command "{args[0]}"', hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lines.items()))


declare = partial(click.command, cls=Command)
argument = click.argument
option = partial(click.option, cls=Option)


def mistake(message: str, hint: str | None = None) -> UsageError:
    """What is wrong with the words of a command."""
    return UsageError([Problem(message=message, hint=hint)])


@contextlib.contextmanager
def in_our_words(context: click.Context) -> Iterator[None]:
    """A mistake that Click finds in here is told as all others are. Raises `UsageError`."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise _told(error, error.ctx or context) from None


def _told(error: click.UsageError, context: click.Context) -> UsageError:
    if isinstance(error, click.NoSuchOption):
        import difflib

        meant = difflib.get_close_matches(error.option_name, error.possibilities or (), 1)
        hint = f"did you mean {meant[0]}?" if meant else help_of(context)
        return mistake(f"{context.command_path} has no option {error.option_name}", hint)
    if isinstance(error, click.BadOptionUsage):
        named = (it for it in context.command.get_params(context) if error.option_name in it.opts)
        is_flag = any(isinstance(it, click.Option) and it.is_flag for it in named)
        needs = "takes no value" if is_flag else "needs a value"
        return mistake(f"{error.option_name} {needs}", help_of(context))
    if isinstance(error, click.MissingParameter) and error.param:
        name = error.param.opts[0] if isinstance(error.param, click.Option) else error.param.metavar
        return mistake(f"{name} is missing", help_of(context))
    return mistake(error.format_message(), help_of(context))


def help_of(context: click.Context) -> str:
    return f"{context.command_path} --help shows what it takes"


def refuse(parameter: click.Parameter | None, message: str, hint: str) -> Never:
    """The value of an option cannot be read. Raises `UsageError`."""
    name = f"{parameter.opts[0]}: " if isinstance(parameter, click.Option) else ""
    raise mistake(f"{name}{message}", hint)
