"""What a JSONPath selects for a placeholder: all of it, or nothing, so that no text is half filled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.templates.paths.compiler import Path, compile_path
from twiliodest.templates.paths.nodes import Query, Segment
from twiliodest.templates.paths.search import searching
from twiliodest.templates.paths.syntax import parse_path

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
    segments = parse_path(text).segments
    steps: list[tuple[Find, int, Find]] = []
    many, begin, each = False, 0, 1

    def complete(end: int) -> None:
        if 0 < begin < end or each > 1:
            steps.append((_finding(segments[:begin]), each, _finding(segments[:end])))

    for place, segment in enumerate(segments):
        count = _count(segment)
        if count is None:
            complete(place)
            many, begin, each = True, place + 1, 1
        elif count > 1 or many:
            many, each = True, each * count
        else:
            begin = place + 1
    complete(len(segments))
    return Selected(compile_path(text), tuple(steps))


def _count(segment: Segment) -> int | None:
    """How many values a segment gives of one; `None`: it depends on the event."""
    if segment.descends or not all(isinstance(selector, str | int) for selector in segment.selectors):
        return None
    return len(segment.selectors)


def _finding(segments: tuple[Segment, ...]) -> Find:
    return searching(Query(True, segments))
