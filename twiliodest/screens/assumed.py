"""What a person is asked before messages are written down as sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twiliodest.model import Message, Status
from twiliodest.screens.screen import print_line
from twiliodest.screens.send_columns import body_of

if TYPE_CHECKING:
    from twiliodest.screens.report import Tally


def print_assumed(tally: Tally, first: Sequence[Message], shown_in: str | None) -> None:
    """What is about to be written down as sent, with its first texts."""
    print_line("about to write to the ledger without sending anything", "bold")
    count = tally.statuses[Status.PLANNED]
    where = "Twilio's list" if shown_in == "twilio" else shown_in
    shown = f", if {where} shows them" if where else ""
    print_line(f"as sent   {count:,} message{'' if count == 1 else 's'}{shown}")
    for message in first:
        print_line(f"  {message.to}  {' '.join(body_of(message).split())}")
    if count > len(first):
        print_line("  …")
