"""Whether a message still is of use, and when it is to arrive, by the times that its event holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twiliodest.guards.durations import span, spell
from twiliodest.model import Message, Outcome, Planned, Status

LEAD = timedelta(
    minutes=15
).total_seconds()  # what every version of Twilio's documentation takes for scheduling
FARTHEST = timedelta(days=35).total_seconds()  # ahead, Twilio's error 35114


def too_old(planned: Planned, at: float) -> Outcome | None:
    """What comes of a message whose event is too old at some time; `None` if it is not."""
    extras = planned.message.extras
    if extras is None or extras.happened is None or extras.max_age is None:
        return None
    age = at - extras.happened
    if age <= extras.max_age:
        return None
    kind = f"max_age {spell(extras.max_age)}"
    return planned.outcome(Status.EXPIRED, reason=f"its event is {span(age)} old; {kind}", kind=kind)


def due_at(message: Message, now: float) -> float | None:
    """When a message is to arrive, if it can be scheduled for that; `None`: as soon as it can."""
    extras = message.extras
    return extras.due if extras and extras.due is not None and extras.due - now >= LEAD else None


def too_late(planned: Planned, now: float) -> Outcome | None:
    """What comes of a message that is of no use after its time, and cannot be scheduled for it any more."""
    extras = planned.message.extras
    if not extras or extras.due is None or not extras.skips_late or extras.due - now >= LEAD:
        return None
    near = ": too soon to schedule" if extras.due > now else ""
    reason = f"it was due at {clock_time(extras.due)}{near}"
    return planned.outcome(Status.EXPIRED, reason=reason, kind="too late for its time (late: skip)")


def too_far(planned: Planned, arrival: float, now: float) -> Outcome | None:
    """What comes of a message that Twilio does not take yet."""
    if arrival - now <= FARTHEST:
        return None
    kind = "Twilio schedules at most 35 days ahead"
    reason = f"due at {clock_time(arrival)}; {kind}"
    return planned.outcome(Status.HELD, reason=reason, kind=kind)


def clock_time(seconds: float) -> str:
    """A moment for people: `2026-11-24 13:00 UTC`; one that no calendar has as a year."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return "the end of time" if seconds > 0 else "the beginning of time"
