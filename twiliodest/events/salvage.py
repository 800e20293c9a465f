"""What is taken out of a window: a value of known length, or everything up to where something else may begin."""

from __future__ import annotations

import re

from twiliodest.events.texts import LIMIT, TOO_LONG, Broken, Value
from twiliodest.events.window import Window


def take(window: Window, start: tuple[int, int], length: int) -> Value:
    """The value of this length."""
    raw = window.text[window.at : window.at + length]
    window.advance(length)
    if length <= LIMIT and window.text.startswith(b"\r\n", window.at):
        raw += b"\r"  # the line as it was
    return Value(*start, raw, TOO_LONG if length > LIMIT else None)


def give_up(
    window: Window, start: tuple[int, int], broken: Broken | None, closers: bytes, *, keeps_all: bool
) -> Value:
    """Go on at the next line that belongs to something else: one that is indented no deeper, and no closer."""
    head, tape = b"", None
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
                tape = window.record() if keeps_all and not window.is_recording else None
            window.advance(len(window.text) - window.at - (length > 0))
            broken, length = broken or TOO_LONG, int(length > 0)
        if not window.fill():
            length = len(window.text) - window.at
            break
    value = take(window, start, length)
    if tape:
        window.stop()
    raw = head or value.raw.removesuffix(b"\r").removesuffix(b"\n")
    return value._replace(raw=raw, broken=broken or value.broken, original=tape)


_HEAD = 1 << 10  # bytes that are shown of what is too long
_INDENT = re.compile(rb"([ \t]*)([^ \t])")
