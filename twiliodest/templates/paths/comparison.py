"""How RFC 9535 compares values: by type and exact value; a value that is not there equals only another such."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

Spend = Callable[[int], None]  # is told how many steps something takes, and may end it

NOTHING = object()
"""The value of a path that leads nowhere."""


def same(left: Any, right: Any, spend: Spend) -> bool:
    todo = [(left, right)]
    while todo:
        one, other = todo.pop()
        spend(1 + _weight(one) + _weight(other))
        if isinstance(one, dict):
            if not isinstance(other, dict) or one.keys() != other.keys():
                return False
            todo += [(value, other[key]) for key, value in one.items()]
        elif isinstance(one, list):
            if not isinstance(other, list) or len(one) != len(other):
                return False
            todo += zip(one, other, strict=True)
        elif isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif one != other:
            return False
    return True


def less(left: Any, right: Any, spend: Spend) -> bool:
    """Whether one of two texts, or of two numbers, is less; texts go by their code points."""
    spend(1 + _weight(left) + _weight(right))
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    return _is_number(left) and _is_number(right) and bool(left < right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def _weight(value: Any) -> int:
    """The steps that a look at a value is worth, without what it holds."""
    if isinstance(value, list | dict):
        return len(value)
    if isinstance(value, str):
        return len(value) // 1_000
    if isinstance(value, int):
        return value.bit_length() // 32  # beside a decimal, it is made one
    return value.__sizeof__() // 200 if isinstance(value, Decimal) else 0


COMPARISONS: dict[str, Callable[[Any, Any, Spend], bool]] = {
    "==": same,
    "!=": lambda left, right, spend: not same(left, right, spend),
    "<": less,
    ">": lambda left, right, spend: less(right, left, spend),
    "<=": lambda left, right, spend: less(left, right, spend) or same(left, right, spend),
    ">=": lambda left, right, spend: less(right, left, spend) or same(left, right, spend),
}
