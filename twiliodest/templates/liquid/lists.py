"""Liquid's filters of lists: in a new order, joined, and picked by what a property is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from twiliodest.templates.liquid.figures import figure, number
from twiliodest.templates.liquid.operands import bounded, equal, items, property_of, text

Number = int | Decimal | Fraction


def joined(value: Any, by: Any = " ") -> str:
    """The texts of the items, with a text between them."""
    texts = [text(item) for item in items(value)]
    bounded(sum(map(len, texts)) + len(texts) * len(text(by)))
    return text(by).join(texts)


def in_order(value: Any, name: Any, key: Callable[[Any], Any]) -> list[Any]:
    """The items by the `key` of each, or of each's property; what is null comes last."""
    pairs = [(item if name is None else property_of(item, name), item) for item in items(value)]
    known = [(key(found), item) for found, item in pairs if found is not None]
    if len({isinstance(found, str) for found, _ in known}) > 1:
        raise ValueError("its items cannot be sorted: they are of different types")
    return [item for _, item in sorted(known, key=lambda pair: pair[0])] + [
        i for found, i in pairs if found is None
    ]


def order(value: Any) -> Any:
    """What a list is sorted by: texts or numbers."""
    if isinstance(value, bool | list | dict):
        raise ValueError("its items cannot be sorted: they are not text or numbers")
    return value


def matching(value: Any, name: Any, target: Any) -> Iterable[tuple[Any, bool]]:
    """Each item, and whether a property of it is the target; without one, whether it is neither null nor false."""
    for item in items(value):
        found = property_of(item, name)
        yield item, found not in (None, False) if target is None else equal(found, target)


def where(value: Any, name: Any, target: Any = None) -> list[Any]:
    """The items that match."""
    return [item for item, fits in matching(value, name, target) if fits]


def reject(value: Any, name: Any, target: Any = None) -> list[Any]:
    """The items that do not match."""
    return [item for item, fits in matching(value, name, target) if not fits]


def find(value: Any, name: Any, target: Any = None) -> Any:
    """The first item that matches."""
    return next((item for item, fits in matching(value, name, target) if fits), None)


def uniq(value: Any, name: Any = None) -> list[Any]:
    """The items without those that came before."""
    kept: dict[Any, Any] = {}
    for item in items(value):
        kept.setdefault(_identity(item if name is None else property_of(item, name)), item)
    return list(kept.values())


def _identity(value: Any) -> Any:
    if isinstance(value, dict):
        return dict, tuple((key, _identity(item)) for key, item in sorted(value.items()))
    if isinstance(value, list):
        return list, tuple(map(_identity, value))
    return isinstance(value, bool), value


def total(value: Any, name: Any = None) -> Number:
    """The sum of the items, or of a property of each."""
    added = Fraction(0)
    for item in items(value):
        found = item if name is None else property_of(item, name)
        added = added if found is None else added + number(found)
    return figure(added)


def end(value: Any, place: int) -> Any:
    """The item at one end of a list, or the character of a text."""
    found: Sequence[Any] = value if isinstance(value, str | list | range) else items(value)
    return found[place] if found else None
