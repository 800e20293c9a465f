"""Lists of objects in an object that is taken for one event: it may be an envelope that nobody has opened."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

DEPTH = 3  # objects within objects in which a list is looked for


def lists_in(raw: bytes) -> Iterator[tuple[str, int]]:
    """Where there are lists of objects, by name (`data.results`), and how many objects.

    In what has a type or is called an event, a list further within is one of its values.
    """
    if not _LIST.search(raw):
        return
    members = _members(raw)
    is_event = "type" in members or "event" in members
    yield from _lists(members, "", 1 if is_event else DEPTH)


def _lists(members: dict[str, msgspec.Raw], way: str, depth: int) -> Iterator[tuple[str, int]]:
    for name, value in members.items():
        text = bytes(value)
        if text.startswith(b"["):
            if objects := sum(bytes(item).startswith(b"{") for item in _items(text)):
                yield way + name, objects
        elif text.startswith(b"{") and depth > 1:
            yield from _lists(_members(text), f"{way}{name}.", depth - 1)


def _members(raw: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _OBJECT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _items(raw: bytes) -> list[msgspec.Raw]:
    try:
        return _ARRAY.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


_LIST = re.compile(rb"\[\s*\{")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
