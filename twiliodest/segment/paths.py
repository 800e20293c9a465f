"""Segment's paths: what the names of one are, and how ours is written.

The rules are those of `get` in its actions-core package, which splits at dots and brackets even within quotes, and
drops all quotes.
"""

from __future__ import annotations

import re

from twiliodest.templates.liquid.nodes import spell

Steps = tuple[str | int, ...]

_SEPARATOR = re.compile(r"""\[(?=["'0-9])|\.|(?<=["'0-9])\]+""")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")
_WORDS = (
    *("true", "false", "nil", "null", "empty", "blank", "forloop", "this", "if", "unless", "else", "elsif"),
    *("elseif", "endif", "endfor", "endunless", "for", "end", "and", "or", "contains", "in"),
)  # that a placeholder does not read as a name
_PLAIN = re.compile(r"\.(?![0-9-])[A-Za-z0-9_-]+(?=[.\[]|\Z)")


def steps_of(path: str) -> Steps:
    """The names and indexes that a path of Segment's has; none for the whole event."""
    if path in ("", "."):
        return ()
    parts = [re.sub("['\"]", "", part) for part in _SEPARATOR.split(path) if part]
    return tuple(int(part) if _INDEX.fullmatch(part) else part for part in parts)


def event_path(path: str) -> Steps:
    """The same for a path in a directive, where `$.` stands for the event."""
    return steps_of(path.replace("$.", "", 1))


def whole(steps: Steps) -> str:
    """A field that is this path alone."""
    return f"${spell(steps)}"


def variable(steps: Steps) -> str:
    """The path in a placeholder or a condition, with `$` only where it is needed."""
    spelled = spell(steps)
    head = _PLAIN.match(spelled)
    return spelled[1:] if head and head[0][1:].lower() not in _WORDS else f"${spelled}"
