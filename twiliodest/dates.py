"""Dates as Liquid's `date` filter writes them: the same on every machine, in the offset that the event gives."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from email.utils import parsedate_to_datetime

DEFAULT_FORMAT = "%A, %B %-e, %Y at %-l:%M %P %z"


def parse_date(value: object) -> dt.datetime:
    """A text in ISO 8601 or RFC 2822, or seconds since 1970; without an offset it is UTC. Raises `ValueError`."""
    try:
        if isinstance(value, str) and not _DIGITS.fullmatch(value.strip()):
            text = value.strip()
            date = parsedate_to_datetime(text) if _RFC.match(text) else dt.datetime.fromisoformat(text)
        elif isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            date = _EPOCH + dt.timedelta(seconds=float(Decimal(value)))
        else:
            raise ValueError("it is not a date")
        date.utctimetuple()  # an offset may leave the years 1 to 9999
    except (ValueError, TypeError, ArithmeticError, LookupError):
        raise ValueError("it is not a date (like 2024-05-01T10:00:00Z)") from None
    return date if date.tzinfo else date.replace(tzinfo=dt.UTC)


def format_date(date: dt.datetime, form: str) -> str:
    """`form` with its directives filled in, in English; what is no directive stays as it is.

    The flags `-`, `_`, `0`, `^`, `#` and a width of at most two digits are those of Ruby's `strftime`.
    """
    return _DIRECTIVE.sub(lambda match: _directive(match, date), form)


_DIGITS = re.compile(r"[0-9]{1,12}")
_RFC = re.compile(r"[A-Z][a-z]{2}, |[0-9]{1,2} [A-Z][a-z]{2} ")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DIRECTIVE = re.compile(r"%([-_0^#:]*)([0-9]{0,2})([A-Za-z%])")
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


def _directive(match: re.Match[str], date: dt.datetime) -> str:
    flags, width, name = match.groups()
    if name in _NUMBERS:
        number, digits, padding = _NUMBERS[name]
        padding = "0" if "0" in flags else " " if "_" in flags else padding
        return str(number(date)) if "-" in flags else str(number(date)).rjust(int(width or digits), padding)
    text = _word(name, date, flags, width)
    if text is None:
        return match[0]
    if "^" in flags or ("#" in flags and name != "p"):
        text = text.upper()
    elif "#" in flags:
        text = text.lower()
    return text.rjust(int(width or 0)) if name != "N" else text


def _word(name: str, date: dt.datetime, flags: str, width: str) -> str | None:
    match name:
        case "a" | "A":
            return _DAYS[date.weekday()][: 3 if name == "a" else None]
        case "b" | "h" | "B":
            return _MONTHS[date.month - 1][: None if name == "B" else 3]
        case "p" | "P":
            half = "AM" if date.hour < 12 else "PM"
            return half if name == "p" else half.lower()
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
            return format_date(date, _COMPOUND[name]) if name in _COMPOUND else None
