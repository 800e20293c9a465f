"""The command `check`: the configuration; and beyond it a survey of real events, and questions to Twilio."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twiliodest.cli.command import argument, declare, mistake, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.options import api_base_option, config_option, load
from twiliodest.cli.signals import interrupts
from twiliodest.cli.values import Word
from twiliodest.errors import ExitStatus, Problem

if TYPE_CHECKING:
    from twiliodest.checks.findings import Findings, Verified
    from twiliodest.config.settings import Config

EXITS = (
    "Exit status: 0 no errors · 1 some events would not be sent, or Twilio cannot be reached · 2 usage "
    "or configuration error, or no credentials for --online · 4 Twilio refuses the account or a sender · "
    "130 interrupted."
)


@declare("check", epilog=EXITS)
@argument(
    "more", nargs=-1, metavar="[EVENTS]...", help="Show what these events would send: files, folders, or -."
)
@config_option
@option(
    "--events",
    under="Input",
    metavar="FILE",
    multiple=True,
    help="The same as naming them without it.",
)
@option(
    "--actions",
    under="Output",
    is_flag=True,
    help="Also list the actions, each with its trigger, recipient and text.",
)
@option("--verbose", "-v", "actions", under="Output", is_flag=True, help="The same.")
@option(
    "--online",
    under="Delivery",
    is_flag=True,
    help="Verify the account and the senders with Twilio; send nothing.",
)
@option(
    *("--output", "-o"),
    under="Output",
    type=Word(["table", "json"]),
    default="table",
    show_default=True,
    help="Tables, or one JSON document.",
)
@api_base_option
def command(
    more: Sequence[str],
    config: Path | None,
    events: Sequence[str],
    actions: bool,
    online: bool,
    output: str,
    api_base: str | None,
) -> ExitStatus:
    """$ twiliodest check events.jsonl --online

    Find every problem of the configuration, and of what it makes of real events.
    """
    from twiliodest.screens import screen

    events = (*events, *more)
    if wrong := [name for name in more if name.endswith((".yaml", ".yml"))]:
        raise mistake(f"{wrong[0]} was given as events", f"name a configuration with -c {wrong[0]}")
    environment = Environment.current()
    loaded = load(config, environment)
    if not (events or online or output == "json"):
        screen.print_problems(loaded.warnings)
        screen.print_valid(loaded, actions=actions)
        return ExitStatus.OK
    with interrupts():
        return check_further(
            loaded,
            environment,
            events=events,
            actions=actions,
            online=online,
            api_base=api_base,
            json=output == "json",
        )


def check_further(
    config: Config,
    environment: Environment,
    *,
    events: Sequence[str],
    actions: bool,
    online: bool,
    api_base: str | None,
    json: bool,
) -> ExitStatus:
    """Show what `events` would come to, which decides what is a warning, and what Twilio says.

    Raises `UsageError`.
    """
    from twiliodest.checks.findings import Grade
    from twiliodest.screens import screen
    from twiliodest.screens.check import print_findings, print_verified
    from twiliodest.screens.report import encode_lines

    findings, lacking = None, None
    if events:
        findings, lacking = survey(config, events, shows_bar=environment.stderr_is_terminal)
    warnings = [it for it in config.warnings if lacking is None or not it.member or it.member in lacking]
    screen.print_problems(warnings)
    verified = _ask(config, api_base, environment) if online else None
    if not json:
        print_verified(verified or ())
        if findings:
            print_findings(findings)
    screen.print_valid(config, actions=actions and not json)
    if json:
        sys.stdout.buffer.write(encode_lines([_document(config, warnings, findings, verified)]))
    grades = {item.grade for item in verified or ()}
    if Grade.REFUSED in grades:
        return ExitStatus.REFUSED
    is_fine = Grade.UNREACHABLE not in grades and (findings is None or findings.is_fine)
    return ExitStatus.OK if is_fine else ExitStatus.INCOMPLETE


def survey(config: Config, events: Sequence[str], *, shows_bar: bool) -> tuple[Findings, Collection[str]]:
    """Read all events and send nothing; and which members that warnings speak of no event has.

    Neither the ledger nor the time of day matters. Raises `UsageError`.
    """
    from twiliodest.checks.survey import Survey
    from twiliodest.cli.run import size
    from twiliodest.delivery.preview import preview
    from twiliodest.events.envelopes import names
    from twiliodest.events.folders import LeftOut
    from twiliodest.events.sources import find_sources
    from twiliodest.planning.plan import Plan
    from twiliodest.planning.planner import Planner, steps
    from twiliodest.planning.progress import Progress
    from twiliodest.screens import screen
    from twiliodest.screens.bar import Bar

    left_out, progress = LeftOut(), Progress()
    sources = find_sources(events, left_out)
    members = {problem.member for problem in config.warnings if problem.member}
    taken = Survey(config.actions, config.event_id, members)
    plan = Plan(config.actions, config.event_id, envelopes=names(config.events_at))
    planner = Planner(sources, plan, taken.passed, events_at=config.events_at)
    with Bar(size(sources), shown=shows_bar) as bar:
        planned = steps(planner, progress, bar.advance)
        for group in preview(planned, config.account or "", None, ()):
            for outcome in itertools.chain.from_iterable(group):
                taken.add(outcome)
    for note in (*((f"left out  {left_out}",) if str(left_out) else ()), *progress.notes):
        screen.print_line(note, "yellow")
    findings = taken.findings(config.price_per_segment, config.price_per_mms, config.currency)
    return findings, {member for member in members if taken.lacks(member)}


def _ask(config: Config, api_base: str | None, environment: Environment) -> list[Verified]:
    from twiliodest.checks.online import verify
    from twiliodest.config.accounts import account_of
    from twiliodest.twilio.reader import Reader

    account = account_of(config, api_base)
    with contextlib.closing(Reader(account, environment.variables)) as reader:
        return verify(account, config.actions, reader.get)


def _document(
    config: Config,
    warnings: Sequence[Problem],
    events: Findings | None,
    online: Sequence[Verified] | None,
) -> dict[str, Any]:
    """What `-o json` prints; `events` and `online` are null where they were not asked for."""
    return {
        "actions": [action.name for action in config.actions],
        "disabled": len(config.disabled),
        "warnings": [_warning(problem) for problem in warnings],
        "events": events,
        "online": online,
    }


def _warning(problem: Problem) -> dict[str, str | None]:
    place = str(problem.place) if problem.place else None
    return {"place": place, "message": problem.message, "hint": problem.hint}
