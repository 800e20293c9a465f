r"""The Filter Query Language (FQL): a trigger's text becomes an expression, and an expression text again.

The language is that of https://segment.com/docs/api/public-api/fql/. Where that page is silent:

- `!` binds looser than a comparison: `!type = "track"` is `!(type = "track")`.
- In a string, a backslash before a quote or a backslash stands for that character; any other stays. So
  `'a\*'` and `'a\\*'` are the same text, `a\*`, which as a glob matches `a*`.
- A string may stand in typographic quotes, as a word processor leaves them.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable
from decimal import Decimal
from typing import NoReturn, TypeAlias, TypeVar

from msgspec import Struct

from twiliodest.errors import ExpressionError
from twiliodest.triggers.globs import compile_glob
from twiliodest.triggers.tokens import ESCAPE, NAME, NAMED, OPENERS, Token, fail, parse_number, tokens

MAX_DEPTH = 50  # levels of parentheses, lists, calls and `!`
SIGNATURES = {
    "contains": (("string", "string"), "bool"),
    "match": (("string", "string"), "bool"),
    "length": (("string or list",), "number or null"),
    **{
        f"{case}case": (("string",), "string or null")
        for case in ("lower", "upper", "snake", "kebab", "title")
    },
    "typeof": (("value",), "string"),
    "bool": (("value",), "bool or null"),
    "string": (("value",), "string or null"),
    "number": (("string or number",), "number or null"),
}  # what each function takes and gives; "value" is any type

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


def parse(text: str) -> Expression:
    """Read a trigger; raise `ExpressionError` with the offset of the first character that does not fit."""
    if not text.strip():
        raise ExpressionError("the trigger is empty", 0, 'write a condition, such as type = "track"')
    parser = _Parser(text)
    expression = parser.condition()
    if parser.token.kind != "end":
        parser.fail_after()
    return expression


_T = TypeVar("_T")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_WORDS = ("and", "or", "in")
_MISPLACED = {
    ",": 'join conditions with "and" or "or"; a list is written in brackets: [ … ]',
    ")": "nothing is open here; leave it out",
    "]": "nothing is open here; leave it out",
    "[": "a field has no indexes; in looks into a list: x in field",
}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "in")


class _Parser:
    """Recursive descent with one token of look-ahead, so that the leftmost error is the one reported."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0
        self.tokens = tokens(text)
        self.previous = self.token = next(self.tokens)

    def condition(self) -> Expression:
        return self._join(Or, "or", lambda: self._join(And, "and", self._term))

    def _join(self, kind: type[And | Or], word: str, read: Callable[[], Expression]) -> Expression:
        operands = [read()]
        while self._accept(word):
            operands.append(read())
        return kind(tuple(operands)) if len(operands) > 1 else operands[0]

    def _term(self) -> Expression:
        if self._accept("!"):
            return Not(self._deeper(self._term))
        left = self._operand()
        if not self.token.is_symbol(*_COMPARISONS):
            return left
        comparison, right = self._next().text, self._operand()
        if self.token.is_symbol(*_COMPARISONS):
            fail(self.token, "comparisons do not chain", 'join two comparisons with "and"')
        return Compare(left, comparison, right)

    def _operand(self) -> Expression:
        token = self.token
        if token.kind in ("number", "string") or token.is_symbol("[", *_CONSTANTS):
            return Literal(self._literal())
        if self._accept("("):
            inner = self._deeper(self.condition)
            self._close(")", token)
            return inner
        if token.kind != "word" or token.is_symbol(*_WORDS):
            self._fail_value()
        self._next()
        if self.token.is_symbol("("):
            return self._call(token)
        names = re.findall(rf"(?s){NAME}", token.text)
        return Field(tuple(re.sub(r"(?s)\\(.)", r"\1", name) for name in names))

    def _call(self, name: Token) -> Expression:
        if name.text not in SIGNATURES:
            near = difflib.get_close_matches(name.text.lower(), SIGNATURES, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else "the functions are " + ", ".join(SIGNATURES)
            hint = "use ! to negate: !( … )" if name.text.lower() == "not" else hint
            fail(name, f'there is no function "{name.text}"', hint)
        read = self._several(")", lambda: (self.token, self.condition()))
        arguments = tuple(argument for _, argument in read)
        parameters, _ = SIGNATURES[name.text]
        if len(arguments) != (wanted := len(parameters)):
            message = f"{name.text} takes {wanted} argument{'s' * (wanted > 1)}, not {len(arguments)}"
            fail(name, message, f"write {name.text}({', '.join(parameters)})")
        match arguments:
            case [_, Literal(str(pattern))] if name.text == "match":
                self._check_glob(pattern, read[1][0])
        return Call(name.text, arguments)

    def _check_glob(self, pattern: str, token: Token) -> None:
        try:
            compile_glob(pattern)
        except ExpressionError as error:
            characters = re.compile(rf"(?s){ESCAPE.pattern}|.").finditer(self.text, token.offset + 1)
            inside = next(itertools.islice(characters, error.offset, None)).start()
            offset = inside if token.kind == "string" else token.offset
            raise ExpressionError(error.message, offset, error.hint) from None

    def _literal(self) -> Value:
        if self.token.is_symbol("["):
            return tuple(self._several("]", self._literal))
        token = self._next()
        if token.kind == "string":
            return token.text
        if token.kind == "number":
            if (number := parse_number(token.text)) is None:
                fail(token, "this number is out of range", "use a smaller exponent")
            return number
        if token.text not in _CONSTANTS:
            hint = f'put quotes around text: "{token.text}"' if token.kind == "word" else None
            fail(token, "a list holds strings, numbers, true, false and null", hint)
        return _CONSTANTS[token.text]

    def _several(self, closer: str, read: Callable[[], _T]) -> list[_T]:
        opening, items = self._next(), list[_T]()
        while not self.token.is_symbol(closer) or (items and closer == ")"):  # a list may end with a comma
            items.append(self._deeper(read))
            if not self._accept(","):
                break
        self._close(closer, opening)
        return items

    def _next(self) -> Token:
        self.previous, self.token = self.token, next(self.tokens, self.token)
        return self.previous

    def _accept(self, symbol: str) -> bool:
        return self.token.is_symbol(symbol) and bool(self._next())

    def _deeper(self, read: Callable[[], _T]) -> _T:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"the trigger nests deeper than {MAX_DEPTH} levels"
            fail(self.token, message, "split it into several actions")
        result = read()
        self.depth -= 1
        return result

    def _close(self, closer: str, opening: Token) -> None:
        if self.token.kind == "end":
            fail(opening, f'this "{opening.text}" is not closed', f"close it with {closer}")
        if not self._accept(closer):
            self.fail_after()

    def fail_after(self) -> NoReturn:
        token, previous = self.token, self.previous
        if previous.kind == "word" and previous.text.lower() == "not":
            fail(previous, f'"{previous.text}" is not an operator here', "use !")
        hint = 'join conditions with "and" or "or"'
        if token.kind == "symbol":
            hint = _MISPLACED.get(token.text, hint)
        elif token.kind == "word" and token.text.lower() in _WORDS:
            hint = f'use "{token.text.lower()}", in lower case'
        elif token.kind == "word" and token.text.lower() == "not":
            hint = "use != or !( … )"
        elif token.kind == previous.kind == "word":
            hint = f'put quotes around text: "{previous.text} {token.text}"'
        elif previous.kind == "string" and token.kind == "word" and self.text[token.offset - 1] in OPENERS:
            hint = "inside a string write \\' for a quote"
        fail(token, f'"{token.text}" does not belong here', hint)

    def _fail_value(self) -> NoReturn:
        hint = "write a field, a string or a number"
        if self.token.kind == "end":
            fail(self.token, f'a value is missing after "{self.previous.text}"', hint)
        hint = "put it in parentheses: (!x)" if self.token.is_symbol("!") else hint
        fail(self.token, f'"{self.token.text}" cannot stand where a value belongs', hint)


def _print(expression: Expression, binding: int = 0) -> str:
    """Print what an operator of strength `binding` can hold (or 0, and 1, not 2, comparison 3, value 4)."""
    match expression:
        case Literal(value):
            return _print_literal(value)
        case Field(path):
            text = ".".join(re.sub(rf"(?s)((?!{NAMED}).)", r"\\\1", name) for name in path)
            taken = text in (*_CONSTANTS, *_WORDS) or next(tokens(text)).kind == "number"
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
