"""JSONPath and templates: compiled once, resolved for every event; what a value contains is never looked at again."""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.exact import text_of

Steps = tuple[str | int, ...]
Texts = Callable[[Any], Sequence[str]]


class Unresolved(Exception):  # noqa: N818 -- not an error of the program: the event lacks something
    """The event has no text at `path`. `fault` completes the sentence "`$.a.b` …"."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path.text} {fault}")
        self.path = path
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled JSONPath.

    `find` gives every value there. `prefix` names the part of an event that it looks at; `()` is all of it.
    """

    text: str
    prefix: tuple[str, ...]
    find: Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Field:
    """A compiled field of an action: a JSONPath or a template.

    `texts` gives its texts for an event (one for a template, one a value for a path) or raises `Unresolved`.
    `fixed` is the text that is there whatever the event says; `None` for a path.
    """

    source: str
    paths: tuple[Path, ...]
    texts: Texts
    fixed: str | None

    def render(self, event: Any) -> str:
        """One text: several values are joined with a comma."""
        texts = self.texts(event)
        return texts[0] if len(texts) == 1 else ", ".join(texts)


def compile_field(source: str) -> Field:
    """A text that is wholly one JSONPath yields the values there; anything else is a template.

    Raises `ExpressionError`.
    """
    text = source.strip()
    if _WHOLE_PATH.match(text):
        try:
            path = compile_path(text)
        except ExpressionError as error:
            lead = len(source) - len(source.lstrip())
            hint = error.hint or "within a text, a path stands between {{ and }}"
            raise ExpressionError(error.message, error.offset + lead, hint) from None
        return Field(source, (path,), _path_texts(path), None)
    return _compile_liquid(source) if _needs_liquid(source) else _compile_template(source)


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
        return Path(text, names, _direct(steps))
    return Path(text, names, _searching(tree))


def elsewhere(path: Path, event: Any) -> list[str]:
    """Up to two other paths of `event` that end in the same name as `path` and hold a text."""
    name = path.prefix[-1] if path.prefix else None
    found: list[str] = []
    todo: deque[tuple[str, Any]] = deque([("$", event)])
    while todo and len(found) < 2:
        at, value = todo.popleft()
        for key, item in value.items():
            if (key != name and not isinstance(item, dict)) or len(at) + len(key) > _SPOT_LIMIT:
                continue
            spot = f"{at}.{key}" if _NAME.fullmatch(key) else f"{at}['{key}']"
            if isinstance(item, dict):
                todo.append((spot, item))
            elif spot != path.text and (text_of(item) or "").strip():
                found.append(spot)
    return found[:2]


_WHOLE_PATH = re.compile(r"\$(?=[.\[]|\Z)")
_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_DEFAULT = re.compile(r"""\|\s*default\s*:\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*""")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WHERE = re.compile(r"(?:1:|col )(\d+)")
_SPOT_LIMIT = 100  # characters of a path that is told; keys of an event are as long as they like


def _compile_template(source: str) -> Field:
    literals: list[str] = []
    slots: list[tuple[Path, str | None]] = []
    end = 0
    for match in _PLACEHOLDER.finditer(source):
        literals.append(_literal(source, end, match.start()))
        slots.append(_placeholder(match[1], match.start(1)))
        end = match.end()
    literals.append(_literal(source, end, len(source)))
    return Field(source, tuple(path for path, _ in slots), _renderer(literals, slots), "".join(literals))


def _needs_liquid(source: str) -> bool:
    """Whether there is a tag, white space control, or a filter that is no plain default."""
    inners = [match[1] for match in _PLACEHOLDER.finditer(source)]
    return "{%" in source or any(
        inner.startswith("-")
        or inner.endswith("-")
        or ("|" in inner and not _DEFAULT.fullmatch(inner, inner.index("|")))
        for inner in inners
    )


def _compile_liquid(source: str) -> Field:
    from twiliodest.liquid import compile_liquid
    from twiliodest.liquid_run import Unfit

    template = compile_liquid(source, _said)

    def texts(event: Any) -> Sequence[str]:
        try:
            return (template.render(event),)
        except Unfit as unfit:
            raise Unresolved(_named(unfit.subject), unfit.fault) from None

    paths = tuple(Path(item.path, item.names, item.find) for item in template.variables)
    return Field(source, paths, texts, template.fixed)


def _said(path: str, values: Sequence[Any]) -> str:
    return ", ".join(_texts_at(replace(_named(path), find=lambda _: values), None))


@functools.cache
def _named(path: str) -> Path:
    """The path of that text; what is no JSONPath (a variable of a template's own) looks nowhere."""
    try:
        return compile_path(path)
    except ExpressionError:
        return Path(path, (), lambda _: ())


def _literal(source: str, start: int, end: int) -> str:
    text = source[start:end]
    if "{{" in text:
        raise ExpressionError("this {{ is never closed", start + text.index("{{"), "close it with }}")
    return text


def _placeholder(inner: str, offset: int) -> tuple[Path, str | None]:
    expression, bar, _ = inner.partition("|")
    default: str | None = None
    if bar:
        filters = _DEFAULT.fullmatch(inner, len(expression))
        if not filters:
            raise ExpressionError(
                "this filter cannot be read", offset + len(expression), 'the filter is | default: "text"'
            )
        default = filters["double"] if filters["double"] is not None else filters["single"]
    lead = len(expression) - len(expression.lstrip())
    written = expression.strip()
    if not written:
        raise ExpressionError("this placeholder is empty", offset, "write {{$.properties.name}}")
    text = written if written[0] == "$" else f"${'' if written[0] == '[' else '.'}{written}"
    try:
        return compile_path(text), default
    except ExpressionError as error:
        shift = lead - (len(text) - len(written))
        raise ExpressionError(error.message, offset + max(0, error.offset + shift), error.hint) from None


def _renderer(literals: Sequence[str], slots: Sequence[tuple[Path, str | None]]) -> Texts:
    if not slots:
        fixed = [literals[0]]
        return lambda event: fixed
    frame = [part for literal in literals for part in (literal, "")][:-1]
    numbered = [(2 * i + 1, path, path.find, default) for i, (path, default) in enumerate(slots)]

    def texts(event: Any) -> Sequence[str]:
        parts = frame.copy()
        for i, path, find, default in numbered:
            values = find(event)
            if len(values) == 1 and values[0].__class__ is str and values[0] and not values[0].isspace():
                parts[i] = values[0]
            elif default is not None and _is_blank(values):
                parts[i] = default
            else:
                parts[i] = ", ".join(_texts_at(path, event))
        return ("".join(parts),)

    return texts


def _path_texts(path: Path) -> Texts:
    find = path.find

    def texts(event: Any) -> Sequence[str]:
        values = find(event)
        if len(values) == 1 and values[0].__class__ is str and values[0] and not values[0].isspace():
            return values
        return _texts_at(path, event)

    return texts


def _texts_at(path: Path, event: Any) -> Sequence[str]:
    values = path.find(event)
    if not values:
        raise Unresolved(path, "is missing")
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
        if not values:
            raise Unresolved(path, "is an empty list")
    return [_text_at(path, value) for value in values]


def _text_at(path: Path, value: Any) -> str:
    if value is None:
        raise Unresolved(path, "is null")
    if isinstance(value, list | dict):
        raise Unresolved(path, "holds an object or a list of lists, not a text")
    text = text_of(value)
    if not text or text.isspace():
        raise Unresolved(path, "is empty")
    return text


def _is_blank(values: Sequence[Any]) -> bool:
    """What Liquid's `default` replaces: nothing, null, false, an empty text or an empty list."""
    return all(value is None or value is False or value == [] or _is_blank_text(value) for value in values)


def _is_blank_text(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


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
    def find(value: Any) -> Sequence[Any]:
        for step in steps:
            if step.__class__ is int and value.__class__ is not list:
                return ()
            try:
                value = value[step]
            except (LookupError, TypeError):
                return ()
        return (value,)

    return find


def _searching(tree: Any) -> Callable[[Any], Sequence[Any]]:
    def find(event: Any) -> Sequence[Any]:
        try:
            return [match.value for match in tree.find(event)]
        except Exception:  # whatever jsonpath-ng raises over data of an unforeseen shape: nothing is there
            return ()

    return find
