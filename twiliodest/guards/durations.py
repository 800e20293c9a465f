"""Spans of time as people write and read them."""

from __future__ import annotations

import re

from twiliodest.errors import ExpressionError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DURATION = "([0-9]{1,9}) ?([smhdw])"
LONGEST = 366 * UNITS["d"]


def read_duration(text: str, longest: float = LONGEST) -> int:
    """Seconds of `90s`, `30m`, `1h`, `2d` or `4w`. Raises `ExpressionError`."""
    found = re.fullmatch(DURATION, text)
    if found is None:
        raise ExpressionError("this is not a duration", 0, "write one like 90s, 30m, 1h or 2d")
    seconds = int(found[1]) * UNITS[found[2]]
    if seconds > longest:
        raise ExpressionError("this is longer than a year", 0, "use at most 366d")
    return seconds


def spell(seconds: int) -> str:
    """A duration as it could have been written: in the largest unit that gives a whole number."""
    unit = next(unit for unit in reversed(UNITS) if not seconds % UNITS[unit])
    return f"{seconds // UNITS[unit]}{unit}"


def ago(seconds: float) -> str:
    """How long something is past, rounded down."""
    return "just now" if seconds < UNITS["m"] else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """A span of time for people, rounded down."""
    if seconds < UNITS["m"]:
        return f"{seconds:.0f} s"
    if seconds < UNITS["h"]:
        return f"{seconds // UNITS['m']:.0f} min"
    if seconds < 2 * UNITS["d"]:
        return f"{seconds // UNITS['h']:.0f} h"
    return f"{seconds // UNITS['d']:.0f} days"
