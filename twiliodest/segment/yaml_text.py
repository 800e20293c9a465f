"""Scalars, lists and comments of YAML, as a person would write them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Scalars: TypeAlias = str | Sequence[str] | Mapping[str, str]
WIDTH = 100  # characters of a comment
_PLAIN = re.compile(r"[^\W\d_$]?[\w$ .=\"'()<>!*/+?,;@|\[\]\\-]*(?<![ ])")
_BEGIN = re.compile(r"[^\W\d_]|\$[.\[]|[a-z]+\(")
_WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def member(key: str, value: Scalars, indent: str, *, quoted: bool = False) -> Iterator[str]:
    """The lines of a key and its value."""
    if isinstance(value, str):
        yield f"{indent}{key}: {in_quotes(value) if quoted else scalar(value)}"
        return
    yield f"{indent}{key}:"
    if isinstance(value, Mapping):
        yield from (f"{indent}  {in_quotes(name)}: {scalar(text)}" for name, text in value.items())
    else:
        yield from (f"{indent}  - {scalar(text)}" for text in value)


def scalar(text: str) -> str:
    """A text, without quotes where it needs none."""
    plain = _BEGIN.match(text) and _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain and text.isprintable() else in_quotes(text)


def in_quotes(text: str) -> str:
    """A text in the quotes that need the fewest escapes."""
    if ('"' in text or "\\" in text) and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_ESCAPES.get(char) or _escaped(char) for char in text) + '"'


def comment(text: str, indent: str = "") -> Iterator[str]:
    """The lines of a comment; what cannot be shown in a line is a space."""
    line = "".join(char if char.isprintable() else " " for char in text)
    yield from textwrap.wrap(
        line,
        WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _escaped(char: str) -> str:
    if char.isprintable() or char == " ":
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
