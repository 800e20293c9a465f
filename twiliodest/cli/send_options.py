"""The options of `send`, spelled out once: for the parser, for the help, and for whoever reads them."""

# ruff: noqa: RUF009 -- what is called makes the fields

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from operator import not_
from pathlib import Path
from typing import Any

import click

from twiliodest.cli.command import Option
from twiliodest.cli.options import API_BASE, CONFIG, INSECURE, LEDGER, OUTPUT, PLAIN
from twiliodest.cli.selection import ActionName
from twiliodest.cli.values import FILE, Count, Number, Span, Word, Words

CHANGED = "changed"  # stands beside the statuses for what is new in this run


def _statuses() -> Iterable[str]:
    from twiliodest.model import Status

    return Status


def _listable() -> Iterable[str]:
    return [CHANGED, *_statuses()]


def _joined(given: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*given)


def _under(heading: str) -> Callable[..., Any]:
    """What makes a field an option under this heading; `read` makes the field's value of the option's."""

    def option(*names: str, read: Callable[[Any], Any] | None = None, **how: Any) -> Any:
        if read:
            how["callback"] = lambda context, parameter, value: read(value)
        return field(metadata={"option": lambda name: Option([*names, name], heading, **how)})

    return option


_input, _output, _safety = _under("Input"), _under("Output"), _under("Safety")
_delivery, _sandbox = _under("Delivery"), _under("Sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """As given, in the order of the help; numbers and files that are not given are `None`."""

    events: Sequence[str]
    config: Path | None = _input("--config", "-c", **CONFIG)
    action: Sequence[str] = _input(
        "--action", metavar="NAME", type=ActionName(), multiple=True, help="Run only this action."
    )
    skip: Sequence[str] = _input(
        "--skip", metavar="NAME", type=ActionName(), multiple=True, help="Run all actions except this one."
    )
    limit: int | None = _input("--limit", type=Number(1), help="Stop after this many messages.")
    jsonl: bool = _output("--output", "-o", read="jsonl".__eq__, **OUTPUT)
    rows: int | None = _output(
        "--rows",
        metavar="N|all",
        type=Count(),
        help="Rows of the table (default: 10 on a terminal, 50 elsewhere; all for a pipe).",
    )
    only: frozenset[str] = _output(
        "--only",
        metavar="STATUS",
        type=Words(_listable),
        multiple=True,
        read=_joined,
        help="List only these statuses, like sent,failed; or changed: what this run itself changed.",
    )
    show: frozenset[str] = _output(
        "--show",
        metavar="STATUS",
        type=Words(_statuses),
        multiple=True,
        read=_joined,
        help="Also list this status: the table only counts what is already.",
    )
    rejects: Path | None = _output(
        "--rejects",
        metavar="FILE",
        type=FILE,
        help="Write the original lines of whatever was not sent to this file.",
    )
    summary_json: Path | None = _output(
        "--summary-json",
        metavar="FILE",
        type=FILE,
        help="Write the summary to this file as one JSON document.",
    )
    quiet: bool = _output("--quiet", "-q", is_flag=True, help="No progress, no summary.")
    verbose: bool = _output("--verbose", "-v", is_flag=True, help="Also show the configuration's warnings.")
    dry_run: bool = _safety("--dry-run", "-n", is_flag=True, help="Show what would be sent; send nothing.")
    ask: bool = _safety(
        "--yes", "-y", is_flag=True, read=not_, help="Send without showing the plan and asking."
    )
    fail_fast: bool = _safety("--fail-fast", is_flag=True, help="Stop at the first thing that goes wrong.")
    ledger: Path | None = _safety("--ledger", **LEDGER)
    divert: str | None = _safety(
        "--divert",
        metavar="NUMBER",
        help="Rehearse: send everything to this phone, with a ledger of its own.",
    )
    retry: frozenset[str] = _safety(
        "--retry",
        type=Word(["rejected", "unknown"]),
        multiple=True,
        read=frozenset,
        help="Also retry what was rejected, or is unknown (may text people twice).",
    )
    assume_sent: bool = _safety(
        "--assume-sent", is_flag=True, help="Write messages to the ledger as sent; send nothing."
    )
    shown_in: str | None = _safety(
        "--shown-in",
        metavar="FILE|twilio",
        help="With --assume-sent: only what earlier records (of -o jsonl) or Twilio's list show as sent.",
    )
    rate: float | None = _delivery("--rate", type=Number(0.001), help="Messages per second, at most.")
    concurrency: int | None = _delivery(
        "--concurrency", type=Number(1, 500), help="Requests at once (default: 10)."
    )
    receipts: int | None = _delivery(
        "--receipts", type=Span(), help="At the end, wait for receipts for this long: 2m."
    )
    api_base: str | None = _delivery("--api-base", **API_BASE)
    sandbox: bool = _sandbox(
        "--sandbox", is_flag=True, help="Send to a sandbox just for this run; no account is needed."
    )
    wait: bool = _sandbox(
        "--no-wait", is_flag=True, read=not_, help="With --sandbox: end when the run ends, without waiting."
    )


def parameters() -> list[click.Parameter]:
    """The fields of `SendOptions` as Click wants them."""
    events = click.Argument(
        ["events"],
        nargs=-1,
        metavar="[EVENTS]...",
        help="Files, folders (their .json, .jsonl, .ndjson, also .gz), or - for standard input.",
    )
    made = [(it.name, it.metadata.get("option")) for it in fields(SendOptions)]
    options = [make(name) for name, make in made if make]
    place = next(number for number, it in enumerate(options) if "--api-base" in it.opts)
    options.insert(place + 1, Option([INSECURE], "Delivery", **PLAIN))
    return [events, *options]


def options_of(arguments: Sequence[str]) -> SendOptions:
    """As if these words had been typed behind `send`."""
    context = click.Command("send", params=parameters()).make_context("send", [*arguments])
    return SendOptions(**context.params)
