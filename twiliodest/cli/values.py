"""What the values of options are: numbers, files, one of several words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from twiliodest.cli.command import refuse

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


class Word(click.Choice[str]):
    """One of several words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            refuse(param, f'"{value}" is not known here', f"write {' or '.join(self.choices)}")
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "|".join(self.choices)
