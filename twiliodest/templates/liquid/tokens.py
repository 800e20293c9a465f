"""Parts an expression of Liquid into names, numbers, texts and signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Token(NamedTuple):
    """`kind` is name, number, text, digits (a name that begins with one), sign, odd (no part of Liquid) or end."""

    kind: str
    text: str
    at: int


def tokens(source: str, at: int) -> Iterator[Token]:
    """The tokens of an expression that is at `at`, and one for its end."""
    for match in _TOKEN.finditer(source):
        if match.lastgroup and match.lastgroup != "space":
            yield Token(match.lastgroup, match[0], at + match.start())
    yield Token("end", "", at + len(source.rstrip()))


_FOREIGN = r"[^\x00-\x7f\s“”„‘’\u200b\u2060\ufeff]"  # RFC 9535: what is not ASCII needs no quotes
_LETTER = rf"(?:[A-Za-z_]|{_FOREIGN})"
_FURTHER = rf"(?:[A-Za-z0-9_-]|{_FOREIGN})"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<number>-?[0-9]+(?:\.[0-9]+)?(?!{_FURTHER}))
    |(?P<name>{_LETTER}{_FURTHER}*\??)
    |(?P<digits>[0-9]{_FURTHER}*)
    |(?P<sign>\.\.(?!\.)|[=!]=(?!=)|<>|<=|>=|\.(?!\.)|=(?!=)|\|(?!\|)|[<>,:$()\[\]])
    |(?P<odd>===|!==|\.\.\.|&&|\|\||\?\?|\+\+|.)""",
    re.VERBOSE | re.DOTALL,
)
