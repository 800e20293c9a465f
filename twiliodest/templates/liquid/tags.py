"""What each tag of Liquid is made of; nothing may be left over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from twiliodest.errors import ExpressionError
from twiliodest.templates.liquid.cursor import Cursor
from twiliodest.templates.liquid.grammar import condition, filtered, placeholder, value
from twiliodest.templates.liquid.hints import SHAPES
from twiliodest.templates.liquid.nodes import (
    Assign,
    Block,
    Capture,
    Case,
    Condition,
    Count,
    Cycle,
    Expression,
    For,
    If,
    Leave,
    Node,
    Output,
    Text,
)
from twiliodest.templates.liquid.parts import Part, lines

_RESERVED = ("forloop", "true", "false", "nil", "null", "empty", "blank")


class Reader(Protocol):
    """Reads what is between tags."""

    def inner(self, opened: Part, *stops: str) -> tuple[Block, Part]:
        """The nodes of an opened block, up to one of these tags or its end, and that tag."""

    def within(self, tag: Part, parts: Iterable[Part]) -> Block:
        """The nodes of a template within the template."""


def _if(reader: Reader, tag: Part) -> If:
    branches, stop = list[tuple[Condition, Block]](), tag
    while stop.name in (tag.name, "elsif"):
        test = condition(Cursor(stop.text, stop.at, stop.name))
        block, stop = reader.inner(tag, "elsif", "else")
        branches.append((test, block))
    other = _last(reader, tag) if stop.name == "else" else Block()
    return If(tuple(branches), other, tag.name == "unless")


def _case(reader: Reader, tag: Part) -> Case:
    subject = _only(tag, value)
    before, stop = reader.inner(tag, "when", "else")
    if any(not isinstance(node, Text) or node.text.strip() for node in before.nodes):
        raise ExpressionError(
            "what comes before the first when is never sent", tag.start, "move it before the {% case %}"
        )
    branches: list[tuple[tuple[Expression, ...], Block]] = []
    while stop.name == "when":
        cursor = Cursor(stop.text, stop.at, "when")
        values = [value(cursor)]
        while cursor.accept(",", "or"):
            values.append(value(cursor))
        cursor.end()
        block, stop = reader.inner(tag, "when", "else")
        branches.append((tuple(values), block))
    other = _last(reader, tag) if stop.name == "else" else Block()
    return Case(subject, tuple(branches), other)


def _for(reader: Reader, tag: Part) -> For:
    cursor = Cursor(tag.text, tag.at, "for")
    name = _new_name(cursor)
    cursor.expect("in")
    items = value(cursor)
    given: dict[str, Expression] = {}
    backwards = False
    while cursor.next.kind != "end":
        cursor.accept(",")
        word = cursor.next
        if word.text == "reversed" and not backwards:
            cursor.step()
            backwards = True
        elif word.text in ("limit", "offset") and word.text not in given:
            cursor.step()
            cursor.expect(":")
            if cursor.at_name("continue"):
                raise cursor.fault("offset must be a number here: offset: 2")
            given[word.text] = value(cursor)
        else:
            own = "a for can have limit: 2, offset: 2 and reversed"
            raise cursor.fault(None if word.text == "|" else own)
    body, stop = reader.inner(tag, "else")
    other = _last(reader, tag) if stop.name == "else" else None
    return For(name, items, body, other, backwards, given.get("limit"), given.get("offset"))


def _assign(reader: Reader, tag: Part) -> Assign:
    cursor = Cursor(tag.text, tag.at, "assign")
    name = _new_name(cursor)
    cursor.expect("=")
    given = filtered(cursor)
    cursor.end()
    return Assign(name, given)


def _capture(reader: Reader, tag: Part) -> Capture:
    quoted = re.fullmatch(r"""\s*(["'])(.*)\1\s*""", tag.text)
    cursor = Cursor(
        quoted[2] if quoted else tag.text, tag.at + quoted.start(2) if quoted else tag.at, "capture"
    )
    name = _new_name(cursor)
    cursor.end()
    body, _ = reader.inner(tag)
    return Capture(name, body)


def _cycle(reader: Reader, tag: Part) -> Cycle:
    cursor = Cursor(tag.text, tag.at, "cycle")
    first, group = value(cursor), None
    begin = 0
    if cursor.accept(":"):
        begin = cursor.place
        first, group = value(cursor), first
    values = [first]
    while cursor.accept(","):
        values.append(value(cursor))
    cursor.end()
    return Cycle(" ".join(token.text for token in cursor.tokens[begin:]), tuple(values), group)


def _count(reader: Reader, tag: Part) -> Count:
    cursor = Cursor(tag.text, tag.at, tag.name)
    name = _new_name(cursor)
    cursor.end()
    return Count(name, 1 if tag.name == "increment" else -1)


def _leave(reader: Reader, tag: Part) -> Leave:
    alone(tag)
    return Leave(tag.start, tag.name)


def _echo(reader: Reader, tag: Part) -> Output:
    if not tag.text.strip():
        raise Cursor(tag.text, tag.at, "echo").fault()
    return Output(placeholder(tag.text, tag.at))


def _liquid(reader: Reader, tag: Part) -> Block:
    return reader.within(tag, lines(tag))


TAGS: dict[str, Callable[[Reader, Part], Node]] = {
    "if": _if,
    "unless": _if,
    "case": _case,
    "for": _for,
    "assign": _assign,
    "capture": _capture,
    "cycle": _cycle,
    "increment": _count,
    "decrement": _count,
    "break": _leave,
    "continue": _leave,
    "echo": _echo,
    "liquid": _liquid,
}


def _last(reader: Reader, opened: Part) -> Block:
    """The nodes of an `else`, up to the end of its block."""
    return reader.inner(opened)[0]


def _new_name(cursor: Cursor) -> str:
    """The name of a variable of the template's own."""
    token = cursor.next
    if not cursor.at_name():
        raise cursor.fault()
    if token.text.endswith("?"):
        raise ExpressionError("a variable's name cannot end with ?", token.at, "choose another name")
    if token.text in _RESERVED:
        raise ExpressionError(
            f"{token.text} is a keyword of Liquid, not a name", token.at, "choose another name"
        )
    cursor.step()
    if cursor.next.text in (".", "["):
        raise cursor.fault(f"a variable must have a plain name: {SHAPES[cursor.tag]}")
    return token.text


def _only(tag: Part, read: Callable[[Cursor], Expression]) -> Expression:
    cursor = Cursor(tag.text, tag.at, tag.name)
    found = read(cursor)
    cursor.end()
    return found


def alone(tag: Part) -> None:
    """Raise `ExpressionError` where something is behind the name of a tag that has no more."""
    if tag.text.strip():
        at = tag.at
        hint = "write {% elsif … %}" if tag.name == "else" else f"write {{% {tag.name} %}}"
        raise ExpressionError(f"nothing can follow {tag.name}", at, hint)
