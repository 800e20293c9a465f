"""Regular expressions as RFC 9485 (I-Regexp) defines them, in time that grows with the text alone.

As in most other languages, `^` and `$` outside of brackets stand for the ends of the text.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import NoReturn

from twiliodest.errors import ExpressionError
from twiliodest.templates.bounds import TooMuch
from twiliodest.templates.paths.automaton import END, JUMP, START, TAKE, Op, Pattern

PATTERN_LIMIT = 1_000  # characters of a pattern
SIZE_LIMIT = 2_000  # steps of a pattern, whose repetitions are written out
NESTING_LIMIT = 30


@functools.lru_cache(64)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; raises `ExpressionError`, or `TooMuch` where it is too large."""
    if len(text) > PATTERN_LIMIT:
        raise TooMuch
    return Pattern(_Parser(text).pattern())


_NORMAL = re.compile(r"[^()*+.?\[\\\]{|}]")
_ESCAPE = re.compile(r"\\([()*+\-.?\[\\\]^nrt{|}])")
_CATEGORY = re.compile(r"\\([pP])\{(L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|Z[lps]?|S[ckmo]?|C[cfno]?)\}")
_QUANTIFIER = re.compile(r"[*+?]|\{([0-9]+)(,?)([0-9]*)\}")
_IN_CLASS = re.compile(r"[^\-\[\\\]]")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_MULTIPLE = {
    "d": "write [0-9]",
    "D": "write [^0-9]",
    "w": "write [A-Za-z0-9_]",
    "W": "write [^A-Za-z0-9_]",
    "s": r"write [ \t\n\r]",
    "S": r"write [^ \t\n\r]",
    "b": "word boundaries are not supported",
    "B": "word boundaries are not supported",
    "/": "a slash does not need a backslash",
    "$": "write [$]",
}


class _Parser:
    """Turns a pattern into steps. Jumps are relative, so that what is repeated can be copied."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def pattern(self) -> list[Op]:
        ops = self.branches()
        if self.at < len(self.text):
            self.fail()
        return ops

    def fail(self) -> NoReturn:
        rest, hint = self.text[self.at :], None
        if rest.startswith("\\"):
            hint = (
                _MULTIPLE.get(rest[1:2])
                or r"use a backslash only before ( ) * + - . ? [ \ ] ^ { | } n r t p P"
            )
        elif self.text.startswith("(?", self.at - 1):
            hint = "(? is not supported: no flags, no look-around; write a group with ( only"
        elif not rest:
            hint = "a ( or a [ is never closed"
        elif re.match(r"\{[0-9]", rest):
            hint = "write a repetition like {2}, {2,} or {2,5}"
        elif rest[:1] in ("?", "+", "*"):
            hint = "there is nothing before it to repeat; lazy and possessive repetitions are not supported"
        elif rest[:1] in ("{", "}", "]", "["):
            hint = f"to match the character itself, write \\{rest[0]}"
        raise ExpressionError("this is not a regular expression as in RFC 9485", self.at, hint)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def take(self, symbol: str) -> bool:
        taken = self.text.startswith(symbol, self.at)
        self.at += taken
        return taken

    def branches(self) -> list[Op]:
        ops = self.branch()
        while self.take("|"):
            other = self.branch()
            ops = [(JUMP, (1, len(ops) + 2)), *ops, (JUMP, (len(other) + 1,)), *other]
            _check_size(ops)
        return ops

    def branch(self) -> list[Op]:
        ops: list[Op] = []
        while (atom := self.atom()) is not None:
            ops += self.repeated(atom)
            _check_size(ops)
        return ops

    def atom(self) -> list[Op] | None:
        if self.take("("):
            self.depth += 1
            if self.depth > NESTING_LIMIT:
                raise TooMuch
            ops = self.branches()
            if not self.take(")"):
                self.fail()
            self.depth -= 1
            return ops
        if self.take("."):
            return [(TAKE, lambda character: character not in "\n\r")]
        if self.take("["):
            return [(TAKE, self.character_class())]
        if self.text.startswith(("^", "$"), self.at):
            self.at += 1
            return [(START if self.text[self.at - 1] == "^" else END, None)]
        if (one := self.character(_NORMAL)) is not None:
            return [(TAKE, one.__eq__)]
        if category := self.category():
            return [(TAKE, category)]
        return None

    def repeated(self, ops: list[Op]) -> list[Op]:
        quantifier = self.match(_QUANTIFIER)
        if not quantifier:
            return ops
        if quantifier[0] == "*":
            return _star(ops)
        if quantifier[0] == "+":
            return [*ops, *_star(ops)]
        if quantifier[0] == "?":
            return _maybe(ops)
        least, comma, most = quantifier.groups()
        low = int(least)
        high = int(most) if most else None if comma else low
        if high is not None and high < low:
            self.at = quantifier.start()
            self.fail()
        if max(low, high or 0) * (len(ops) + 1) > SIZE_LIMIT:
            raise TooMuch
        return ops * low + (_star(ops) if high is None else _maybe(ops) * (high - low))

    def character(self, plain: re.Pattern[str]) -> str | None:
        if escape := self.match(_ESCAPE):
            return _CONTROLS.get(escape[1], escape[1])
        found = self.match(plain)
        return found[0] if found else None

    def category(self) -> Callable[[str], bool] | None:
        found = self.match(_CATEGORY)
        if not found:
            return None
        name, wanted = found[2], found[1] == "p"
        return lambda character: unicodedata.category(character).startswith(name) is wanted

    def character_class(self) -> Callable[[str], bool]:
        wanted = not self.take("^")
        tests: list[Callable[[str], bool]] = ["-".__eq__] if self.take("-") else []
        while not self.take("]"):
            if category := self.category():
                tests.append(category)
            elif (first := self.character(_IN_CLASS)) is not None:
                tests.append(self.range(first))
            elif tests and self.text.startswith("-]", self.at):
                self.at += 1
                tests.append("-".__eq__)
            else:
                self.fail()
        if not tests:
            self.at -= 1
            self.fail()
        return lambda character: any(test(character) for test in tests) is wanted

    def range(self, first: str) -> Callable[[str], bool]:
        if self.text.startswith("-]", self.at) or not self.take("-"):
            return first.__eq__
        last = self.character(_IN_CLASS)
        if last is None or last < first:
            self.fail()
        return lambda character: first <= character <= last


def _check_size(ops: list[Op]) -> None:
    if len(ops) > SIZE_LIMIT:
        raise TooMuch


def _star(ops: list[Op]) -> list[Op]:
    return [(JUMP, (1, len(ops) + 2)), *ops, (JUMP, (-len(ops) - 1,))]


def _maybe(ops: list[Op]) -> list[Op]:
    return [(JUMP, (1, len(ops) + 1)), *ops]
