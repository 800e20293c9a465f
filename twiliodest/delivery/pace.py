"""How long to wait before the next request: numbers in, seconds out. Somebody else sleeps."""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 30.0
LONGEST_RETRY_AFTER = 300.0


def backoff(attempt: int, jitter: float) -> float:
    """Seconds to wait after a failed attempt, counted from 1; `jitter` is in [-1, 1].

    Twilio's published policy: 100 ms doubling, ±10 %, at most 30 s.
    """
    doublings = min(attempt - 1, 10)  # ten exceed the cap already
    return min(FIRST_BACKOFF * 2.0**doublings * (1 + jitter / 10), LONGEST_BACKOFF)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, at most 300; None if it asks for nothing sensible.

    `now` is unix seconds, for headers that hold a date.
    """
    if header is None or not header.isascii():
        return None
    try:
        seconds = float(header)
        if math.isnan(seconds) or seconds < 0:
            return None
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


class Pace:
    """Spreads sends evenly, at `rate` a second at most (None: no limit), and slower while Twilio refuses.

    A refusal sets the pace to half of what was accepted in about the last second. From there it doubles with each
    second in which something is accepted, up to the rate, or until it hinders no one: with slower growth, a few
    refusals at any pace would bring a run almost to a halt.
    All times are monotonic seconds.
    """

    SLOWEST = 1.0  # messages a second
    FASTEST = 1000.0  # beyond this a lowered pace without a rate is no longer a limit
    GROWTH = 2.0  # a second
    MOMENT = 1.0  # refusals this close together have one cause: all lanes are refused at once

    def __init__(self, rate: float | None) -> None:
        self._limit = math.inf if rate is None else rate
        self._enough = self.FASTEST if rate is None else rate
        self._rate = self._limit
        self._next = -math.inf  # the next free slot
        self._achieved = 0.0  # accepted a second, older ones fading
        self._accepted_at = -math.inf
        self._refused_at = -math.inf

    def reserve(self, now: float) -> float:
        """Seconds to wait before the next send, whose slot is now taken."""
        slot = max(self._next, now)
        self._next = slot + 1 / self._rate
        return slot - now

    def accepted(self, now: float) -> None:
        """Twilio took a message."""
        passed = max(now - self._accepted_at, 0.0)
        self._achieved = self._achieved * math.exp(-passed) + 1
        self._accepted_at = now
        if self._rate < self._limit:
            grown = self._rate * self.GROWTH ** min(passed, 1.0)
            self._rate = grown if grown < self._enough else self._limit

    def refused(self, now: float) -> None:
        """Twilio answered 429."""
        if now - self._refused_at < self.MOMENT:
            return
        self._refused_at = now
        achieved = self._achieved * math.exp(-max(now - self._accepted_at, 0.0))
        pace = (
            min(self._rate, 2 * achieved) if self._rate < self._limit else achieved
        )  # while it grows, it leads
        self._rate = min(max(pace / 2, self.SLOWEST), self._limit)
