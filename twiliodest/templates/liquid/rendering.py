"""One rendering of a Liquid template: what it works with, what it may still spend, and why it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twiliodest.events.halves import HALF, Half
from twiliodest.templates.bounds import TooMuch

WORK = 50_000  # steps for one event: a tag, a filter, an item of a list, or 100 characters
OUTPUT_LIMIT = 10_000  # characters written for one event; a body has at most 1,600
TEMPLATE = "the template"  # the subject where a fault has no path

Say = Callable[[str, Sequence[Any]], str]


class Unfit(Exception):  # noqa: N818 -- not an error of the program: the event does not fit the template
    """The event has no text for the template. `fault` completes the sentence "`$.a.b` …"; it quotes no value."""

    def __init__(self, subject: str, fault: str) -> None:
        super().__init__(f"{subject} {fault}")
        self.subject = subject
        self.fault = fault


class Absent:
    """What is where an event has no text: `values` is empty, or holds null, an empty text or an empty list."""

    __slots__ = ("path", "values")

    def __init__(self, path: str, values: tuple[Any, ...] = ()) -> None:
        self.path = path
        self.values = values


class Run:
    """One rendering: the event, the template's own variables, what is written, and what may still be done."""

    __slots__ = ("counters", "cycles", "event", "locals", "out", "room", "work")

    def __init__(self, event: Any) -> None:
        self.event = event
        self.locals: dict[str, Any] = {}
        self.counters: dict[str, int] = {}
        self.cycles: dict[Any, int] = {}
        self.out: list[str] = []
        self.room = OUTPUT_LIMIT
        self.work = WORK

    def spend(self, steps: int) -> None:
        self.work -= steps
        if self.work < 0:
            raise TooMuch

    def write(self, said: str) -> None:
        self.room -= len(said)
        if self.room < 0:
            raise TooMuch
        self.out.append(said)


Get = Callable[[Run], Any]
Act = Callable[[Run], str | None]  # gives "break" or "continue" where a loop is to be left


def checked(value: Any, path: str, run: Run) -> Any:
    """A value of the event; `Absent` where there is no text."""
    if value.__class__ is str:
        if len(value) > OUTPUT_LIMIT:
            run.spend(len(value) // 100)
        return value if value and not value.isspace() else Absent(path, (value,))
    if value.__class__ is Half:
        raise Unfit(path, HALF)
    return Absent(path, (value,)) if value is None or value == [] else value


def is_blank(values: Sequence[Any]) -> bool:
    """What `default` replaces: nothing, null, false, an empty text or an empty list."""
    return all(
        value is None or value is False or value == [] or (isinstance(value, str) and not value.strip())
        for value in values
    )


def plain(value: Any) -> Any:
    return (value.values[0] if value.values else None) if value.__class__ is Absent else value


def strict(value: Any, say: Say) -> Any:
    return say(value.path, value.values) if value.__class__ is Absent else value


def fitting(path: str, what: str, function: Callable[..., Any], *values: Any) -> Any:
    try:
        return function(*values)
    except UnicodeEncodeError:
        raise Unfit(path, HALF) from None
    except ValueError as error:
        reason = error.args[0] if type(error) is ValueError else "it is odd"
    except (TypeError, ArithmeticError, LookupError, AttributeError):
        reason = "it is odd"
    raise Unfit(path, f"does not work with {what}: {reason}")


def weight(value: Any) -> int:
    """The steps that a look at all of a value is worth."""
    if isinstance(value, str):
        return len(value) // 100
    total = 0
    if isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            total += 1 + weight(item)
            if total > WORK:
                break
    return total
