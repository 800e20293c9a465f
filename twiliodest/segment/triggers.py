"""A mapping's trigger becomes one of ours: as it is if it means the same, or as what it does there."""

from __future__ import annotations

from typing import Any, NamedTuple

from twiliodest.errors import ExpressionError
from twiliodest.segment.conditions import NEVER, UntoldError
from twiliodest.segment.fql import Translated, simplified, translate
from twiliodest.segment.words import UnreadableError
from twiliodest.triggers.grammar import parse

NO_EVENT = "false"  # the trigger of what cannot be said


class Trigger(NamedTuple):
    """Its text here; `notes` say what was changed, and `fault` why its action cannot be enabled."""

    text: str
    notes: tuple[str, ...] = ()
    fault: str | None = None


def read_trigger(written: Any) -> Trigger:
    """What to write for the trigger of a mapping."""
    if not isinstance(written, str) or not written.strip():
        return Trigger(NO_EVENT, fault="it has no trigger")
    text = " ".join(written.split())
    try:
        translated = translate(written)
    except UnreadableError:
        return Trigger(NO_EVENT, (f"trigger there: {text}",), "Segment's engine cannot read its trigger")
    except UntoldError as untold:
        return Trigger(
            NO_EVENT, (f"trigger there: {text}",), f"its trigger cannot be expressed here: {untold}"
        )
    if translated.expression == NEVER:
        return Trigger(NO_EVENT, (f"trigger there: {text}",), "its trigger never matches at Segment")
    said = str(translated.expression)
    try:
        if str(simplified(parse(written))) == said:  # as texts, in which 1 is not true
            return Trigger(said if "\n" in written else written.strip())
    except ExpressionError:
        pass
    fault = (
        "Segment's engine does not know OR in capitals, and reads it as and" if translated.capitals else None
    )
    return Trigger(said, (f"trigger there: {text}", *_notes(written, translated)), fault)


def _notes(written: str, translated: Translated) -> list[str]:
    notes = []
    if translated.doubled:
        notes.append("== is = here")
    if written.strip().lower() == "all":
        notes.append("true is every event")
    if "typeof" in str(translated.expression):
        notes.append(
            "Segment takes != of a number, !contains and !match as false for other types and missing values"
        )
    if translated.passed_over:
        notes.append(f"Segment's engine ignores {', '.join(translated.passed_over)}")
    return notes
