"""How things are drawn for people: safe texts, problems, tables, progress. Rich is imported nowhere else."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

from twiliodest.errors import Problem
from twiliodest.screens.controls import one_line
from twiliodest.screens.controls import safe as safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from twiliodest.config.settings import Config

PAGE = 500  # rows of a table that are drawn at once
LABEL = 10  # cells
WIDTH = 110  # characters where there is no terminal


def screen_width() -> int:
    """How many characters go on a line: `COLUMNS`, else those of the terminal; without one, enough for a table."""
    given = shutil.get_terminal_size((0, 0)).columns
    if not given:  # of a pipe, too, there may be somebody at the other end: `| less`
        with contextlib.suppress(OSError):
            given = os.get_terminal_size(2).columns
    return given or WIDTH


def console(*, stderr: bool = False) -> Console:
    """A console for one of the two streams."""
    from rich.console import Console

    return Console(
        file=sys.stderr if stderr else sys.stdout,
        width=screen_width(),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def plain(text: str, style: str = "") -> Text:
    """A text for Rich that is shown literally: no markup, no emoji codes, no control characters."""
    from rich.text import Text

    return Text(safe(text), style=style)


def print_lines(lines: Iterable[Text], *, stderr: bool = False) -> None:
    """Lines of a table, as they are."""
    out = console(stderr=stderr)
    for line in lines:
        out.print(line, soft_wrap=True)


def print_line(text: str, style: str = "", *, stderr: bool = True) -> None:
    """One line for people, shown literally."""
    console(stderr=stderr).print(plain(one_line(text), style), soft_wrap=True)


def print_told(text: str, style: str = "", *, stderr: bool = True) -> None:
    """What a label says in the first cells of a line. On a terminal it goes on below, broken between words."""
    out = console(stderr=stderr)
    if out.is_terminal:
        from twiliodest.screens.wrapping import wrap

        label, rest = text[:LABEL], text[LABEL:]
        text = label + f"\n{' ' * LABEL}".join(wrap(rest, out.width - LABEL))
    out.print(plain(text, style), soft_wrap=True)


def print_problems(problems: Iterable[Problem]) -> None:
    """Problems like a compiler's: place and message, the line with a caret, the hint."""
    from rich.cells import cell_len

    from twiliodest.screens.wrapping import around

    out = console(stderr=True)
    for problem in problems:
        text = plain(one_line(f"{problem.place}: ") if problem.place else "", "bold")
        text.append("warning: " if problem.warning else "error: ", "yellow" if problem.warning else "red")
        text.append(one_line(problem.message))
        out.print(text, soft_wrap=True)
        if problem.excerpt is not None and problem.place:
            margin, column = len(str(problem.place.line)), min(problem.place.column - 1, len(problem.excerpt))
            before, behind = (
                safe(part).expandtabs(1) for part in (problem.excerpt[:column], problem.excerpt[column:])
            )
            if out.is_terminal:
                before, behind = around(before, behind, out.width - margin - 5)
            out.print(plain(f"  {problem.place.line} | {before}{behind}", "dim"), soft_wrap=True)
            out.print(plain(f"  {' ' * margin} | {' ' * cell_len(before)}^", "dim"), soft_wrap=True)
        if problem.hint:
            out.print(plain(f"    {one_line(problem.hint)}"), soft_wrap=True)


def print_valid(config: Config, *, actions: bool) -> None:
    """If asked, a configuration's actions and what each would do; and that it is valid."""
    if actions:
        _print_actions(config)
    count = len(config.actions)
    disabled = f", {len(config.disabled)} disabled" if config.disabled else ""
    print_line(f"the configuration is valid: {count} action{'' if count == 1 else 's'}{disabled}")


def _print_actions(config: Config) -> None:
    names = ("action", "when", "to", "text")
    rows = []
    for action in config.actions:
        body = action.body.source.strip() if action.body else ""
        media = (f"+ {field.source}" for field in action.media)
        sender = f"from {action.sender}" if action.sender != config.number else ""
        to = "\nelse ".join(field.source for field in action.to)
        text = "\n".join(filter(None, (body, *media, sender)))
        rows.append((action.name, str(action.trigger), to, text))
    print_table(names, rows, weights=(1, 2, 1, 3))


def print_table(
    names: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Container[int] = (),
    weights: Sequence[int] | None = None,
) -> None:
    """Texts as a table; the columns at `numbers` are flush right. A text too many in a row has lines of its own."""
    from twiliodest.screens.tables import Cell, Column, Row, lines_of

    columns = [
        Column(name=name, is_number=place in numbers, is_whole=place in numbers, weight=weight)
        for place, (name, weight) in enumerate(zip(names, weights or [1] * len(names), strict=True))
    ]
    width = len(names)
    found = [Row([*map(Cell, row[:width])], "\n".join(row[width:]), 1) for row in rows]
    if found:
        print_lines(lines_of(columns, found, screen_width()))
