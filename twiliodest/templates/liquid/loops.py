"""Going through a list: the item, and what a loop tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twiliodest.templates.liquid.operands import whole
from twiliodest.templates.liquid.rendering import Act, Run, checked


def repeating(
    items: Callable[[Run], Sequence[Any]], name: str, path: str, block: Act, default: Act | None
) -> Act:
    """Runs a block for each item, which is told as `path`; without any, `default`."""

    def repeat(run: Run) -> str | None:
        found = items(run)
        if not found:
            return default(run) if default else None
        own, length = run.locals, len(found)
        kept = {key: own[key] for key in (name, "forloop") if key in own}
        for place, item in enumerate(found):
            run.spend(1)
            own[name] = checked(item, path, run)
            own["forloop"] = _forloop(place, length, kept.get("forloop"))
            if block(run) == "break":
                break
        for key in (name, "forloop"):
            own.pop(key, None)
        own.update(kept)
        return None

    return repeat


def sequence(value: Any) -> Sequence[Any]:
    """What a loop goes through: a list, a range, or the members of an object as pairs; raises `ValueError`."""
    if isinstance(value, dict):
        return [list(pair) for pair in value.items()]
    if isinstance(value, list | range):
        return value
    if value is None:
        return []
    raise ValueError("it is not a list")


def count(value: Any) -> int:
    """A `limit` or an `offset`; raises `ValueError`."""
    found = whole(value)
    if found < 0:
        raise ValueError("it is negative")
    return found


def _forloop(place: int, length: int, outer: Any) -> dict[str, Any]:
    """What a loop tells at one item; who keeps it in a variable keeps that item's."""
    return {
        "index": place + 1,
        "index0": place,
        "rindex": length - place,
        "rindex0": length - place - 1,
        "first": place == 0,
        "last": place == length - 1,
        "length": length,
        "parentloop": outer,
    }
