"""Regular expressions as RFC 9485 (I-Regexp) defines them, in time that grows with the text alone.

As in most other languages, `^` and `$` outside of brackets stand for the ends of the text.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn

from twiliodest.errors import ExpressionError
from twiliodest.templates.bounds import TooMuch

PATTERN_LIMIT = 1_000  # characters of a pattern
SIZE_LIMIT = 2_000  # steps of a pattern, whose repetitions are written out
NESTING_LIMIT = 30
_REMEMBERED = 10_000  # states that are kept for the next text

_TAKE, _JUMP, _START, _END = range(4)
_Op = tuple[int, Any]  # a test of a character; where to go on, relative to here; nothing; nothing
_States = frozenset[int]
_Key = tuple[
    _States, str, bool, bool
]  # the states before a character, it, whether it is the last, and `whole`


@functools.lru_cache(64)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; raises `ExpressionError`, or `TooMuch` where it is too large."""
    if len(text) > PATTERN_LIMIT:
        raise TooMuch
    return Pattern(_Parser(text).pattern())


class Pattern:
    """A nondeterministic automaton that is in all of its states at once; transitions are remembered."""

    def __init__(self, ops: list[_Op]) -> None:
        self._ops = ops
        self._seen: dict[_Key, _States] = {}
        self._room = _REMEMBERED

    def matches(self, text: str, spend: Callable[[int], None], *, whole: bool) -> bool:
        """Whether all of a text matches, or else any part of it; `spend` is told how many steps it takes."""
        seen, accepting, end = self._seen, len(self._ops), len(text) - 1
        spend(1 + accepting // 10)
        states = self._closure([0], is_start=True, is_end=not text)
        for place, character in enumerate(text):
            if accepting in states and not whole:
                return True
            if not states:
                return False
            key = (states, character, place == end, whole)
            after = seen.get(key)
            if after is None:
                spend(len(states))
                after = self._after(states, character, place == end, whole)
                spend(len(after))
                self._remember(key, after)
            spend(1)
            states = after
        return accepting in states

    def _after(self, states: _States, character: str, is_end: bool, whole: bool) -> _States:
        taken = [0] if not whole else []
        for state in states:
            if state < len(self._ops):
                kind, takes = self._ops[state]
                if kind == _TAKE and takes(character):
                    taken.append(state + 1)
        return self._closure(taken, is_start=False, is_end=is_end)

    def _closure(self, todo: list[int], *, is_start: bool, is_end: bool) -> _States:
        """The states that are reached without a further character."""
        found = set(todo)
        while todo:
            state = todo.pop()
            if state == len(self._ops):
                continue
            kind, jumps = self._ops[state]
            if kind == _JUMP:
                after = [state + jump for jump in jumps]
            else:
                after = [state + 1] if (kind == _START and is_start) or (kind == _END and is_end) else []
            todo += [each for each in after if each not in found]
            found.update(after)
        return frozenset(found)

    def _remember(self, key: _Key, after: _States) -> None:
        self._room -= len(key[0]) + len(after) + 1
        if self._room < 0:
            self._seen.clear()
            self._room = _REMEMBERED
        self._seen[key] = after


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

    def pattern(self) -> list[_Op]:
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

    def branches(self) -> list[_Op]:
        ops = self.branch()
        while self.take("|"):
            other = self.branch()
            ops = [(_JUMP, (1, len(ops) + 2)), *ops, (_JUMP, (len(other) + 1,)), *other]
            _check_size(ops)
        return ops

    def branch(self) -> list[_Op]:
        ops: list[_Op] = []
        while (atom := self.atom()) is not None:
            ops += self.repeated(atom)
            _check_size(ops)
        return ops

    def atom(self) -> list[_Op] | None:
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
            return [(_TAKE, lambda character: character not in "\n\r")]
        if self.take("["):
            return [(_TAKE, self.character_class())]
        if self.text.startswith(("^", "$"), self.at):
            self.at += 1
            return [(_START if self.text[self.at - 1] == "^" else _END, None)]
        if (one := self.character(_NORMAL)) is not None:
            return [(_TAKE, one.__eq__)]
        if category := self.category():
            return [(_TAKE, category)]
        return None

    def repeated(self, ops: list[_Op]) -> list[_Op]:
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


def _check_size(ops: list[_Op]) -> None:
    if len(ops) > SIZE_LIMIT:
        raise TooMuch


def _star(ops: list[_Op]) -> list[_Op]:
    return [(_JUMP, (1, len(ops) + 2)), *ops, (_JUMP, (-len(ops) - 1,))]


def _maybe(ops: list[_Op]) -> list[_Op]:
    return [(_JUMP, (1, len(ops) + 1)), *ops]
