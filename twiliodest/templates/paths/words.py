"""The words of a path: names, texts in quotes, numbers."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from twiliodest.errors import ExpressionError
from twiliodest.templates.paths.hints import fault
from twiliodest.templates.paths.names import UNSEEN

_INDEX_LIMIT = 2**53 - 1  # RFC 9535, section 2.1


_SPACE = re.compile(r"[ \t\n\r]*")
LETTER = r"A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff"
_NAME = re.compile(rf"(?:(?![{UNSEEN}\x80-\x9f“”„‘’])[{LETTER}](?:[-0-9]+)?)+")
_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<broken>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![\w.])")
_PLAIN = {quote: re.compile(rf"[^{quote}\\\x00-\x1f\ud800-\udfff]*") for quote in "'\""}
_UNICODE = re.compile(
    r"u(?:(?P<pair>[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?![dD][89a-fA-F])(?P<one>[0-9a-fA-F]{4}))"
)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}


class Words:
    """Reads a path from `at` on; what cannot be read is an `ExpressionError`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, context: str, at: int | None = None) -> NoReturn:
        place = self.at if at is None else at
        message, hint = fault(context, self.text, place)
        raise ExpressionError(message, place, hint)

    def take(self, symbol: str) -> bool:
        taken = self.text.startswith(symbol, self.at)
        if taken:
            self.at += len(symbol)
        return taken

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def space(self) -> None:
        self.match(_SPACE)

    def name(self) -> str:
        found = self.match(_NAME)
        return found[0] if found else self.fail("name")

    def number(self) -> int | Decimal | None:
        start = self.at
        found = self.match(_NUMBER)
        try:
            return None if not found else Decimal(found[0]) if found["broken"] else int(found[0])
        except InvalidOperation:
            raise ExpressionError("this number is too large", start) from None

    def integer(self) -> int | None:
        start = self.at
        found = self.match(_INTEGER)
        if not found:
            return None
        if found[0] != "0" and found[0].lstrip("-").startswith("0"):
            self.fail("index", start)
        number = int(found[0])
        if abs(number) > _INDEX_LIMIT:
            raise ExpressionError("this index is too large", start)
        return number

    def string(self) -> str | None:
        start, quote = self.at, self.text[self.at : self.at + 1]
        if quote not in _PLAIN:
            return None
        self.at += 1
        parts: list[str] = []
        while True:
            plain = self.match(_PLAIN[quote])
            parts.append(plain[0] if plain else "")
            if self.take(quote):
                return "".join(parts)
            if not self.take("\\"):
                self.fail("string", start if self.at == len(self.text) else None)
            parts.append(self.escape(quote))

    def escape(self, quote: str) -> str:
        character = self.text[self.at : self.at + 1]
        if character in _ESCAPES or character == quote:
            self.at += 1
            return _ESCAPES.get(character, quote)
        found = self.match(_UNICODE)
        if not found:
            self.fail("escape", self.at - 1)
        if found["one"]:
            return chr(int(found["one"], 16))
        high, low = int(found["pair"][:4], 16), int(found["pair"][6:], 16)
        return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF))
