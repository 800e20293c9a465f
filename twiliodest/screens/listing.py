"""What of a run's outcomes standard output lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twiliodest.model import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is listed of the outcomes of a run: which statuses, and how many `rows` of a table (0: all; `None`: JSON).

    With `flows`, rows appear as they happen. With `changed`, what this run changed is listed, too. Sources and
    actions are told by their names. All may be diverted to one phone.
    """

    statuses: frozenset[Status]
    rows: int | None
    sources: Sequence[str]
    actions: Sequence[str] = ()
    flows: bool = False
    changed: bool = False
    diverted_to: str | None = None

    @property
    def lists_already(self) -> bool:
        """Whether what was sent before is listed, too, as in JSON Lines without a choice."""
        return Status.ALREADY in self.statuses
