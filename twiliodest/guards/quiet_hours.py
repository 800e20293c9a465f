"""Quiet hours: whether somebody's clock forbids a text now, and when it will no longer."""

from __future__ import annotations

import difflib
import functools
import math
import re
import zoneinfo
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from twiliodest.errors import ExpressionError

DAY = 24 * 60  # minutes
HORIZON = timedelta(days=2)  # hours of the clock repeat daily: what has not opened by then never does

TIME = "([01]?[0-9]|2[0-3]):([0-5][0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """No text from `start` until `end`, both minutes of the recipient's day and never equal.

    `time_zone` is for recipients whose own is not known. `schedules`: Twilio is given the text at once and sends
    it later; else a later run sends it.
    """

    start: int
    end: int
    time_zone: str | None = None
    schedules: bool = False

    def cover(self, moment: datetime) -> bool:
        """Whether the clock that `moment` shows is within them; across midnight where `end` is before `start`."""
        minute = moment.hour * 60 + moment.minute
        return (minute - self.start) % DAY < (self.end - self.start) % DAY


@dataclass(frozen=True, slots=True)
class Quiet:
    """It is quiet in `zone`: its clock now, and when texts may be sent again, by the same clock; `None`: never."""

    zone: str
    now: datetime
    opens: datetime | None


def quiet(hours: QuietHours, zones: tuple[str, ...], now: float) -> Quiet | None:
    """Why a text may not arrive now (unix seconds) where any of these zones may be; `None` if it may."""
    return _quiet(hours, zones, int(now // 60))


def send_time(hours: QuietHours, zones: tuple[str, ...], earliest: float) -> datetime | None:
    """The first moment in UTC, not before the `earliest`, for which a text can be scheduled; `None`: never."""
    return _send_time(hours, zones, math.ceil(earliest / 60))


def is_zone(name: str) -> bool:
    """Whether this machine's time zone database has it."""
    return _zone(name) is not None


def read_time(text: str) -> int:
    """The minute of the day of `21:00`. Raises `ExpressionError`."""
    found = re.fullmatch(TIME, text)
    if found is None:
        raise ExpressionError("this is not a time of day", 0, _near_time(text))
    return int(found[1]) * 60 + int(found[2])


def read_zone(text: str) -> str:
    """The name of a time zone. Raises `ExpressionError`, with the nearest name."""
    if is_zone(text):
        return text
    names = sorted(zoneinfo.available_timezones())
    if not names:
        raise ExpressionError("this machine has no time zone database", 0, "pip install tzdata")
    folded = {name.lower(): name for name in names} | {
        name.rpartition("/")[2].lower(): name for name in names
    }
    near = difflib.get_close_matches(text[:40].lower().replace(" ", "_"), folded, 1)
    hint = (
        f'did you mean "{folded[near[0]]}"?'
        if near
        else "write its name as in the tz database, like Europe/Berlin"
    )
    raise ExpressionError("there is no such time zone", 0, hint)


# Every offset in use is of whole minutes, so that a minute has one answer, and it need be found once only.
@functools.lru_cache(maxsize=4096)
def _quiet(hours: QuietHours, zones: tuple[str, ...], minute: int) -> Quiet | None:
    now = datetime.fromtimestamp(minute * 60, UTC)
    closed = [name for name in zones if (zone := _zone(name)) and hours.cover(now.astimezone(zone))]
    if not closed:
        return None
    last = max(closed, key=lambda name: _end(hours, _zone(name) or UTC, now))
    opens = _opening(hours, zones, now)
    zone = _zone(last)
    return Quiet(last, now.astimezone(zone), opens and opens.astimezone(zone))


@functools.lru_cache(maxsize=4096)
def _send_time(hours: QuietHours, zones: tuple[str, ...], minute: int) -> datetime | None:
    return _opening(hours, zones, datetime.fromtimestamp(minute * 60, UTC))


def _opening(hours: QuietHours, names: Sequence[str], since: datetime) -> datetime | None:
    """The first moment at or after `since` that is quiet in none of the zones."""
    zones = [zone for name in names if (zone := _zone(name))]
    moment = since
    while closed := [zone for zone in zones if hours.cover(moment.astimezone(zone))]:
        moment = max(_end(hours, zone, moment) for zone in closed)
        if moment - since > HORIZON:
            return None
    return moment


def _end(hours: QuietHours, zone: tzinfo, since: datetime) -> datetime:
    """The first moment after `since`, which is quiet, that is not; clocks put forward or back may bring it."""
    local = since.astimezone(zone)
    minutes = (hours.end - local.hour * 60 - local.minute) % DAY
    end = since + timedelta(minutes=minutes)
    if end.astimezone(zone).utcoffset() == local.utcoffset():
        return end

    def is_changed(minute: int) -> bool:
        return (since + timedelta(minutes=minute)).astimezone(zone).utcoffset() != local.utcoffset()

    change = since + timedelta(minutes=bisect_left(range(minutes), True, key=is_changed))
    return _end(hours, zone, change) if hours.cover(change.astimezone(zone)) else change


@functools.lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo | None:
    if name == "UTC":
        return UTC  # known without a database
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such name, no name at all, a folder of names
        return None


def _near_time(text: str) -> str:
    found = re.fullmatch(
        r"([0-9]{1,2})(?:[:.h]?([0-5][0-9])(?::[0-9]{2})?)? *([ap]?)\.?m?\.?(?: uhr|h)?", text.lower()
    )
    if found is None or int(found[1]) > 24 or (found[3] and int(found[1]) > 12):
        return "write hours and minutes, from 00:00 to 23:59"
    hour = int(found[1]) % 12 + 12 * (found[3] == "p") if found[3] else int(found[1]) % 24
    return f'did you mean "{hour:02}:{found[2] or "00"}"?'
