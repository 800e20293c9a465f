"""What tags and outputs do when a template is rendered; what they need has been compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from twiliodest.events.halves import HALF, is_whole
from twiliodest.templates.liquid.conditions import fits
from twiliodest.templates.liquid.nodes import BLANK, EMPTY
from twiliodest.templates.liquid.operands import items, text
from twiliodest.templates.liquid.rendering import (
    Absent,
    Act,
    Get,
    Run,
    Say,
    Unfit,
    fitting,
    plain,
    strict,
    weight,
)


def one_by_one(acts: Sequence[Act]) -> Act:
    """Does all of them, up to one that leaves a loop."""
    cost = len(acts) + 1

    def run_all(run: Run) -> str | None:
        run.spend(cost)
        for act in acts:
            signal = act(run)
            if signal:
                return signal
        return None

    return run_all


def writing(get: Get, path: str, say: Say) -> Act:
    """Writes a value, which is told as `path`."""

    def write(run: Run) -> None:
        value = get(run)
        if value.__class__ is str:
            if not is_whole(value):
                raise Unfit(path, HALF)
            run.write(value)
        elif value is None:
            raise Unfit(path, "gives nothing after its filters")
        elif value.__class__ is Absent:
            run.write(strict(value, say))
        elif value is not EMPTY and value is not BLANK:
            if isinstance(value, list | range):
                run.spend(len(value[: run.work + 1]))
            run.write(_said(value, path, say))

    return write


def choosing(
    first: Callable[[Run], bool],
    wanted: bool,
    then: Act,
    rest: Sequence[tuple[Callable[[Run], bool], Act]],
    default: Act,
) -> Act:
    """Does what follows the first condition that holds, the first of which may be negated."""

    def choose(run: Run) -> str | None:
        if first(run) is wanted:
            return then(run)
        for test, other in rest:
            run.spend(1)
            if test(run):
                return other(run)
        return default(run)

    return choose


def choosing_by_value(get: Get, branches: Sequence[tuple[Sequence[Get], Act]], default: Act) -> Act:
    """Does what follows each list of values that has this one."""

    def choose(run: Run) -> str | None:
        subject, found = plain(get(run)), False
        for values, block in branches:
            run.spend(len(values))
            if any(fits(subject, plain(value(run))) for value in values):
                found = True
                if signal := block(run):
                    return signal
        return None if found else default(run)

    return choose


def assigning(name: str, get: Get) -> Act:
    """Keeps a value under a name."""

    def assign(run: Run) -> None:
        run.locals[name] = get(run)

    return assign


def capturing(name: str, block: Act) -> Act:
    """Keeps what a block writes under a name."""

    def capture(run: Run) -> str | None:
        outer, run.out = run.out, []
        signal = block(run)
        run.locals[name], run.out = "".join(run.out), outer
        return signal

    return capture


def cycling(key: Any, group: Get | None, path: str, writers: Sequence[Act], say: Say) -> Act:
    """Writes the next of several values each time."""

    def cycle(run: Run) -> None:
        name = strict(group(run), say) if group else ""
        run.spend(weight(name))
        slot = (key, fitting(path, "a cycle", text, name))
        place = run.cycles.get(slot, 0)
        run.cycles[slot] = (place + 1) % len(writers)
        writers[place](run)

    return cycle


def counting(name: str, step: int) -> Act:
    """Writes how often it was asked before, upwards or downwards."""

    def count(run: Run) -> None:
        before = run.counters.get(name, 0)
        run.counters[name] = before + step
        run.write(str(before if step > 0 else before + step))

    return count


def _said(value: Any, path: str, say: Say) -> str:
    if isinstance(value, Fraction):
        return text(value)
    return say(path, (items(value) if isinstance(value, range) else value,))
