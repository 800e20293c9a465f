"""What people see of receipts: how messages ended, what to do about it, what they cost."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from twiliodest.ledger.receipts import UNDER_WAY, Ended
from twiliodest.screens.screen import console, print_line, print_lines, screen_width
from twiliodest.screens.tables import Cell, Column, Row, Table
from twiliodest.twilio.codes import ARRIVAL

COLUMNS = (
    Column(name="messages", is_number=True, is_whole=True),
    Column(name="receipt", is_whole=True),
    Column(name="code", is_number=True, is_whole=True),
    Column(name="what to do", weight=4),
)


def print_receipts(ended: Sequence[Ended], *, stderr: bool = False) -> None:
    """How many messages have which receipt and code, and the price so far."""
    if not ended:
        print_line("there are no sent messages to ask Twilio about", stderr=True)
        return
    rows = [_row(it) for it in _together(ended)]
    table = Table.of(COLUMNS, rows, screen_width())
    print_lines(table.head(), stderr=stderr)
    for row in rows:
        print_lines(table.row(row), stderr=stderr)
    costs: defaultdict[str, float] = defaultdict(float)
    unpriced = 0
    for it in ended:
        if it.cost is None or it.currency is None:
            unpriced += it.messages
        else:
            costs[it.currency] += it.cost
    prices = " and ".join(f"{cost:,.4f} {currency}" for currency, cost in sorted(costs.items()))
    without = f", and {unpriced:,} without a price yet" if unpriced else ""
    print_line(f"price so far {prices or 'unknown'}{without}", stderr=True)


@contextlib.contextmanager
def waiting(messages: int, *, shown: bool) -> Iterator[Callable[[int], object]]:
    """A bar while receipts are waited for; it is told how many are still to come."""
    if not shown or not messages:
        yield lambda left: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("final"))
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=messages)
        yield lambda left: bar.update(task, completed=max(messages - left, 0))


def _together(ended: Sequence[Ended]) -> Sequence[Ended]:
    """One entry for each status and code, whatever the currency; what matters first."""
    counts: defaultdict[tuple[str | None, int | None], int] = defaultdict(int)
    for it in ended:
        counts[it.status, it.code] += it.messages
    found = [Ended(status, code, None, count, None) for (status, code), count in counts.items()]
    return sorted(found, key=lambda it: (it.code is None, it.status is None, -it.messages))


def _row(it: Ended) -> Row:
    advice = ARRIVAL.get(it.code or 0, "")
    if not advice and it.code:
        advice = f"see https://www.twilio.com/docs/api/errors/{it.code}"
    if it.status in (None, *UNDER_WAY):
        advice = advice or "not final yet: ask again"
    texts = (f"{it.messages:,}", it.status or "not asked", str(it.code or ""), advice)
    return Row([Cell(text) for text in texts])
