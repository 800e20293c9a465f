"""What people see of a send: the table of outcomes, the plan and its question, the summary."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from twiliodest.delivery.claims import content_of
from twiliodest.model import Message, Outcome, Status
from twiliodest.screens.controls import one_line
from twiliodest.screens.report import TO_SEND
from twiliodest.screens.screen import PAGE, console, new_table, plain, print_line, status_text

if TYPE_CHECKING:
    from twiliodest.config.settings import Config
    from twiliodest.planning.progress import Progress
    from twiliodest.screens.report import Tally

WIDTHS = (5, 16, 14, 3, 28)  # of the columns line, action, to, seg and status; the body has the rest
NARROW = (5, 12, 14, 3, 16)  # where that would leave the body too little: a number still stands in one piece
STYLES = {
    Status.PLANNED: "green",
    Status.SENT: "green",
    Status.ALREADY: "dim",
    Status.INVALID: "red",
    Status.REJECTED: "red",
    Status.FAILED: "yellow",
    Status.UNKNOWN: "magenta",
    Status.HELD: "cyan",
    Status.SUPPRESSED: "dim",
    Status.EXPIRED: "dim",
}


class OutcomeTable:
    """Outcomes as a table: the first `rows` of them (0: all), in the order of the input, a page at a time."""

    def __init__(self, rows: int, sources: Sequence[str], diverted_to: str | None = None) -> None:
        self._diverted_to = diverted_to
        self._most = rows
        self._sources = {name: place for place, name in enumerate(sources)}
        self._page: list[Outcome] = []
        self._count = 0

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes; each full page is drawn."""
        shown = outcomes[: max(self._most - self._count, 0)] if self._most else outcomes
        self._count += len(outcomes)
        for outcome in shown:
            self._page.append(outcome)
            if len(self._page) >= PAGE:
                self._draw()

    def close(self) -> None:
        """Draw what is left."""
        self._draw()
        if self._most and self._count > self._most:
            left = self._count - self._most
            print_line(f"… and {left:,} more: --rows 0 shows all, --output jsonl gives them as data")

    def _to(self, message: Message) -> str:
        return f"{message.to}\n→ {self._diverted_to}" if self._diverted_to else message.to

    def _draw(self) -> None:
        out = console()
        fixed = WIDTHS if out.width >= 100 else NARROW
        body = max(out.width - sum(fixed) - 2 * len(fixed), 20)
        widths = (*fixed[:3], body, *fixed[3:])
        self._page.sort(key=lambda outcome: (self._sources[outcome.event.source], outcome.event.line))
        for source, outcomes in itertools.groupby(self._page, lambda outcome: outcome.event.source):
            table = new_table()
            for name, width in zip(("line", "action", "to", "body", "seg", "status"), widths, strict=True):
                side: Literal["left", "right"] = "right" if name in ("line", "seg") else "left"
                table.add_column(name, overflow="fold", width=width, justify=side)
            for outcome in outcomes:
                message, status = outcome.message, outcome.status
                table.add_row(
                    plain(str(outcome.event.line), "dim"),
                    plain(outcome.action or "–"),
                    plain(self._to(message) if message else "–"),
                    plain(_body(message) if message else "–"),
                    plain(str(message.segments) if message else "–"),
                    status_text(status.value, outcome.reason, STYLES[status]),
                )
            if len(self._sources) > 1:
                out.print(plain(one_line(source), "bold"), soft_wrap=True)
            out.print(table)
        self._page.clear()


def print_plan(
    tally: Tally, first: Sequence[Message], config: Config, diverted_to: str | None = None
) -> None:
    """What a send is about to do, with its first texts."""
    out = console(stderr=True)
    senders = sorted({action.sender for action in config.actions})
    if diverted_to:
        out.print(plain(f"about to send a rehearsal: everything goes to {diverted_to}", "bold"))
    else:
        out.print(plain("about to send for real", "bold"))
    out.print(plain(f"messages  {_messages(tally, config)}"), soft_wrap=True)
    out.print(plain(f"sender    {', '.join(senders)}"), soft_wrap=True)
    for status in Status:
        if status not in TO_SEND and tally.statuses[status]:
            out.print(
                plain(f"{status.value:<9} {tally.statuses[status]:,}, will not be sent"), soft_wrap=True
            )
    for message in first:
        to = f"{message.to} → {diverted_to}" if diverted_to else message.to
        out.print(plain(f"  {to}  {_indented(_body(message))}"), soft_wrap=True)
    if tally.messages > len(first):
        out.print(plain("  …"))


def ask(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


HINTS = {
    Status.REJECTED: "not tried again unless you add --retry rejected",
    Status.UNKNOWN: "ask Twilio: twiliodest ledger resolve; --retry unknown may text these people twice",
}


def print_summary(
    tally: Tally,
    progress: Progress,
    config: Config,
    *,
    dry_run: bool,
    untried: int = 0,
    limit: int | None = None,
    left_out: str = "",
    diverted_to: str | None = None,
) -> None:
    """The numbers of a run, and every reason with its count and the first place.

    What was read matches, is no event, or matches nothing. What matches, and what is no event, ends in a status or
    is not tried: once for each action that it matches.
    """
    out = console(stderr=True)
    read = f"events    {progress.events:,} read, {progress.matched:,} matched"
    if broken := progress.broken:
        read += f", {broken:,} {'is not an event' if broken == 1 else 'are not events'}"
    out.print(plain(read), soft_wrap=True)
    for note in (*((f"left out  {left_out}",) if left_out else ()), *progress.notes):
        out.print(plain(note, "yellow"), soft_wrap=True)
    out.print(plain(f"messages  {_messages(tally, config)}"), soft_wrap=True)
    if diverted_to:
        out.print(plain(f"diverted  all to {diverted_to}, and none to the recipients"), soft_wrap=True)
    for status in Status:
        if count := tally.statuses[status]:
            out.print(plain(f"{status.value:<9} {count:,}", STYLES[status]), soft_wrap=True)
            for reason, times, place in tally.reasons(status)[:20]:
                where = place if times == 1 else f"first {place}"
                out.print(plain(f"          {times:,} × {one_line(f'{reason} ({where})')}"), soft_wrap=True)
            if hint := HINTS.get(status):
                out.print(plain(f"          {hint}", "dim"), soft_wrap=True)
    if untried:
        out.print(plain(f"not tried {untried:,}", "yellow"), soft_wrap=True)
    if limit is not None:
        out.print(plain(f"stopped at the limit of {limit:,}"), soft_wrap=True)
    if dry_run:
        if saving := str(tally.savings):
            out.print(plain(f"saving    {saving}"), soft_wrap=True)
        out.print(plain("dry run: nothing was sent", "dim"), soft_wrap=True)


def _indented(text: str) -> str:
    """So that no line of a text looks like one of the plan's own."""
    return text.replace("\n", "\n      ")


def _body(message: Message) -> str:
    media = (f"+\u00a0{url}" for url in message.media_urls)
    return "\n".join(filter(None, (content_of(message) or message.body, *media)))


def _messages(tally: Tally, config: Config) -> str:
    if not tally.messages:
        return "0"
    parts = [_count(tally.segments, "segment")] if tally.segments else []
    if tally.media:
        parts.append(f"{tally.media:,} MMS")
    encodings = ", ".join(f"{count:,} {name}" for name, count in sorted(tally.encodings.items()))
    cost = tally.cost(config.price_per_segment, config.price_per_mms)
    price = "" if cost is None else f", about {cost:,.2f} {config.currency}"
    people = f"{tally.recipients} recipient{'' if tally.recipients == '1' else 's'}"
    return f"{tally.messages:,} to {people}, {' and '.join(parts)} ({encodings}){price}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
