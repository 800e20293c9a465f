"""What a Liquid template is made of, as it was read: texts, tags and expressions, each with its place."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from twiliodest.templates.paths.names import written

EMPTY, BLANK = object(), object()  # the literals `empty` and `blank`


class Literal(Struct, frozen=True):
    """A value that is in the template itself: a text, a number as it is written, `true`, `nil`, `EMPTY`, …"""

    at: int
    value: Any


class Lookup(Struct, frozen=True):
    """A variable: names and indexes; a step that is a `Lookup` is looked up first. `rooted`: written with `$`."""

    at: int
    steps: tuple[str | int | Lookup, ...]
    rooted: bool = False


class JsonPath(Struct, frozen=True):
    """What only JSONPath can say: it stands alone in a placeholder, or before a `default`.

    `text` begins with `$`, and has `added` characters more than were written.
    """

    at: int
    text: str
    added: int


class Range(Struct, frozen=True):
    """All whole numbers from `start` to `stop`."""

    at: int
    start: Expression
    stop: Expression


class Filter(Struct, frozen=True):
    """A filter's name and arguments; the named ones with their names."""

    at: int
    name: str
    arguments: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...] = ()


class Filtered(Struct, frozen=True):
    """A value and the filters that it goes through."""

    at: int
    value: Expression
    filters: tuple[Filter, ...]


Expression: TypeAlias = Literal | Lookup | JsonPath | Range | Filtered


class Test(Struct, frozen=True):
    """A comparison; without an operator, whether the left side is true."""

    left: Expression
    operator: str = ""
    right: Expression | None = None


class Condition(Struct, frozen=True):
    """Tests with `and` or `or` between them; the right one of two words binds first, as in Liquid."""

    tests: tuple[Test, ...]
    words: tuple[str, ...] = ()


class Text(Struct, frozen=True):
    """What is sent as it is."""

    text: str


class Output(Struct, frozen=True):
    """A placeholder, or an `echo`."""

    value: Expression


class If(Struct, frozen=True):
    """The first branch whose condition holds; `unless` turns the first condition round."""

    branches: tuple[tuple[Condition, Block], ...]
    other: Block
    unless: bool = False


class Case(Struct, frozen=True):
    """Every branch one of whose values fits; else the other one."""

    value: Expression
    branches: tuple[tuple[tuple[Expression, ...], Block], ...]
    other: Block


class For(Struct, frozen=True):
    """A loop; `other` is for one that goes nowhere, `None` where there is no `else`."""

    name: str
    items: Expression
    body: Block
    other: Block | None
    backwards: bool = False
    limit: Expression | None = None
    offset: Expression | None = None


class Leave(Struct, frozen=True):
    """`break` or `continue`."""

    at: int
    word: str


class Assign(Struct, frozen=True):
    """A variable of the template's own."""

    name: str
    value: Expression


class Capture(Struct, frozen=True):
    """A variable that holds what the block writes."""

    name: str
    body: Block


class Cycle(Struct, frozen=True):
    """The next of these values; `key` tells one cycle from another where there is no group."""

    key: str
    values: tuple[Expression, ...]
    group: Expression | None = None


class Count(Struct, frozen=True):
    """`increment` or, with -1, `decrement`."""

    name: str
    step: int


class Block(Struct, frozen=True):
    """Nodes one after the other."""

    nodes: tuple[Node, ...] = ()


Node: TypeAlias = Text | Output | If | Case | For | Leave | Assign | Capture | Cycle | Count | Block


def spell(steps: tuple[Any, ...] | list[Any]) -> str:
    """The steps of a path behind its `$` or name, as JSONPath writes them; what is looked up first is `[*]`."""
    return "".join(map(_spelled, steps))


def _spelled(step: Any) -> str:
    return written(step) if isinstance(step, str) else f"[{step}]" if isinstance(step, int) else "[*]"
