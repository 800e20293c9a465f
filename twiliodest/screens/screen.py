"""How things are drawn for people: safe texts, problems, tables, progress. Rich is imported nowhere else."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

from twiliodest.errors import Problem
from twiliodest.model import Status
from twiliodest.screens.controls import one_line
from twiliodest.screens.controls import safe as safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.table import Table
    from rich.text import Text

    from twiliodest.config.settings import Config
    from twiliodest.ledger.rows import Row
    from twiliodest.screens.report import Tally

PAGE = 500  # rows of a table that are drawn at once
WIDTH = 110  # characters where there is no terminal


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


def plain(text: str, style: str = "") -> Text:
    """A text for Rich that is shown literally: no markup, no emoji codes, no control characters."""
    from rich.text import Text

    return Text(safe(text), style=style)


def new_table() -> Table:
    """A table in the one style, still without columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))


def status_text(status: str, reason: str | None, style: str = "") -> Text:
    """A status in its style, with the reason."""
    text = plain(status, style)
    if reason:
        text.append(f"\n{safe(reason)}", style="default")
    return text


def print_line(text: str, style: str = "", *, stderr: bool = True) -> None:
    """One line for people, shown literally."""
    console(stderr=stderr).print(plain(one_line(text), style), soft_wrap=True)


def print_problems(problems: Iterable[Problem]) -> None:
    """Problems like a compiler's: place and message, the line with a caret, the hint."""
    out = console(stderr=True)
    for problem in problems:
        text = plain(one_line(f"{problem.place}: ") if problem.place else "", "bold")
        text.append("warning: " if problem.warning else "error: ", "yellow" if problem.warning else "red")
        text.append(one_line(problem.message))
        out.print(text, soft_wrap=True)
        if problem.excerpt is not None and problem.place:
            width = len(str(problem.place.line))
            column = min(problem.place.column - 1, len(problem.excerpt))
            shown = safe(problem.excerpt[:column]).expandtabs(1)
            line = shown + safe(problem.excerpt[column:]).expandtabs(1)
            out.print(plain(f"  {problem.place.line} | {line}", "dim"), soft_wrap=True)
            out.print(plain(f"  {' ' * width} | {' ' * len(shown)}^", "dim"), soft_wrap=True)
        if problem.hint:
            out.print(plain(f"    {one_line(problem.hint)}"), soft_wrap=True)


class Bar:
    """A progress bar on standard error: by messages if their number is known, else by bytes read."""

    def __init__(self, total: int | None, *, shown: bool, messages: bool = False) -> None:
        self._total = total
        self._shown = shown
        self._messages = messages
        self._progress: RichProgress | None = None
        self._next = 0.0

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
        """More outcomes were counted; the bar is drawn ten times a second, whatever their number."""
        if not self._progress or (now := time.monotonic()) < self._next:
            return
        self._next = now + 0.1
        counts = tally.statuses
        bad = counts[Status.INVALID] + counts[Status.REJECTED] + counts[Status.FAILED]
        told = f"{tally.messages:,} done, {bad:,} failed, {counts[Status.UNKNOWN]:,} unknown"
        if counts[Status.HELD]:
            told += f", {counts[Status.HELD]:,} held"
        elapsed = self._progress.tasks[0].elapsed or 0
        if elapsed > 1:
            told += f", {tally.messages / elapsed:,.0f}/s"
        self._progress.update(self._task, description=told)
        if self._messages:
            self._progress.update(self._task, completed=tally.statuses.total())


def print_valid(config: Config, warnings: Iterable[Problem], *, actions: bool) -> None:
    """A configuration's warnings and, if asked, its actions and what each would do; and that it is valid."""
    print_problems(warnings)
    if actions:
        _print_actions(config)
    count = len(config.actions)
    disabled = f", {len(config.disabled)} disabled" if config.disabled else ""
    print_line(f"the configuration is valid: {count} action{'' if count == 1 else 's'}{disabled}")


def _print_actions(config: Config) -> None:
    table = new_table()
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
    table = new_table()
    for place, name in enumerate(names):
        table.add_column(name, overflow="fold", justify="right" if place in numbers else "left")
    for row in rows:
        table.add_row(*map(plain, row))
    if table.row_count:
        console().print(table)


def print_rows(rows: Iterable[Row]) -> None:
    """Rows of the ledger, the latest first."""
    left = iter(rows)
    page = list(itertools.islice(left, PAGE))
    if not page:
        print_line("the ledger has no such rows")
    while page:
        table = new_table()
        for name in ("time", "action", "to", "status", "sid", "event"):
            table.add_column(name, overflow="fold")
        for row in page:
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.claimed_at))
            table.add_row(
                plain(moment),
                plain(row.action),
                plain(row.to),
                status_text(row.state.value, row.reason),
                plain(row.sid or ""),
                plain(row.event_id),
            )
        console().print(table)
        page = list(itertools.islice(left, PAGE))
