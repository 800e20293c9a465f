r"""The Filter Query Language (FQL): a trigger's text becomes an expression.

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
from typing import NoReturn, TypeVar

from twiliodest.errors import ExpressionError
from twiliodest.triggers.expressions import (
    CONSTANTS,
    WORDS,
    And,
    Call,
    Compare,
    Expression,
    Field,
    Literal,
    Not,
    Or,
    Value,
)
from twiliodest.triggers.functions import FUNCTIONS
from twiliodest.triggers.globs import compile_glob
from twiliodest.triggers.tokens import ESCAPE, NAME, OPENERS, Token, fail, parse_number, tokens

MAX_DEPTH = 50  # levels of parentheses, lists, calls and `!`


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
_MISPLACED = {
    ",": 'join conditions with "and" or "or"; write a list in brackets: [ … ]',
    ")": "nothing is open here; remove it",
    "]": "nothing is open here; remove it",
    "[": "a field has no indexes; to look in a list, write: x in field",
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
            fail(self.token, "comparisons cannot be chained", 'join two comparisons with "and"')
        return Compare(left, comparison, right)

    def _operand(self) -> Expression:
        token = self.token
        if token.kind in ("number", "string") or token.is_symbol("[", *CONSTANTS):
            return Literal(self._literal())
        if self._accept("("):
            inner = self._deeper(self.condition)
            self._close(")", token)
            return inner
        if token.kind != "word" or token.is_symbol(*WORDS):
            self._fail_value()
        self._next()
        if self.token.is_symbol("("):
            return self._call(token)
        names = re.findall(rf"(?s){NAME}", token.text)
        return Field(tuple(re.sub(r"(?s)\\(.)", r"\1", name) for name in names))

    def _call(self, name: Token) -> Expression:
        if name.text not in FUNCTIONS:
            near = difflib.get_close_matches(name.text.lower(), FUNCTIONS, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else "the functions are " + ", ".join(FUNCTIONS)
            hint = "use ! to negate: !( … )" if name.text.lower() == "not" else hint
            fail(name, f'there is no function "{name.text}"', hint)
        read = self._several(")", lambda: (self.token, self.condition()))
        arguments = tuple(argument for _, argument in read)
        parameters = FUNCTIONS[name.text].takes
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
        if token.text not in CONSTANTS:
            hint = f'put quotes around text: "{token.text}"' if token.kind == "word" else None
            fail(token, "a list can have strings, numbers, true, false and null", hint)
        return CONSTANTS[token.text]

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
        elif token.kind == "word" and token.text.lower() in WORDS:
            hint = f'use "{token.text.lower()}", in lower case'
        elif token.kind == "word" and token.text.lower() == "not":
            hint = "use != or !( … )"
        elif token.kind == previous.kind == "word":
            hint = f'put quotes around text: "{previous.text} {token.text}"'
        elif previous.kind == "string" and token.kind == "word" and self.text[token.offset - 1] in OPENERS:
            hint = "inside a string, write \\' for a quote"
        fail(token, f'"{token.text}" does not belong here', hint)

    def _fail_value(self) -> NoReturn:
        hint = "write a field, a string or a number"
        if self.token.kind == "end":
            fail(self.token, f'a value is missing after "{self.previous.text}"', hint)
        hint = "put it in parentheses: (!x)" if self.token.is_symbol("!") else hint
        fail(self.token, f'"{self.token.text}" cannot be used as a value', hint)
