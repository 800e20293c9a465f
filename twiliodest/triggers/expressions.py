"""What a trigger says, as a tree that prints itself as FQL."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from twiliodest.triggers.tokens import NAMED, tokens

CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
WORDS = ("and", "or", "in")

Value: TypeAlias = "str | int | Decimal | bool | tuple[Value, ...] | None"


class _Node(Struct, frozen=True):
    def __str__(self) -> str:
        """Canonical FQL: `parse(str(e)) == e`."""
        return _print(self)  # type: ignore[arg-type]  # every node is one of Expression


class Literal(_Node, frozen=True):
    value: Value


class Field(_Node, frozen=True):
    path: tuple[str, ...]  # at least one name, and none is empty


class Call(_Node, frozen=True):
    function: str
    arguments: tuple[Expression, ...]


class Compare(_Node, frozen=True):
    left: Expression
    operator: str  # = != < <= > >= in
    right: Expression


class Not(_Node, frozen=True):
    operand: Expression


class And(_Node, frozen=True):
    operands: tuple[Expression, ...]  # two or more


class Or(_Node, frozen=True):
    operands: tuple[Expression, ...]  # two or more


Expression: TypeAlias = Literal | Field | Call | Compare | Not | And | Or


def _print(expression: Expression, binding: int = 0) -> str:
    """Print what an operator of strength `binding` can hold (or 0, and 1, not 2, comparison 3, value 4)."""
    match expression:
        case Literal(value):
            return _print_literal(value)
        case Field(path):
            text = ".".join(re.sub(rf"(?s)((?!{NAMED}).)", r"\\\1", name) for name in path)
            taken = text in (*CONSTANTS, *WORDS) or next(tokens(text)).kind == "number"
            return "\\" + text if taken else text
        case Call(function, arguments):
            return f"{function}({', '.join(map(str, arguments))})"
        case Compare(left, comparison, right):
            strength, text = 3, f"{_print(left, 4)} {comparison} {_print(right, 4)}"
        case Not(operand):
            strength, text = 2, f"!{_print(operand, 2 if isinstance(operand, Not) else 4)}"
        case And(operands):
            strength, text = 1, " and ".join([_print(operand, 2) for operand in operands])
        case Or(operands):
            strength, text = 0, " or ".join([_print(operand, 1) for operand in operands])
    return f"({text})" if strength < binding else text


def _print_literal(value: Value) -> str:
    match value:
        case None | bool():
            return "null" if value is None else str(value).lower()
        case str():
            return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
        case tuple():
            return f"[{', '.join(map(_print_literal, value))}]"
    return str(value)
