"""Where the events are in an object that is not one itself, and what it says of all of them. Bytes in, bytes out.

An envelope is an object with a list of events under `batch`, as the tracking libraries send them, or whatever
`events_at` leads to. What its other members say belongs to every event in it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from twiliodest.errors import ExpressionError
from twiliodest.events.brackets import Child, Keys, children

BATCH = "batch"
MOST_SHARED = 32 << 10  # bytes that envelopes may say of each event; Segment's own limit for a whole event
NESTED = 8  # batches within batches; in what is nested deeper, a batch is a member like any other
SHARED = frozenset((b'"context"', b'"integrations"', b'"sentAt"', b'"writeKey"'))
"""The members beside a list of events that are about each of them, as Segment's HTTP API and libraries write them.
An envelope's `messageId` is its own: items that took it would all pass for the same event."""


class EventsAt(NamedTuple):
    """The setting of this name: names that lead to an object or a list; `None` stands for each element of a list."""

    text: str
    steps: Sequence[str | None]


class Piece(NamedTuple):
    """An event from `start` to `end` of a text, and what its envelopes say of it, the outermost first."""

    start: int
    end: int
    shared: Sequence[bytes] = ()


def read_events_at(text: str) -> EventsAt:
    """The setting `events_at`. Raises `ExpressionError`."""
    steps: list[str | None] = []
    rest = text if text.startswith("$") else f"$.{text}"
    at = 1
    while at < len(rest):
        step = _STEP.match(rest, at)
        if not step:
            hint = "use only names and [*], like $.results or $.Records[*].body"
            raise ExpressionError("events_at cannot be read from here on", at - len(rest) + len(text), hint)
        name, quoted, each = step.groups()
        steps.append(None if each else _unquoted(quoted) if quoted else name)
        at = step.end()
    while steps and steps[0] is None:  # a list of documents is gone through anyway
        del steps[0]
    if not steps:
        raise ExpressionError(
            "events_at must contain a name", 0, "write the path to the events, like $.results"
        )
    return EventsAt(text, tuple(steps))


def names(events_at: EventsAt | None) -> Sequence[str]:
    """The members of which one has to be there in an object that is an envelope."""
    return (BATCH, str(events_at.steps[0])) if events_at else (BATCH,)


def lists(events_at: EventsAt | None) -> Sequence[Keys]:
    """Where a list makes an object an envelope that may be longer than an event."""
    batch = (_token(BATCH),)
    if not events_at:
        return (batch,)
    keys: list[bytes] = []
    for step in events_at.steps:
        if step is None:
            break
        keys.append(_token(step))
    return (tuple(keys), batch)


def pieces(text: bytes, events_at: EventsAt | None) -> Sequence[Piece] | None:
    """The events in an object; `None` if it is none but an event by itself. Its brackets have to fit."""
    if not text.startswith(b"{"):
        return None
    if events_at and _name_of(events_at) in text:
        found = _led_to(text, Piece(0, len(text)), events_at.steps)
        if found is not None:
            return [event for piece in found for event in _unpacked(text, piece)]
    whole = Piece(0, len(text))
    unpacked = list(_unpacked(text, whole))
    return None if unpacked == [whole] else unpacked


def beside(text: bytes, at: Keys) -> bytes | None:
    """What the object that holds the list at `at` shares; `None` where it has a type, and is an event of its own."""
    start = 0
    for key in at[:-1]:
        start = next(child.start for child in children(text, start) if _is(child, key))
    members = children(text, start)
    if at == (_token(BATCH),) and _is_event(members):
        return None
    return _shared(text, members)


def rest_of(events_at: EventsAt | None, at: Keys) -> EventsAt | None:
    """What is left of the way for the elements of the list at `at`; `None` where they are the events."""
    if not events_at or at != lists(events_at)[0] or at == (_token(BATCH),):
        return None
    steps = events_at.steps[len(at) :]
    while steps and steps[0] is None:
        steps = steps[1:]
    return EventsAt(events_at.text, steps) if steps else None


def merged(shared: Sequence[bytes], item: bytes) -> bytes:
    """An item with what its envelopes say: objects by their members, recursively, and the innermost wins."""
    for text in reversed(shared):
        item = _under(item, text)
    return item


def wrapped(shared: Sequence[bytes], item: bytes) -> bytes:
    """An item in an envelope of its own, so that it stays the same event with the same context."""
    for text in reversed(shared):
        item = b'{"batch":[' + item + b"]," + text[1:]
    return item


_STEP = re.compile(
    r"""(?:\.|(?<=^\$))?(?:([^\W\d][\w-]*)|\[\s*("(?:[^"\\]|\\.)+"|'(?:[^'\\]|\\.)+')\s*\])|(\.?\[\s*\*\s*\]|\.\*)"""
)


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


def _token(name: str) -> bytes:
    return json.dumps(name, ensure_ascii=False).encode(errors="replace")


def _name_of(events_at: EventsAt) -> bytes:
    """A part of the text of any object that has it, unless it is written with escapes."""
    return _token(events_at.steps[0] or "")[1:-1]


def _is(child: Child, key: bytes) -> bool:
    return child.key == key or (b"\\" in child.key and _plain(child.key) == key)


def _plain(key: bytes) -> bytes:
    try:
        return _token(json.loads(key))
    except ValueError:
        return key


def _is_event(members: Sequence[Child]) -> bool:
    return any(_is(child, b'"type"') for child in members)


def _unpacked(text: bytes, piece: Piece, depth: int = 0) -> Iterator[Piece]:
    """A piece, or the items of the batch that it is."""
    key = _token(BATCH)
    found: list[Child] = []
    if depth < NESTED and text[piece.start] == 0x7B and key in text[piece.start : piece.end]:
        members = children(text, piece.start)
        if not _is_event(members):
            found = [child for child in members if _is(child, key) and text[child.start] == 0x5B]
    if not found:
        yield piece
        return
    shared = _shared(text, members)
    for batch in found:
        for item in children(text, batch.start):
            inner = Piece(item.start, item.end, (*piece.shared, shared) if shared else piece.shared)
            yield from _unpacked(text, inner, depth + 1)


def _led_to(text: bytes, piece: Piece, steps: Sequence[str | None]) -> list[Piece] | None:
    """What these steps lead to from a piece; `None` where there is nothing. An element without it stays itself."""
    is_list = text[piece.start] == 0x5B
    if not steps and not is_list:
        return [piece] if text[piece.start] == 0x7B else None
    if is_list:
        steps = steps[1:] if steps and steps[0] is None else steps
        items = [Piece(item.start, item.end, piece.shared) for item in children(text, piece.start)]
        return [it for item in items for it in (_led_to(text, item, steps) if steps else None) or [item]]
    if steps[0] is None or text[piece.start] != 0x7B:
        return None
    members, key = children(text, piece.start), _token(steps[0])
    own = _shared(text, members)
    found: list[Piece] | None = None
    for child in members:
        if _is(child, key):
            shared = (*piece.shared, own) if own and text[child.start] == 0x5B else piece.shared
            ends = _led_to(text, Piece(child.start, child.end, shared), steps[1:])
            found = found if ends is None else [*(found or ()), *ends]
    return found


def _shared(text: bytes, members: Sequence[Child]) -> bytes:
    """The members that are about every event, as an object; empty if there are none."""
    found = {child.key: text[child.start : child.end] for child in members if child.key in SHARED}
    return b"{" + b",".join(key + b":" + value for key, value in found.items()) + b"}" if found else b""


@functools.lru_cache(16)  # it is the same for every item of a batch
def _members(text: bytes) -> Mapping[bytes, bytes]:
    return {_plain(key): text[start:end] for key, start, end in children(text)}


def _under(item: bytes, shared: bytes) -> bytes:
    """`shared` with the members of `item` over it; anything but two objects is the item's."""
    if not (item.startswith(b"{") and shared.startswith(b"{")):
        return item
    members = dict(_members(shared))
    for key, start, end in children(item):
        name, value = _plain(key), item[start:end]
        below = members.pop(name, None)
        members[name] = value if below is None else _under(value, below)
    return b"{" + b",".join(key + b":" + value for key, value in members.items()) + b"}"
