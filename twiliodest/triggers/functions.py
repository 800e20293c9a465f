"""The functions of triggers, and what equality means there: what they take and make, whatever an event holds.

Where the language's documentation is silent:

- A glob may also negate a list, `[^a-z]`. A glob from an event that is broken or over 256 characters matches
  nothing. Spaces for `snakecase` and `kebabcase` are U+0020.
- An object equals nothing; its `typeof` is `"object"`.
- `bool`: false for null, 0, an empty list, `""`, `"0"`, `"false"` in any case; null for objects; else true.
- `string`: a number as the event wrote it (`12.50`), a list as JSON, null for null and objects.
- `number`: of a string, the decimal number that it spells; null if it spells none, and for all other types.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from twiliodest.errors import ExpressionError
from twiliodest.triggers.globs import compile_glob
from twiliodest.triggers.tokens import parse_number

MAX_FIELD_GLOB = 256  # characters of a pattern that comes from an event
TYPES: Mapping[str, Any] = {
    "string": str,
    "bool": bool,
    "number": (int, float, Decimal),  # after bool, which Python takes for an int
    "list": (list, tuple),
    "null": type(None),
    "object": object,
}


class Function(NamedTuple):
    """What a function takes and gives, one or several types as in `string or list`; `value` is any of them."""

    takes: tuple[str, ...]
    gives: str
    apply: Callable[..., object]


def is_in(value: object, values: object) -> bool:
    """Whether a list holds a value, by FQL's strict equality."""
    return isinstance(values, _LISTS) and any(same(value, item) for item in values)


def typeof(value: object) -> str:
    """The FQL type of a value, one of `TYPES`."""
    return _type_name(type(value))  # type: ignore[arg-type]  # every type is hashable


_LISTS = (list, tuple)


@functools.cache
def _type_name(kind: type) -> str:
    return next(name for name, types in TYPES.items() if issubclass(kind, types))


def same(left: object, right: object) -> bool:
    """Strict equality of type and value, without recursion: an event's lists may nest deep."""
    pending: list[tuple[Any, Any]] = [(left, right)]
    while pending:
        a, b = pending.pop()
        kind = typeof(a)
        if kind == "list" == typeof(b) and len(a) == len(b):
            pending.extend(zip(a, b, strict=True))
        elif kind in ("list", "object") or kind != typeof(b) or not holds(operator.eq, a, b):
            return False
    return True


def holds(relation: Callable[[Any, Any], bool], a: object, b: object) -> bool:
    try:
        return relation(a, b)
    except ArithmeticError:  # a NaN, which is no JSON number
        return False


def _contains(text: object, part: object) -> bool:
    return isinstance(text, str) and isinstance(part, str) and part in text


def _match(text: object, pattern: object) -> bool:
    if not isinstance(text, str) or not isinstance(pattern, str) or len(pattern) > MAX_FIELD_GLOB:
        return False
    try:
        return compile_glob(pattern).fullmatch(text) is not None
    except ExpressionError:
        return False


def _length(value: object) -> int | None:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, _LISTS) else 0 if value is None else None


def _of_text(change: Callable[[str], str]) -> Function:
    return Function(
        ("string",), "string or null", lambda value: change(value) if isinstance(value, str) else None
    )


def _to_bool(value: object) -> bool | None:
    if isinstance(value, str):
        return value.lower() not in ("", "0", "false")
    return None if isinstance(value, dict) else bool(value)


def _to_string(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if typeof(value) == "number":
        return str(Decimal(value) if isinstance(value, int) else value)  # int's own str has a limit
    try:
        return _JSON.encode(value).decode() if isinstance(value, _LISTS) else None
    except (ValueError, OverflowError, RecursionError):  # lone surrogates, huge integers, deep nesting
        return None


def _to_number(value: object) -> object:
    if isinstance(value, str):
        return parse_number(value.strip())
    return value if typeof(value) == "number" else None


_JSON = msgspec.json.Encoder(decimal_format="number")
FUNCTIONS: Mapping[str, Function] = {
    "contains": Function(("string", "string"), "bool", _contains),
    "match": Function(("string", "string"), "bool", _match),
    "length": Function(("string or list",), "number or null", _length),
    "lowercase": _of_text(str.lower),
    "uppercase": _of_text(str.upper),
    "snakecase": _of_text(lambda text: text.replace(" ", "_")),
    "kebabcase": _of_text(lambda text: text.replace(" ", "-")),
    "titlecase": _of_text(lambda text: re.sub(r"(?<!\S)\S", lambda initial: initial[0].upper(), text)),
    "typeof": Function(("value",), "string", typeof),
    "bool": Function(("value",), "bool or null", _to_bool),
    "string": Function(("value",), "string or null", _to_string),
    "number": Function(("string or number",), "number or null", _to_number),
}
