"""Triggers: what an expression of the Filter Query Language means, and a match that never raises.

Where the language's documentation is silent: only `true` is true. `and`, `or` and `!` take everything else for false,
null too; so `!missing` is true.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from twiliodest.triggers.expressions import And, Call, Compare, Expression, Field, Literal, Not, Or, Value
from twiliodest.triggers.functions import FUNCTIONS, holds, is_in, same, typeof
from twiliodest.triggers.globs import compile_glob
from twiliodest.triggers.scope import choices

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


_Test: TypeAlias = Callable[[Event], bool]
_Get: TypeAlias = Callable[[Event], object]
_TEXTS = (str, type(None))
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


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
            return lambda event: same(left(event), right(event))
        case "in":
            return lambda event: is_in(left(event), right(event))
        case order:
            relation = _ORDERS[order]
            return lambda event: (
                typeof(a := left(event)) == "number" == typeof(b := right(event)) and holds(relation, a, b)
            )


def _among(get: _Get, values: Sequence[Value]) -> _Test:
    """Whether a value is one of these, however many they are; types count, so that 1 is not true."""
    lists = [value for value in values if isinstance(value, tuple)]
    others = frozenset((typeof(value), value) for value in values if not isinstance(value, tuple))

    def is_among(event: Event) -> bool:
        value = get(event)
        kind = typeof(value)
        if kind in ("list", "object"):
            return kind == "list" and any(same(value, item) for item in lists)
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
            apply, values = FUNCTIONS[function].apply, [_compile_value(argument) for argument in arguments]
            return lambda event: apply(*[value(event) for value in values])


def _at(names: Sequence[str], value: object) -> object:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
