"""JSON values one at a time out of blocks of bytes, whatever stands between, around or before them.

JSON Lines, a document over several lines, concatenated documents, an array of events and the batch
envelope `{"batch": [...]}` all come out as single values. Something broken costs itself, not its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from twiliodest.brackets import PUNCTUATION, TOKEN, Brackets

LIMIT = 1 << 20  # bytes of one event
DEPTH = 500  # brackets within brackets


class Broken(NamedTuple):
    """Why something is no event; `offset` is the byte at fault. `kind` groups like reasons."""

    reason: str
    kind: str
    offset: int | None = None


class Value(NamedTuple):
    """The text of one value, its first line (from 1), and the number of bytes before it in that line.

    A text without `broken` still has to be decoded; where its brackets do not fit, the decoder will say so.
    """

    line: int
    inset: int
    raw: bytes
    broken: Broken | None = None


class Lines(NamedTuple):
    """Whole lines that follow each other, without the last newline; `first` is the number of the first, from 1."""

    first: int
    text: bytes


class Documents:
    """A window on the input that holds little more than one value; `line` is the number of its first line."""

    def __init__(self, blocks: Iterator[bytes], line: int = 1) -> None:
        self._blocks = blocks
        self._window = b""
        self._at = 0
        self._line_start = 0  # negative once the start of the line has left the window
        self._untouched = line == 1
        self._gone = 0  # bytes before the window
        self._hopeless: frozenset[int] = frozenset()  # where brackets open that never close
        self._envelopes: frozenset[int] = frozenset()  # of which these may yet be batch envelopes
        self.line = line

    def more(self) -> bool:
        """Whether anything is left; waits until there is a whole line, or more than any event may hold."""
        while self._window.find(b"\n", self._at) < 0 and not self._is_full():
            if not self._fill():
                return self._at < len(self._window)
        return True

    def whole_lines(self, reach: int) -> Lines:
        """The whole lines in the next `reach` bytes, at least one."""
        end = self._window.rfind(b"\n", self._at, self._at + reach)
        if end < 0:
            end = self._window.find(b"\n", self._at)
        if end < 0 and not self._is_full():
            end = len(self._window)  # the last line of the input has no newline
        return Lines(self.line, self._window[self._at : max(end, self._at)])

    def pass_by(self, lines: Lines, count: int) -> bool:
        """Leave so many of these next lines behind; returns whether that is all of them."""
        rows = lines.text.split(b"\n")
        size = sum(map(len, rows[:count])) + count
        self._at = self._line_start = min(self._at + size, len(self._window))
        self.line += count
        self._untouched = self._untouched and not count
        return count == len(rows)

    def left(self) -> bytes:
        """The rest of the window."""
        return self._window[self._at :]

    def values(self) -> Iterator[Value]:
        """The values that begin on the next line with any, up to the end of the line where the last one ends."""
        self._skip(_BLANK_LINES)
        while self._skip(_BLANK):
            if self._window[self._at] == _NEWLINE:
                self._next_line()
                return
            yield from self._elements(may_be_empty=self._untouched) if self._is_array() else self._value()
            self._untouched = False

    def _value(self) -> Iterator[Value]:
        """A value that stands by itself: on its last line nothing may follow but another one."""
        start, inside = self._here(), False
        while isinstance(end := self._end_of_value(envelope=True), _Batch):
            self._advance(end.array)
            if not (yield from self._elements(may_be_empty=True)):
                return
            self._gone += self._at - 2
            self._line_start -= self._at - 2
            self._window = b"{0" + self._window[self._at :]  # the rest of the envelope, as a value
            self._at, inside = 0, True
        if fits := isinstance(end, int) and self._is_last(end):
            value = self._take(start, end)
        else:
            value = self._give_up(start, end if isinstance(end, Broken) else None, b"}]")
        if not inside:
            yield value
        elif value.broken or not fits:
            yield Value(*start, b"{", value.broken or _BAD_ENVELOPE)

    def _elements(self, *, may_be_empty: bool) -> Generator[Value, None, bool]:
        """The elements of the array that begins here; returns whether it is closed."""
        opened, empty = self._here(), not may_be_empty
        self._at += 1
        while self._skip(_BETWEEN_ELEMENTS):
            if self._window[self._at] == _CLOSE:
                self._at += 1
                if empty:
                    yield Value(*opened, b"[]", _EMPTY)
                return True
            empty = False
            start = self._here()
            end = self._end_of_value(envelope=False)
            if isinstance(end, int):
                yield self._take(start, end)
            else:
                yield self._give_up(start, end if isinstance(end, Broken) else None, b"}")
        yield Value(*opened, b"[", Broken("not valid JSON: this array is never closed", "not valid JSON"))
        return False

    def _end_of_value(self, *, envelope: bool) -> int | Broken | _Batch | None:
        """How far the value that begins here reaches; `None` where its brackets do not fit."""
        if self._window[self._at] not in b"{[":
            return self._end_of_scalar(_ELEMENT_END if not envelope else _LINE_END)
        here = self._gone + self._at
        if here in self._hopeless and not (envelope and here in self._envelopes):
            return None
        grammar = Brackets()
        end = self._scan(grammar, envelope=envelope)
        if end is None or isinstance(end, Broken):
            self._hopeless = frozenset(here + offset for offset in grammar.starts)
            self._envelopes = frozenset(here + offset for offset in grammar.envelopes)
        return end

    def _scan(self, grammar: Brackets, *, envelope: bool) -> int | Broken | _Batch | None:
        offset = 0
        while True:
            for token in TOKEN.finditer(self._window, self._at + offset):
                if token.end() == len(self._window) and token[0] not in PUNCTUATION:
                    break  # it may go on in the next block
                if not grammar.takes(token[0], token.start() - self._at):
                    return None
                offset = token.end() - self._at
                if grammar.closed:
                    return offset
                if envelope and grammar.in_batch:
                    return _Batch(offset - 1)
                if len(grammar.starts) > DEPTH:
                    return Broken("nested too deeply", "nested too deeply", offset - 1)
            if self._is_full():
                return _TOO_LONG
            if not self._fill():
                return None

    def _end_of_scalar(self, ending: re.Pattern[bytes]) -> int | Broken:
        while not (end := ending.search(self._window, self._at)):
            if self._is_full():
                return _TOO_LONG
            if not self._fill():
                break
        return len(self._window[self._at : end.start() if end else None].rstrip(b" \t\r"))

    def _is_last(self, end: int) -> bool:
        """Whether nothing but another value follows the one of this length on its last line."""
        while not (rest := _REST.match(self._window, self._at + end)):
            if self._is_full() or not self._fill():
                return True
        return rest[1] in b"\n{["

    def _take(self, start: tuple[int, int], length: int) -> Value:
        raw = self._window[self._at : self._at + length]
        self._advance(length)
        return Value(*start, raw, _TOO_LONG if length > LIMIT else None)

    def _give_up(self, start: tuple[int, int], broken: Broken | None, closers: bytes) -> Value:
        """Go on at the next line that belongs to something else: one that is indented no deeper, and no closer."""
        length = 0  # of what is given up so far: up to the start of a line, or 0
        while True:
            beginning = _INDENT.match(self._window, self._at + length) if length else None
            if beginning and len(beginning[1]) <= start[1] and beginning[2] not in closers:
                break
            if beginning or not length:
                end = self._window.find(b"\n", self._at + length) + 1
                if end:
                    length = end - self._at
                    continue
                length = 0 if self._is_full() else length
            if self._is_full():  # keep no more of it than the newline that comes before the next line
                self._advance(len(self._window) - self._at - (length > 0))
                broken, length = broken or _TOO_LONG, int(length > 0)
            if not self._fill():
                length = len(self._window) - self._at
                break
        value = self._take(start, length)
        return value._replace(raw=value.raw.rstrip(), broken=broken or value.broken)

    def _is_array(self) -> bool:
        """Whether an array of objects, or an empty one, begins here; any other array is one broken value."""
        if self._window[self._at] != _OPEN:
            return False
        while not (first := _FIRST_ELEMENT.match(self._window, self._at)):
            if self._is_full() or not self._fill():
                return False
        return first[1] in b"{]"

    def _skip(self, blank: re.Pattern[bytes]) -> bool:
        """Go to the next byte that is not blank; False at the end of the input."""
        while True:
            skipped = blank.match(self._window, self._at)
            self._advance(skipped.end() - self._at if skipped else 0)
            if self._at < len(self._window):
                return True
            if not self._fill():
                return False

    def _next_line(self) -> None:
        self._advance(self._window.find(b"\n", self._at) + 1 - self._at)

    def _advance(self, length: int) -> None:
        end = self._at + length
        newlines = self._window.count(b"\n", self._at, end)
        if newlines:
            self.line += newlines
            self._line_start = self._window.rfind(b"\n", self._at, end) + 1
        self._at = end

    def _here(self) -> tuple[int, int]:
        return self.line, self._at - self._line_start

    def _is_full(self) -> bool:
        return len(self._window) - self._at > LIMIT

    def _fill(self) -> bool:
        block = next(self._blocks, b"")
        self._gone += self._at
        self._line_start -= self._at
        self._window = self._window[self._at :] + block
        self._at = 0
        return bool(block)


class _Batch(NamedTuple):
    """An envelope, and where in it the array of its events begins."""

    array: int


_NEWLINE, _OPEN, _CLOSE = b"\n[]"
_BLANK = re.compile(rb"[ \t\r]*")
_BLANK_LINES = re.compile(rb"[ \t\r\n]*")
_BETWEEN_ELEMENTS = re.compile(rb"[ \t\r\n,]*")
_REST = re.compile(rb"[ \t\r]*([^ \t\r])")
_LINE_END = re.compile(rb"\n")
_ELEMENT_END = re.compile(rb"[,\]\n]")
_FIRST_ELEMENT = re.compile(rb"\[\s*([^\s])")
_INDENT = re.compile(rb"([ \t]*)([^ \t])")
_EMPTY = Broken("an event is a JSON object, and this is an empty array", "not a JSON object")
_BAD_ENVELOPE = Broken("not valid JSON: this batch is damaged after its events", "not valid JSON")
_TOO_LONG = Broken("longer than 1 MiB", "longer than 1 MiB")
