"""What a JSONPath consists of, as RFC 9535 names it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*`: every member, every item."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`?…`: the members or items for which the condition holds."""

    condition: Condition


Selector: TypeAlias = "str | int | slice | Wildcard | Filter"  # a name, an index, …


@dataclass(frozen=True, slots=True)
class Segment:
    """What is selected of each value; with `descends`, of each value below it, too."""

    selectors: tuple[Selector, ...]
    descends: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A path from `$` (`rooted`) or from `@`."""

    rooted: bool
    segments: tuple[Segment, ...]

    @property
    def steps(self) -> tuple[str | int, ...]:
        """The names and indexes at its beginning, each of which leads to one value at most."""
        found: list[str | int] = []
        for segment in self.segments:
            selector = segment.selectors[0]
            if segment.descends or len(segment.selectors) > 1 or not isinstance(selector, str | int):
                break
            found.append(selector)
        return tuple(found)

    @property
    def is_singular(self) -> bool:
        return len(self.steps) == len(self.segments)


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Not:
    operand: Condition


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Condition, ...]


Operand: TypeAlias = "Literal | Query | Call"
Condition: TypeAlias = "Comparison | Not | And | Or | Query | Call"

FUNCTIONS = {
    "length": (("value",), "value"),
    "count": (("nodes",), "value"),
    "value": (("nodes",), "value"),
    "match": (("value", "value"), "logical"),
    "search": (("value", "value"), "logical"),
}
"""What each function takes and gives."""


def is_value(operand: Operand) -> bool:
    """Whether an operand gives one value at most, so that it can be compared."""
    if isinstance(operand, Query):
        return operand.is_singular
    return isinstance(operand, Literal) or FUNCTIONS[operand.function][1] == "value"


def looked_at(query: Query) -> Iterator[tuple[str, ...]]:
    """The parts of an event that a path looks at, its own first."""
    names = itertools.takewhile(lambda step: isinstance(step, str), query.steps)
    yield tuple(map(str, names))
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, Filter):
                yield from _compared(selector.condition)


def _compared(node: Condition | Operand) -> Iterator[tuple[str, ...]]:
    """The parts of an event that a condition looks at by paths from `$`."""
    match node:
        case Query():
            yield from itertools.islice(looked_at(node), 0 if node.rooted else 1, None)
        case Comparison():
            yield from itertools.chain(_compared(node.left), _compared(node.right))
        case Not():
            yield from _compared(node.operand)
        case And(parts) | Or(parts) | Call(_, parts):
            yield from itertools.chain(*map(_compared, parts))
