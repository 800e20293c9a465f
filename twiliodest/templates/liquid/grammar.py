"""Reads the expressions of Liquid, strictly: what is left over, or left out, is a fault with its place.

Beside Liquid's own, a path may begin with `$`, its names are those of RFC 9535, and a placeholder may be a JSONPath.
"""

from __future__ import annotations

import re
from decimal import Decimal

from twiliodest.errors import ExpressionError
from twiliodest.templates.liquid.cursor import Cursor
from twiliodest.templates.liquid.hints import foreign, sign_hint
from twiliodest.templates.liquid.nodes import (
    BLANK,
    EMPTY,
    Condition,
    Expression,
    Filter,
    Filtered,
    JsonPath,
    Literal,
    Lookup,
    Range,
    Test,
)

TESTS_LIMIT = 100  # tests of one condition
DEPTH_LIMIT = 20  # brackets within brackets
_WORDS = {"true": True, "false": False, "nil": None, "null": None, "empty": EMPTY, "blank": BLANK}
_OPERATORS = ("==", "!=", "<>", "<", ">", "<=", ">=", "contains")


class Beyond(ExpressionError):  # noqa: N818 -- a way to go on, where it is caught
    """A path that begins at `start` goes on as only JSONPath can."""

    def __init__(self, at: int, start: int) -> None:
        super().__init__(
            "within Liquid, a path can have only names and indexes",
            at,
            "use the filters map and where, or loop over the list: {% for item in properties.items %}",
        )
        self.start = start


def placeholder(source: str, at: int) -> Expression:
    """What is in `{{ }}`: a value with filters, or a JSONPath; raises `ExpressionError`."""
    if not source.strip():
        raise ExpressionError("this placeholder is empty", at, "write {{$.properties.name}}")
    if error := foreign(source, at):
        raise error
    cursor = Cursor(source, at)
    try:
        found = filtered(cursor)
    except Beyond as beyond:
        if beyond.start != cursor.tokens[0].at:
            raise
        return _json_path(source, at, beyond)
    cursor.end()
    if isinstance(found, Literal) and (found.value is None or found.value is EMPTY or found.value is BLANK):
        raise ExpressionError(
            "this outputs nothing",
            found.at,
            f"for the event's member with that name, write {{{{ $.{source.strip()} }}}}",
        )
    return found


def filtered(cursor: Cursor) -> Expression:
    """A value and its filters."""
    left = value(cursor)
    filters = []
    while cursor.accept("|"):
        filters.append(_filter(cursor))
    return Filtered(left.at, left, tuple(filters)) if filters else left


def condition(cursor: Cursor) -> Condition:
    """All of what is in an `if`."""
    tests, words = [_test(cursor)], list[str]()
    while cursor.at_name("and", "or"):
        words.append(cursor.step().text)
        tests.append(_test(cursor))
        if len(tests) > TESTS_LIMIT:
            raise ExpressionError(f"a condition can have at most {TESTS_LIMIT} tests", cursor.next.at)
    cursor.end()
    return Condition(tuple(tests), tuple(words))


def value(cursor: Cursor) -> Literal | Lookup | Range:
    """A literal, a variable or a range."""
    token = cursor.next
    path_follows = cursor.following.text in (".", "[", "..") and cursor.following.kind == "sign"
    if token.kind == "text":
        return Literal(cursor.step().at, token.text[1:-1])
    if token.kind == "number":
        if len(token.text) > 100:
            raise ExpressionError("a number can have at most 100 characters", token.at)
        cursor.step()
        return Literal(token.at, Decimal(token.text) if "." in token.text else int(token.text))
    if token.text == "(":
        return _range(cursor)
    if token.kind == "name" and token.text in _WORDS and not path_follows:
        return Literal(cursor.step().at, _WORDS[token.text])
    if (
        token.kind == "name"
        and token.text in ("and", "or", "not", "contains")
        and not path_follows
        and cursor.tag
    ):
        raise cursor.fault()
    if token.kind == "name" or token.text in ("$", "["):
        return lookup(cursor)
    raise cursor.fault()


def lookup(cursor: Cursor) -> Lookup:
    """A variable: a name or `$`, then names and indexes."""
    start = cursor.next.at
    cursor.depth += 1
    if cursor.depth > DEPTH_LIMIT:
        raise ExpressionError("this path is nested too deeply", start)
    rooted = cursor.accept("$")
    if rooted and not (cursor.next.kind == "sign" and cursor.next.text in (".", "[", "..")):
        raise ExpressionError("a path must continue with a name", start, "write $.properties.name")
    steps: list[str | int | Lookup] = [] if rooted or cursor.next.text == "[" else [cursor.step().text]
    while True:
        token = cursor.next
        if cursor.accept("."):
            steps.append(_name(cursor, start))
        elif cursor.accept("["):
            steps.append(_bracket(cursor, start))
        elif token.text == ".." and _is_descent(cursor):
            raise Beyond(token.at if steps else start, start)
        else:
            break
    if not steps or not isinstance(steps[0], str):
        raise ExpressionError("a variable must begin with a name", start, "write properties.items[0]")
    cursor.depth -= 1
    return Lookup(start, tuple(steps), rooted)


def _is_descent(cursor: Cursor) -> bool:
    """Whether two dots descend into what is before them; else they are a range's."""
    before = cursor.tokens[cursor.place - 1]
    if cursor.ranging or before.at + len(before.text) < cursor.next.at:
        return False
    return cursor.following.kind == "name" or cursor.following.text in ("[", "*")


def _name(cursor: Cursor, start: int) -> str:
    token = cursor.next
    if token.kind == "name":
        return cursor.step().text
    if token.text == "*":
        raise Beyond(token.at - 1, start)
    if token.text == "[":
        raise cursor.fault("write brackets without a dot: properties['first name']")
    if token.kind == "number":
        raise cursor.fault(f"write an index in brackets: properties.items[{token.text}]")
    raise cursor.fault("a path continues with a name: properties.name")


def _bracket(cursor: Cursor, start: int) -> str | int | Lookup:
    opening, token = cursor.tokens[cursor.place - 1], cursor.next
    step: str | int | Lookup
    if token.kind == "text" or re.fullmatch(r"-?[0-9]{1,9}", token.text):
        cursor.step()
        step = token.text[1:-1] if token.kind == "text" else int(token.text)
    elif token.kind == "name" or (token.text == "$" and cursor.following.text in (".", "[")):
        step = lookup(cursor)
    elif token.text in ("*", "?", ":"):
        raise Beyond(opening.at, start)
    else:
        raise cursor.fault()
    if cursor.next.text in (",", ":"):
        raise Beyond(opening.at, start)
    cursor.expect("]")
    return step


def _range(cursor: Cursor) -> Range:
    start = cursor.step().at
    cursor.ranging = True
    first = value(cursor)
    if cursor.next.text != ".." and cursor.next.kind != "odd":
        raise ExpressionError("( cannot be read here", start, sign_hint("(", cursor.tag))
    cursor.expect("..")
    last = value(cursor)
    cursor.ranging = False
    cursor.expect(")")
    return Range(start, first, last)


def _filter(cursor: Cursor) -> Filter:
    name = cursor.next
    if not cursor.at_name():
        raise cursor.fault("a filter needs a name: | upcase")
    cursor.step()
    if cursor.next.text == "(":
        raise cursor.fault(f"arguments follow a colon: | {name.text}: …")
    arguments: list[Expression] = []
    named: list[tuple[str, Expression]] = []
    if cursor.accept(":"):
        while True:
            if cursor.at_name() and cursor.following.text == ":":
                word = cursor.step().text
                cursor.step()
                named.append((word, value(cursor)))
            else:
                arguments.append(value(cursor))
            if not cursor.accept(","):
                break
    return Filter(name.at, name.text, tuple(arguments), tuple(named))


def _test(cursor: Cursor) -> Test:
    left = value(cursor)
    if cursor.next.kind in ("sign", "name") and cursor.next.text in _OPERATORS:
        operator = cursor.step().text
        return Test(left, operator, value(cursor))
    return Test(left)


def _json_path(source: str, at: int, beyond: Beyond) -> Expression:
    """A JSONPath alone, or before a `default`."""
    start = beyond.start - at
    end = _path_end(source, start)
    written = source[start:end].strip()
    text = written if written[0] == "$" else f"${'' if written[0] == '[' else '.'}{written}"
    path = JsonPath(at + start, text, len(text) - len(written))
    if end == len(source):
        return path
    cursor = Cursor(source[end + 1 :], at + end + 1)
    fallback = _filter(cursor)
    if fallback.name != "default" or cursor.next.text == "|":
        raise beyond
    cursor.end()
    return Filtered(path.at, path, (fallback,))


def _path_end(source: str, start: int) -> int:
    """Where a JSONPath ends: at the first `|` outside of its brackets."""
    depth = 0
    for match in re.finditer(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\[\]|]""", source[start:], re.DOTALL):
        if match[0] == "|" and not depth:
            return start + match.start()
        depth += {"[": 1, "]": -1}.get(match[0], 0)
    return len(source)
