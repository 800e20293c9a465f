"""What keeps a text from people who should not have it now: the suppression list, quiet hours, the cooldown.

Pure: the time and what was sent before are arguments, so that a preview and a send decide alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from twiliodest.guards.durations import ago, spell
from twiliodest.guards.quiet_hours import HORIZON, Quiet, QuietHours, is_zone, quiet, send_time
from twiliodest.guards.suppression import Suppressed
from twiliodest.guards.timing import LEAD, due_at, too_far, too_late, too_old
from twiliodest.messages.phones import time_zones
from twiliodest.model import Outcome, Planned, Status


class Guards:
    """What one run asks about each message that it is about to send. All times are unix seconds.

    `cooldowns` are seconds by action. Memory grows with the texts that are younger than the longest of them.
    """

    def __init__(
        self,
        quiet_hours: QuietHours | None = None,
        cooldowns: Mapping[str, int] | None = None,
        suppressed: Suppressed | None = None,
        own: Mapping[str, QuietHours | None] | None = None,
    ) -> None:
        """`own` are quiet hours by action, where an action has others than all, or none."""
        self._quiet_hours = quiet_hours
        self._own = own or {}
        self._cooldowns = cooldowns or {}
        self._suppressed = suppressed
        self._arrivals: dict[int, float] = {}  # of an action's latest text to somebody, the oldest first

    @property
    def reach(self) -> float:
        """How old a text may be and still matter, in seconds; 0: none does."""
        longest = max(self._cooldowns.values(), default=0)
        return longest and longest + (HORIZON.total_seconds() if self._schedules else 0)

    def remember(self, texts: Iterable[tuple[str, str, str, float]]) -> None:
        """Take in the texts of earlier runs, latest first: action, recipient, sender and when it was sent."""
        for action, to, sender, at in texts:
            if self._cooldowns.get(action):
                self._arrivals.setdefault(hash((action, to)), self._reached(action, to, sender, at))
        self._arrivals = dict(reversed(self._arrivals.items()))

    def __call__(self, planned: Planned, now: float, own: float | None = None) -> Planned | Outcome:
        """Why a message is not to be sent now; else what to send: what was planned, or the same for later.

        `own` is when this very message was tried before; that does not hold it.
        """
        message = planned.message
        action, to, sender = planned.action, message.to, message.sender
        if self._suppressed and to in self._suppressed:
            reason = f"on the list {self._suppressed.name}"
            return planned.outcome(Status.SUPPRESSED, reason=reason, kind=reason)
        if ended := too_old(planned, now) or too_late(planned, now):
            return ended
        arrival = due = due_at(message, now)
        hours = self._hours(action)
        found = self._quiet(hours, to, sender, now if due is None else due)
        if hours and found:
            arrival = self._end(hours, to, sender, now if due is None else due, is_due=due is not None)
            if arrival is None:
                return _held(planned, *_wait(found))
        if arrival is not None and (
            ended := too_far(planned, arrival, now) or (too_old(planned, arrival) if due is None else None)
        ):
            return ended
        reached = now if arrival is None else arrival
        cooldown = self._cooldowns.get(action, 0)
        last = self._arrivals.get(hash((action, to)))
        if own is not None and last == self._reached(action, to, sender, own):
            last = None
        if last is not None and reached - last < cooldown:
            kind = f"cooldown {spell(cooldown)}"
            is_scheduled = last > now and (self._schedules or due is not None)
            before = "a text is already scheduled" if is_scheduled else f"texted {ago(now - last)}"
            return _held(planned, f"{before}; {kind}", kind)
        if arrival is None:
            return planned
        later = msgspec.structs.replace(message, send_at=_utc(arrival))
        return msgspec.structs.replace(planned, message=later)

    def sent(self, planned: Planned, now: float) -> None:
        """A message was sent now, or may have been, or would have been if this were no preview."""
        if not self._cooldowns.get(planned.action):
            return
        message = planned.message
        person = hash((planned.action, message.to))
        self._arrivals.pop(person, None)
        self._arrivals[person] = _seconds(message.send_at) if message.send_at else now
        oldest = next(iter(self._arrivals))
        if self._arrivals[oldest] < now - self.reach:
            del self._arrivals[oldest]

    def _reached(self, action: str, to: str, sender: str, at: float) -> float:
        """When a text that was posted at some time, to be sent at once, has reached people."""
        hours = self._hours(action)
        if not hours or not self._quiet(hours, to, sender, at):
            return at
        later = self._end(hours, to, sender, at, is_due=False)
        return at if later is None else later

    def _end(self, hours: QuietHours, to: str, sender: str, at: float, *, is_due: bool) -> float | None:
        """The end of quiet hours that a text can be scheduled for; `None` where it has to wait for it here."""
        if not is_due and not hours.schedules:
            return None
        later = send_time(hours, self._zones(hours, to, sender), at if is_due else at + LEAD)
        return later.timestamp() if later else None

    @property
    def _schedules(self) -> bool:
        return any(hours and hours.schedules for hours in (self._quiet_hours, *self._own.values()))

    def _hours(self, action: str) -> QuietHours | None:
        return self._own.get(action, self._quiet_hours)

    def _quiet(self, hours: QuietHours | None, to: str, sender: str, at: float) -> Quiet | None:
        return quiet(hours, self._zones(hours, to, sender), at) if hours else None

    def _zones(self, hours: QuietHours, to: str, sender: str) -> tuple[str, ...]:
        """Where a recipient may be: where its number is from, else as configured, else where the sender's is."""
        configured = hours.time_zone
        return _known(to) or ((configured,) if configured else _known(sender)) or ("UTC",)


def _known(address: str) -> tuple[str, ...]:
    return tuple(filter(is_zone, time_zones(address)))


def _held(planned: Planned, reason: str, kind: str) -> Outcome:
    return planned.outcome(Status.HELD, reason=reason, kind=kind)


def _wait(found: Quiet) -> tuple[str, str]:
    """Reason and kind of what waits for the end of quiet hours."""
    then = (
        f"sends from {found.opens:%H:%M}" if found.opens else "always quiet in one of the number's time zones"
    )
    return f"quiet hours: {found.now:%H:%M} in {found.zone}; {then}", f"quiet hours in {found.zone}; {then}"


def _utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _seconds(utc: str) -> float:
    return datetime.fromisoformat(utc).timestamp()
