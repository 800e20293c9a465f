"""JSONPaths: compiled once, looked up in every event."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.events.halves import Half
from twiliodest.exact import text_of
from twiliodest.templates.bounds import TooMuch
from twiliodest.templates.paths.names import written


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled JSONPath.

    `find` gives every value there, or raises `TooMuch`. `prefixes` names the parts of an
    event that it looks at: first what its own names lead to, then what else a filter asks for; `()` among them is all
    of it. `names` are the first of them where that is all of the path, else `()`.
    """

    text: str
    prefixes: tuple[tuple[str, ...], ...]
    find: Callable[[Any], Sequence[Any]]
    names: tuple[str, ...] = ()

    def look(self, event: Any) -> Sequence[Any]:
        """What `find` gives; nothing where that would be too much work."""
        try:
            return self.find(event)
        except TooMuch:
            return ()


def compile_path(text: str) -> Path:
    """Compile a JSONPath that begins with `$`; raises `ExpressionError`."""
    if len(text) <= _SHORT and _NAMES.fullmatch(text):  # most are like this, and need no parser
        names = tuple(text[2:].split("."))
        return Path(text, (names,), _direct(names), names)
    from twiliodest.templates.paths.nodes import looked_at
    from twiliodest.templates.paths.syntax import parse_path

    query = parse_path(text)
    prefixes = tuple(dict.fromkeys(looked_at(query)))
    if not query.is_singular:
        from twiliodest.templates.paths.search import searching

        return Path(text, prefixes, searching(query))
    names = prefixes[0] if len(prefixes[0]) == len(query.steps) else ()
    return Path(text, prefixes, _direct(query.steps), names)


_NAMES = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_-]*)+")
_SHORT = 100  # characters, in which there is no room for too many steps


def elsewhere(path: Path, event: Any) -> list[str]:
    """Up to two other paths of `event` that end in the same name as `path`, or nearly so, and hold a text.

    Names are nearly the same where only case, dashes, underscores, spaces or the form of accents differ.
    """
    name = path.prefixes[0][-1] if path.prefixes[0] else None
    near = _plain(name) if name is not None and len(name) <= _SPOT_LIMIT else None
    found: list[str] = []
    todo: deque[tuple[str, Any]] = deque([("$", event)])
    while todo and len(found) < 2:
        at, value = todo.popleft()
        for key, item in value.items():
            if len(at) + len(key) > _SPOT_LIMIT or isinstance(key, Half) or isinstance(item, Half):
                continue
            if isinstance(item, dict):
                todo.append((at + written(key), item))
            elif key == name or (near and _plain(key) == near):
                spot = at + written(key)
                if spot != path.text and (text_of(item) or "").strip():
                    found.append(spot)
    return found[:2]


_SPOT_LIMIT = 100  # characters of a path that is told; keys of an event are as long as they like
_JOINTS = str.maketrans("", "", "_- ")


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().translate(_JOINTS)


def _direct(steps: Sequence[str | int]) -> Callable[[Any], Sequence[Any]]:
    """Look up names and indexes. Most paths have one or two names, and a loop over them takes half as long again."""

    def by_name(event: Any) -> Sequence[Any]:
        try:
            return (event[first],)
        except (LookupError, TypeError):
            return ()

    def by_two_names(event: Any) -> Sequence[Any]:
        try:
            return (event[first][second],)
        except (LookupError, TypeError):
            return ()

    def by_steps(value: Any) -> Sequence[Any]:
        for step in steps:
            if step.__class__ is int and value.__class__ is not list:
                return ()  # a text has indexes, too
            try:
                value = value[step]
            except (LookupError, TypeError):
                return ()
        return (value,)

    match steps:
        case (str(first),):
            return by_name
        case (str(first), str(second)):
            return by_two_names
    return by_steps
