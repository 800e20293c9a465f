"""The text of a value of an event: numbers exactly as they were written."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec


def exact_number(text: str) -> Decimal:
    """The number that an event writes as `text`, which `text_of` writes in the same way again."""
    try:
        return _Scientific(text) if "e" in text or "E" in text else Decimal(text)
    except InvalidOperation:
        raise msgspec.ValidationError("a number is too large to be read") from None


def text_of(value: Any) -> str | None:
    """A value as it is in a text: numbers exactly as written; a list of scalars joined; else `None`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Scientific):
        return value.written
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        texts = [None if isinstance(item, list) else text_of(item) for item in value]
        return None if None in texts else ", ".join(text for text in texts if text is not None)
    return None


class _Scientific(Decimal):
    """A number with an exponent, whose digits `Decimal` would write in another way."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str) -> _Scientific:
        number = super().__new__(cls, text)
        number.written = text
        return number
