r"""Halves of characters: `\ud83d` without its partner, as JavaScript writes it where it has cut an emoji in two.

JSON's grammar lets them through, and no text can hold them. So an event may have them where nobody looks; whoever
looks finds a `Half`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

HALF = "contains half of a character"  # of a value that somebody looks at


class Half(str):
    """A text with at least one surrogate in it, which cannot be encoded."""

    __slots__ = ()


class Damaged(dict[str, Any]):
    """An event in which there is a `Half` somewhere; every other one is a plain `dict`."""

    __slots__ = ()


class HalfError(Exception):
    """A trigger looks at a `Half`, at this path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} {HALF}")
        self.path = path


class Watched(dict[str, Any]):
    """An object of a damaged event that raises `HalfError` where one looks at a `Half`."""

    def __init__(self, data: dict[str, Any], path: str = "$") -> None:
        super().__init__(data)
        self._path = path

    def get(self, name: str, default: Any = None) -> Any:
        value = super().get(name, default)
        path = self._path + (f".{name}" if _PLAIN.fullmatch(name) else f"['{name}']")
        if isinstance(value, dict):
            return Watched(value, path)
        if has_half(value):
            raise HalfError(path)
        return value


def has_half(value: Any) -> bool:
    """Whether a value is a `Half`, or a list or an object with one in it."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Half):
            return True
        if isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list):
            pending += item
    return False


def is_whole(text: str) -> bool:
    """Whether a text has no half of a character in it."""
    return text.isascii() or not _SURROGATE.search(text)


def replaced(text: str) -> str:
    """A text with U+FFFD in the place of every half."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def masked(raw: bytes) -> bytes:
    """A JSON text of the same length without halves."""
    return _UNIT.sub(lambda unit: rb"\ufffd" if unit["half"] else unit[0], raw)


def spelled(raw: bytes) -> bytes:
    """A JSON text in which halves are spelled, so that it can be decoded; `restore` undoes it.

    Two texts are spelled alike only if they are alike.
    """
    return _UNIT.sub(lambda unit: _spell(unit["half"], unit["mark"], unit[0]), raw)


def restore(data: dict[str, Any]) -> Damaged:
    """What was decoded of a text that was `spelled`, with each half in its place."""
    pending: list[Any] = [data]
    while pending:
        container = pending.pop()
        for key, value in _items(container):
            if isinstance(value, str):
                container[key] = _restored(value)
            elif isinstance(value, dict | list):
                pending.append(value)
        if isinstance(container, dict) and any(_MARK in key for key in container):
            named = {_restored(key): value for key, value in container.items()}
            container.clear()
            container.update(named)
    return Damaged(data)


# letters, digits, _ and all beyond ASCII, told by what they are not: that compiles a hundred times faster
_PLAIN = re.compile(r"[^\0-@[-^`{-\x7f][^\0-/:-@[-^`{-\x7f]*")
_MARK = "\U0010ffff"  # no character, and never one: it is followed by what it stands for
_MARK_ITSELF = "="
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPELLED = re.compile(f"{_MARK}({_MARK_ITSELF}|[0-9a-f]{{4}})")
_HIGH, _LOW = rb"u[dD][89abAB][0-9a-fA-F]{2}", rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_UNIT = re.compile(
    rb"(?s)(?P<mark>" + _MARK.encode() + rb"|\\u[dD][bB][fF][fF]\\u[dD][fF][fF][fF])"
    rb"|\\" + _HIGH + rb"\\" + _LOW + rb"|\\(?P<half>" + _HIGH + rb"|" + _LOW + rb")|\\."
)


def _spell(half: bytes | None, mark: bytes | None, other: bytes) -> bytes:
    if half:
        return _MARK.encode() + half[1:].lower()
    return (_MARK + _MARK_ITSELF).encode() if mark else other


def _items(container: Any) -> Iterator[tuple[Any, Any]]:
    return iter(list(container.items() if isinstance(container, dict) else enumerate(container)))


def _restored(text: str) -> str:
    if _MARK not in text:
        return text
    whole = _SPELLED.sub(lambda it: _MARK if it[1] == _MARK_ITSELF else chr(int(it[1], 16)), text)
    return Half(whole) if _SURROGATE.search(whole) else whole
