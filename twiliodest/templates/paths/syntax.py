"""Reads JSONPath as RFC 9535 defines it. One thing is added: a name after a dot may hold dashes, `$.first-name`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from twiliodest.errors import ExpressionError
from twiliodest.templates.bounds import TooMuch
from twiliodest.templates.paths.iregexp import compile_pattern
from twiliodest.templates.paths.nodes import (
    FUNCTIONS,
    And,
    Call,
    Comparison,
    Condition,
    Filter,
    Literal,
    Not,
    Operand,
    Or,
    Query,
    Segment,
    Selector,
    Wildcard,
    is_value,
)
from twiliodest.templates.paths.words import LETTER, Words

LENGTH_LIMIT = 2_000  # characters of a path
STEPS_LIMIT = 100  # of a path, those within its filters included
NESTING_LIMIT = 30  # parentheses, filters and functions within each other


def parse_path(text: str) -> Query:
    """Read a path; raises `ExpressionError`."""
    if len(text) > LENGTH_LIMIT:
        raise ExpressionError(f"a path can have at most {LENGTH_LIMIT:,} characters", LENGTH_LIMIT)
    reader = _Reader(text)
    if not reader.take("$"):
        raise ExpressionError("a path must begin with $", 0, "write $.properties.name")
    query = reader.query(rooted=True)
    if reader.at < len(text):
        reader.space()
        reader.fail("path")
    return query


_OPERATOR = re.compile(r"(?:==(?!=)|!=(?!=)|<(?!>)=?|>=?)")
_WORD = re.compile(rf"(true|false|null)(?![-0-9({LETTER}])")
_FUNCTION = re.compile(r"([a-z][a-z0-9_]*)\(")
_WORDS = {"true": True, "false": False, "null": None}
_DASHED_DIGIT = re.compile(r"-[0-9]")  # within a condition, more likely a subtraction than a name
_T = TypeVar("_T")


class _Reader(Words):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.steps = 0
        self.depth = 0

    def nested(self, read: Callable[[], _T]) -> _T:
        self.depth += 1
        if self.depth > NESTING_LIMIT:
            raise ExpressionError(f"a path can be nested at most {NESTING_LIMIT} deep", self.at)
        found = read()
        self.depth -= 1
        return found

    def query(self, *, rooted: bool) -> Query:
        segments: list[Segment] = []
        while True:
            end = self.at
            self.space()
            start = self.at
            if self.take("["):
                segments.append(Segment(self.nested(self.bracketed)))
            elif self.take(".."):
                inner = self.nested(self.bracketed) if self.take("[") else (self.shorthand(),)
                segments.append(Segment(inner, descends=True))
            elif self.take("."):
                segments.append(Segment((self.shorthand(),)))
            else:
                self.at = end
                return Query(rooted, tuple(segments))
            self.steps += 1
            if self.steps > STEPS_LIMIT:
                raise ExpressionError(f"a path can have at most {STEPS_LIMIT} steps", start)

    def shorthand(self) -> Selector:
        if self.take("*"):
            return Wildcard()
        start = self.at
        name = self.name()
        if self.depth and _DASHED_DIGIT.search(name):
            self.fail("dash", start)
        return name

    def bracketed(self) -> tuple[Selector, ...]:
        selectors: list[Selector] = []
        while True:
            self.space()
            selectors.append(self.selector())
            self.space()
            if self.take("]"):
                return tuple(selectors)
            if not self.take(","):
                self.fail("filter" if isinstance(selectors[-1], Filter) else "bracket")

    def selector(self) -> Selector:
        if self.take("*"):
            return Wildcard()
        if self.take("?"):
            return Filter(self.condition())
        if (name := self.string()) is not None:
            return name
        start = self.integer()
        end = self.at
        self.space()
        if not self.take(":"):
            self.at = end
            return start if start is not None else self.fail("selector")
        self.space()
        stop = self.integer()
        self.space()
        step = None
        if self.take(":"):
            self.space()
            step = self.integer()
        return slice(start, stop, step)

    def condition(self) -> Condition:
        operands = [self.conjunction()]
        while self.joined("||"):
            operands.append(self.conjunction())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def conjunction(self) -> Condition:
        operands = [self.basic()]
        while self.joined("&&"):
            operands.append(self.basic())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def joined(self, symbol: str) -> bool:
        self.space()
        return self.take(symbol)

    def basic(self) -> Condition:
        self.space()
        sign = self.at
        negated = self.take("!")
        self.space()
        if self.take("("):
            found: Condition = self.nested(self.condition)
            if not self.joined(")"):
                self.fail("filter")
        else:
            start = self.at
            left = self.operand()
            end = self.at
            self.space()
            if operator := self.match(_OPERATOR):
                if negated:
                    self.fail("negated", sign)
                self.comparable(left, start)
                self.space()
                start = self.at
                right = self.operand()
                self.comparable(right, start)
                found = Comparison(left, operator[0], right)
            else:
                if isinstance(left, Literal) or (is_value(left) and not isinstance(left, Query)):
                    self.unfinished(left, start)
                self.at = end
                found = left
        return Not(found) if negated else found

    def unfinished(self, value: Operand, at: int) -> NoReturn:
        """A value that is compared with nothing."""
        rest = self.text[self.at :]
        if rest and not rest.startswith(("]", ")", ",", "&&", "||")):
            self.fail("filter")  # it was meant to be compared
        self.fail("literal" if isinstance(value, Literal) else "valued", at)

    def operand(self) -> Operand:
        if self.take("$"):
            return self.query(rooted=True)
        if self.take("@"):
            return self.query(rooted=False)
        if (text := self.string()) is not None:
            return Literal(text)
        if word := self.match(_WORD):
            return Literal(_WORDS[word[1]])
        start = self.at
        if (number := self.number()) is not None:
            return Literal(number)
        if function := self.match(_FUNCTION):
            name = function[1]
            return self.nested(lambda: self.call(name, start))
        return self.fail("operand")

    def call(self, function: str, at: int) -> Call:
        if function not in FUNCTIONS:
            self.fail("function", at)
        parameters, _ = FUNCTIONS[function]
        arguments: list[Operand] = []
        places: list[int] = []
        self.space()
        while not self.take(")"):
            if arguments and not self.take(","):
                self.fail("filter")
            self.space()
            places.append(self.at)
            arguments.append(self.operand())
            self.space()
        if len(arguments) != len(parameters):
            counted = "one argument" if len(parameters) == 1 else f"{len(parameters)} arguments"
            raise ExpressionError(f"{function}() takes {counted}", at)
        for argument, parameter, place in zip(arguments, parameters, places, strict=True):
            if parameter == "value" and not is_value(argument):
                self.fail("argument", place)
            if parameter == "nodes" and not isinstance(argument, Query):
                self.fail("nodes", place)
        if function in ("match", "search"):
            _check_pattern(arguments[1], places[1])
        return Call(function, tuple(arguments))

    def comparable(self, operand: Operand, at: int) -> None:
        if not is_value(operand):
            self.fail("logical" if isinstance(operand, Call) else "plural", at)


def _check_pattern(argument: Operand, at: int) -> None:
    if isinstance(argument, Literal) and isinstance(argument.value, str):
        try:
            compile_pattern(argument.value)
        except TooMuch:
            raise ExpressionError("this regular expression is too large", at) from None
        except ExpressionError as error:
            raise ExpressionError(error.message, at + 1 + error.offset, error.hint) from None
