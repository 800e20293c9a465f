"""Dates as Liquid's `date` filter writes them: the same on every machine, in the offset that the event gives."""

from __future__ import annotations

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Callable
from decimal import Decimal

DEFAULT_FORMAT = "%A, %B %-e, %Y at %-l:%M %P %z"


def parse_date(value: object, zone: dt.tzinfo | None = None) -> dt.datetime:
    """A text in ISO 8601 or RFC 2822, eight digits (`20260301`), or seconds since 1970; raises `ValueError`.

    A moment is shown in `zone`, else in its own offset; without an offset it is UTC. A day is that day in every zone.
    """
    try:
        date = _day(value) or _moment(value)
        if not isinstance(date, dt.datetime):
            return dt.datetime(date.year, date.month, date.day, tzinfo=zone or dt.UTC)
        date = date if date.tzinfo else date.replace(tzinfo=dt.UTC)
        date = date.astimezone(zone) if zone else date
        date.utctimetuple()  # an offset may leave the years 1 to 9999
    except _Refused as refused:
        raise ValueError(*refused.args) from None
    except (ValueError, TypeError, ArithmeticError, LookupError):
        raise ValueError("it is not a date (like 2024-05-01T10:00:00Z)") from None
    return date


def parse_moment(value: object) -> dt.datetime:
    """A moment that is the same everywhere: what `parse_date` reads, if it has an offset and a time of day."""
    date = parse_date(value)  # says better what is wrong with what is not a date at all
    if _day(value):
        raise ValueError("it is a day without a time (write one like 2024-05-01T10:00:00Z)")
    if _moment(value).tzinfo is None:
        raise ValueError("it has no UTC offset (write one like 2024-05-01T10:00:00Z)")
    return date


def time_zone(name: str) -> dt.tzinfo:
    """The time zone of that name in the IANA database; raises `ValueError`."""
    if name not in zones():
        raise ValueError("there is no such time zone (write one like Europe/Berlin)")
    return zoneinfo.ZoneInfo(name)


@functools.cache
def zones() -> frozenset[str]:
    """The names of all time zones that this machine knows."""
    return frozenset(zoneinfo.available_timezones())


def format_date(date: dt.datetime, form: str) -> str:
    """`form` with its directives filled in, in English; raises `ValueError` where one is not known.

    The flags `-`, `_`, `0`, `^`, `#` and a width of at most two digits are those of Ruby's `strftime`.
    """
    if not _is_known(form):
        raise ValueError("its format has an unknown directive")
    return _DIRECTIVE.sub(lambda match: _directive(match, date), form)


def odd_directive(form: str) -> re.Match[str] | None:
    """The first `%` of a format that begins nothing known."""
    return next((found for found in _DIRECTIVE.finditer(form) if found[3] not in _KNOWN), None)


@functools.lru_cache(100)
def _is_known(form: str) -> bool:
    return odd_directive(form) is None


class _Refused(Exception):  # noqa: N818 -- becomes a ValueError
    """A date that could be read, but in two ways, or hardly as it was meant."""


def _day(value: object) -> dt.date | None:
    """A date without a time of day."""
    if isinstance(value, str) and _ISO_DAY.fullmatch(value.strip()):
        return dt.date.fromisoformat(value.strip())
    digits = value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""
    if not re.fullmatch("[0-9]{8}", digits):
        return None
    if not "1900" <= digits[:4] < "2200":
        raise _Refused("eight digits are read as a day (like 20260301), but this is not one")
    return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _moment(value: object) -> dt.datetime:
    if isinstance(value, str) and not _DIGITS.fullmatch(value.strip()):
        text = value.strip()
        return _rfc_2822(text) if _RFC.match(text) else dt.datetime.fromisoformat(text)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError
    seconds = Decimal(value)
    size = seconds.adjusted() + 1
    for digits, unit, factor in (
        (12, "milliseconds", 1000),
        (15, "microseconds", 10**6),
        (18, "nanoseconds", 10**9),
    ):
        if digits <= size <= digits + 1:
            raise _Refused(f"{unit}? divide by {factor}")
    if not 9 <= size <= 11:
        raise _Refused("seconds since 1970 have 9 to 11 digits")
    whole, rest = divmod(seconds, 1)
    return _EPOCH + dt.timedelta(seconds=int(whole), microseconds=int(rest * 10**6))


def _rfc_2822(text: str) -> dt.datetime:
    from email.utils import parsedate_to_datetime  # seldom needed, and slow to load

    return parsedate_to_datetime(text)


_DIGITS = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RFC = re.compile(r"[A-Z][a-z]{2}, |[0-9]{1,2} [A-Z][a-z]{2} ")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DIRECTIVE = re.compile(r"%([-_0^#:]*)([0-9]{0,2})(.?)", re.DOTALL)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_COMPOUND = {
    "c": "%-m/%-d/%Y, %-I:%M:%S %p",
    "x": "%-m/%-d/%Y",
    "X": "%-I:%M:%S %p",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "T": "%H:%M:%S",
    "r": "%I:%M:%S %p",
}
_NUMBERS: dict[str, tuple[Callable[[dt.datetime], int], int, str]] = {  # value, width, padding
    "Y": (lambda d: d.year, 4, "0"),
    "C": (lambda d: d.year // 100, 2, "0"),
    "y": (lambda d: d.year % 100, 2, "0"),
    "m": (lambda d: d.month, 2, "0"),
    "d": (lambda d: d.day, 2, "0"),
    "e": (lambda d: d.day, 2, " "),
    "j": (lambda d: d.timetuple().tm_yday, 3, "0"),
    "H": (lambda d: d.hour, 2, "0"),
    "k": (lambda d: d.hour, 2, " "),
    "I": (lambda d: d.hour % 12 or 12, 2, "0"),
    "l": (lambda d: d.hour % 12 or 12, 2, " "),
    "M": (lambda d: d.minute, 2, "0"),
    "S": (lambda d: d.second, 2, "0"),
    "L": (lambda d: d.microsecond // 1000, 3, "0"),
    "s": (lambda d: (d - _EPOCH) // dt.timedelta(seconds=1), 1, "0"),
    "u": (lambda d: d.isoweekday(), 1, "0"),
    "w": (lambda d: d.isoweekday() % 7, 1, "0"),
    "U": (lambda d: (d.timetuple().tm_yday + 6 - d.isoweekday() % 7) // 7, 2, "0"),
    "W": (lambda d: (d.timetuple().tm_yday + 6 - d.weekday()) // 7, 2, "0"),
    "V": (lambda d: d.isocalendar().week, 2, "0"),
    "G": (lambda d: d.isocalendar().year, 4, "0"),
}


_KNOWN = frozenset((*_NUMBERS, *_COMPOUND, *"aAbhBpPzZNqnt%"))


def _directive(match: re.Match[str], date: dt.datetime) -> str:
    flags, width, name = match.groups()
    if name in _NUMBERS:
        number, digits, padding = _NUMBERS[name]
        padding = "0" if "0" in flags else " " if "_" in flags else padding
        return str(number(date)) if "-" in flags else str(number(date)).rjust(int(width or digits), padding)
    text = _word(name, date, flags, width)
    if "^" in flags or ("#" in flags and name != "p"):
        text = text.upper()
    elif "#" in flags:
        text = text.lower()
    return text.rjust(int(width or 0)) if name != "N" else text


def _word(name: str, date: dt.datetime, flags: str, width: str) -> str:
    match name:
        case "a" | "A":
            return _DAYS[date.weekday()][: 3 if name == "a" else None]
        case "b" | "h" | "B":
            return _MONTHS[date.month - 1][: None if name == "B" else 3]
        case "p" | "P":
            half = "AM" if date.hour < 12 else "PM"
            return half if name == "p" else half.lower()
        case "Z" if isinstance(date.tzinfo, zoneinfo.ZoneInfo):
            return date.tzname() or ""
        case "z" | "Z":
            offset = date.isoformat()[-6:]
            return offset if ":" in flags else offset.replace(":", "")
        case "N":
            return f"{date.microsecond:06d}000".ljust(int(width or 9), "0")[: int(width or 9)]
        case "q":
            return {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10 * (date.day // 10 != 1), "th")
        case "n" | "t" | "%":
            return {"n": "\n", "t": "\t", "%": "%"}[name]
        case _:
            return format_date(date, _COMPOUND[name])
