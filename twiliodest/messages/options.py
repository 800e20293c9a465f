"""What few actions have beyond a recipient, a text and media: content templates, schedules, further parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from twiliodest.errors import ExpressionError
from twiliodest.messages.parameters import PARAMETERS, UnusableError, callback, content_sid
from twiliodest.model import Extras
from twiliodest.templates.fields import Field
from twiliodest.templates.liquid.dates import parse_moment

SHOWN = 80  # characters of a value in a reason


class Schedule(NamedTuple):
    """When a message is to arrive: at a time of the event, so many seconds later or (negative) earlier."""

    time: Field
    shift: int = 0
    skips_late: bool = False


class Age(NamedTuple):
    """How old an event may be, in seconds, by a time that it holds."""

    time: Field
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The rest of an action's configuration. `validity_period` is in seconds."""

    content_sid: Field | None = None
    content_variables: Sequence[tuple[str, Field]] = ()
    status_callback: Field | None = None
    validity_period: int | None = None
    parameters: Sequence[tuple[str, Field]] = ()
    schedule: Schedule | None = None
    age: Age | None = None

    @property
    def is_timed(self) -> bool:
        """Whether a message depends on the time at which it is to be sent."""
        return bool(self.schedule or self.age)

    @property
    def fields(self) -> Sequence[Field]:
        """Every field."""
        timed = [it.time for it in (self.schedule, self.age) if it]
        single = [it for it in (self.content_sid, self.status_callback) if it]
        return (*single, *(it for _, it in (*self.content_variables, *self.parameters)), *timed)

    def render(self, event: Mapping[str, Any]) -> Extras:
        """What the message for an event has of it. Raises `Unresolved` and `UnusableError`."""
        variables = {name: field.render(event) for name, field in self.content_variables}
        due = _moment(self.schedule.time, event, "send_at") if self.schedule else None
        return Extras(
            content_sid=_read("content_sid", self.content_sid, event, content_sid),
            content_variables=msgspec.json.encode(variables).decode() if variables else None,
            status_callback=_read("status_callback", self.status_callback, event, callback),
            validity_period=self.validity_period,
            parameters=tuple(self._parameters(event)),
            due=due + self.schedule.shift if self.schedule and due is not None else None,
            skips_late=bool(self.schedule and self.schedule.skips_late),
            happened=_moment(self.age.time, event, "time") if self.age else None,
            max_age=self.age.most if self.age else None,
        )

    def _parameters(self, event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, field in self.parameters:
            read = PARAMETERS[name].read
            yield from ((name, _checked(name, text.strip(), read)) for text in field.texts(event))


def _read(name: str, field: Field | None, event: Mapping[str, Any], read: Callable[[str], str]) -> str | None:
    return None if field is None else _checked(name, field.render(event).strip(), read)


def _checked(name: str, text: str, read: Callable[[str], str]) -> str:
    try:
        return read(text)
    except ExpressionError as error:
        shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
        raise UnusableError(f'{name} is "{shown}": {error.message}', f"{name}: {error.message}") from None


def _moment(field: Field, event: Mapping[str, Any], name: str) -> float:
    text = field.render(event)
    try:
        return parse_moment(text).timestamp()
    except ValueError as error:
        shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
        raise UnusableError(f'{name} is "{shown}": {error}', f"{name}: {error}") from None
