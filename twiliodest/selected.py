"""What a JSONPath selects for a placeholder: all of it, or nothing, so that no text is half filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.paths import Path, compile_path

Find = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Selected:
    """A path, and what must be complete: how many values one look-up gives for each value of another."""

    path: Path
    steps: tuple[tuple[Find, int, Find], ...]

    def lacking(self, event: Any) -> tuple[int, int]:
        """How many of the values that the path asks for are missing, and how many it asks for."""
        for before, each, after in self.steps:
            wanted = len(before(event)) * each
            if missing := wanted - len(after(event)):
                return missing, wanted
        return 0, 0


def compile_selected(text: str) -> Selected:
    """A JSONPath whose names and indexes must be there in everything that a wildcard, slice or filter selects.

    RFC 9535 leaves out what is missing; a text would then speak of two of three items. Raises `ExpressionError`.
    """
    path = compile_path(text)
    steps: list[tuple[Find, int, Find]] = []
    many, begin, each = False, 0, 1
    for start, end, count in _segments(text):
        if count is None:
            _add(steps, text, begin, start, each)
            many, begin, each = True, end, 1
        elif not many and count > 1:
            many, begin, each = True, start, count
        else:
            each *= count
            begin = begin if many else end
    _add(steps, text, begin, len(text), each)
    return Selected(path, tuple(steps))


def _add(steps: list[tuple[Find, int, Find]], text: str, begin: int, end: int, each: int) -> None:
    if 1 < begin < end:
        steps.append((compile_path(text[:begin]).find, each, compile_path(text[:end]).find))


_SEGMENT = re.compile(
    r"\s*(?:(?P<many>\.\.(?:\*|(?P<descent>\[)|[^\s.\[]+)|\.\s*\*)|\.\s*[^\s.\[]+|(?P<open>\[))"
)
_PIECE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\[\](),?:*]""", re.DOTALL)


def _segments(text: str) -> Iterator[tuple[int, int, int | None]]:
    """Where each segment of a path begins and ends, and how many values it gives of one; `None`: it depends."""
    at = 1
    while match := _SEGMENT.match(text, at):
        end, count = match.end(), None if match["many"] else 1
        if match["open"] or match["descent"]:
            end, count = _bracket(text, match.end())
            count = None if match["descent"] else count
        yield at, end, count
        at = end


def _bracket(text: str, at: int) -> tuple[int, int | None]:
    depth, count = 1, 1
    many = False
    for piece in _PIECE.finditer(text, at):
        many = many or (depth == 1 and piece[0] in ("?", ":", "*"))
        count += depth == 1 and piece[0] == ","
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(piece[0], 0)
        if not depth:
            return piece.end(), None if many else count
    return len(text), None
