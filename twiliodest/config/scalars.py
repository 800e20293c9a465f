"""Where in a YAML scalar's source, with its quotes, escapes and folds, a character of its value stands."""

from __future__ import annotations

import re


def source_index(source: str, style: str | None, value: str, offset: int) -> int:
    """The index in `source` of the character at `offset` of `value`.

    `style` is YAML's: `"`, `'`, `|`, `>`, or nothing for a plain scalar. All that YAML changes is white space,
    quotes and escapes: the characters that are no white space follow each other as in the value.
    """
    start = _content(source, style)
    solid = [place for place, char in enumerate(value[:offset]) if not char.isspace()]
    units = [
        unit for unit in _UNITS.get(style or "", _CHARACTER).finditer(source, start) if not _is_white(unit[0])
    ]
    if offset < len(value) and not value[offset].isspace() and len(solid) < len(units):
        return units[len(solid)].start()
    if not solid:
        return start
    before = units[min(len(solid), len(units)) - 1].end()
    rest = re.match(r"[^\r\n]*", source[before:])
    return before + min(offset - solid[-1] - 1, len(rest[0]) if rest else 0)


_CHARACTER = re.compile(".", re.DOTALL)
_UNITS = {
    '"': re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\(?:x..|u.{4}|U.{8}|\r?\n|.)|.", re.DOTALL),
    "'": re.compile("''|.", re.DOTALL),
}
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_BLOCK_HEADER = re.compile(r".*(?:\r\n?|\n)?")


def _content(source: str, style: str | None) -> int:
    """Where the text begins, behind anchor and tag, and the quote or the block's header."""
    found = _PROPERTIES.match(source)
    start = found.end() if found else 0
    if style in ("|", ">"):
        header = _BLOCK_HEADER.match(source, start)
        return header.end() if header else start
    return start + bool(style)


def _is_white(unit: str) -> bool:
    if len(unit) == 1 or unit[0] != "\\":
        return unit.isspace()
    if len(unit) == len(r"\ud83c\udf89"):
        return False
    if unit[1] in "xuU":
        return chr(int(unit[2:], 16)).isspace()
    return unit[1] in " \t\r\nntvfr_NLP"
