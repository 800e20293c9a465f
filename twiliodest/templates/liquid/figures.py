"""Exact arithmetic: no digit is lost, and thirds stay thirds until they are written.

A value that does not fit is a `ValueError` that says why, and holds nothing of the value.
"""

from __future__ import annotations

import decimal
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

DIGITS = 40  # of a number that is calculated with, and of a result that is written in full
PERIODIC = 16  # digits that are written of a quotient that has no end, or more digits than `DIGITS`
_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,40}(?:\.[0-9]{0,40})?\s*", re.ASCII)


def number(value: Any) -> Fraction:
    """A value to calculate with; raises `ValueError`."""
    exact = as_number(value)
    if isinstance(exact, int | Fraction):
        parts = (exact.numerator, exact.denominator)
        fits = all(part.bit_length() <= 4 * DIGITS for part in parts)
    else:
        fits = (
            exact.is_finite() and len(exact.as_tuple().digits) <= DIGITS and abs(exact.adjusted()) <= DIGITS
        )
    if not fits:
        raise ValueError("the number is too large or too small to calculate with")
    return Fraction(exact)


def as_number(value: Any) -> int | Decimal | Fraction:
    """A number as it is written, or the one that a text is; raises `ValueError`."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Fraction):
        raise ValueError("it is not a number")
    return Decimal(repr(value)) if isinstance(value, float) else value


def figure(value: Fraction) -> int | Decimal | Fraction:
    """The result of a calculation, without zeros behind the point; a fraction where its digits have no end."""
    places = _places(value.denominator)
    if not places:
        return value if places is None else int(value)
    digits = str(value.numerator * 10**places // value.denominator)
    return Decimal(f"{digits}e-{places}") if len(digits.lstrip("-")) <= DIGITS else value


def rounded(value: Fraction, places: int) -> int | Decimal:
    """Rounded half away from zero, with exactly so many digits behind the point; to tens where `places` is -1."""
    scaled = abs(value) * Fraction(10) ** places
    whole = math.floor(scaled + Fraction(1, 2)) * (-1 if value < 0 else 1)
    return Decimal(f"{whole}e-{places}") if places > 0 else whole * 10**-places


def written(value: Fraction) -> str:
    """A fraction whose digits have no end, as a text."""
    context = decimal.Context(prec=PERIODIC)
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return format(quotient.normalize(context), "f")


def _places(denominator: int) -> int | None:
    """The digits behind the point that a fraction needs; `None` where they have no end."""
    needed = 0
    for factor in (2, 5):
        count = 0
        while denominator % factor == 0:
            denominator //= factor
            count += 1
        needed = max(needed, count)
    return needed if denominator == 1 else None
