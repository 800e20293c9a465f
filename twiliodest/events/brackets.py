"""How far a JSON value reaches, and what it is made of, by its brackets and quotes alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

PUNCTUATION = (b"{", b"}", b"[", b"]", b",", b":")
TOKEN = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s"{}\[\],:]+|"')
Keys = tuple[bytes, ...]
"""The quoted names that lead from an object to something in it."""


class Brackets:
    """Whether brackets, commas, colons and quotes fit so far. Decides early that a line was cut off.

    `lists` are where an envelope may hold its events: such a list makes it one.
    """

    def __init__(self, lists: Sequence[Keys] = ()) -> None:
        self.starts: list[int] = []  # of the brackets that are open
        self.envelopes: set[int] = set()  # starts of objects that hold such a list
        self._lists = lists
        self._names: list[bytes] = []  # under which each of them stands; empty in a list
        self._open = bytearray()
        self._last = b""
        self._key = b""

    def takes(self, token: bytes, start: int) -> bool:
        """Whether the next token, `start` bytes behind the first one, fits."""
        last, self._last = self._last, token[:1]
        if token in (b"{", b"["):
            fits = not self._open or last in (b":", b"[") or (last == b"," and self._open[-1:] == b"[")
            if fits:
                self._open += token
                self.starts.append(start)
                self._names.append(self._key if last == b":" else b"")
                if token == b"[" and last == b":":
                    self.envelopes.update(self.starts[-1 - len(keys)] for keys in self._lists_here())
            return fits
        if token in (b"}", b"]"):
            self.starts.pop()
            self._names.pop()
            return self._open.pop() == token[0] - 2  # the ASCII codes of { and }, [ and ] are two apart
        if token in (b",", b":"):
            return True
        if token[:1] == b'"' and last != b":":
            self._key = token
        return token != b'"' and last in (b"{", b"[", b",", b":")

    @property
    def closed(self) -> bool:
        return not self._open

    @property
    def list_here(self) -> Keys | None:
        """Where the list that the last token opened stands, if it is one that makes the first object an envelope."""
        if self._last != b"[":
            return None
        return next((keys for keys in self._lists_here() if len(keys) + 1 == len(self._names)), None)

    def _lists_here(self) -> Sequence[Keys]:
        return [
            keys
            for keys in self._lists
            if len(keys) < len(self._names) and tuple(self._names[-len(keys) :]) == keys
        ]


class Child(NamedTuple):
    """A member of an object, or an element of a list (its `key` is empty), from `start` to `end`."""

    key: bytes
    start: int
    end: int


def children(text: bytes, start: int = 0) -> list[Child]:
    """What the object or list that begins at `start` holds; its brackets have to fit."""
    found: list[Child] = []
    depth, key, begun, end = 0, b"", -1, start
    for token in TOKEN.finditer(text, start):
        mark = token[0]
        if mark in (b"}", b"]"):
            depth -= 1
        if depth <= 1 and begun >= 0 and (depth == 0 or mark == b","):
            found.append(Child(key, begun, end))
            key, begun = b"", -1
        if depth == 0 and token.start() > start:
            break
        if depth == 1 and mark == b":" and begun >= 0:
            key, begun = text[begun:end], -1
        elif depth == 1 and mark not in (b",", b"}", b"]") and begun < 0:
            begun = token.start()
        if mark in (b"{", b"["):
            depth += 1
        end = token.end()
    return found
