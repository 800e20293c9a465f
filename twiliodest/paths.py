"""JSONPaths: compiled once, looked up in every event."""

from __future__ import annotations

import itertools
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.exact import text_of
from twiliodest.halves import Half
from twiliodest.operands import TooMuch
from twiliodest.path_nodes import And, Call, Comparison, Condition, Filter, Not, Operand, Or, Query
from twiliodest.path_search import searching
from twiliodest.path_syntax import parse_path
from twiliodest.path_words import written


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
    query = parse_path(text)
    prefixes = tuple(dict.fromkeys(_looked_at(query)))
    if not query.is_singular:
        return Path(text, prefixes, searching(query))
    names = prefixes[0] if len(prefixes[0]) == len(query.steps) else ()
    return Path(text, prefixes, _direct(query.steps), names)


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


def _looked_at(query: Query) -> Iterator[tuple[str, ...]]:
    """The parts of an event that a path looks at, its own first."""
    names = itertools.takewhile(lambda step: isinstance(step, str), query.steps)
    yield tuple(map(str, names))
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, Filter):
                yield from _compared(selector.condition)


def _compared(node: Condition | Operand) -> Iterator[tuple[str, ...]]:
    """The parts of an event that a condition looks at by paths from `$`."""
    match node:
        case Query():
            yield from itertools.islice(_looked_at(node), 0 if node.rooted else 1, None)
        case Comparison():
            yield from itertools.chain(_compared(node.left), _compared(node.right))
        case Not():
            yield from _compared(node.operand)
        case And(parts) | Or(parts) | Call(_, parts):
            yield from itertools.chain(*map(_compared, parts))


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
