"""What becomes of the events on one line of an input: which actions match, for which reasons, and what they make."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from twiliodest.checks.explain import Reasons, explain
from twiliodest.events.decoding import decode_value, strictly, view
from twiliodest.events.envelopes import merged
from twiliodest.events.halves import Damaged, HalfError, Watched, replaced
from twiliodest.events.reading import read
from twiliodest.events.sources import Source
from twiliodest.events.texts import Broken, Lines, Value
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Outcome, Step
from twiliodest.planning.planner import Planner
from twiliodest.planning.progress import Made
from twiliodest.triggers.scope import paths

Preview = Callable[[Iterable[Sequence[Step]]], Iterable[Sequence[Sequence[Outcome]]]]
"""What would become of what is planned, in the same groups and order."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One action: why it does or does not match, and what it makes of the event if it does.

    Without `reasons` the trigger looks at half of a character, or is not for events of this type and name.
    """

    action: SendSms
    reasons: Reasons | None
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Answer:
    """One event with each action in turn; or what is not an event, and its `fault`."""

    source: str
    line: int
    type: str | None = None
    event: str | None = None
    actions: Sequence[Explained] = ()
    fault: str | None = None


class _Text(NamedTuple):
    """The text of one value, and the lines on which it begins and ends."""

    first: int
    last: int
    raw: bytes


class _Noted(NamedTuple):
    """What was made of some lines or of a value, and their texts, as far as they may be asked for."""

    made: Made
    texts: Sequence[_Text]

    @property
    def events(self) -> int:
        return self.made.events


class Inquiry:
    """Goes through an input as a send does, up to the events on a `line`; `None` asks for the first event."""

    def __init__(
        self,
        planner: Planner,
        actions: Sequence[SendSms],
        preview: Preview,
        *,
        line: int | None,
    ) -> None:
        self._planner = planner
        self._actions = actions
        self._preview = preview
        self._line = line
        looked_at = {("type",), ("event",)}.union(*(paths(action.trigger) for action in actions))
        self._decode = strictly(view(looked_at))
        self.last = 0

    def answers(self, advance: Callable[[int], object] = lambda count: None) -> Iterator[Answer]:
        """The events that are on the line, or on it and on others; `last` is then the last line that was read."""
        (source,) = self._planner.sources
        notes: deque[_Noted] = deque()
        is_found = False
        for events in self._preview(self._planned(source, notes, advance)):
            for text in notes.popleft().texts:
                if self._line is None or text.first <= self._line <= text.last:
                    is_found = True
                    found = [it for outcomes in events for it in outcomes if it.event.line == text.first]
                    yield self._answer(source.name, text, found)
                if is_found and self._line is None:
                    return
            if self._line is not None and self.last > self._line:
                return

    def _planned(
        self, source: Source, notes: deque[_Noted], advance: Callable[[int], object]
    ) -> Iterator[Sequence[Step]]:
        for noted in read(source, self._lines, self._value, advance, events_at=self._planner.events_at):
            notes.append(noted)
            yield noted.made.steps

    def _lines(self, lines: Lines) -> _Noted:
        made = self._planner.lines(0, lines)
        self.last = max(self.last, lines.first + made.events - 1)
        wanted = 0 if self._line is None else self._line - lines.first
        if not 0 <= wanted < made.events:
            return _Noted(made, ())
        number = lines.first + wanted
        return _Noted(made, (_Text(number, number, lines.text.split(b"\n", wanted + 1)[wanted]),))

    def _value(self, value: Value) -> _Noted:
        made = self._planner.value(0, value)
        last = value.line + value.raw.count(b"\n")
        self.last = max(self.last, last)
        raw = merged(value.shared, value.raw) if value.shared else value.raw
        return _Noted(made, (_Text(value.line, last, raw),))

    def _answer(self, source: str, text: _Text, outcomes: Sequence[Outcome]) -> Answer:
        broken = next((it for it in outcomes if not it.action), None)
        data = decode_value(text.raw, self._decode)
        if broken or isinstance(data, Broken):
            fault = broken.reason if broken else data.reason if isinstance(data, Broken) else None
            return Answer(source, text.first, fault=fault)
        return Answer(
            source,
            text.first,
            _text(data.get("type")),
            _text(data.get("event")),
            [
                Explained(it, _reasons(it, data), [each for each in outcomes if each.action == it.name])
                for it in self._actions
            ],
        )


def _reasons(action: SendSms, data: Mapping[str, Any]) -> Reasons | None:
    try:
        return explain(action.trigger, Watched(data) if isinstance(data, Damaged) else data)
    except HalfError:
        return None


def _text(value: object) -> str | None:
    return replaced(value) if isinstance(value, str) else None
