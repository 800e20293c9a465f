"""How often there was something at the paths of an action, and where it is instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from twiliodest.checks.findings import PathUse
from twiliodest.events.decoding import REFUSALS, WHOLE
from twiliodest.events.halves import HALF, Half
from twiliodest.templates.bounds import TOO_MUCH, TooMuch
from twiliodest.templates.paths.compiler import Path, elsewhere

SEARCHES = 100  # failures of a path after which its nearest path is no longer looked for


class PathSurvey:
    """How often there was something at one path of an action."""

    def __init__(self, kind: str, path: Path) -> None:
        self._kind = kind
        self._path = path
        self._resolved = self._missing = self._covered = 0
        self._first: tuple[str | None, str | None] = (None, None)
        self._nearest: Counter[str] = Counter()

    def look(self, data: Mapping[str, Any], raw: bytes, place: str, *, sent: bool) -> None:
        """Take an event, as it is decoded and as a text, and whether there is a message of it nevertheless."""
        fault = _fault(self._path, data)
        if not fault:
            self._resolved += 1
            return
        self._missing += 1
        self._covered += sent
        if self._missing == 1:
            self._first = (place, fault)
        if self._missing <= SEARCHES:
            self._nearest.update(elsewhere(self._path, whole(raw)))

    def use(self) -> PathUse:
        """The result so far."""
        first, fault = self._first
        return PathUse(
            field=self._kind,
            path=self._path.text,
            resolved=self._resolved,
            missing=self._missing,
            covered=self._covered,
            first=first,
            fault=fault,
            nearest=next((path for path, _ in self._nearest.most_common(1)), None),
        )


def whole(raw: bytes) -> Mapping[str, Any]:
    """All of an event; nothing where the rest of it, which nobody has looked at, cannot be read."""
    try:
        return WHOLE(raw)
    except REFUSALS:
        return {}


def _fault(path: Path, event: Mapping[str, Any]) -> str | None:
    """What is wrong with the values at a path, to follow "it"."""
    try:
        values = path.find(event)
    except TooMuch:
        return TOO_MUCH
    for value in values:
        if value is None:
            return "is null"
        if isinstance(value, Half):
            return HALF
        if value == "" or (isinstance(value, str) and value.isspace()):
            return "is empty"
        if value == []:
            return "is an empty list"
    return None if values else "is missing"
