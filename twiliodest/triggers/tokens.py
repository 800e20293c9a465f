"""The words of the Filter Query Language, one at a time, up to the first that it does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple, NoReturn

from twiliodest.errors import ExpressionError

_QUOTES = {'"': '"', "'": "'", "“”„‟«»": '“”„‟«»"', "‘’‚‛": "‘’‚‛'"}
OPENERS = "".join(_QUOTES)
ESCAPE = re.compile(rf"\\([\\{OPENERS}])")
_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_LOOKALIKES = (  # of white space, of the language's own signs, and of nothing at all
    r"\u0080-\u00a1\u00ab-\u00ad\u00b1\u00b7\u00bb\u00bf\u00d7\u00f7\u061c\u1680\u180e\u2000-\u200b\u200e-\u203e"
    r"\u2041-\u206f\u2190-\u22ff\u2e00-\u2e7f\u3000-\u3004\u3008-\u301f\ud800-\udfff\ufe10-\ufe1f\ufe30-\ufe6f\ufeff"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\ufff0-\uffff\U000e0000-\U000e0fff"
)
NAMED = (
    rf"[A-Za-z0-9_\-]|(?![{_LOOKALIKES}])[^\x00-\x7f]"  # what RFC 9535 takes without quotes, but look-alikes
)
NAME = rf"(?:{NAMED}|\\.)+"


class Token(NamedTuple):
    """The last one is of the kind `end`, where the text ends but for white space."""

    kind: str  # number, word, string, symbol, end
    text: str  # of a string: its value
    offset: int

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind != "string" and self.text in symbols


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a trigger; raises `ExpressionError` on reaching what is none."""
    for found in _TOKEN.finditer(text):
        token = Token(str(found.lastgroup), found[0], found.start())
        match token.kind, token.text:
            case "string", quoted:
                yield token._replace(text=ESCAPE.sub(r"\1", quoted[1:-1]))
            case "foreign", symbol:
                fail(token, f'"{symbol}" is not an operator here', f"use {_FOREIGN[symbol]}")
            case "stray", character if character in OPENERS:
                closers = next(closers for opener, closers in _QUOTES.items() if character in opener)
                fail(token, "this string is not closed", f"close it with {closers[-1]}")
            case "stray", character:
                hint = _STRAY.get(character, f"in a field name, write \\{character}; put text in quotes")
                fail(token, f'"{character}" does not belong here', hint)
            case _:
                yield token
    yield Token("end", "", len(text.rstrip()))


def operands(text: str) -> Iterator[tuple[int, str]]:
    """What `and` and `or` join outside of brackets, right or wrong, with its offset; no string that never ends."""
    begin = depth = 0
    for found in _TOKEN.finditer(text):
        word = found[0]
        if found.lastgroup == "stray" and word in OPENERS:
            break
        depth = max(0, depth + (word in ("(", "[")) - (word in (")", "]")))
        if word in ("and", "or") and not depth:
            yield begin, text[begin : found.start()]
            begin = found.end()
    yield begin, text[begin:]


def fail(token: Token, message: str, hint: str | None) -> NoReturn:
    raise ExpressionError(message, token.offset, hint)


def parse_number(text: str) -> int | Decimal | None:
    """The decimal number that a text spells, exactly; None if it spells none."""
    try:
        if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
            return int(text)
        return Decimal(text) if re.fullmatch(_NUMBER, text) else None
    except ArithmeticError:  # an exponent beyond Decimal's
        return None


_STRING = "|".join(rf"[{opener}](?:[^\\{closer}]|\\.)*+[{closer}]" for opener, closer in _QUOTES.items())
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER}(?!{NAMED}|[.\\\\]))|(?P<word>{NAME}(?:\.{NAME})*)|(?P<string>{_STRING})"
    r"|(?P<foreign>===?|!==|<>|=[<>]|&&?|\|\|?|[≠≤≥])|(?P<symbol>!=|<=|>=|[=<>!()\[\],])|(?P<stray>\S)",
    re.DOTALL,
)
_FOREIGN = {"==": "=", "===": "=", "!==": "!=", "<>": "!=", "≠": "!="}
_FOREIGN |= {"=>": ">=", "≥": ">=", "=<": "<=", "≤": "<="}
_FOREIGN |= {"&&": "and", "&": "and", "||": "or", "|": "or"}
_STRAY = {
    "$": "write a field without $: properties.total",
    ".": "a field is names joined with single dots: properties.total",
    "*": "a pattern is a string in match(…)",
}
