"""From the inputs through the plan: every item becomes an outcome, or is counted as an event that matches nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.documents import Broken
from twiliodest.model import Event, Outcome, Status
from twiliodest.plan import Decode, Plan
from twiliodest.sources import REFUSALS, Damage, Source, describe, read

MOSTLY = 3  # where one event in so many matches, one decoding of all that is needed is cheaper than two


@dataclass(slots=True)
class Progress:
    """How far the reading has come."""

    events: int = 0
    matched: int = 0


def outcomes(
    sources: Sequence[Source],
    plan: Plan,
    progress: Progress,
    advance: Callable[[int], object],
    passed: Callable[[Mapping[str, Any]], object] | None = None,
) -> Iterator[Sequence[Outcome]]:
    """What the plan makes of the events, in order, and the outcomes of what is no event: a group for each batch read.

    `advance` is told how many bytes more were read; `passed`, what the plan saw of an event that matches nothing.
    """
    decode = plan.look

    def eager() -> Decode:
        return decode

    for source in sources:
        for found in read(source, plan.look, advance, eager):
            if isinstance(found, Damage):
                yield (_broken(source.name, *found),)
                continue
            lines, inset, raws, data, used = found
            taken, group = used is plan.take, list[Outcome]()
            matching, damaged = set[int](), set[int]()  # places
            for place, candidates in plan.select(data):
                line, raw, seen = lines[place], raws[place], data[place]
                try:
                    planned = plan.outcomes(source.name, line, raw, seen, candidates, taken)
                except REFUSALS as error:
                    damaged.add(place)
                    group.append(_broken(source.name, line, inset, raw, describe(raw, error)))
                    continue
                if planned:
                    matching.add(place)
                    group += planned
            if passed:
                for place in set(range(len(data))) - matching - damaged:
                    passed(data[place])
            progress.events += len(data)
            progress.matched += len(matching)
            decode = plan.take if len(matching) * MOSTLY > len(data) else plan.look
            yield group


def _broken(source: str, line: int, inset: int, raw: bytes, broken: Broken) -> Outcome:
    where = ""
    if broken.offset is not None:
        before = raw[: broken.offset]
        further = before.count(b"\n")
        column = (
            len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + (0 if further else inset) + 1
        )
        where = f" (line {line + further}, column {column})" if further else f" (column {column})"
    event = Event(source, line, raw)
    return Outcome(event, "", Status.INVALID, None, f"{broken.reason}{where}", broken.kind)
