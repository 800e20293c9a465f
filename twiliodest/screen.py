"""What people see: tables, problems, progress and the summary. The only place that draws."""

from __future__ import annotations

import itertools
import os
import re
import sys
import time
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from twiliodest.errors import Problem
from twiliodest.model import Message, Outcome, Status
from twiliodest.report import TO_SEND

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.table import Table
    from rich.text import Text

    from twiliodest.config import Config
    from twiliodest.events import Progress
    from twiliodest.ledger import Row
    from twiliodest.report import Tally

PAGE = 500  # rows of a table that are drawn at once
WIDTH = 110  # characters where there is no terminal
WIDTHS = (5, 16, 14, 3, 28)  # of the columns line, action, to, seg and status; the body has the rest
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
}


def console(*, stderr: bool = False) -> Console:
    """A console for one of the two streams; without a terminal it is wide enough for a table."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() else WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def safe(text: str) -> str:
    """A text without anything that a terminal would obey: control characters stand as escapes."""
    return _OBEYED.sub(
        lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}", text
    )


def mute() -> None:
    """Nobody reads standard output any more: what the interpreter still flushes to it goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class OutcomeTable:
    """Outcomes as a table: the first `rows` of them (0: all), in the order of the input, a page at a time."""

    def __init__(self, rows: int, sources: Sequence[str]) -> None:
        self._most = rows
        self._sources = {name: place for place, name in enumerate(sources)}
        self._page: list[Outcome] = []
        self._count = 0

    def add(self, outcome: Outcome) -> None:
        """Take an outcome; a full page is drawn."""
        self._count += 1
        if not self._most or self._count <= self._most:
            self._page.append(outcome)
            if len(self._page) >= PAGE:
                self._draw()

    def close(self) -> None:
        """Draw what is left."""
        self._draw()
        if self._most and self._count > self._most:
            left = self._count - self._most
            print_line(f"… and {left:,} more: --rows 0 shows all, --output jsonl gives them as data")

    def _draw(self) -> None:
        out = console()
        body = max(out.width - sum(WIDTHS) - 2 * len(WIDTHS), 20)
        widths = (*WIDTHS[:3], body, *WIDTHS[3:])
        self._page.sort(key=lambda outcome: (self._sources[outcome.source], outcome.line))
        for source, outcomes in itertools.groupby(self._page, lambda outcome: outcome.source):
            table = _new_table()
            for name, width in zip(("line", "action", "to", "body", "seg", "status"), widths, strict=True):
                side: Literal["left", "right"] = "right" if name in ("line", "seg") else "left"
                table.add_column(name, overflow="fold", width=width, justify=side)
            for outcome in outcomes:
                table.add_row(*_cells(outcome))
            if len(self._sources) > 1:
                out.print(plain(source, "bold"), soft_wrap=True)
            out.print(table)
        self._page.clear()


def plain(text: str, style: str = "") -> Text:
    """A text for Rich that is shown literally: no markup, no emoji codes, no control characters."""
    from rich.text import Text

    return Text(safe(text), style=style)


def status_text(status: Status, reason: str | None) -> Text:
    """A status in its colour, with the reason."""
    text = plain(status.value, STYLES[status])
    if reason:
        text.append(f"\n{safe(reason)}", style="default")
    return text


def print_line(text: str, style: str = "", *, stderr: bool = True) -> None:
    """One line for people, shown literally."""
    console(stderr=stderr).print(plain(text, style), soft_wrap=True)


def print_problems(problems: Iterable[Problem]) -> None:
    """Problems like a compiler's: place and message, the line with a caret, the hint."""
    out = console(stderr=True)
    for problem in problems:
        text = plain(f"{problem.place}: " if problem.place else "", "bold")
        text.append("warning: " if problem.warning else "error: ", "yellow" if problem.warning else "red")
        text.append(safe(problem.message))
        out.print(text, soft_wrap=True)
        if problem.excerpt is not None and problem.place:
            width = len(str(problem.place.line))
            column = min(problem.place.column - 1, len(problem.excerpt))
            shown = safe(problem.excerpt[:column]).expandtabs(1)
            line = shown + safe(problem.excerpt[column:]).expandtabs(1)
            out.print(plain(f"  {problem.place.line} | {line}", "dim"), soft_wrap=True)
            out.print(plain(f"  {' ' * width} | {' ' * len(shown)}^", "dim"), soft_wrap=True)
        if problem.hint:
            out.print(plain(f"    {problem.hint}"), soft_wrap=True)


class Bar:
    """A progress bar on standard error: by messages if their number is known, else by bytes read."""

    def __init__(self, total: int | None, *, shown: bool, messages: bool = False) -> None:
        self._total = total
        self._shown = shown
        self._messages = messages
        self._progress: RichProgress | None = None

    def __enter__(self) -> Bar:
        if self._shown:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn(),
                console=console(stderr=True), transient=True,
            )  # fmt: skip
            self._task = self._progress.add_task("", total=self._total)
            self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._progress:
            self._progress.stop()

    def advance(self, size: int) -> None:
        """So many bytes more were read."""
        if self._progress and not self._messages:
            self._progress.advance(self._task, size)

    def show(self, tally: Tally) -> None:
        """One more outcome was counted."""
        if not self._progress:
            return
        counts = tally.statuses
        bad = counts[Status.INVALID] + counts[Status.REJECTED] + counts[Status.FAILED]
        told = f"{tally.messages:,} ok, {bad:,} not, {counts[Status.UNKNOWN]:,} unknown"
        if counts[Status.HELD]:
            told += f", {counts[Status.HELD]:,} held"
        elapsed = self._progress.tasks[0].elapsed or 0
        if elapsed > 1:
            told += f", {tally.messages / elapsed:,.0f}/s"
        self._progress.update(self._task, description=told)
        if self._messages:
            self._progress.update(self._task, completed=tally.statuses.total())


def print_plan(tally: Tally, first: Sequence[Message], config: Config) -> None:
    """What a send is about to do, with its first texts."""
    out = console(stderr=True)
    senders = sorted({action.sender for action in config.actions})
    out.print(plain("about to send for real", "bold"))
    out.print(plain(f"messages  {_messages(tally, config)}"), soft_wrap=True)
    out.print(plain(f"sender    {', '.join(senders)}"), soft_wrap=True)
    for status in Status:
        if status not in TO_SEND and tally.statuses[status]:
            out.print(plain(f"{status.value:<9} {tally.statuses[status]:,}, not to be sent"), soft_wrap=True)
    for message in first:
        out.print(plain(f"  {message.to}  {_body(message)}"), soft_wrap=True)
    if tally.messages > len(first):
        out.print(plain("  …"))


def ask(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def print_summary(
    tally: Tally, progress: Progress, config: Config, *, dry_run: bool, untried: int = 0
) -> None:
    """The numbers of a run, and every reason with its count and the first place."""
    out = console(stderr=True)
    out.print(plain(f"events    {progress.events:,} read, {progress.matched:,} matched"), soft_wrap=True)
    out.print(plain(f"messages  {_messages(tally, config)}"), soft_wrap=True)
    for status in Status:
        if count := tally.statuses[status]:
            out.print(plain(f"{status.value:<9} {count:,}", STYLES[status]), soft_wrap=True)
            for reason, times, place in tally.reasons(status)[:20]:
                where = place if times == 1 else f"first {place}"
                out.print(plain(f"          {times:,} × {reason} ({where})"), soft_wrap=True)
    if untried:
        out.print(plain(f"not tried {untried:,}", "yellow"), soft_wrap=True)
    if dry_run:
        if saving := str(tally.savings):
            out.print(plain(f"saving    {saving}"), soft_wrap=True)
        out.print(plain("dry run: nothing was sent", "dim"), soft_wrap=True)


def print_actions(config: Config) -> None:
    """The actions of a configuration, and what each would do."""
    table = _new_table()
    for name, ratio in (("action", 3), ("when", 6), ("to", 4), ("text", 7)):
        table.add_column(name, overflow="fold", ratio=ratio)
    for action in config.actions:
        body = action.body.source.strip() if action.body else ""
        media = (f"+ {field.source}" for field in action.media)
        sender = f"from {action.sender}" if action.sender != config.number else ""
        table.add_row(
            plain(action.name),
            plain(str(action.trigger)),
            plain("\nelse ".join(field.source for field in action.to)),
            plain("\n".join(filter(None, (body, *media, sender)))),
        )
    console().print(table)


def print_table(names: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Container[int] = ()) -> None:
    """Texts as a table; the columns at `numbers` are flush right."""
    table = _new_table()
    for place, name in enumerate(names):
        table.add_column(name, overflow="fold", justify="right" if place in numbers else "left")
    for row in rows:
        table.add_row(*map(plain, row))
    if table.row_count:
        console().print(table)


def print_rows(rows: Iterable[Row]) -> None:
    """Rows of the ledger, the latest first."""
    left = iter(rows)
    while page := list(itertools.islice(left, PAGE)):
        table = _new_table()
        for name in ("time", "action", "to", "status", "sid", "event"):
            table.add_column(name, overflow="fold")
        for row in page:
            state = plain(row.state.value)
            if row.reason:
                state.append(f"\n{safe(row.reason)}")
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.claimed_at))
            table.add_row(
                plain(moment),
                plain(row.action),
                plain(row.to),
                state,
                plain(row.sid or ""),
                plain(row.event_id),
            )
        console().print(table)


_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _cells(outcome: Outcome) -> Sequence[Text]:
    message = outcome.message
    return (
        plain(str(outcome.line), "dim"),
        plain(outcome.action or "–"),
        plain(message.to if message else "–"),
        plain(_body(message) if message else "–"),
        plain(str(message.segments) if message else "–"),
        status_text(outcome.status, outcome.reason),
    )


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _new_table() -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))


def _body(message: Message) -> str:
    return "\n".join(filter(None, (message.body, *(f"+\u00a0{url}" for url in message.media_urls))))


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
