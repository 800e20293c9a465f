"""How people write a phone number: its digits, and what is before, between and behind them."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Spelling(NamedTuple):
    """ASCII digits, and whether a plus sign stands before them.

    `zero` is the place of a `(0)` behind the country code, as in `+44 (0) 20 …`: who calls from abroad leaves it out.
    """

    digits: str
    plus: bool
    zero: int | None = None


def visible(text: str) -> str:
    """The text without what nobody sees: white space at its ends, and the marks that come along with a copied number.

    Those are Unicode's format characters: marks of direction (U+200E, U+202A, U+2066, …), a byte order mark, soft
    hyphens, joiners.
    """
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return text.strip()


def read_spelling(text: str) -> Spelling | None:
    """What a text without invisible marks spells; `None` if it holds anything that no number is written with.

    Digits of every script count by their value. Spaces, dashes, dots, slashes, tildes, quotes, brackets and pictures
    (☎) mean nothing, but for `(0)`.
    """
    found = _NUMBER("".join(map(_plain, text)))
    if not found:
        return None
    plus, rest = found.groups()
    zero = _ZERO(rest)
    place = len(_digits(zero[1])) if zero else None
    return Spelling(_digits(rest), bool(plus), place)


_NUMBER = re.compile(r"[ (]*(\+?)([ ()]*[0-9][ ()0-9]*)").fullmatch
_ZERO = re.compile(r"([ ()]*[0-9][ ()0-9]*?)\( *0 *\)").match
_PLAIN = (
    dict.fromkeys("+＋﹢", "+")
    | dict.fromkeys("([（［", "(")
    | dict.fromkeys(")]）］", ")")
    | dict.fromkeys("\t.．·/／~⁓∼～−ー'\"‘’“”\ufe0f", " ")
)
_BETWEEN = ("Zs", "Pd", "So")  # spaces, dashes, pictures


def _plain(char: str) -> str:
    """A digit, `+`, a parenthesis, a space; or `?` for what is none of these."""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return _PLAIN.get(char) or (" " if unicodedata.category(char) in _BETWEEN else "?")


def _digits(plain: str) -> str:
    return re.sub(r"[^0-9]", "", plain)
