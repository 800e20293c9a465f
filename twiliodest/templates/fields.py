"""Paths and templates as fields: compiled once, rendered for every event; no value is ever read as a template."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.events.halves import HALF, is_whole
from twiliodest.exact import text_of
from twiliodest.templates.bounds import TOO_MUCH, TooMuch
from twiliodest.templates.liquid.nodes import (
    Block,
    Filter,
    Filtered,
    Literal,
    Lookup,
    Node,
    Output,
    Text,
    spell,
)
from twiliodest.templates.liquid.rendering import OUTPUT_LIMIT, Unfit, is_blank
from twiliodest.templates.liquid.syntax import read
from twiliodest.templates.paths.compiler import Path, compile_path

SEPARATOR = ", "  # of several values in one text, unless the configuration says otherwise
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


def compile_field(source: str, separator: str = SEPARATOR) -> Field:
    """A text that is wholly one JSONPath yields the values there; anything else is a Liquid template.

    The `separator` stands between several values in one text. Raises `ExpressionError`.
    """
    text = source.strip()
    if is_path(text):
        try:
            path = compile_path(text)
        except ExpressionError as error:
            lead = len(source) - len(source.lstrip())
            hint = error.hint or "within a text, write a path between {{ and }}"
            raise ExpressionError(error.message, error.offset + lead, hint) from None
        texts = _path_texts(path)
        return Field(source, (path,), texts, lambda event: separator.join(texts(event)), None)
    return compile_template(source, read(source), separator)


_WHOLE_PATH = re.compile(r"\$(?=[.\[]|\Z)")


def is_path(source: str) -> bool:
    """Whether a text is meant as one JSONPath."""
    return bool(_WHOLE_PATH.match(source.strip()))


def compile_template(source: str, template: Block, separator: str = SEPARATOR) -> Field:
    """The field of a template that was read; raises `ExpressionError`."""
    fixed = "".join(node.text for node in template.nodes if isinstance(node, Text))
    slots = [_plain(node) for node in template.nodes if not isinstance(node, Text)]
    if None in slots:
        paths, render = _compile_liquid(template, separator)
    else:
        plain = [slot for slot in slots if slot]
        paths, render = tuple(path for path, _ in plain), _renderer(template, plain, separator)
    return Field(source, paths, lambda event: (render(event),), render, fixed)


def _compile_liquid(template: Block, separator: str) -> tuple[tuple[Path, ...], Render]:
    from twiliodest.templates.liquid.compiler import compile_liquid

    compiled = compile_liquid(template, functools.partial(_said, separator))

    def render(event: Any) -> str:
        try:
            return compiled.render(event)
        except Unfit as unfit:
            raise Unresolved(_named(unfit.subject), unfit.fault) from None

    return compiled.variables, render


def _said(separator: str, path: str, values: Sequence[Any]) -> str:
    return separator.join(_texts_at(_named(path), values))


@functools.cache
def _named(path: str) -> Path:
    """The path of that text; what is no JSONPath (a variable of a template's own) looks nowhere."""
    try:
        return compile_path(path)
    except ExpressionError:
        return Path(path, ((),), lambda _: ())


def _plain(node: Node) -> tuple[Path, str | None] | None:
    """The path of a placeholder without filters, or with a text as its `default`; `None` for anything else."""
    value = node.value if isinstance(node, Output) else None
    default: str | None = None
    match value:
        case Filtered(_, inner, (Filter(_, "default", (Literal(_, str(text)),), ()),)):
            value, default = inner, text
    if not isinstance(value, Lookup) or any(isinstance(step, Lookup) for step in value.steps):
        return None
    if not {"size", "first", "last"}.isdisjoint(value.steps[1:]) or value.steps[0] == "forloop":
        return None
    return compile_path(f"${spell(value.steps)}"), default


def _renderer(template: Block, slots: Sequence[tuple[Path, str | None]], separator: str) -> Render:
    """What the general way renders, for plain placeholders alone: half the time or less.

    Whatever keeps it from a text, the general way says; so the two cannot differ in what they say.
    """
    frame = [node.text if isinstance(node, Text) else "" for node in template.nodes]
    places = [place for place, node in enumerate(template.nodes) if not isinstance(node, Text)]
    numbered = [(i, path.find, default) for i, (path, default) in zip(places, slots, strict=True)]

    @functools.cache
    def general() -> Render:
        return _compile_liquid(template, separator)[1]

    def render(event: Any) -> str:
        parts = frame.copy()
        for i, find, default in numbered:
            values = find(event)
            if len(values) == 1 and (value := values[0]).__class__ is str and value and not value.isspace():
                parts[i] = value
            elif default is not None and is_blank(values):
                parts[i] = default
            else:
                try:
                    parts[i] = separator.join(_texts_at(slots[0][0], values))
                except Unresolved:
                    return general()(event)
        text = "".join(parts)
        return text if len(text) <= OUTPUT_LIMIT and is_whole(text) else general()(event)

    names = [(i, *path.names) for i, (path, _) in zip(places, slots, strict=True) if len(path.names) == 2]
    if not slots or len(names) < len(slots):
        return render

    def render_plain(event: Any) -> str:
        """Most events have a text at every path, and most paths have two names: half the time again."""
        parts = frame.copy()
        try:
            for i, first, second in names:
                value = parts[i] = event[first][second]
                if value.__class__ is not str or not value or value.isspace():
                    return render(event)
        except (LookupError, TypeError):
            return render(event)
        text = "".join(parts)
        return text if text.isascii() and len(text) <= OUTPUT_LIMIT else render(event)

    return render_plain


def _path_texts(path: Path) -> Texts:
    find = path.find

    def texts(event: Any) -> Sequence[str]:
        try:
            values = find(event)
        except TooMuch:
            raise Unresolved(path, TOO_MUCH) from None
        if len(values) == 1 and (value := values[0]).__class__ is str and value.isascii() and value.strip():
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
        raise Unresolved(path, "is an object or a list of lists, not text")
    text = text_of(value)
    if not text or text.isspace():
        raise Unresolved(path, "is empty")
    if not is_whole(text):
        raise Unresolved(path, HALF)
    return text
