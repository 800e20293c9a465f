"""From the inputs through the plan: every item becomes a step, or is counted as an event that matches nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.documents import Broken
from twiliodest.model import Outcome, Status
from twiliodest.plan import Plan, Step
from twiliodest.sources import REFUSALS, Source, describe, read


@dataclass(slots=True)
class Progress:
    """How far the reading has come."""

    events: int = 0
    matched: int = 0


def steps(
    sources: Sequence[Source],
    plan: Plan,
    progress: Progress,
    advance: Callable[[int], object],
    passed: Callable[[Mapping[str, Any]], object] | None = None,
) -> Iterator[Step]:
    """What the plan makes of each event, in order; for what is no event, its outcome.

    `advance` is told how many bytes more were read; `passed`, what `plan.look` saw of an event that matches nothing.
    """
    for source in sources:
        for line, inset, raw, seen in read(source, plan.look, advance):
            if seen.__class__ is Broken:
                yield _broken(source.name, line, inset, raw, seen)
                continue
            progress.events += 1
            try:
                planned = plan(source.name, line, raw, seen)
            except REFUSALS as error:
                yield _broken(source.name, line, inset, raw, describe(raw, error))
                continue
            if planned:
                progress.matched += 1
                yield planned
            elif passed:
                passed(seen)


def _broken(source: str, line: int, inset: int, raw: bytes, broken: Broken) -> Outcome:
    where = ""
    if broken.offset is not None:
        before = raw[: broken.offset]
        further = before.count(b"\n")
        column = (
            len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + (0 if further else inset) + 1
        )
        where = f" (line {line + further}, column {column})" if further else f" (column {column})"
    return Outcome(
        source=source,
        line=line,
        status=Status.INVALID,
        reason=f"{broken.reason}{where}",
        kind=broken.kind,
        raw=raw,
    )
