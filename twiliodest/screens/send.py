"""What people see of a send around its table: the plan and its question, the summary."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from twiliodest.model import Message, Status
from twiliodest.screens.controls import one_line
from twiliodest.screens.listing import Listing
from twiliodest.screens.report import TO_SEND
from twiliodest.screens.screen import console, plain, print_told
from twiliodest.screens.send_columns import STYLES, body_of

if TYPE_CHECKING:
    from twiliodest.config.settings import Config
    from twiliodest.planning.progress import Progress
    from twiliodest.screens.report import Tally


def print_plan(
    tally: Tally,
    first: Sequence[Message],
    config: Config,
    diverted_to: str | None = None,
    *,
    is_real: bool = True,
) -> None:
    """What a send is about to do, with its first texts; whether for real, or not to Twilio."""
    out = console(stderr=True)
    if diverted_to:
        out.print(plain(f"about to send a rehearsal: everything goes to {diverted_to}", "bold"))
    else:
        out.print(plain("about to send for real" if is_real else "about to send", "bold"))
    print_told(f"messages  {_messages(tally, config)}")
    _print_senders(config)
    for status in Status:
        if status not in TO_SEND and tally.statuses[status]:
            out.print(
                plain(f"{status.value:<9} {tally.statuses[status]:,}, will not be sent"), soft_wrap=True
            )
    _print_texts(first, diverted_to)
    if tally.messages > len(first):
        out.print(plain("  …"))


def print_first(first: Sequence[Message], config: Config, diverted_to: str | None = None) -> None:
    """What comes through a pipe begins with these; nobody knows how much it is."""
    out = console(stderr=True)
    phone = f", all of it to {diverted_to}" if diverted_to else ""
    begins = "; it begins with" if first else ""
    out.print(plain(f"about to send what comes through the pipe{phone}{begins}", "bold"), soft_wrap=True)
    _print_senders(config)
    _print_texts(first, diverted_to)
    out.print(plain("  …"))


def _print_senders(config: Config) -> None:
    print_told(f"sender    {', '.join(sorted({action.sender for action in config.actions}))}")


def _print_texts(messages: Sequence[Message], diverted_to: str | None) -> None:
    for message in messages:
        to = f"{message.to} → {diverted_to}" if diverted_to else message.to
        console(stderr=True).print(plain(f"  {to}  {_indented(body_of(message))}"), soft_wrap=True)


def ask(question: str, answers: TextIO | None = None) -> bool:
    """Whether the person at the terminal says yes; answers come from standard input, or from there."""
    sys.stderr.write(one_line(f"{question} [y/N] "))
    sys.stderr.flush()
    answer = (answers or sys.stdin).readline()
    if not answer.endswith("\n"):  # Ctrl-D
        sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes")


HINTS = {
    Status.REJECTED: "not tried again unless you add --retry rejected",
    Status.UNKNOWN: "ask Twilio: twiliodest ledger resolve; --retry unknown may text these people twice",
}


def print_summary(
    tally: Tally,
    progress: Progress,
    config: Config,
    listing: Listing,
    *,
    dry_run: bool,
    untried: int = 0,
    limit: int | None = None,
    left_out: str = "",
) -> None:
    """The numbers of a run, and every reason with its count and the first place.

    What was read matches, is not an event, or matches nothing. What matches, and what is not an event, ends in a
    status or is not tried: once for each action that it matches.
    """
    read = f"events    {progress.events:,} read, {progress.matched:,} matched"
    if broken := progress.broken:
        read += f", {broken:,} {'is not an event' if broken == 1 else 'are not events'}"
    print_told(read)
    for note in (*((f"left out  {left_out}",) if left_out else ()), *progress.notes):
        print_told(note, "yellow")
    print_told(f"messages  {_messages(tally, config)}")
    if listing.diverted_to:
        print_told(f"diverted  all to {listing.diverted_to}, and none to the recipients")
    hints = HINTS if listing.lists_already else HINTS | {Status.ALREADY: "--show already lists them"}
    for status in Status:
        if count := tally.statuses[status]:
            print_told(f"{status.value:<9} {count:,}", STYLES.get(status, ""))
            for reason, times, place in tally.reasons(status)[:20]:
                where = place if times == 1 else f"first {place}"
                print_told(f"          {times:,} × {one_line(f'{reason} ({where})')}")
            if hint := hints.get(status):
                print_told(f"          {hint}", "dim")
    if untried:
        print_told(f"not tried {untried:,}", "yellow")
    if limit is not None:
        print_told(f"stopped at the limit of {limit:,}")
    if dry_run:
        if saving := str(tally.savings):
            print_told(f"saving    {saving}")
        print_told("dry run: nothing was sent", "dim")


def _indented(text: str) -> str:
    """So that no line of a text looks like one of the plan's own."""
    return text.replace("\n", "\n      ")


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
