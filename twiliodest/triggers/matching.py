"""Triggers: what an expression of the Filter Query Language means, and a match that never raises.

Where the language's documentation is silent:

- Only `true` is true: `and`, `or` and `!` take everything else for false, null too; so `!missing` is true.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from twiliodest.errors import ExpressionError
from twiliodest.triggers.globs import compile_glob
from twiliodest.triggers.grammar import And, Call, Compare, Expression, Field, Literal, Not, Or, Value
from twiliodest.triggers.tokens import parse_number

MAX_KEYS = 1_000
MAX_FIELD_GLOB = 256  # characters of a pattern that comes from an event
TYPES: Mapping[str, Any] = {
    "string": str,
    "bool": bool,
    "number": (int, float, Decimal),  # after bool, which Python takes for an int
    "list": (list, tuple),
    "null": type(None),
    "object": object,
}

Key: TypeAlias = tuple[str | None, str | None]
Event: TypeAlias = Mapping[str, object]


def compile_trigger(expression: Expression) -> Callable[[Event], bool]:
    """Make a function that tells whether a decoded JSON object matches; it never raises."""
    match expression:
        case And(operands) | Or(operands):
            return _join(type(expression), [compile_trigger(operand) for operand in operands])
        case Not(operand):
            test = compile_trigger(operand)
            return lambda event: not test(event)
        case Compare(left, "!=", right):
            return compile_trigger(Not(Compare(left, "=", right)))
        case Compare():
            return _compile_comparison(expression)
        case Call("match", (subject, Literal(str(pattern)))):
            get, fullmatch = _compile_value(subject), compile_glob(pattern).fullmatch
            return lambda event: isinstance(text := get(event), str) and fullmatch(text) is not None
        case Literal() | Field() | Call():
            value = _compile_value(expression)
            return lambda event: value(event) is True


def paths(expression: Expression) -> frozenset[tuple[str, ...]]:
    """Return every field path that the trigger looks at; an event cut down to these matches alike."""
    return frozenset(node.path for node in walk(expression) if isinstance(node, Field))


def keys(expression: Expression) -> frozenset[Key]:
    """Return the pairs (`type`, `event`) under which the trigger could match; None stands for any value.

    At most `MAX_KEYS` pairs; an event whose pair is not covered is sure not to match, so no pair means never.
    """
    match expression:
        case Literal(value):
            return _ANY if value is True else frozenset()
        case And(operands):
            return functools.reduce(_intersect, map(keys, operands))
        case Or(operands):
            return _bound(frozenset().union(*map(keys, operands)))
    match choices(expression):
        case Field(("type",)), values:
            return _bound(frozenset((v if isinstance(v, str) else None, None) for v in values))
        case Field(("event",)), values:
            return _bound(frozenset((None, v if isinstance(v, str) else None) for v in values))
    return _ANY


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all within it."""
    yield expression
    children: tuple[Expression, ...] = ()
    match expression:
        case Call(_, some) | And(some) | Or(some):
            children = some
        case Compare(left, _, right):
            children = (left, right)
        case Not(operand):
            children = (operand,)
    for child in children:
        yield from walk(child)


def choices(expression: Expression) -> tuple[Expression, tuple[Value, ...]] | None:
    """Return what is compared and the values that it may have, for `x = literal` and `x in [literals]`."""
    match expression:
        case Compare(subject, "=", Literal(value)) | Compare(Literal(value), "=", subject):
            return subject, (value,)
        case Compare(subject, "in", Literal(tuple(values))):
            return subject, values
    return None


def is_in(value: object, values: object) -> bool:
    """Whether a list holds a value, by FQL's strict equality."""
    return isinstance(values, _LISTS) and any(_same(value, item) for item in values)


def typeof(value: object) -> str:
    """The FQL type of a value, one of `TYPES`."""
    return _type_name(type(value))  # type: ignore[arg-type]  # every type is hashable


_Test: TypeAlias = Callable[[Event], bool]
_Get: TypeAlias = Callable[[Event], object]
_LISTS = (list, tuple)
_TEXTS = (str, type(None))
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_ANY: frozenset[Key] = frozenset({(None, None)})


@functools.cache
def _type_name(kind: type) -> str:
    return next(name for name, types in TYPES.items() if issubclass(kind, types))


def _join(kind: type[And | Or], tests: Sequence[_Test]) -> _Test:
    """Join by halves: no loop at match time, and the call stack grows with the logarithm only."""
    if len(tests) == 1:
        return tests[0]
    first, second = _join(kind, tests[: len(tests) // 2]), _join(kind, tests[len(tests) // 2 :])
    if kind is And:
        return lambda event: first(event) and second(event)
    return lambda event: first(event) or second(event)


def _compile_comparison(comparison: Compare) -> _Test:
    match choices(comparison):
        case subject, values if all(isinstance(value, _TEXTS) for value in values):
            get, texts = _compile_value(subject), frozenset(values)
            return lambda event: isinstance(text := get(event), _TEXTS) and text in texts
        case subject, values if comparison.operator == "in":
            return _among(_compile_value(subject), values)
    left, right = _compile_value(comparison.left), _compile_value(comparison.right)
    match comparison.operator:
        case "=":
            return lambda event: _same(left(event), right(event))
        case "in":
            return lambda event: is_in(left(event), right(event))
        case order:
            relation = _ORDERS[order]
            return lambda event: (
                typeof(a := left(event)) == "number" == typeof(b := right(event)) and _holds(relation, a, b)
            )


def _among(get: _Get, values: Sequence[Value]) -> _Test:
    """Whether a value is one of these, however many they are; types count, so that 1 is not true."""
    lists = [value for value in values if isinstance(value, tuple)]
    others = frozenset((typeof(value), value) for value in values if not isinstance(value, tuple))

    def is_among(event: Event) -> bool:
        value = get(event)
        kind = typeof(value)
        if kind in ("list", "object"):
            return kind == "list" and any(_same(value, item) for item in lists)
        return (kind, value) in others

    return is_among


def _compile_value(expression: Expression) -> _Get:
    match expression:
        case Literal(value):
            return lambda event: value
        case Field((name,)):
            return lambda event: event.get(name)
        case Field(path):
            return lambda event: _at(path, event)
        case Call("match", (_, Literal(str()))) | Compare() | Not() | And() | Or():
            return compile_trigger(expression)
        case Call(function, arguments):
            apply, values = FUNCTIONS[function], [_compile_value(argument) for argument in arguments]
            return lambda event: apply(*[value(event) for value in values])


def _at(names: Sequence[str], value: object) -> object:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _same(left: object, right: object) -> bool:
    """Strict equality of type and value, without recursion: an event's lists may nest deep."""
    pending: list[tuple[Any, Any]] = [(left, right)]
    while pending:
        a, b = pending.pop()
        kind = typeof(a)
        if kind == "list" == typeof(b) and len(a) == len(b):
            pending.extend(zip(a, b, strict=True))
        elif kind in ("list", "object") or kind != typeof(b) or not _holds(operator.eq, a, b):
            return False
    return True


def _holds(relation: Callable[[Any, Any], bool], a: object, b: object) -> bool:
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


def _of_text(change: Callable[[str], str]) -> Callable[[object], str | None]:
    return lambda value: change(value) if isinstance(value, str) else None


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
FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "contains": _contains,
    "match": _match,
    "length": _length,
    "lowercase": _of_text(str.lower),
    "uppercase": _of_text(str.upper),
    "snakecase": _of_text(lambda text: text.replace(" ", "_")),
    "kebabcase": _of_text(lambda text: text.replace(" ", "-")),
    "titlecase": _of_text(lambda text: re.sub(r"(?<!\S)\S", lambda initial: initial[0].upper(), text)),
    "typeof": typeof,
    "bool": _to_bool,
    "string": _to_string,
    "number": _to_number,
}


def _bound(pairs: frozenset[Key]) -> frozenset[Key]:
    return _ANY if (None, None) in pairs or len(pairs) > MAX_KEYS else pairs


def _intersect(left: frozenset[Key], right: frozenset[Key]) -> frozenset[Key]:
    if len(left) * len(right) > MAX_KEYS:
        return min(left, right, key=len)  # either covers what both do
    return frozenset(
        (a if a is not None else c, b if b is not None else d)
        for a, b in left
        for c, d in right
        if (a is None or c is None or a == c) and (b is None or d is None or b == d)
    )
