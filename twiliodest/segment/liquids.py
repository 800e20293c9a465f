"""Segment's `@liquid`: a template of liquidjs stays as it is, where it surely means the same here.

What Segment switches off makes no text there; what it leaves on and writes otherwise (numbers, dates) is not taken
over, so that no text differs without anybody noticing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.segment.moustaches import UnsaidError
from twiliodest.segment.phrases import Liquid
from twiliodest.templates.fields import compile_field
from twiliodest.templates.liquid.nodes import (
    Assign,
    Block,
    Capture,
    Condition,
    Expression,
    Filtered,
    If,
    JsonPath,
    Literal,
    Lookup,
    Node,
    Output,
    Text,
)
from twiliodest.templates.liquid.syntax import read

LONGEST = 1000  # characters that Segment takes
_SAME = (
    *(
        "append",
        "capitalize",
        "default",
        "downcase",
        "lstrip",
        "prepend",
        "remove",
        "remove_first",
        "replace",
    ),
    *("replace_first", "rstrip", "strip", "upcase", "strip_newlines"),
)  # filters that write the same text in both


def read_liquid(template: str) -> Liquid:
    """Raises `UnsaidError`."""
    if len(template) > LONGEST:
        raise UnsaidError(f"Segment refuses a @liquid of more than {LONGEST:,} characters")
    try:
        compile_field(template)
        block = read(template)
    except ExpressionError as error:
        raise UnsaidError(f"this @liquid cannot be read here: {error.message}") from None
    for fault in itertools.islice(_faults(block), 1):
        raise UnsaidError(fault)
    return Liquid(template)


def _faults(block: Block) -> Iterator[str]:
    for node in block.nodes:
        yield from _faults_of(node)


def _faults_of(node: Node) -> Iterator[str]:
    match node:
        case Text():
            return
        case Output(value):
            yield from _of_expression(value)
        case Assign(_, value):
            yield from _of_expression(value)
        case Capture(_, body):
            yield from _faults(body)
        case If(branches, other):
            for condition, body in branches:
                yield from _of_condition(condition)
                yield from _faults(body)
            yield from _faults(other)
        case Block():
            yield from _faults(node)
        case _:
            yield "Segment does not support some tags of this @liquid, or outputs them differently"


def _of_condition(condition: Condition) -> Iterator[str]:
    for test in condition.tests:
        yield from _of_expression(test.left)
        if test.right is not None:
            yield from _of_expression(test.right)
        if test.operator in ("<", ">", "<=", ">="):
            yield f"Segment compares other types with {test.operator} in this @liquid"
        if test.operator == "contains" and not (
            isinstance(test.right, Literal) and isinstance(test.right.value, str)
        ):
            yield "Segment understands contains differently in this @liquid"


def _of_expression(expression: Expression) -> Iterator[str]:
    match expression:
        case Literal(_, value):
            yield from _of_text(value)
        case Lookup(_, steps, rooted):
            if rooted:
                yield "Segment does not support $ in a @liquid"
            for step in steps:
                if isinstance(step, Lookup):
                    yield from _of_expression(step)
                if step in ("size", "first", "last"):
                    yield f"Segment understands .{step} differently in this @liquid"
        case JsonPath():
            yield "Segment does not support JSONPath in a @liquid"
        case Filtered(_, value, filters):
            yield from _of_expression(value)
            for each in filters:
                if each.name not in _SAME:
                    yield f"the filter {each.name} of this @liquid may output something else here"
                for argument in (*each.arguments, *(named for _, named in each.named)):
                    yield from _of_expression(argument)
        case _:
            yield "a range in this @liquid may mean something else here"


def _of_text(value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\\" in value:
        yield "Segment reads a backslash in a text of this @liquid as the start of a sign"
