"""Why a trigger does or does not match an event: the conditions that decided, and what the event has there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.exact import text_of
from twiliodest.triggers.expressions import And, Expression, Field, Literal, Not, Or
from twiliodest.triggers.functions import typeof
from twiliodest.triggers.matching import compile_trigger
from twiliodest.triggers.scope import walk

SHOWN = 60  # characters of a value


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a trigger without `and`, `or` and `!` around it; whether it holds, and what its fields are."""

    text: str
    holds: bool
    values: Sequence[str]

    def __str__(self) -> str:
        """`properties.total > 100 is false: properties.total is 12.50`."""
        fields = f": {', '.join(self.values)}" if self.values else ""
        return f"{self.text} is {'true' if self.holds else 'false'}{fields}"


@dataclass(frozen=True, slots=True)
class Reasons:
    """Whether a trigger matches, and the conditions that decided it: had they been other, it might be another."""

    matches: bool
    conditions: Sequence[Condition]


def explain(trigger: Expression, event: Mapping[str, Any]) -> Reasons:
    """Say why; `event` is a whole one."""
    return Reasons(compile_trigger(trigger)(event), tuple(dict.fromkeys(_deciding(trigger, event))))


def _deciding(expression: Expression, event: Mapping[str, Any]) -> Iterator[Condition]:
    holds = compile_trigger(expression)(event)
    match expression:
        case Not(operand):
            yield from _deciding(operand, event)
        case And(operands) | Or(operands) if isinstance(expression, And) is holds:  # it took all of them
            for operand in operands:
                yield from _deciding(operand, event)
        case And(operands) | Or(operands):  # the first of that kind was enough
            first = next(operand for operand in operands if compile_trigger(operand)(event) is holds)
            yield from _deciding(first, event)
        case _:
            fields = dict.fromkeys(node for node in walk(expression) if isinstance(node, Field))
            yield Condition(str(expression), holds, tuple(_is(field, event) for field in fields))


def _is(field: Field, event: Mapping[str, Any]) -> str:
    """`properties.total is 12.50`; where it is not there, the first name that is missing."""
    value: Any = event
    for place, name in enumerate(field.path, 1):
        if not isinstance(value, dict) or name not in value:
            part = Field(field.path[:place])
            if isinstance(value, dict):
                return f"{part} is missing"
            return f"{part} is missing: {Field(field.path[: place - 1])} is {_shown(value)}"
        value = value[name]
    return f"{field} is {_shown(value)}"


def _shown(value: Any) -> str:
    match typeof(value):
        case "null":
            return "null"
        case "list":
            count = len(value)
            return f"a list of {count:,} item{'' if count == 1 else 's'}"
        case "object":
            return "an object"
        case "string":
            text = value if len(value) <= SHOWN else f"{value[: SHOWN - 1]}…"
            return str(Literal(text)) if text.isprintable() else json.dumps(text)
    return text_of(value) or ""
