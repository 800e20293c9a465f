"""JSONPaths: compiled once, looked up in every event. jsonpath-ng stays inside."""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.exact import text_of
from twiliodest.halves import Half

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled JSONPath.

    `find` gives every value there. `prefixes` names the parts of an event that it looks at: first what its own names
    lead to, then what else a filter asks for; `()` among them is all of it. `names` are the first of them where that
    is all of the path, else `()`.
    """

    text: str
    prefixes: tuple[tuple[str, ...], ...]
    find: Callable[[Any], Sequence[Any]]
    names: tuple[str, ...] = ()


def compile_path(text: str) -> Path:
    """Compile a JSONPath that begins with `$`; raises `ExpressionError`.

    Names and indexes become direct look-ups; everything else is left to jsonpath-ng.
    """
    from jsonpath_ng.exceptions import JSONPathError

    try:
        tree = _parser().parse(text)
    except (JSONPathError, ValueError, AttributeError, TypeError, LookupError) as error:
        raise _path_error(text, str(error)) from None
    steps, whole = _simple_steps(tree)
    names = tuple(_leading_names(steps))
    if whole:
        return Path(text, (names,), _direct(steps), names if len(names) == len(steps) else ())
    return Path(text, (names,), _searching(tree))


def elsewhere(path: Path, event: Any) -> list[str]:
    """Up to two other paths of `event` that end in the same name as `path` and hold a text."""
    name = path.prefixes[0][-1] if path.prefixes[0] else None
    found: list[str] = []
    todo: deque[tuple[str, Any]] = deque([("$", event)])
    while todo and len(found) < 2:
        at, value = todo.popleft()
        for key, item in value.items():
            if isinstance(key, Half) or isinstance(item, Half):
                continue
            if (key != name and not isinstance(item, dict)) or len(at) + len(key) > _SPOT_LIMIT:
                continue
            spot = f"{at}.{key}" if _NAME.fullmatch(key) else f"{at}['{key}']"
            if isinstance(item, dict):
                todo.append((spot, item))
            elif spot != path.text and (text_of(item) or "").strip():
                found.append(spot)
    return found[:2]


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WHERE = re.compile(r"(?:1:|col )(\d+)")
_SPOT_LIMIT = 100  # characters of a path that is told; keys of an event are as long as they like


@functools.cache
def _parser() -> Any:
    from jsonpath_ng.ext.parser import ExtendedJsonPathParser

    return ExtendedJsonPathParser()


def _path_error(text: str, complaint: str) -> ExpressionError:
    where = _WHERE.search(complaint)
    offset = min(int(where[1]), len(text)) if where else len(text)
    hint = None
    if " " in text or not text.isascii():
        hint = "a name with spaces or special characters is quoted: $.properties['first name']"
    return ExpressionError(f"{text} is not a JSONPath", offset, hint)


def _simple_steps(tree: Any) -> tuple[Steps, bool]:
    """The leading names and indexes of a parsed path, and whether that is all of it."""
    from jsonpath_ng.jsonpath import Child, Fields, Index, Root

    if isinstance(tree, Root):
        return (), True
    if not isinstance(tree, Child):
        return (), False
    steps, whole = _simple_steps(tree.left)
    if whole and isinstance(tree.right, Fields) and len(tree.right.fields) == 1:
        name = tree.right.fields[0]
        if name != "*":
            return (*steps, name), True
    if whole and isinstance(tree.right, Index) and len(tree.right.indices) == 1:
        return (*steps, tree.right.indices[0]), True
    return steps, False


def _leading_names(steps: Steps) -> Iterator[str]:
    for step in steps:
        if not isinstance(step, str):
            return
        yield step


def _direct(steps: Steps) -> Callable[[Any], Sequence[Any]]:
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


def _searching(tree: Any) -> Callable[[Any], Sequence[Any]]:
    def find(event: Any) -> Sequence[Any]:
        try:
            return [match.value for match in tree.find(event)]
        except Exception:  # whatever jsonpath-ng raises over data of an unforeseen shape: nothing is there
            return ()

    return find
