"""An envelope that is longer than an event, gone through once to know what it shares, before its items are taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from twiliodest.events.brackets import Brackets, Keys
from twiliodest.events.ends import Ends, Fault, ListOfEvents
from twiliodest.events.envelopes import beside
from twiliodest.events.salvage import give_up
from twiliodest.events.texts import TOO_LONG, Broken
from twiliodest.events.window import BLANK_LINES, Window


class Measured(NamedTuple):
    """Which list of an envelope has its events, and what it shares with them."""

    at: Keys
    shared: bytes


def measure(window: Window, ends: Ends, lists: Sequence[Keys]) -> Measured | Broken | None:
    """Pass an envelope by; returns what it shares with the events in which of its lists, or what is wrong."""
    grammar = Brackets(lists)
    texts: list[bytes] = []
    found: list[Keys] = []
    while isinstance(end := ends.scan(grammar, stops=True), ListOfEvents):
        texts += window.text[window.at :][: end.start], b"null"
        found.append(end.at)
        window.advance(end.start)
        if fault := _pass_list(window, ends):
            return CUT_OFF if fault is Fault.ENDED else None
        grammar.takes(b"]", 0)
    if not isinstance(end, int):
        return CUT_OFF if end is Fault.ENDED else end if isinstance(end, Broken) else None
    texts.append(window.text[window.at :][:end])
    at = min(found, key=lists.index)
    shared = beside(b"".join(texts), at)
    if shared is None:
        return TOO_LONG
    window.advance(end)
    return Measured(at, shared)


def _pass_list(window: Window, ends: Ends) -> Fault | None:
    """Pass a list by; returns what is wrong with it.

    Where its first item is on the line on which it opens, a line that was cut off may be followed by others: an
    item that begins on a new line needs a comma before it, and a damaged one ends the list. Elsewhere commas are
    missed only where the list has no end.
    """
    opened, ended = window.line, 0
    is_loose, has_comma, lacks_commas = None, True, False
    window.advance(1)
    while window.skip(BLANK_LINES):
        mark = window.text[window.at]
        if mark == _CLOSE:
            window.advance(1)
            return None
        if mark == _COMMA:
            window.advance(1)
            has_comma = True
            continue
        if is_loose is None:
            is_loose = window.line > opened
        if not has_comma and window.line > ended:
            lacks_commas = True
            if not is_loose:
                return Fault.MISFIT
        end = ends.of_value(within=True)
        if isinstance(end, int):
            window.advance(end)
        elif is_loose:
            give_up(window, window.here, None, b"}", keeps_all=False)  # all of it is recorded
            has_comma = True
            continue
        else:
            return end if isinstance(end, Fault) else Fault.MISFIT
        has_comma, ended = False, window.line
    return Fault.MISFIT if lacks_commas else Fault.ENDED


CUT_OFF = Broken(
    "not valid JSON: this batch is cut off and may lack what it says about all its events, so none of them is used",
    "not valid JSON",
)
_CLOSE, _COMMA = b"],"
