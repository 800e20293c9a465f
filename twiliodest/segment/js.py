"""How JavaScript writes and reads plain values, where Segment's engine makes texts of them."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def text_of(value: Any) -> str:
    """`String(value)` of a value of JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(float(value))
    if isinstance(value, list):
        return ",".join("" if item is None else text_of(item) for item in value)
    return value if isinstance(value, str) else "[object Object]"


def number_of(text: str) -> Decimal | None:
    """`Number(text)`; `None` for what is not a number, or one that is written in another way than in JSON."""
    text = text.strip()
    if not text:
        return Decimal(0)
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _number_text(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    digits = Decimal(repr(value))
    if 1e-6 <= abs(value) < 1e21:
        plain = format(digits, "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    mantissa, _, exponent = f"{digits.normalize():e}".partition("e")
    return f"{mantissa}e{int(exponent):+}"
