"""What is allowed in an action but probably not meant."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator

from twiliodest.fields import Field
from twiliodest.fql import SIGNATURES, And, Call, Compare, Expression, Literal, Not, Or, Value
from twiliodest.fql import Field as FieldNode
from twiliodest.paths import Path
from twiliodest.segments import describe, first_outside_gsm7, measure, smart_encode
from twiliodest.triggers import FUNCTIONS, TYPES, choices, is_in, keys, typeof, walk

ROOTS = (
    *("type", "event", "messageId", "userId", "anonymousId", "properties", "traits", "context", "timestamp"),
    *(
        "sentAt",
        "receivedAt",
        "originalTimestamp",
        "name",
        "category",
        "groupId",
        "previousId",
        "integrations",
    ),
    *("version", "channel", "projectId", "_metadata"),
)  # the members of an event in the tracking specification of customer-data platforms


def lint_body(body: Field, smart_encoding: bool = False) -> Iterator[tuple[str, str | None, int | None]]:
    """Message, hint and offset of what is odd in a body; what Twilio's Smart Encoding mends is not."""
    if stray := _SINGLE_BRACES.search(body.source):
        yield (
            f"{stray[0]} is no placeholder and is sent as it is",
            "placeholders are written {{name}}",
            stray.start(),
        )
    if not body.fixed:
        return
    encoded = smart_encode(body.fixed)
    fixed = encoded if smart_encoding else body.fixed
    encoding, segments = measure(fixed)
    if outside := first_outside_gsm7(fixed):
        character = outside[1]
        is_mended = not smart_encoding and first_outside_gsm7(encoded) is None
        yield (
            f"{describe(character)} needs UCS-2: every text holds 70 characters a segment instead of 160",
            f"replace it with a plain character, if you can{_MENDED if is_mended else ''}",
            max(0, body.source.find(character)),
        )
    if segments > 1:
        yield f"the fixed part alone takes {segments} segments ({encoding})", None, None


def lint_path(path: Path | tuple[str, ...]) -> tuple[str, str] | None:
    """Message and hint for a path that begins like a member of an event, but not quite."""
    names = path.prefixes[0] if isinstance(path, Path) else path
    if not names or names[0] in ROOTS:
        return None
    near = difflib.get_close_matches(names[0], ROOTS, 1, 0.75)
    if not near:
        return None
    return f'events have no "{names[0]}"', f'did you mean "{".".join([near[0], *names[1:]])}"?'


def lint_trigger(expression: Expression) -> list[tuple[str, str | None]]:
    """Message and hint of what can be read in a trigger but looks wrong: above all, what can never match."""
    findings = [*_lint_conditions(expression), *itertools.chain(*map(_lint_node, walk(expression)))]
    if not findings and not keys(expression):
        findings.append(("this trigger can never match", "its conditions on type and event contradict"))
    return list(dict.fromkeys(findings))


_MENDED = ", or have Twilio do it with smart_encoding: true"
_SINGLE_BRACES = re.compile(
    r"(?<!\{)[$%]?\{\s*[A-Za-z_$][\w.$]*\s*\}(?!\})|(?<!\{)\{[\w.$ ]+\}\}|\{\{[\w.$ ]+\}(?!\})"
)
_EVENT_TYPES: tuple[str, ...] = ("track", "identify", "page", "screen", "group", "alias")
_EVENT_FIELDS = ("event", "userId", "anonymousId", "groupId", "previousId", "messageId", "name", "type")
_Finding = tuple[str, str | None]


def _lint_node(node: Expression) -> Iterator[_Finding]:
    match node:
        case Not(operand):
            yield from _lint_conditions(operand)
        case Or(operands):
            yield from _lint_conditions(*operands)
        case And(operands):
            yield from _lint_conditions(*operands)
            yield from _lint_contradictions(operands)
        case Call(function, arguments):
            for argument, parameter in zip(arguments, SIGNATURES[function][0], strict=True):
                if parameter != "value" and not _types(argument) & set(parameter.split(" or ")):
                    yield f"{function} works on a {parameter}, never on {argument}", None
        case Compare():
            yield from _lint_types(node)
            yield from _lint_names(node)


def _lint_conditions(*conditions: Expression) -> Iterator[_Finding]:
    for condition in conditions:
        if "bool" not in _types(condition) or condition == Literal(False):
            yield f"{condition} is never true as a condition", "compare it with something"


def _lint_contradictions(operands: tuple[Expression, ...]) -> Iterator[_Finding]:
    allowed: dict[Expression, tuple[Value, ...]] = {}
    for operand in operands:
        match choices(operand):
            case FieldNode() as field, values:
                before = allowed.get(field, values)
                allowed[field] = tuple(value for value in before if is_in(value, values))
                if before and values and not allowed[field]:
                    shown = " and ".join(str(Literal(both[0])) for both in (before, values))
                    yield f"{field} cannot be {shown} at once, so this never matches", 'use "or"'


def _lint_types(node: Compare) -> Iterator[_Finding]:
    match node.operator:
        case "in" if "list" not in _types(node.right):
            yield f"{node} never matches: {node.right} is not a list", f"write [{node.right}]"
        case "in" if node.right == Literal(()):
            yield f"{node} never matches: the list is empty", None
        case ("=" | "!=") as equal if not _types(node.left) & _types(node.right):
            always = "never" if equal == "=" else "always"
            yield f"{node} is {always} true: the two sides are of different types", None
        case "<" | "<=" | ">" | ">=":
            for side in (node.left, node.right):
                if "number" not in _types(side):
                    number = None if not isinstance(side, Literal) else FUNCTIONS["number"](side.value)
                    hint = None if number is None else f"write {number} without quotes"
                    yield f"{node} never matches: {side} is not a number", hint


def _lint_names(node: Compare) -> Iterator[_Finding]:
    match node:
        case Compare(FieldNode(), "=" | "!=", FieldNode((name,))) if name not in _EVENT_FIELDS:
            text = name.lower() if name.lower() in ("true", "false", "null") else f'"{name}"'
            yield f"{name} is read as a field, not as text", f"write {text}"
    match choices(Compare(node.left, node.operator.lstrip("!"), node.right)):
        case FieldNode(("type",)), values:
            known, message = _EVENT_TYPES, "no event has the type"
        case Call("typeof", _), values:
            known, message = (*TYPES,), "typeof never gives"
        case _:
            return
    for value in values:
        if isinstance(value, str) and value not in known:
            near = difflib.get_close_matches(value.lower(), known, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"one of {', '.join(known)}"
            yield f'{message} "{value}"', hint


def _types(expression: Expression) -> frozenset[str]:
    """Return the types that a value can have, as far as one can know without an event."""
    match expression:
        case Literal(value):
            return frozenset({typeof(value)})
        case FieldNode():
            return frozenset(TYPES)
        case Call(function, _):
            return frozenset(SIGNATURES[function][1].split(" or "))
        case _:
            return frozenset({"bool"})
