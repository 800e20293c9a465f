"""JSON values one at a time out of blocks of bytes, whatever is between, around or before them.

JSON Lines, a document over several lines, concatenated documents, an array of events and envelopes such as
`{"batch": [...]}` all come out as single values. Something broken costs itself, not its neighbours.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from twiliodest.events.brackets import Brackets
from twiliodest.events.ends import Ends, ListOfEvents
from twiliodest.events.envelopes import MOST_SHARED, EventsAt, lists, pieces, rest_of
from twiliodest.events.measuring import CUT_OFF, Measured, measure
from twiliodest.events.salvage import give_up, take
from twiliodest.events.tapes import Tape
from twiliodest.events.texts import LIMIT, Broken, Lines, Value
from twiliodest.events.window import BLANK, BLANK_LINES, Window


class Documents:
    """The values of an input that begins on this line; `events_at` leads to the events in envelopes.

    With `keeps_all`, texts that are too long to be events are kept on tapes.
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        line: int = 1,
        *,
        inset: int = 0,
        events_at: EventsAt | None = None,
        keeps_all: bool = False,
    ) -> None:
        self._window = Window(blocks, line, inset)
        self._events_at = events_at
        self._keeps_all = keeps_all
        self._lists = lists(events_at)
        self._ends = Ends(self._window, self._lists)
        self._untouched = line == 1
        self._in_vain = 0  # bytes that were measured of envelopes that turned out to be none

    @property
    def line(self) -> int:
        """The number of the line that comes next."""
        return self._window.line

    def more(self) -> bool:
        """Whether anything is left; waits until there is a whole line, or more than any event may hold."""
        window = self._window
        while window.text.find(b"\n", window.at) < 0 and not window.is_full:
            if not window.fill():
                return window.at < len(window.text)
        return True

    def whole_lines(self, reach: int) -> Lines:
        """The whole lines in the next `reach` bytes, at least one."""
        text, at = self._window.text, self._window.at
        end = text.rfind(b"\n", at, at + reach)
        if end < 0:
            end = text.find(b"\n", at)
        if end < 0 and not self._window.is_full:
            end = len(text)  # the last line of the input has no newline
        return Lines(self.line, text[at : max(end, at)])

    def pass_by(self, lines: Lines, count: int) -> bool:
        """Leave so many of these next lines behind; returns whether that is all of them."""
        rows = lines.text.split(b"\n")
        window = self._window
        window.advance(min(sum(map(len, rows[:count])) + count, len(window.text) - window.at))
        self._untouched = self._untouched and not count
        return count == len(rows)

    def left(self) -> bytes:
        """The rest of what has been read."""
        return self._window.left()

    def values(self) -> Iterator[Value]:
        """The values that begin on the next line with any, up to the end of the line where the last one ends."""
        window = self._window
        window.skip(BLANK_LINES)
        while window.skip(BLANK):
            if window.text[window.at] == _NEWLINE:
                window.advance(1)
                return
            if self._ends.is_array():
                yield from self._elements(may_be_empty=self._untouched)
            else:
                yield from self._value(within=False)
            self._untouched = False

    def _elements(self, *, may_be_empty: bool) -> Iterator[Value]:
        """The elements of the array that begins here."""
        window = self._window
        opened, empty = window.here, not may_be_empty
        window.advance(1)
        while window.skip(_BETWEEN_ELEMENTS):
            if window.text[window.at] == _CLOSE:
                window.advance(1)
                if empty:
                    yield Value(*opened, b"[]", _EMPTY)
                return
            empty = False
            yield from self._value(within=True)
        yield Value(*opened, b"[", Broken("not valid JSON: this array is never closed", "not valid JSON"))

    def _value(self, *, within: bool) -> Iterator[Value]:
        """What begins here; without an array around it, nothing may follow on its last line but another one."""
        start = self._window.here
        end = self._ends.of_value(within=within)
        if isinstance(end, int):
            found = self._unpacked(start, self._window.text[self._window.at :][:end])
            if within or self._ends.is_last(end):
                value = take(self._window, start, end)
                yield from (value,) if found is None else found
                return
            if found is not None:  # all of it is there, whatever follows
                take(self._window, start, end)
                yield from found
                self._window.skip(BLANK)
                yield self._give_up(self._window.here, _JUNK, b"")
                return
        elif self._may_be_envelope():
            yield from self._envelope(within=within)
            return
        yield self._give_up(start, end if isinstance(end, Broken) else None, b"}" if within else b"}]")

    def _give_up(self, start: tuple[int, int], broken: Broken | None, closers: bytes) -> Value:
        return give_up(self._window, start, broken, closers, keeps_all=self._keeps_all)

    def _unpacked(self, start: tuple[int, int], text: bytes) -> list[Value] | None:
        """The events in the object that begins there; `None` if it is one by itself."""
        found = pieces(text, self._events_at)
        if found is None:
            return None
        if max((sum(map(len, piece.shared)) for piece in found), default=0) > MOST_SHARED:
            return [Value(*start, text, _SHARES_TOO_MUCH)]
        (line, inset), at = start, 0
        values = []
        for piece in found:
            if newlines := text.count(b"\n", at, piece.start):
                line, inset = line + newlines, at - text.rfind(b"\n", at, piece.start) - 1
            inset += piece.start - at
            at = piece.start
            values.append(Value(line, inset, text[piece.start : piece.end], None, piece.shared))
        return values

    def _may_be_envelope(self) -> bool:
        """Whether to measure what begins here: it has a list of events, and little was measured in vain so far."""
        place = self._window.place
        return place in self._ends.envelopes and self._in_vain <= place + 8 * LIMIT

    def _envelope(self, *, within: bool) -> Iterator[Value]:
        """The items of an envelope that is longer than an event, or has a damaged item.

        What it shares may be behind them, so it is measured first; if that fails, none of them is taken.
        """
        window = self._window
        start, tape, hopeless = window.here, window.record(), self._ends.hopeless
        self._ends.hopeless = frozenset()  # an item that was open where an event would be too long may close
        measured = measure(window, self._ends, self._lists)
        if measured is CUT_OFF:
            window.advance(len(window.left()))
        window.stop()
        if isinstance(measured, Measured):
            if len(measured.shared) > MOST_SHARED:
                yield _taped(start, tape, _SHARES_TOO_MUCH)
            else:
                yield from self._items(tape, start, measured)
            if not within and not self._ends.is_last(0):
                window.skip(BLANK)
                yield self._give_up(window.here, _JUNK, b"")
            return
        self._in_vain += tape.size
        self._ends.hopeless = hopeless
        if measured is CUT_OFF:
            yield _taped(start, tape, CUT_OFF)
            return
        window.rewind(tape, *start)
        yield self._give_up(start, measured, b"}" if within else b"}]")

    def _items(self, tape: Tape, start: tuple[int, int], measured: Measured) -> Iterator[Value]:
        """The items of an envelope that was measured."""
        line, inset = start
        inner = Documents(
            tape.blocks(), line, inset=inset, events_at=self._events_at, keeps_all=self._keeps_all
        )
        inner._events_at = rest_of(self._events_at, measured.at)
        inner._in_vain = sys.maxsize  # what is damaged was damaged when it was measured, too
        grammar, shared = Brackets(self._lists), (measured.shared,) if measured.shared else ()
        while isinstance(end := inner._ends.scan(grammar, stops=True), ListOfEvents):
            inner._window.advance(end.start)
            for value in inner._elements(may_be_empty=True):
                if end.at == measured.at:
                    yield value._replace(shared=(*shared, *value.shared))
            grammar.takes(b"]", 0)


def _taped(start: tuple[int, int], tape: Tape, broken: Broken) -> Value:
    raw = next(tape.blocks(), b"")
    return Value(*start, raw, broken, (), tape if tape.size > len(raw) else None)


_NEWLINE, _CLOSE = b"\n]"
_BETWEEN_ELEMENTS = re.compile(rb"[ \t\r\n,]*")
_EMPTY = Broken("an event must be a JSON object, but this is an empty array", "not a JSON object")
_JUNK = Broken("not valid JSON: this follows a batch, but is not one", "not valid JSON")
_SHARES_TOO_MUCH = Broken(
    "what this batch says about all its events is longer than 32 KiB, so none of them is used",
    "a batch shares too much",
)
