"""Texts of any script in lines of so many cells."""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells

from twiliodest.screens.controls import safe

ELLIPSIS = "…"
_PIECES = re.compile(
    "([^\\S\xa0\u202f]+)|[\\S\xa0\u202f]+"
)  # white space, unless it holds words together; or words
_JOINTS = re.compile(r".*?[/.\-_&?=:,;]+(?=.)|.+", re.DOTALL)  # where a word is broken, if it must be


def wrap(text: str, width: int) -> list[str]:
    """A text in lines of so many cells, broken between words; a word that is too long breaks at its joints.

    What a terminal would obey is shown as an escape.
    """
    width = max(width, 2)
    lines: list[str] = []
    for paragraph in safe(text).expandtabs(4).split("\n"):
        line, at = "", 0
        for found in _PIECES.finditer(paragraph):
            piece = found[0]
            if at + cell_len(piece) <= width:
                line, at = line + piece, at + cell_len(piece)
                continue
            if found[1]:
                at = width  # what follows is on the next line
                continue
            if line.strip():
                lines.append(line.rstrip())
            *full, line = _broken(piece, width)
            lines += full
            at = cell_len(line)
        lines.append(line.rstrip())
    return lines


def cut(text: str, width: int) -> str:
    """The beginning of a text, on one line."""
    text = " ".join(safe(text).split())
    return text if cell_len(text) <= width else chop_cells(text, max(width - 1, 1))[0] + ELLIPSIS


def around(before: str, behind: str, room: int) -> tuple[str, str]:
    """What there is room for of a line around a place in it, in cells; an ellipsis marks what is left out."""
    if cell_len(before) + cell_len(behind) <= room:
        return before, behind
    most = max(room * 2 // 3, 2)
    if cell_len(before) > most:
        before = ELLIPSIS + (chop_cells(before[::-1], most - 1)[0])[::-1]
    rest = max(room - cell_len(before), 2)
    return before, behind if cell_len(behind) <= rest else chop_cells(behind, rest - 1)[0] + ELLIPSIS


def _broken(word: str, width: int) -> list[str]:
    lines = [""]
    for piece in _JOINTS.findall(word) if cell_len(word) > width else (word,):
        if cell_len(lines[-1]) + cell_len(piece) <= width:
            lines[-1] += piece
        else:
            lines += chop_cells(piece, width) or [piece]
    return [line for line in lines if line] or [word]
