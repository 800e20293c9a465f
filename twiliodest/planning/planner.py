"""From the inputs through the plan: every item becomes a step, or is counted as an event that matches nothing."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from twiliodest.events.decoding import (
    REFUSALS,
    Decode,
    decode_lines,
    decode_value,
    describe,
    is_utf8,
    strictly,
)
from twiliodest.events.envelopes import EventsAt, merged, wrapped
from twiliodest.events.reading import read
from twiliodest.events.sources import Source
from twiliodest.events.tapes import Tape
from twiliodest.events.texts import LIMIT, Broken, Lines, Value
from twiliodest.events.unopened import lists_in
from twiliodest.model import Event, Outcome, Status, Step
from twiliodest.planning.parallel import Helpers
from twiliodest.planning.plan import Plan
from twiliodest.planning.progress import NOTHING, Made, Progress

LOOKED_INTO = 20  # inputs, in which so many lines are looked at, if they match nothing, for events in them
LOOKED_AT = 1000
FEW = 8  # lines that come together because they are long: these are looked at, too
MOSTLY = 3  # where one event in so many matches, one decoding of all that is needed is cheaper than two


class Planner:
    """Makes of lines and values what the plan makes of them.

    `passed` is told what the plan saw of an event that matches nothing. `events_at` leads to the events in envelopes.
    Without `keeps_texts`, events do without their JSON texts; with `keeps_all`, also texts are kept that are too long
    for memory.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        plan: Plan,
        passed: Callable[[Mapping[str, Any]], object] | None = None,
        *,
        events_at: EventsAt | None = None,
        keeps_texts: bool = True,
        keeps_all: bool = False,
    ) -> None:
        self.sources = sources
        self.events_at = events_at
        self.keeps_all = keeps_all
        self._keeps_texts = keeps_texts
        self._plan = plan
        self._passed = passed
        self._strict = strictly(plan.look)
        self._mostly_matching = False

    def lines(self, source: int, lines: Lines) -> Made:
        """The steps of the first of these lines, up to one that is not an event by itself."""
        raws = lines.text.split(b"\n")
        decode = decode_line = self._plan.take if self._mostly_matching else self._plan.look
        if len(lines.text) > LIMIT or not is_utf8(lines.text):
            decode, decode_line = self._plan.look, self._strict
        data = decode_lines(raws, decode_line)
        if self.events_at:
            head = self.events_at.steps[0]
            data = list(itertools.takewhile(lambda seen: head not in seen, data))
        made = self._made(source, lines.first, 0, raws, data, decode)
        if data:
            self._mostly_matching = self._plan.takes_fast and made.matched * MOSTLY > made.events
        return made

    def value(self, source: int, value: Value) -> Made:
        """The step of one value, or of what is not an event."""
        line, inset, raw, broken, shared, tape = value
        found = broken or decode_value(raw, self._strict)
        if isinstance(found, Broken):
            original = wrapped(shared, raw) if shared and self._keeps_texts else tape
            return Made(0, 0, ((self._broken(source, line, inset, raw, found, original),),), line, 1)
        if shared:
            return self._shared(source, value)
        return self._made(source, line, inset, (raw,), (found,), self._plan.look)

    def _shared(self, source: int, value: Value) -> Made:
        """The step of an item of a batch: its own is its identity, its content is also what the batch says."""
        plan, original = self._plan, wrapped(value.shared, value.raw) if self._keeps_texts else None
        text = merged(value.shared, value.raw)
        found = decode_value(text, self._strict)
        if isinstance(found, Broken):
            broken = Broken(f"what its batch says about all its events is {found.reason}", found.kind)
            said = self._broken(source, value.line, value.inset, value.raw, broken, original)
            return Made(0, 0, ((said,),), value.line, 1)
        made = self._made(source, value.line, value.inset, (text,), (found,), plan.look)
        if not made.steps:
            return made
        (step,) = made.steps
        event = step[0].event
        if event.id:
            event = replace(event, id=plan.identify(value.raw))
        event = replace(event, original=original)
        return replace(made, steps=[[replace(it, event=event) for it in step]])

    def helpers(self, count: int) -> Helpers[Made]:
        """So many processes that share the work on lines; they tell no `passed`."""
        pack, unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Made).decode
        return Helpers(self.lines, pack, unpack, count)

    def _made(
        self,
        source: int,
        first: int,
        inset: int,
        raws: Sequence[bytes],
        data: Sequence[Mapping[str, Any]],
        decode: Decode,
    ) -> Made:
        """What comes of events on lines that follow each other; `data` is what `decode` gave for their texts."""
        plan, name = self._plan, self.sources[source].name
        taken, steps = decode is plan.take, list[Step]()
        matching, damaged = set[int](), set[int]()  # places
        for place, candidates in plan.select(data):
            raw = raws[place]
            kept = raw if self._keeps_texts else b""
            try:
                step = plan.step(name, first + place, raw, kept, data[place], candidates, taken)
            except REFUSALS as error:
                damaged.add(place)
                steps.append((self._broken(source, first + place, inset, raw, describe(raw, error)),))
                continue
            if step:
                matching.add(place)
                steps.append(step)
        if self._passed:
            for place in set(range(len(data))) - matching - damaged:
                self._passed(data[place])
        envelopes = NOTHING
        if len(data) <= FEW or (first <= LOOKED_AT and source < LOOKED_INTO):
            envelopes = _unopened(raws[place] for place in set(range(len(data))) - matching - damaged)
        return Made(len(data), len(matching), steps, first, len(damaged), envelopes)

    def _broken(
        self,
        source: int,
        line: int,
        inset: int,
        raw: bytes,
        broken: Broken,
        original: bytes | Tape | None = None,
    ) -> Outcome:
        where = ""
        if broken.offset is not None and broken.offset <= len(raw):
            before = raw[: broken.offset]
            further = before.count(b"\n")
            column = (
                len(before[before.rfind(b"\n") + 1 :].decode(errors="replace"))
                + (0 if further else inset)
                + 1
            )
            where = f" (line {line + further}, column {column})" if further else f" (column {column})"
        raw = raw if self._keeps_texts and original is None else b""
        event = Event(self.sources[source].name, line, raw, original=original)
        return Outcome(event, "", Status.INVALID, None, f"{broken.reason}{where}", broken.kind)


def _unopened(raws: Iterable[bytes]) -> Mapping[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for raw in raws:
        for name, held in lists_in(raw):
            objects, inner = found.get(name, (0, 0))
            found[name] = (objects + 1, inner + held)
    return found or NOTHING


def steps(
    planner: Planner,
    progress: Progress,
    advance: Callable[[int], object],
    helpers: Helpers[Made] | None = None,
) -> Iterator[Sequence[Step]]:
    """What is planned for all inputs, in order and in groups.

    `advance` is told how many bytes more were read. `helpers` share the work where nothing has to be waited for: on
    files, not on pipes.
    """
    for number, source in enumerate(planner.sources):
        lines = functools.partial(planner.lines, number)
        value = functools.partial(planner.value, number)
        spread = functools.partial(helpers.spread, number) if helpers and source.size else None
        found = read(
            source, lines, value, advance, spread, events_at=planner.events_at, keeps_all=planner.keeps_all
        )
        before = progress.events
        for made in found:
            progress.take(made)
            yield made.steps
        if progress.events == before:
            progress.empty.append(source.name)
