"""The words of Segment's FQL, as its own lexer (the package fql-ts) reads them, with all its oddities.

An operator needs a space or a bracket behind it, a quote closes a string only before one, and what the lexer cannot
read makes a trigger that never matches.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_END = ""
_TERMINATORS = (_END, " ", "\t", "\n", ",", "]", ")")
_SIGNS = {".": "dot", "[": "brackleft", "]": "brackright", ",": "comma", "(": "parenleft", ")": "parenright"}
_is_alpha = re.compile(r"[A-Za-z]").fullmatch
_is_digit = re.compile(r"[0-9]").fullmatch
_is_name = re.compile(r"[A-Za-z0-9_\\-]").fullmatch


class UnreadableError(ValueError):
    """Segment's engine cannot read the trigger: there, it never matches."""


class Word(NamedTuple):
    """A string's `text` has its quotes; the last word is of the kind `eos`."""

    kind: str  # ident, operator, conditional, string, number, null, one of _SIGNS, eos
    text: str


def words(text: str) -> list[Word]:
    """All words. Raises `UnreadableError`."""
    return _merged(_Lexer(text).words())


def _merged(found: list[Word]) -> list[Word]:
    """With names that dots join made one."""
    merged: list[Word] = []
    at = 0
    while at < len(found):
        pair = found[at : at + 2]
        if merged and merged[-1].kind == "ident" and [word.kind for word in pair] == ["dot", "ident"]:
            merged[-1] = Word("ident", f"{merged[-1].text}.{pair[1].text}")
            at += 2
        else:
            merged.append(found[at])
            at += 1
    return merged


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def words(self) -> list[Word]:
        found: list[Word] = []
        while (char := self._next()) != _END:
            if char not in (" ", "\t", "\n"):
                found.append(self._word(char))
        return [*found, Word("eos", "eos")]

    def _word(self, char: str) -> Word:
        if char == "!" and (_is_alpha(self._peek()) or self._peek() == "("):
            return Word("operator", "!")
        if _is_alpha(char) or char in ("!", "=", ">", "<", "\\", "_"):
            return self._operator_or_name(char)
        if _is_digit(char) or char in "+-":
            return Word("number", char + self._digits())
        if char in "\"'":
            return self._string(char)
        if char in _SIGNS:
            return Word(_SIGNS[char], char)
        raise UnreadableError(f'"{char}"')

    def _operator_or_name(self, char: str) -> Word:
        if char == "=":
            return Word("operator", "=")
        if char == "!":
            if self._accept("="):
                return Word("operator", "!=")
            raise UnreadableError("!")
        if char in "<>":
            return Word("operator", char + ("=" if self._accept("=") else ""))
        for kind, word in (("conditional", "and"), ("conditional", "or"), ("null", "null")):
            if char == word[0] and self._accept(word[1:]):
                return Word(kind, word)
        return Word("ident", self._name(char))

    def _name(self, char: str) -> str:
        name = ""
        while True:
            if char == "\\" and (char := self._next()) == _END:
                raise UnreadableError("\\")
            name += char
            if not _is_name(self._peek()):
                break
            char = self._next()
        if self._peek() not in (*_TERMINATORS, ".", "(", "=", "!"):
            raise UnreadableError(f"{name}{self._peek()}")
        return name

    def _digits(self) -> str:
        digits = ""
        while _is_digit(self._peek()) or self._peek() == ".":
            digits += self._next()
            if digits[-1] == "." and (self._peek() in _TERMINATORS or digits.count(".") > 1):
                raise UnreadableError(digits)
        return digits

    def _string(self, quote: str) -> Word:
        text = ""
        while self._peek() != quote:
            if (char := self._next()) == _END:
                raise UnreadableError(quote)
            text += char
        self._accept(quote)
        return Word("string", f"{quote}{text}{quote}")

    def _accept(self, wanted: str) -> bool:
        """Take what is wanted if it ends there. What the text's end cuts off is taken, too."""
        found = ""
        for _ in wanted:
            if (char := self._next()) == _END:
                return False
            found += char
            if char in _TERMINATORS:
                break
        if found == wanted and self._peek() in _TERMINATORS:
            return True
        self._at -= len(found)
        return False

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += len(char)
        return char
