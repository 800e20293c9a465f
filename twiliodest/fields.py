"""Paths and templates as fields: compiled once, rendered for every event; no value is ever read as a template."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.exact import text_of
from twiliodest.paths import Path, compile_path

Render = Callable[[Any], str]
Texts = Callable[[Any], Sequence[str]]


class Unresolved(Exception):  # noqa: N818 -- not an error of the program: the event lacks something
    """The event has no text at `path`. `fault` completes the sentence "`$.a.b` …"."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path.text} {fault}")
        self.path = path
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Field:
    """A compiled field of an action: a JSONPath or a template.

    `texts` gives its texts for an event (one for a template, one a value for a path), `render` all as one text,
    joined with a comma; both raise `Unresolved`. `fixed` is the text that is there whatever the event says; `None`
    for a path.
    """

    source: str
    paths: tuple[Path, ...]
    texts: Texts
    render: Render
    fixed: str | None


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
        texts = _path_texts(path)
        return Field(source, (path,), texts, lambda event: ", ".join(texts(event)), None)
    return _compile_liquid(source) if _needs_liquid(source) else _compile_template(source)


_WHOLE_PATH = re.compile(r"\$(?=[.\[]|\Z)")
_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_DEFAULT = re.compile(r"""\|\s*default\s*:\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*""")


def _compile_template(source: str) -> Field:
    literals: list[str] = []
    slots: list[tuple[Path, str | None]] = []
    end = 0
    for match in _PLACEHOLDER.finditer(source):
        literals.append(_literal(source, end, match.start()))
        slots.append(_placeholder(match[1], match.start(1)))
        end = match.end()
    literals.append(_literal(source, end, len(source)))
    paths = tuple(path for path, _ in slots)
    return _template(source, paths, _renderer(literals, slots), "".join(literals))


def _template(source: str, paths: tuple[Path, ...], render: Render, fixed: str) -> Field:
    return Field(source, paths, lambda event: (render(event),), render, fixed)


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

    def render(event: Any) -> str:
        try:
            return template.render(event)
        except Unfit as unfit:
            raise Unresolved(_named(unfit.subject), unfit.fault) from None

    paths = tuple(Path(item.path, (item.names,), item.find) for item in template.variables)
    return _template(source, paths, render, template.fixed)


def _said(path: str, values: Sequence[Any]) -> str:
    return ", ".join(_texts_at(_named(path), values))


@functools.cache
def _named(path: str) -> Path:
    """The path of that text; what is no JSONPath (a variable of a template's own) looks nowhere."""
    try:
        return compile_path(path)
    except ExpressionError:
        return Path(path, ((),), lambda _: ())


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


def _renderer(literals: Sequence[str], slots: Sequence[tuple[Path, str | None]]) -> Render:
    if not slots:
        return lambda event: literals[0]
    frame = [part for literal in literals for part in (literal, "")][:-1]
    numbered = [(2 * i + 1, path, path.find, default) for i, (path, default) in enumerate(slots)]

    def render(event: Any) -> str:
        parts = frame.copy()
        for i, path, find, default in numbered:
            values = find(event)
            if len(values) == 1 and (value := values[0]).__class__ is str and value and not value.isspace():
                parts[i] = value
            elif default is not None and _is_blank(values):
                parts[i] = default
            else:
                parts[i] = ", ".join(_texts_at(path, values))
        return "".join(parts)

    names = [(i, *path.names) for i, path, _, _ in numbered if len(path.names) == 2]
    if len(names) < len(numbered):
        return render

    def render_plain(event: Any) -> str:
        """Most events have a text at every path, and most paths have two names: half the time."""
        parts = frame.copy()
        try:
            for i, first, second in names:
                value = parts[i] = event[first][second]
                if value.__class__ is not str or not value or value.isspace():
                    return render(event)
        except (LookupError, TypeError):
            return render(event)
        return "".join(parts)

    return render_plain


def _path_texts(path: Path) -> Texts:
    find = path.find

    def texts(event: Any) -> Sequence[str]:
        values = find(event)
        if len(values) == 1 and (value := values[0]).__class__ is str and value and not value.isspace():
            return values
        return _texts_at(path, values)

    return texts


def _texts_at(path: Path, values: Sequence[Any]) -> Sequence[str]:
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
