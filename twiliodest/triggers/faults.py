"""All faults of a trigger at once: what `and` and `or` join is read one by one."""

from __future__ import annotations

from collections.abc import Sequence

from twiliodest.errors import ExpressionError
from twiliodest.triggers.grammar import parse
from twiliodest.triggers.tokens import operands


def faults_of(text: str) -> Sequence[ExpressionError]:
    """The first fault of a trigger, and the first of every other operand, in their order."""
    first = _fault(text)
    if first is None:
        return []
    found = [first]
    for begin, operand in operands(text):
        if operand.strip() and not begin <= first.offset <= begin + len(operand):
            error = _fault(operand)
            if error:
                found.append(ExpressionError(error.message, begin + error.offset, error.hint))
    return sorted(found, key=lambda each: each.offset)


def _fault(text: str) -> ExpressionError | None:
    try:
        parse(text)
    except ExpressionError as error:
        return error
    return None
