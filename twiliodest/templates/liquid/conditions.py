"""When two values of a template are the same, and when one holds the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twiliodest.templates.liquid.nodes import BLANK, EMPTY
from twiliodest.templates.liquid.operands import equal, less, text, whole

_BLANKS: dict[Any, tuple[Any, ...]] = {EMPTY: ("", [], {}), BLANK: ("", [], {}, None, False)}


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal; `blank` is white space, too."""
    for one, other in ((left, right), (right, left)):
        if one is EMPTY or one is BLANK:
            blank = one is BLANK and isinstance(other, str) and other.isspace()
            return blank or any(equal(other, each) for each in _BLANKS[one])
    return equal(left, right)


def fits(subject: Any, value: Any) -> bool:
    """Whether a `when` fits its `case`; white space is blank, but the literal `blank` is not white space."""
    return not (subject is BLANK and isinstance(value, str) and value) and same(subject, value)


def contains(left: Any, right: Any) -> bool:
    """Whether a text holds another, or a list or range an item; nothing holds what is missing."""
    if right is None or right is EMPTY or right is BLANK:
        return False
    if isinstance(left, str):
        return not isinstance(right, list | dict | range) and text(right) in left
    if isinstance(left, range):
        try:
            return not isinstance(right, str) and whole(right) in left
        except ValueError:
            return False
    return isinstance(left, list) and any(equal(item, right) for item in left)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": same,
    "!=": lambda left, right: not same(left, right),
    "<>": lambda left, right: not same(left, right),
    "<": less,
    ">": lambda left, right: less(right, left),
    "<=": lambda left, right: less(left, right, or_equal=True),
    ">=": lambda left, right: less(right, left, or_equal=True),
    "contains": contains,
}
