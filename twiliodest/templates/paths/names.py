"""How a name is written as a step of a path."""

from __future__ import annotations

import functools
import re

UNSEEN = r"\u00a0\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff"
"""Characters, for a regular expression, that nobody who reads a name can see or tell from a space."""


def written(name: str) -> str:
    """A name behind a dot, or quoted where some reader of paths would want it to be."""
    if _PLAIN.fullmatch(name):
        return f".{name}"
    quote = '"' if "'" in name and '"' not in name else "'"
    return f"[{quote}{_to_escape(quote).sub(_escaped, name)}{quote}]"


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@functools.cache
def _to_escape(quote: str) -> re.Pattern[str]:
    return re.compile(rf"[{quote}\\\x00-\x1f\x7f-\x9f\ud800-\udfff{UNSEEN}]")


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in "'\"\\" else f"\\u{ord(character):04x}"
