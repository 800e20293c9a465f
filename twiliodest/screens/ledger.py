"""What people see of a ledger: its rows."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from twiliodest.ledger import rows as ledger
from twiliodest.ledger.receipts import Receipt
from twiliodest.screens.screen import PAGE, print_line, print_lines, screen_width
from twiliodest.screens.tables import Cell, Column, Row, Table
from twiliodest.twilio.codes import ARRIVAL

COLUMNS = (
    Column(name="time", is_whole=True),
    Column(name="action", weight=2),
    Column(name="to", is_whole=True),
    Column(name="status", is_whole=True),
    Column(name="sid", is_cut=True, weight=3),
    Column(name="event", is_cut=True),
)
ACTION = 1  # the column from which a reason has room


def print_rows(rows: Iterable[tuple[ledger.Row, Receipt | None]]) -> None:
    """Rows of the ledger, the latest first; says so where something was cut."""
    left, table = iter(rows), None
    width = screen_width()
    while page := [_row(*pair) for pair in itertools.islice(left, PAGE)]:
        if table is None:
            table = Table.of(COLUMNS, page, width)
            print_lines(table.head())
        for row in page:
            print_lines(table.row(row))
    if table is None:
        print_line("the ledger has no such rows")
    elif table.was_cut:
        print_line(f"… marks what was cut to fit {width} columns: --output jsonl has it whole", "dim")


def _row(row: ledger.Row, receipt: Receipt | None) -> Row:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.claimed_at))
    texts = (moment, row.action, row.to, row.state.value, row.sid or "", row.event_id)
    return Row([Cell(text) for text in texts], row.reason or _told(receipt), ACTION)


def _told(receipt: Receipt | None) -> str:
    """`undelivered, 30005: the number is not in service`."""
    if receipt is None:
        return ""
    code = f", {receipt.code}" if receipt.code else ""
    advice = ARRIVAL.get(receipt.code or 0, "")
    return f"{receipt.status}{code}{': ' if advice else ''}{advice}"
