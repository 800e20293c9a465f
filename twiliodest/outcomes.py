"""The outcome of a rendering."""

from __future__ import annotations

from twiliodest.model import Message, Outcome, Rendering, Status


def outcome_of(
    rendering: Rendering,
    status: Status,
    *,
    reason: str | None = None,
    kind: str | None = None,
    sid: str | None = None,
    code: int | None = None,
    attempts: int = 0,
) -> Outcome:
    """The outcome of a rendering: why it is invalid, or what came of its message."""
    event, made = rendering.event, rendering.result
    if isinstance(made, Message):
        message = made
        if made.send_at and status in (Status.PLANNED, Status.SENT):
            reason, kind = f"scheduled for {made.send_at}", "scheduled for the end of quiet hours"
    else:
        message, reason, kind = None, made.reason, made.kind
    return Outcome(
        source=event.source,
        line=event.line,
        event=event,
        action=rendering.action,
        status=status,
        message=message,
        reason=reason,
        kind=kind,
        sid=sid,
        code=code,
        attempts=attempts,
    )
