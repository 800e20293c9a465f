"""The table of `send`: what went wrong comes first, then what is sent; rows of a pipe appear as they happen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.text import Text

from twiliodest.model import Outcome, Status
from twiliodest.screens.controls import one_line
from twiliodest.screens.listing import Listing
from twiliodest.screens.screen import PAGE, print_line, print_lines, screen_width
from twiliodest.screens.send_columns import COLUMNS
from twiliodest.screens.tables import Cell, Row, Table
from twiliodest.screens.wrapping import wrap

_INTEREST = (
    {Status.UNKNOWN, Status.FAILED, Status.REJECTED, Status.INVALID},
    {Status.PLANNED, Status.SENT},
    {Status.HELD},
)


class OutcomeTable:
    """Takes outcomes and draws what is listed of them, as `listing` says.

    A few rows are chosen at the end: of each status its share. Many are drawn a page at a time, in the order of the
    input.
    """

    def __init__(
        self, listing: Listing, draw: Callable[[Iterable[Text]], None] = print_lines, width: int | None = None
    ) -> None:
        self._listing = listing
        self._draw = draw
        self._width = width or screen_width()
        self._rows = listing.rows or 0
        self._chooses = 0 < self._rows <= PAGE and not listing.flows
        self._sources = {name: place for place, name in enumerate(listing.sources)}
        self._kept: dict[Status, list[Outcome]] = {}
        self._page: list[Outcome] = []
        self._count = 0
        self._shown = 0
        self._table: Table | None = None
        self._source = ""

    @property
    def has_rows(self) -> bool:
        """Whether anything was drawn."""
        return self._shown > 0

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes; a page that is full is drawn, and what flows is drawn at once."""
        self._count += len(outcomes)
        if self._chooses:
            for outcome in outcomes:
                kept = self._kept.setdefault(outcome.status, [])
                if len(kept) < self._rows:
                    kept.append(outcome)
            return
        self._page += (
            outcomes[: max(self._rows - self._shown - len(self._page), 0)] if self._rows else outcomes
        )
        while self._page and (len(self._page) >= PAGE or self._listing.flows):
            self._draw_page(self._page[:PAGE], self._place)
            del self._page[:PAGE]

    def close(self) -> None:
        """Draw what is left, and say how much is not shown."""
        if self._chooses:
            chosen = _chosen(self._kept, self._rows)
            best = dict[str, int]()
            for outcome in chosen:
                source = outcome.event.source
                best[source] = min(best.get(source, len(Status)), _rank(outcome.status))
            self._draw_page(
                chosen,
                lambda it: (best[it.event.source], self._place(it)[0], _rank(it.status), it.event.line),
            )
        else:
            self._draw_page(self._page, self._place)
        if left := self._count - self._shown:
            print_line(
                f"… and {left:,} more: --rows all lists them, --output jsonl gives them as data", "dim"
            )

    def _place(self, outcome: Outcome) -> tuple[int, ...]:
        return self._sources[outcome.event.source], outcome.event.line

    def _draw_page(self, page: Sequence[Outcome], order: Callable[[Outcome], tuple[int, ...]]) -> None:
        if page:
            self._shown += len(page)
            self._draw(self._lines(sorted(page, key=order)))

    def _lines(self, outcomes: Sequence[Outcome]) -> Iterator[Text]:
        rows = [_row(outcome, self._listing.diverted_to) for outcome in outcomes]
        if self._table is None:
            is_first = self._listing.flows or len(rows) >= PAGE
            to_come = _samples(self._listing.actions, self._width) if is_first else ()
            self._table = Table.of([shown.column for shown in COLUMNS], (*rows, *to_come), self._width)
            yield from self._table.head()
        for outcome, row in zip(outcomes, rows, strict=True):
            if len(self._sources) > 1 and outcome.event.source != self._source:
                self._source = outcome.event.source
                yield from (Text(line, "bold") for line in wrap(one_line(self._source), self._width))
            yield from self._table.row(row)


def _chosen(kept: dict[Status, list[Outcome]], rows: int) -> list[Outcome]:
    """One of each status after the other, what is most interesting first, until there are enough."""
    turns = itertools.zip_longest(*(kept[status] for status in sorted(kept, key=_rank)))
    return list(itertools.islice((it for turn in turns for it in turn if it), rows))


def _rank(status: Status) -> int:
    """How little a status interests those who look at a table."""
    return next((rank for rank, statuses in enumerate(_INTEREST) if status in statuses), len(_INTEREST))


def _row(outcome: Outcome, diverted_to: str | None) -> Row:
    cells = [shown.cell(outcome, diverted_to) for shown in COLUMNS]
    names = [shown.column.name for shown in COLUMNS]
    return Row(cells, outcome.reason or "", names.index("to" if outcome.action else "action"))


def _samples(actions: Sequence[str], width: int) -> Sequence[Row]:
    """Rows as they may be: of what is still to come, nobody knows the widths."""
    return [Row([Cell(shown.sample(name, width)) for shown in COLUMNS]) for name in actions or ("",)]
