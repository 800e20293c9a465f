"""How far a value reaches: to where all its brackets are closed, or to the end of its word."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from typing import NamedTuple

from twiliodest.events.brackets import PUNCTUATION, TOKEN, Brackets, Keys
from twiliodest.events.texts import DEPTH, TOO_LONG, Broken
from twiliodest.events.window import BLANK, Window


class Fault(enum.Enum):
    """Why a value has no end."""

    MISFIT = enum.auto()  # a bracket or a word where it cannot be
    ENDED = enum.auto()  # the input ends before


class ListOfEvents(NamedTuple):
    """A list of events: how far it is to where it opens, and where it is in its envelope."""

    start: int
    at: Keys


class Ends:
    """Measures what begins where a window stands; `lists` are where envelopes have their events.

    `hopeless` are the places of brackets that never close; of these, `envelopes` may yet be envelopes.
    """

    def __init__(self, window: Window, lists: Sequence[Keys]) -> None:
        self.hopeless: frozenset[int] = frozenset()
        self.envelopes: frozenset[int] = frozenset()
        self._window = window
        self._lists = lists

    def of_value(self, *, within: bool) -> int | Broken | Fault:
        """How far the value that begins here reaches."""
        window = self._window
        if window.text[window.at] not in b"{[":
            return self._end_of_scalar(_ELEMENT_END if within else _LINE_END)
        place = window.place
        if place in self.hopeless:
            return Fault.MISFIT
        grammar = Brackets(self._lists)
        end = self.scan(grammar)
        assert not isinstance(end, ListOfEvents), "it was not asked for"  # noqa: S101 -- for the type checker
        if not isinstance(end, int):
            self.hopeless = frozenset(place + offset for offset in grammar.starts)
            self.envelopes = frozenset(place + offset for offset in grammar.envelopes)
        return end

    def scan(self, grammar: Brackets, *, stops: bool = False) -> int | Broken | Fault | ListOfEvents:
        """How far it is to where all brackets are closed; with `stops`, to the next list of events."""
        window, offset = self._window, 0
        while True:
            for token in TOKEN.finditer(window.text, window.at + offset):
                if token.end() == len(window.text) and token[0] not in PUNCTUATION:
                    break  # it may go on in the next block
                if not grammar.takes(token[0], token.start() - window.at):
                    return Fault.MISFIT
                offset = token.end() - window.at
                if grammar.closed:
                    return offset
                if stops and (at := grammar.list_here):
                    return ListOfEvents(offset - 1, at)
                if len(grammar.starts) > DEPTH:
                    return Broken("nested too deeply", "nested too deeply", offset - 1)
            if window.is_full:
                return TOO_LONG
            if not window.fill():
                return Fault.ENDED

    def _end_of_scalar(self, ending: re.Pattern[bytes]) -> int | Broken:
        window = self._window
        while not (end := ending.search(window.text, window.at)):
            if window.is_full:
                return TOO_LONG
            if not window.fill():
                break
        return len(window.text[window.at : end.start() if end else None].rstrip(b" \t\r"))

    def is_last(self, end: int) -> bool:
        """Whether nothing but another value follows the one of this length on its last line."""
        window = self._window
        while not (rest := _REST.match(window.text, window.at + end)):
            if window.is_full or not window.fill():
                return True
        return rest[1] in b"\n{["

    def is_array(self) -> bool:
        """Whether an array of objects, or an empty one, begins here; any other array is one broken value."""
        window = self._window
        if window.text[window.at] != _OPEN:
            return False
        while not (first := _FIRST_ELEMENT.match(window.text, window.at)):
            if window.is_full or not window.fill():
                return False
        return first[1] in b"{]"


_OPEN = b"["[0]
_REST = re.compile(BLANK.pattern + rb"(?!\xef\xbb?\Z)([^ \t\r\x1e])")
_LINE_END = re.compile(rb"\n")
_ELEMENT_END = re.compile(rb"[,\]\n]")
_FIRST_ELEMENT = re.compile(rb"\[\s*([^\s])")
