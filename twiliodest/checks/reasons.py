"""Reasons with their count and the first place of each. Memory is bounded."""

from __future__ import annotations

from twiliodest.checks.findings import Reason

REASONS = 1_000  # distinct ones that are counted one by one


class Reasons:
    """Hears of every reason, and of the place where it was met."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, reason: str, place: str) -> None:
        """Count it."""
        if reason not in self._found and len(self._found) >= REASONS:
            reason = "other reasons"
        count, first = self._found.get(reason, (0, place))
        self._found[reason] = (count + 1, first)

    def most_common(self) -> list[Reason]:
        """The reasons so far, the most common first."""
        return sorted((Reason(reason, *it) for reason, it in self._found.items()), key=lambda it: -it.count)
