"""How events are told apart: by what they say of themselves, else by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import canonical
from twiliodest.events.halves import Half
from twiliodest.exact import text_of
from twiliodest.templates.fields import Unresolved, compile_field
from twiliodest.templates.paths.compiler import Path, compile_path

ID_LIMIT = 255  # characters of an event's own identity; a longer one is replaced by its digest

Own = Callable[[Mapping[str, Any]], str | None]
"""The identity that an event has of its own."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A rule for identities: what looks for an event's own one, and the parts of the event that it looks at.

    Rules of the same `text` give the same identities.
    """

    text: str
    prefixes: frozenset[tuple[str, ...]]
    own: Own

    def of(self, data: Mapping[str, Any], raw: bytes) -> str:
        """The identity of an event, whose JSON text is `raw`: its own one, or a digest of its content."""
        return self.own(data) or _digest(canonical(raw))


def compile_identity(sources: Sequence[str]) -> Identity:
    """The rule of alternatives, each a path or a template: the first that gives a text counts.

    Raises `ExpressionError`.
    """
    found = [_alternative(source.strip()) for source in sources]
    owns = [own for _, own, _ in found]
    text = found[0][0] if len(found) == 1 else msgspec.json.encode([text for text, _, _ in found]).decode()
    prefixes = frozenset(prefix for _, _, paths in found for path in paths for prefix in path.prefixes)
    return Identity(text, prefixes, owns[0] if len(owns) == 1 else _first_of(owns))


def _alternative(source: str) -> tuple[str, Own, Sequence[Path]]:
    if "{{" in source or "{%" in source:
        field = compile_field(source)
        if not field.paths:
            message = "event_id is the same for every event"
            raise ExpressionError(message, 0, "name what tells events apart: {{source}}/{{id}}")
        return source, _by_template(field.render, field.paths), field.paths
    text = source if source.startswith("$") else f"${'' if source.startswith('[') else '.'}{source}"
    try:
        path = compile_path(text)
    except ExpressionError as error:
        offset = max(0, error.offset - (len(text) - len(source)))
        hint = error.hint or "the default is $.messageId"
        raise ExpressionError("event_id must be a JSONPath", offset, hint) from None
    return text, _by_path(path), (path,)


def _first_of(owns: Sequence[Own]) -> Own:
    return lambda data: next(filter(None, (own(data) for own in owns)), None)


def _by_path(path: Path) -> Own:
    find = path.find if path.names else path.look

    def own(data: Mapping[str, Any]) -> str | None:
        values = find(data)
        value = values[0] if len(values) == 1 else None
        if value.__class__ is str and 0 < len(value) <= ID_LIMIT and not value.isspace():
            text: str = value
            return text
        return _handy(value)

    return own


def _by_template(render: Callable[[Any], str], paths: Sequence[Path]) -> Own:
    def own(data: Mapping[str, Any]) -> str | None:
        if any(_tells_nothing(value) for path in paths for value in path.look(data)):
            return None
        try:
            return _handy(render(data))
        except Unresolved:
            return None

    return own


def _tells_nothing(value: Any) -> bool:
    """Whether a value is one that programs write where they have no identity: false, true, 0, a list, an object."""
    if isinstance(value, bool | list | dict):
        return True
    return isinstance(value, int | float | Decimal) and not value


def _handy(value: Any) -> str | None:
    """A value as an identity; what is too long, or cannot be written down, by its digest."""
    if _tells_nothing(value):
        return None
    text = text_of(value)
    if not text or text.isspace():
        return None
    if len(text) <= ID_LIMIT and not isinstance(value, Half):
        return text
    return _digest(text.encode("utf-8", "surrogatepass"))


def _digest(content: bytes) -> str:
    return f"digest:{hashlib.blake2b(content, digest_size=16).hexdigest()}"
