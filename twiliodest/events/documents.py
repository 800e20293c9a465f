"""JSON values one at a time out of blocks of bytes, whatever stands between, around or before them.

JSON Lines, a document over several lines, concatenated documents, an array of events and envelopes such as
`{"batch": [...]}` all come out as single values. Something broken costs itself, not its neighbours.
"""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from twiliodest.events.brackets import PUNCTUATION, TOKEN, Brackets, Keys
from twiliodest.events.envelopes import MOST_SHARED, EventsAt, beside, lists, pieces, rest_of
from twiliodest.events.tapes import Tape
from twiliodest.events.window import LIMIT, Window

__all__ = ("DEPTH", "LIMIT", "Broken", "Documents", "Lines", "Value")

DEPTH = 500  # brackets within brackets


class Broken(NamedTuple):
    """Why something is no event; `offset` is the byte at fault. `kind` groups like reasons."""

    reason: str
    kind: str
    offset: int | None = None


class Value(NamedTuple):
    """The text of one value, its first line (from 1), and the number of bytes before it in that line.

    A text without `broken` still has to be decoded; where its brackets do not fit, the decoder will say so.
    `shared` is what its envelopes say of it, the outermost first. Where `original` has the bytes, `raw` is only
    how they begin.
    """

    line: int
    inset: int
    raw: bytes
    broken: Broken | None = None
    shared: Sequence[bytes] = ()
    original: Tape | None = None


class Lines(NamedTuple):
    """Whole lines that follow each other, without the last newline; `first` is the number of the first, from 1."""

    first: int
    text: bytes


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
        self._untouched = line == 1
        self._hopeless: frozenset[int] = frozenset()  # where brackets open that never close
        self._envelopes: frozenset[int] = frozenset()  # of which these may yet be envelopes
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
        window.skip(_BLANK_LINES)
        while window.skip(_BLANK):
            if window.text[window.at] == _NEWLINE:
                window.advance(1)
                return
            if self._is_array():
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
        end = self._end_of_value(within=within)
        if isinstance(end, int):
            found = self._unpacked(start, self._window.text[self._window.at :][:end])
            if within or self._is_last(end):
                value = self._take(start, end)
                yield from (value,) if found is None else found
                return
            if found is not None:  # all of it is there, whatever follows
                self._take(start, end)
                yield from found
                self._window.skip(_BLANK)
                yield self._give_up(self._window.here, _JUNK, b"")
                return
        elif self._may_be_envelope():
            yield from self._envelope(within=within)
            return
        yield self._give_up(start, end if isinstance(end, Broken) else None, b"}" if within else b"}]")

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
        return place in self._envelopes and self._in_vain <= place + 8 * LIMIT

    def _envelope(self, *, within: bool) -> Iterator[Value]:
        """The items of an envelope that is longer than an event, or has a damaged item.

        What it shares may stand behind them, so it is measured first; if that fails, none of them is taken.
        """
        window = self._window
        start, tape, hopeless = window.here, window.record(), self._hopeless
        self._hopeless = frozenset()  # an item that was open where an event would be too long may close
        measured = self._measure()
        if measured is _CUT_OFF:
            window.advance(len(window.left()))
        window.stop()
        if isinstance(measured, _Measured):
            if len(measured.shared) > MOST_SHARED:
                yield _taped(start, tape, _SHARES_TOO_MUCH)
            else:
                yield from self._items(tape, start, measured)
            if not within and not self._is_last(0):
                window.skip(_BLANK)
                yield self._give_up(window.here, _JUNK, b"")
            return
        self._in_vain += tape.size
        self._hopeless = hopeless
        if measured is _CUT_OFF:
            yield _taped(start, tape, _CUT_OFF)
            return
        window.rewind(tape, *start)
        yield self._give_up(start, measured, b"}" if within else b"}]")

    def _measure(self) -> _Measured | Broken | None:
        """Pass an envelope by; returns what it shares with the events in which of its lists, or what is wrong."""
        window, grammar = self._window, Brackets(self._lists)
        texts: list[bytes] = []
        found: list[Keys] = []
        while isinstance(end := self._scan(grammar, stops=True), _List):
            texts += window.text[window.at :][: end.start], b"null"
            found.append(end.at)
            window.advance(end.start)
            if fault := self._pass_list():
                return _CUT_OFF if fault is _Fault.ENDED else None
            grammar.takes(b"]", 0)
        if not isinstance(end, int):
            return _CUT_OFF if end is _Fault.ENDED else end if isinstance(end, Broken) else None
        texts.append(window.text[window.at :][:end])
        at = min(found, key=self._lists.index)
        shared = beside(b"".join(texts), at)
        if shared is None:
            return _TOO_LONG
        window.advance(end)
        return _Measured(at, shared)

    def _pass_list(self) -> _Fault | None:
        """Pass a list by; returns what is wrong with it.

        Where its first item is on the line on which it opens, a line that was cut off may be followed by others: an
        item that begins on a new line needs a comma before it, and a damaged one ends the list. Elsewhere commas are
        missed only where the list has no end.
        """
        window = self._window
        opened, ended = window.line, 0
        is_loose, has_comma, lacks_commas = None, True, False
        window.advance(1)
        while window.skip(_BLANK_LINES):
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
                    return _Fault.MISFIT
            end = self._end_of_value(within=True)
            if isinstance(end, int):
                window.advance(end)
            elif is_loose:
                self._give_up(window.here, None, b"}")
                has_comma = True
                continue
            else:
                return end if isinstance(end, _Fault) else _Fault.MISFIT
            has_comma, ended = False, window.line
        return _Fault.MISFIT if lacks_commas else _Fault.ENDED

    def _items(self, tape: Tape, start: tuple[int, int], measured: _Measured) -> Iterator[Value]:
        """The items of an envelope that was measured."""
        line, inset = start
        inner = Documents(
            tape.blocks(), line, inset=inset, events_at=self._events_at, keeps_all=self._keeps_all
        )
        inner._events_at = rest_of(self._events_at, measured.at)
        inner._in_vain = sys.maxsize  # what is damaged was damaged when it was measured, too
        grammar, shared = Brackets(self._lists), (measured.shared,) if measured.shared else ()
        while isinstance(end := inner._scan(grammar, stops=True), _List):
            inner._window.advance(end.start)
            for value in inner._elements(may_be_empty=True):
                if end.at == measured.at:
                    yield value._replace(shared=(*shared, *value.shared))
            grammar.takes(b"]", 0)

    def _end_of_value(self, *, within: bool) -> int | Broken | _Fault:
        """How far the value that begins here reaches."""
        window = self._window
        if window.text[window.at] not in b"{[":
            return self._end_of_scalar(_ELEMENT_END if within else _LINE_END)
        place = window.place
        if place in self._hopeless:
            return _Fault.MISFIT
        grammar = Brackets(self._lists)
        end = self._scan(grammar)
        assert not isinstance(end, _List), "it was not asked for"  # noqa: S101 -- for the type checker
        if not isinstance(end, int):
            self._hopeless = frozenset(place + offset for offset in grammar.starts)
            self._envelopes = frozenset(place + offset for offset in grammar.envelopes)
        return end

    def _scan(self, grammar: Brackets, *, stops: bool = False) -> int | Broken | _Fault | _List:
        """How far it is to where all brackets are closed; with `stops`, to the next list of events."""
        window, offset = self._window, 0
        while True:
            for token in TOKEN.finditer(window.text, window.at + offset):
                if token.end() == len(window.text) and token[0] not in PUNCTUATION:
                    break  # it may go on in the next block
                if not grammar.takes(token[0], token.start() - window.at):
                    return _Fault.MISFIT
                offset = token.end() - window.at
                if grammar.closed:
                    return offset
                if stops and (at := grammar.list_here):
                    return _List(offset - 1, at)
                if len(grammar.starts) > DEPTH:
                    return Broken("nested too deeply", "nested too deeply", offset - 1)
            if window.is_full:
                return _TOO_LONG
            if not window.fill():
                return _Fault.ENDED

    def _end_of_scalar(self, ending: re.Pattern[bytes]) -> int | Broken:
        window = self._window
        while not (end := ending.search(window.text, window.at)):
            if window.is_full:
                return _TOO_LONG
            if not window.fill():
                break
        return len(window.text[window.at : end.start() if end else None].rstrip(b" \t\r"))

    def _is_last(self, end: int) -> bool:
        """Whether nothing but another value follows the one of this length on its last line."""
        window = self._window
        while not (rest := _REST.match(window.text, window.at + end)):
            if window.is_full or not window.fill():
                return True
        return rest[1] in b"\n{["

    def _take(self, start: tuple[int, int], length: int) -> Value:
        window = self._window
        raw = window.text[window.at : window.at + length]
        window.advance(length)
        if length <= LIMIT and window.text.startswith(b"\r\n", window.at):
            raw += b"\r"  # the line as it was
        return Value(*start, raw, _TOO_LONG if length > LIMIT else None)

    def _give_up(self, start: tuple[int, int], broken: Broken | None, closers: bytes) -> Value:
        """Go on at the next line that belongs to something else: one that is indented no deeper, and no closer."""
        window, head, tape = self._window, b"", None
        length = 0  # of what is given up so far: up to the start of a line, or 0
        while True:
            beginning = _INDENT.match(window.text, window.at + length) if length else None
            if beginning and len(beginning[1]) <= start[1] and beginning[2] not in closers:
                break
            if beginning or not length:
                end = window.text.find(b"\n", window.at + length) + 1
                if end:
                    length = end - window.at
                    continue
                length = 0 if window.is_full else length
            if window.is_full:  # keep no more of it than the newline that comes before the next line
                if not head:
                    head = window.text[window.at :][:_HEAD]
                    tape = window.record() if self._keeps_all and not window.is_recording else None
                window.advance(len(window.text) - window.at - (length > 0))
                broken, length = broken or _TOO_LONG, int(length > 0)
            if not window.fill():
                length = len(window.text) - window.at
                break
        value = self._take(start, length)
        if tape:
            window.stop()
        raw = head or value.raw.removesuffix(b"\r").removesuffix(b"\n")
        return value._replace(raw=raw, broken=broken or value.broken, original=tape)

    def _is_array(self) -> bool:
        """Whether an array of objects, or an empty one, begins here; any other array is one broken value."""
        window = self._window
        if window.text[window.at] != _OPEN:
            return False
        while not (first := _FIRST_ELEMENT.match(window.text, window.at)):
            if window.is_full or not window.fill():
                return False
        return first[1] in b"{]"


def _taped(start: tuple[int, int], tape: Tape, broken: Broken) -> Value:
    raw = next(tape.blocks(), b"")
    return Value(*start, raw, broken, (), tape if tape.size > len(raw) else None)


class _Fault(enum.Enum):
    """Why a value has no end."""

    MISFIT = enum.auto()  # a bracket or a word where it cannot stand
    ENDED = enum.auto()  # the input ends before


class _List(NamedTuple):
    """A list of events: how far it is to where it opens, and where it stands in its envelope."""

    start: int
    at: Keys


class _Measured(NamedTuple):
    """Which list of an envelope has its events, and what it shares with them."""

    at: Keys
    shared: bytes


_NEWLINE, _OPEN, _CLOSE, _COMMA = b"\n[],"
_HEAD = 1 << 10  # bytes that are shown of what is too long
# a byte order mark begins each of several files in one, and a record separator each text of RFC 7464
_BLANK = re.compile(rb"[ \t\r\x1e]*+(?:\xef\xbb\xbf[ \t\r\x1e]*+)*+")
_BLANK_LINES = re.compile(rb"[ \t\r\n\x1e]*+(?:\xef\xbb\xbf[ \t\r\n\x1e]*+)*+")
_REST = re.compile(_BLANK.pattern + rb"(?!\xef\xbb?\Z)([^ \t\r\x1e])")
_BETWEEN_ELEMENTS = re.compile(rb"[ \t\r\n,]*")
_LINE_END = re.compile(rb"\n")
_ELEMENT_END = re.compile(rb"[,\]\n]")
_FIRST_ELEMENT = re.compile(rb"\[\s*([^\s])")
_INDENT = re.compile(rb"([ \t]*)([^ \t])")
_EMPTY = Broken("an event must be a JSON object, but this is an empty array", "not a JSON object")
_JUNK = Broken("not valid JSON: this follows a batch, but is not one", "not valid JSON")
_CUT_OFF = Broken(
    "not valid JSON: this batch is cut off, so what it says about all its events may be missing: none is used",
    "not valid JSON",
)
_SHARES_TOO_MUCH = Broken(
    "what this batch says about all its events is longer than 32 KiB: none is used",
    "a batch shares too much",
)
_TOO_LONG = Broken("longer than 1 MiB", "longer than 1 MiB")
