"""What the values of options are: numbers, files, one of several words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twiliodest.cli.command import refuse

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FILE: Any = click.Path(path_type=Path)


class Number(click.ParamType[Any]):
    """A number from `least` to `most`; a whole one if `least` is."""

    name = "N"

    def __init__(self, least: float, most: float = math.inf) -> None:
        self.least = least
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        kind = "a whole number" if isinstance(self.least, int) else "a number"
        bounds = f"{self.least} or more" if self.most == math.inf else f"from {self.least} to {self.most}"
        try:
            number = type(self.least)(value)
        except (ValueError, OverflowError):
            refuse(param, f'"{value}" is not {kind}', f"write {kind}, {bounds}")
        if not (self.least <= number <= self.most) or math.isinf(number):
            refuse(param, f"{value} is out of range", f"write {kind}, {bounds}")
        return number


class Count(Number):
    """A whole number from 0, of which 0 means all; it may be written so."""

    name = "N|all"

    def __init__(self) -> None:
        super().__init__(0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return 0 if value == "all" else super().convert(value, param, ctx)


class Word(click.Choice[str]):
    """One of several words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            refuse(param, f'"{value}" is not a possible value', f"write {' or '.join(self.choices)}")
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "|".join(self.choices)


class Words(click.ParamType[Any]):
    """Some of several words, with commas between them; the option may be given several times, too.

    `known` gives the words, once they are needed.
    """

    name = "WORD"

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        known = [str(word) for word in self._known()]
        words = [word.strip() for word in value.split(",")]
        if unknown := [word for word in words if word not in known]:
            import difflib

            near = difflib.get_close_matches(unknown[0].lower(), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"choose from: {', '.join(known)}"
            refuse(param, f'"{unknown[0]}" is not a possible value', hint)
        return frozenset(words)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        before, comma, begun = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{word}") for word in self._known() if word.startswith(begun)]


class Span(click.ParamType[Any]):
    """A duration like 90s, 2m or 1h, as seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from twiliodest.errors import ExpressionError
        from twiliodest.guards.durations import read_duration

        if not isinstance(value, str):
            return value  # a default
        try:
            return read_duration(value.strip())
        except ExpressionError as error:
            refuse(param, f'"{value}": {error.message}', error.hint or "")
