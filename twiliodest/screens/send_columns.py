"""The columns of the table of `send`: what each shows of an outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from twiliodest.delivery.claims import content_of
from twiliodest.model import Message, Outcome, Status
from twiliodest.screens.tables import Cell, Column

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


class Shown(NamedTuple):
    """A column, and its cell for an outcome; where all is diverted, to a phone.

    `sample` is as wide as a cell may get, for an action's name and the screen's width.
    """

    column: Column
    cell: Callable[[Outcome, str | None], Cell]
    sample: Callable[[str, int], str]


def body_of(message: Message) -> str:
    """A message's text, or its content template, and the addresses of its media."""
    media = (f"+\u00a0{url}" for url in message.media_urls)
    return "\n".join(filter(None, (content_of(message) or message.body, *media)))


def _recipient(message: Message | None, phone: str | None) -> str:
    if message is None:
        return ""
    return f"{message.to}\n→ {phone}" if phone else message.to


COLUMNS: Sequence[Shown] = (
    Shown(
        Column(name="line", is_number=True, is_whole=True),
        lambda it, phone: Cell(str(it.event.line), "dim"),
        lambda action, width: "99999",
    ),
    Shown(
        Column(name="action"),
        lambda it, phone: Cell(it.action or ""),
        lambda action, width: action,
    ),
    Shown(
        Column(name="to", is_whole=True),
        lambda it, phone: Cell(_recipient(it.message, phone)),
        lambda action, width: "+999999999999",
    ),
    Shown(
        Column(name="body", weight=2),
        lambda it, phone: Cell(body_of(it.message) if it.message else ""),
        lambda action, width: "x" * width,
    ),
    Shown(
        Column(name="seg", is_number=True, is_whole=True),
        lambda it, phone: Cell(str(it.message.segments) if it.message else ""),
        lambda action, width: "9",
    ),
    Shown(
        Column(name="status", is_whole=True),
        lambda it, phone: Cell(it.status.value, STYLES.get(it.status, "")),
        lambda action, width: max((status.value for status in Status), key=len),
    ),
)
