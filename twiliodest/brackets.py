"""How far a JSON value reaches, by its brackets and quotes alone."""

from __future__ import annotations

import re

PUNCTUATION = (b"{", b"}", b"[", b"]", b",", b":")
TOKEN = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s"{}\[\],:]+|"')


class Brackets:
    """Whether brackets, commas, colons and quotes fit so far. Decides early that a line was cut off."""

    def __init__(self) -> None:
        self.starts: list[int] = []  # of the brackets that are open
        self.envelopes: set[int] = set()  # starts of objects that hold a batch; an event's own is none
        self._typed: set[int] = set()  # starts of objects with a type
        self._open = bytearray()
        self._last = b""
        self._key = b""

    def takes(self, token: bytes, start: int) -> bool:
        """Whether the next token, `start` bytes behind the first one, fits."""
        last, self._last = self._last, token[:1]
        if token in (b"{", b"["):
            fits = not self._open or last in (b":", b"[") or (last == b"," and self._open[-1:] == b"[")
            is_batch = token == b"[" and last == b":" and self._key == b'"batch"'
            if is_batch and self.starts[-1] not in self._typed:
                self.envelopes.add(self.starts[-1])
            if fits:
                self._open += token
                self.starts.append(start)
            return fits
        if token in (b"}", b"]"):
            self.starts.pop()
            return self._open.pop() == token[0] - 2  # the ASCII codes of { and }, [ and ] are two apart
        if token in (b",", b":"):
            return True
        if token[:1] == b'"' and last != b":":
            self._key = token
            if token == b'"type"':
                self._typed.add(self.starts[-1])
        return token != b'"' and last in (b"{", b"[", b",", b":")

    @property
    def closed(self) -> bool:
        return not self._open

    @property
    def in_batch(self) -> bool:
        """Whether the last token opened the list of the batch envelope that begins with the first."""
        return self._last == b"[" and len(self._open) == 2 and 0 in self.envelopes
