"""JSON values one at a time out of blocks of bytes, whatever stands between, around or before them.

JSON Lines, a document over several lines, concatenated documents, an array of events and the batch
envelope `{"batch": [...]}` all come out as single values. Something broken costs itself, not its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

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


class Documents:
    """A window on the input that holds little more than one value; `line` is the number of its first line."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._window = b""
        self._at = 0
        self._line_start = 0  # negative once the start of the line has left the window
        self._untouched = True
        self.line = 1

    def more(self) -> bool:
        """Whether anything is left; waits until there is a whole line, or more than any event may hold."""
        while self._window.find(b"\n", self._at) < 0 and not self._is_full():
            if not self._fill():
                return self._at < len(self._window)
        return True

    def whole_lines(self) -> bytes:
        """The whole lines in the window, without the last newline."""
        end = self._window.rfind(b"\n", self._at)
        if end < 0 and not self._is_full():
            end = len(self._window)  # the last line of the input has no newline
        return self._window[self._at : max(end, self._at)]

    def pass_by(self, lines: Sequence[bytes]) -> None:
        """Leave these lines, the next ones of the window, behind."""
        if lines:
            self._at = self._line_start = min(self._at + sum(map(len, lines)) + len(lines), len(self._window))
            self.line += len(lines)
            self._untouched = False

    def values(self) -> Iterator[Value]:
        """The values that begin on the next line, up to the end of the line on which the last of them ends."""
        while self._skip(_BLANK):
            if self._window[self._at] == _NEWLINE:
                self._next_line()
                return
            yield from self._elements() if self._is_array() else self._value()
            self._untouched = False

    def _value(self) -> Iterator[Value]:
        """A value that stands by itself: on its last line nothing may follow but another one."""
        start, inside = self._here(), False
        while isinstance(end := self._end_of_value(envelope=True), _Batch):
            self._at += end.array
            yield from self._elements()
            self._line_start -= self._at - 2
            self._window, self._at = (
                b"{0" + self._window[self._at :],
                0,
            )  # the rest of the envelope, as a value
            start, inside = self._here(), True
        if isinstance(end, int) and _REST.match(self._window, self._at + end):
            value = self._take(start, end)
        else:
            value = self._give_up(start, end if isinstance(end, Broken) else None, b"}]")
        if value.broken or not inside or not isinstance(end, int):
            yield value

    def _elements(self) -> Iterator[Value]:
        """The elements of the array that begins here."""
        opened, untouched, empty = self._here(), self._untouched, True
        self._at += 1
        while self._skip(_BETWEEN_ELEMENTS):
            if self._window[self._at] == _CLOSE:
                self._at += 1
                if empty and not untouched:
                    yield Value(
                        *opened,
                        b"[]",
                        Broken("an event is a JSON object, and this is an empty array", "not an object"),
                    )
                return
            empty = False
            start = self._here()
            end = self._end_of_value(envelope=False)
            if isinstance(end, int):
                yield self._take(start, end)
            else:
                yield self._give_up(start, end if isinstance(end, Broken) else None, b"}")
        yield Value(*opened, b"[", Broken("not valid JSON: this array is never closed", "not valid JSON"))

    def _end_of_value(self, *, envelope: bool) -> int | Broken | _Batch | None:
        """How far the value that begins here reaches; `None` where its brackets do not fit."""
        if self._window[self._at] not in b"{[":
            return self._end_of_scalar(_ELEMENT_END if not envelope else _LINE_END)
        grammar, offset = _Brackets(), 0
        while True:
            for token in _TOKEN.finditer(self._window, self._at + offset):
                if token.end() == len(self._window) and token[0] not in _PUNCTUATION:
                    break  # it may go on in the next block
                if not grammar.takes(token[0]):
                    return None
                offset = token.end() - self._at
                if grammar.closed:
                    return offset
                if envelope and grammar.in_batch:
                    return _Batch(offset - 1)
                if grammar.depth > DEPTH:
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
                return len(self._window)
        return end.start() - self._at

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
                if self._is_full():
                    broken, length = broken or _TOO_LONG, 0
                    self._advance(len(self._window) - self._at)
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
            if not self._fill():
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
        self._line_start -= self._at
        self._window = self._window[self._at :] + block
        self._at = 0
        return bool(block)


class _Batch(NamedTuple):
    """An envelope, and where in it the array of its events begins."""

    array: int


class _Brackets:
    """Whether brackets, commas, colons and quotes fit so far. Decides early that a line was cut off."""

    def __init__(self) -> None:
        self._open = bytearray()
        self._last = b""
        self._key = b""
        self._typed = False

    def takes(self, token: bytes) -> bool:
        last, self._last = self._last, token[:1]
        if token in (b"{", b"["):
            fits = not self._open or last in (b":", b"[") or (last == b"," and self._open[-1] == _OPEN)
            self._open += token
            return fits
        if token in (b"}", b"]"):
            return self._open.pop() == token[0] - 2  # the ASCII codes of { and }, [ and ] are two apart
        if token in (b",", b":"):
            return True
        if token[:1] == b'"' and self.depth == 1 and last != b":":
            self._key = token
            self._typed = self._typed or token == b'"type"'
        return token != b'"' and last in (b"{", b"[", b",", b":")

    @property
    def depth(self) -> int:
        return len(self._open)

    @property
    def closed(self) -> bool:
        return not self._open

    @property
    def in_batch(self) -> bool:
        """Whether the last token opened the list of a batch envelope; an event with such a property is none."""
        return self._last == b"[" and self._open == b"{[" and self._key == b'"batch"' and not self._typed


_NEWLINE, _OPEN, _CLOSE = b"\n[]"
_PUNCTUATION = (b"{", b"}", b"[", b"]", b",", b":")
_TOKEN = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s"{}\[\],:]+|"')
_BLANK = re.compile(rb"[ \t\r]*")
_BETWEEN_ELEMENTS = re.compile(rb"[ \t\r\n,]*")
_REST = re.compile(rb"[ \t\r]*(?:[\n{\[]|\Z)")
_LINE_END = re.compile(rb"\r?\n")
_ELEMENT_END = re.compile(rb"[ \t\r]*[,\]\n]")
_FIRST_ELEMENT = re.compile(rb"\[\s*([^\s])")
_INDENT = re.compile(rb"([ \t]*)([^ \t])")
_EMPTY = Broken("an event is a JSON object, and this is an empty array", "not a JSON object")
_TOO_LONG = Broken("longer than 1 MiB", "longer than 1 MiB")
