"""What is known of a trigger before any event: what it looks at, and for which types and names it can match."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TypeAlias

from twiliodest.triggers.expressions import And, Call, Compare, Expression, Field, Literal, Not, Or, Value

MAX_KEYS = 1_000

Key: TypeAlias = tuple[str | None, str | None]


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


_ANY: frozenset[Key] = frozenset({(None, None)})


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
