"""Texts of a mapping that are the same for every event, and could never be sent."""

from __future__ import annotations

from twiliodest.messages.phones import PhoneError, recipient
from twiliodest.segment.js import text_of
from twiliodest.segment.moustaches import UnsaidError
from twiliodest.segment.phrases import Phrase, Text


def plain_text(value: object) -> str | None:
    """A value that no event changes, as Segment trims it; `None` where it is missing or a directive."""
    if isinstance(value, dict) and value.keys() == {"@literal"}:
        value = value["@literal"]
    return None if value is None or isinstance(value, dict | list) else text_of(value).strip()


def check_text(phrase: Phrase) -> None:
    """Raises `UnsaidError` for a body without a text."""
    if isinstance(phrase, Text) and not phrase.text.strip():
        raise UnsaidError("it is empty")


def check_recipient(phrase: Phrase) -> None:
    """Raises `UnsaidError` for a number that is none."""
    if isinstance(phrase, Text):
        try:
            recipient(phrase.text, None)
        except PhoneError as error:
            raise UnsaidError(error.reason) from None
