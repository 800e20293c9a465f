"""The command `explain`."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twiliodest.addresses import PrivateAddress
from twiliodest.cli.command import Command, argument, declare, mistake, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.options import INSECURE, api_base_option, config_option, ledger_option, load_to_send
from twiliodest.cli.signals import interrupts
from twiliodest.cli.values import Word
from twiliodest.errors import ExitStatus

if TYPE_CHECKING:
    from twiliodest.config.settings import Config

MOST = 20  # events of one line
EXITS = (
    "Exit status: 0 explained · 1 what is there is not an event · 2 usage or configuration error, or there is "
    "nothing on that line · 130 interrupted."
)


class _Explain(Command):
    """Takes `-:7` for a place, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        places = [it for it in args if re.fullmatch(r"-:[0-9:]+", it)]
        others = [it for it in args if it not in places]
        return super().parse_args(ctx, [*others, "--", *places] if places else args)


@declare("explain", cls=_Explain, epilog=EXITS)
@argument(
    "place", metavar="FILE[:LINE]", help="An event: events.jsonl:7, or -:7; without a line, the first one."
)
@config_option
@ledger_option
@option(
    *("--output", "-o"),
    under="Output",
    type=Word(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="Text, or one JSON object per event.",
)
@api_base_option
def command(
    place: str, config: Path | None, ledger: Path | None, output: str, api_base: str | None
) -> ExitStatus:
    """$ twiliodest explain events.jsonl:7

    Say why each action does or does not match an event, and what it would send now. It sends nothing.
    """
    name, line = _place(place)
    environment = Environment.current()
    loaded = load_to_send(config, environment, api_base)
    arguments = [name, "--dry-run"]
    arguments += ["--ledger", str(ledger)] if ledger else []
    arguments += ["--api-base", api_base] if api_base is not None else []
    arguments += [INSECURE] if isinstance(api_base, PrivateAddress) else []
    with interrupts():
        return _explain(loaded, environment, arguments, place, line, jsonl=output == "jsonl")


def _place(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(?s)(.+?):([0-9]{1,15})(?::[0-9]+)?", text)
    if not found or Path(text).exists():
        return text, None
    if int(found[2]) == 0:
        raise mistake("lines are counted from 1", f"write {found[1]}:1")
    return found[1], int(found[2])


def _explain(
    config: Config,
    environment: Environment,
    arguments: Sequence[str],
    place: str,
    line: int | None,
    *,
    jsonl: bool,
) -> ExitStatus:
    """Go through the input as the dry run does that has these arguments. Raises `UsageError` and `LedgerError`."""
    from twiliodest.checks.inquiry import Inquiry
    from twiliodest.cli.preview import seen
    from twiliodest.cli.run import Run
    from twiliodest.cli.send_options import options_of
    from twiliodest.delivery.preview import preview
    from twiliodest.screens import screen
    from twiliodest.screens.explain import document, print_answer
    from twiliodest.screens.report import encode_lines

    run = Run(config, options_of(arguments), environment)
    if len(run.sources) > 1:
        raise mistake(f"{place} has {len(run.sources):,} files", f"name one of them: {run.sources[0].name}:1")
    planner = run.planner(keeps_texts=False)
    is_fine, count = True, 0
    with seen(run) as ledger:
        expected = partial(
            preview,
            account=config.account or "",
            find=ledger.get if ledger else None,
            retry=(),
            guards=run.guards(ledger),
            clock=environment.clock,
        )
        inquiry = Inquiry(planner, config.actions, expected, line=line)
        for answer in itertools.islice(inquiry.answers(), MOST):
            count += 1
            is_fine = is_fine and answer.fault is None
            if jsonl:
                sys.stdout.buffer.write(encode_lines([document(answer)]))
            else:
                print_answer(answer)
    if not count:
        raise mistake(*_nothing(run.sources[0].name, line, inquiry.last))
    if count == MOST:
        screen.print_line(f"these are the first {MOST} events on that line")
    elif line is None:
        screen.print_line(f"this is the first event; for the one on line 2, write {place}:2")
    if config.disabled:
        screen.print_line(
            f"{len(config.disabled):,} disabled action{'' if len(config.disabled) == 1 else 's'} left out"
        )
    return ExitStatus.OK if is_fine else ExitStatus.INCOMPLETE


def _nothing(name: str, line: int | None, last: int) -> tuple[str, str | None]:
    what = "standard input" if name == "-" else name
    if not last or line is None:
        return f"{what} has no events", None
    if line > last:
        return f"{what} has no line {line:,}", f"its last event ends on line {last:,}"
    return f"there is no event on line {line:,} of {what}", None
