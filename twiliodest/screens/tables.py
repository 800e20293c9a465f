"""How every table is laid out: columns as wide as needed and as the screen allows, words whole in any script.

Where not even the words fit side by side, each row becomes lines of `name  value`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from twiliodest.screens.controls import safe
from twiliodest.screens.wrapping import cut, wrap

GAP = 2  # cells between columns, and in front of the first
WORD = 20  # cells of a word that a column makes room for; a longer one may go on in the next line
WHOLE = 24  # cells of what stays in one piece, at most
CUT = 8  # cells that are left of what is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. Of two that must give way, one with twice the `weight` stays twice as wide.

    What is `whole` stays in one piece: a number, a status. What is `cut` ends in `…` where it is too long.
    """

    name: str
    is_number: bool = False
    is_whole: bool = False
    is_cut: bool = False
    weight: int = 1


class Cell(NamedTuple):
    """What is in a column. Its text is made safe here."""

    text: str
    style: str = ""


class Row(NamedTuple):
    """Cells, one for each column; and a note, for which there is room from the column of that place on.

    It takes the place of empty cells, or lines of its own below.
    """

    cells: Sequence[Cell]
    note: str = ""
    start: int = 0

    @property
    def stop(self) -> int:
        """The first column from `start` on that has a cell of its own."""
        places = range(self.start, len(self.cells))
        return next((place for place in places if self.cells[place].text), len(self.cells))


class Table:
    """Columns of these widths, of which no more than `width` cells are taken; `was_cut` says if something was cut."""

    def __init__(self, columns: Sequence[Column], widths: Sequence[int], width: int) -> None:
        self._columns = columns
        self._widths = widths
        self._width = width
        self._is_stacked = sum(widths) + GAP * len(widths) > width
        self._starts = [GAP * (place + 1) + sum(widths[:place]) for place in range(len(widths))]
        self.was_cut = False

    @classmethod
    def of(cls, columns: Sequence[Column], rows: Sequence[Row], width: int) -> Table:
        """As wide as these rows need it."""
        return cls(columns, _widths(columns, rows, width), width)

    def head(self) -> Iterator[Text]:
        """The names of the columns, and a line below."""
        if not self._is_stacked:
            names = [Cell(column.name, "bold") for column in self._columns]
            yield from self._lines([(place, [cell.text], cell.style) for place, cell in enumerate(names)])
            right = self._starts[-1] + self._widths[-1]
            yield Text(" " + "─" * (min(right, self._width) - 1), style="dim")

    def row(self, row: Row) -> Iterator[Text]:
        """The lines of a row."""
        if self._is_stacked:
            yield from self._stacked(row)
            return
        parts, left, stop = [], row.note, row.stop
        for place, cell in enumerate(row.cells):
            if cell.text:
                parts.append((place, self._shown(place, cell.text, self._widths[place]), cell.style))
        if row.note and stop > row.start:
            end = self._starts[stop] - GAP if stop < len(row.cells) else self._width
            parts.append((row.start, wrap(row.note, end - self._starts[row.start]), ""))
            left = ""
        yield from self._lines(parts)
        if left:
            begin = self._starts[row.start]
            for line in wrap(left, self._width - begin):
                yield Text((" " * begin + line).rstrip(" "))

    def _shown(self, place: int, text: str, width: int) -> list[str]:
        if not self._columns[place].is_cut:
            return wrap(text, width)
        shown = cut(text, width)
        self.was_cut |= shown != text
        return [shown]

    def _lines(self, parts: Sequence[tuple[int, Sequence[str], str]]) -> Iterator[Text]:
        """Texts side by side, each in lines from its column on; no line ends in spaces."""
        for number in range(max((len(lines) for _, lines, _ in parts), default=0)):
            line, at = Text(), 0
            for place, lines, style in sorted(parts):
                shown = lines[number] if number < len(lines) else ""
                if not shown:
                    continue
                begin = self._starts[place]
                if self._columns[place].is_number:
                    begin += max(self._widths[place] - cell_len(shown), 0)
                line.append(" " * (begin - at))
                line.append(shown, style)
                at = begin + cell_len(shown)
            yield line

    def _stacked(self, row: Row) -> Iterator[Text]:
        indent = max(cell_len(column.name) for column in self._columns) + GAP
        room = max(self._width - indent, CUT)
        for place, (column, cell) in enumerate(zip(self._columns, row.cells, strict=True)):
            name, lines = column.name, self._shown(place, cell.text, room) if cell.text else []
            for line in lines:
                yield Text.assemble(f"{name:<{indent}}", (line, cell.style))
                name = ""
        for line in wrap(row.note, room) if row.note else ():
            yield Text((" " * indent + line).rstrip(" "))
        yield Text()


def _widths(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[int]:
    room = max(width - GAP * len(columns), len(columns))
    widths = [cell_len(column.name) for column in columns]
    leasts = list(widths)
    for row in rows:
        for place, cell in enumerate(row.cells):
            if cell.text:
                text = safe(cell.text).expandtabs(4)
                widths[place] = max(widths[place], *map(cell_len, text.split("\n")))
                leasts[place] = max(leasts[place], *(min(cell_len(word), WORD) for word in text.split()), 0)
    for row in rows:
        _make_room_for_note(row, columns, widths)
    for place, column in enumerate(columns):
        if column.is_whole:
            leasts[place] = min(widths[place], WHOLE)
        elif column.is_cut:
            leasts[place] = min(widths[place], max(CUT, cell_len(column.name)))
    widths = [min(its, room) for its in widths]
    while sum(widths) > room:
        wide = [place for place, its in enumerate(widths) if its > leasts[place]]
        if not wide:
            break
        widths[max(wide, key=lambda place: widths[place] / columns[place].weight)] -= 1
    return widths


def _make_room_for_note(row: Row, columns: Sequence[Column], widths: list[int]) -> None:
    """The widest of the columns that a note spans has room for it."""
    if row.note and row.stop > row.start:
        spanned = range(row.start, row.stop)
        has = sum(widths[place] for place in spanned) + GAP * (len(spanned) - 1)
        place = max(spanned, key=lambda place: columns[place].weight)
        widths[place] += max(cell_len(safe(row.note)) - has, 0)


def lines_of(columns: Sequence[Column], rows: Iterable[Row], width: int) -> Iterator[Text]:
    """A whole table."""
    rows = list(rows)
    table = Table.of(columns, rows, width)
    yield from table.head()
    for row in rows:
        yield from table.row(row)
