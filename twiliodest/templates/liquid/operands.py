"""What a filter, a loop or a comparison of Liquid is given, read strictly and within bounds.

A value that does not fit is a `ValueError` that says why, and holds nothing of the value.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from twiliodest.exact import text_of
from twiliodest.templates.bounds import TooMuch
from twiliodest.templates.liquid.figures import as_number, number, written

SIZE_LIMIT = 100_000  # characters or items of anything that grows
NAME_LIMIT = 200  # characters of a name, or of a date's format


def whole(value: Any) -> int:
    """A count or a place; raises `ValueError`."""
    exact = number(value)
    if exact.denominator != 1 or abs(exact) >= 10**15:
        raise ValueError("it is not a whole number")
    return int(exact)


def text(value: Any) -> str:
    """A value as a text; raises `ValueError`."""
    said = written(value) if isinstance(value, Fraction) else text_of(value)
    if said is None:
        raise ValueError(
            "it has no value" if value is None else "it is an object or a list of lists, not text"
        )
    return said


def items(value: Any) -> list[Any]:
    """A value as a list; raises `ValueError` or `TooMuch`."""
    if isinstance(value, range):
        return list(value[: bounded(len(value[: SIZE_LIMIT + 1]))])
    if not isinstance(value, list):
        raise ValueError("it is not a list")
    return value


def bounded(size: int) -> int:
    """`size`, unless it is too large."""
    if size > SIZE_LIMIT:
        raise TooMuch
    return size


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same, numbers exactly; `true` is not 1, `"1"` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def less(left: Any, right: Any, *, or_equal: bool = False) -> bool:
    """Whether one text or number is less than another; a text beside a number is read as one; else false."""
    if not (isinstance(left, str) and isinstance(right, str)):
        try:
            left, right = as_number(left), as_number(right)
        except ValueError:
            return False
        if isinstance(left, Fraction) or isinstance(right, Fraction):
            left, right = _comparable(left), _comparable(right)
    return bool(left <= right if or_equal else left < right)


def property_of(item: Any, name: Any) -> Any:
    """What is at the dotted `name` in an item of a list, or `None`."""
    said = text(name)
    if len(said) > NAME_LIMIT:
        raise ValueError("the name of its items' property is too long")
    for step in said.split("."):
        item = item.get(step) if isinstance(item, dict) else None
    return item


def _comparable(value: int | Decimal | Fraction) -> int | Fraction | float:
    """A number that can be compared with a fraction; one that is too large or too small for any stands for itself."""
    if not isinstance(value, Decimal):
        return value
    if abs(value.adjusted()) < 1000:
        return Fraction(value)
    return math.copysign(math.inf, value) if value.adjusted() > 0 else 0
