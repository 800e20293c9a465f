"""What a template or a path may cost: whatever an event holds, its text is there within moments, or there is none."""

from __future__ import annotations

TOO_MUCH = "needs too much work for this event"  # what is said of a template or a path


class TooMuch(Exception):  # noqa: N818 -- not an error of the program: a template that asks for too much
    """A template or a path would need more time or memory than any text is worth."""
