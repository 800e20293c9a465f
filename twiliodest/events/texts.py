"""Texts out of an input, with their places: lines, single values, and what is not an event, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from twiliodest.events.tapes import Tape

LIMIT = 1 << 20  # bytes of one event
DEPTH = 500  # brackets within brackets


class Broken(NamedTuple):
    """Why something is not an event; `offset` is the byte at fault. `kind` groups like reasons."""

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


TOO_LONG = Broken("longer than 1 MiB", "longer than 1 MiB")
