"""What a variable leads to: in the event by a JSONPath, or step by step as Liquid reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from twiliodest.templates.liquid.rendering import Absent, Get, Run, Unfit, is_blank
from twiliodest.templates.paths.selection import Selected

MISSING = object()


def selecting(selected: Selected) -> Get:
    """What a JSONPath leads to: one value, or a list of them."""
    text, find = selected.path.text, selected.path.find

    def select(run: Run) -> Any:
        found = find(run.event)
        run.spend(len(found))
        if is_blank(found):
            return Absent(text, tuple(found))
        missing, wanted = selected.lacking(run.event)
        if missing:
            raise Unfit(text, f"is missing in {missing} of {wanted} places")
        return found[0] if len(found) == 1 else list(found)

    return select


def finder(steps: Sequence[Any]) -> Callable[[Any], Sequence[Any]]:
    """What the steps of a variable lead to, if there is anything."""

    def find(event: Any) -> Sequence[Any]:
        value = event
        for step in steps:
            value = taken(value, step)
        return () if value is MISSING else (value,)

    return find


def certain_names(steps: Sequence[Any]) -> Iterator[str]:
    """The names that surely lead into the event: `size` may be a name, or the size of what is before it."""
    for step in steps:
        if not isinstance(step, str) or step in ("size", "first", "last"):
            return
        yield step


def taken(value: Any, step: Any) -> Any:
    """A member, an item, or what Liquid knows of a list or text: an object has no size, but may have a `size`."""
    if isinstance(value, dict):
        return value[step] if step.__class__ is str and step in value else MISSING
    if isinstance(value, list | range):
        if step in ("first", "last"):
            step = -1 if step == "last" else 0
        if step.__class__ is int and -len(value) <= step < len(value):
            return value[step]
    return len(value) if step == "size" and isinstance(value, str | list | range) else MISSING
