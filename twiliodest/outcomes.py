"""What comes of what was planned."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from twiliodest.model import Outcome, Status


def outcome_of(
    planned: Outcome,
    status: Status,
    *,
    reason: str | None = None,
    kind: str | None = None,
    sid: str | None = None,
    code: int | None = None,
    attempts: int = 0,
) -> Outcome:
    """What came of a message that was planned."""
    message = planned.message
    if message and message.send_at and status in (Status.PLANNED, Status.SENT):
        reason, kind = f"scheduled for {message.send_at}", "scheduled for the end of quiet hours"
    return Outcome(planned.event, planned.action, status, message, reason, kind, sid, code, attempts)


def by_event(outcomes: Iterable[Outcome]) -> Iterator[Sequence[Outcome]]:
    """The outcomes of each event, which follow each other; no two events are on the same line."""
    for _, group in itertools.groupby(outcomes, lambda outcome: outcome.event.line):
        yield list(group)
