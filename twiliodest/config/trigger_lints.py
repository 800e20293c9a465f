"""What is allowed in a trigger but probably not meant: what can never match, or matches more than it seems."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator

from twiliodest.config.lints import ROOTS, Finding
from twiliodest.triggers.expressions import And, Call, Compare, Expression, Field, Literal, Not, Or, Value
from twiliodest.triggers.functions import FUNCTIONS, TYPES, is_in, typeof
from twiliodest.triggers.scope import choices, keys, walk


def lint_trigger(expression: Expression) -> list[Finding]:
    """What can be read in a trigger but looks wrong."""
    findings = [
        *_lint_conditions(expression),
        *itertools.chain(*map(_lint_node, walk(expression))),
        *_lint_negations(expression, frozenset(), negated=False),
    ]
    if not findings and not keys(expression):
        findings.append(
            Finding("this trigger can never match", "its conditions on type and event contradict each other")
        )
    return list(dict.fromkeys(findings))


_EVENT_TYPES: tuple[str, ...] = ("track", "identify", "page", "screen", "group", "alias")
_EVENT_FIELDS = ("event", "userId", "anonymousId", "groupId", "previousId", "messageId", "name", "type")
_OPPOSITES = {"=": "!=", "!=": "="}
_EVERYTHING = ("all", "any", "always", "every", "everything")


def _lint_node(node: Expression) -> Iterator[Finding]:
    match node:
        case Not(operand):
            yield from _lint_conditions(operand)
        case Or(operands):
            yield from _lint_conditions(*operands)
        case And(operands):
            yield from _lint_conditions(*operands)
            yield from _lint_contradictions(operands)
        case Call(function, arguments):
            for argument, parameter in zip(arguments, FUNCTIONS[function].takes, strict=True):
                if parameter != "value" and not _types(argument) & set(parameter.split(" or ")):
                    yield Finding(f"{function} works on a {parameter}, never on {argument}")
        case Compare():
            yield from _lint_types(node)
            yield from _lint_names(node)


def _lint_conditions(*conditions: Expression) -> Iterator[Finding]:
    for condition in conditions:
        match condition:
            case Field((name,)) if name not in ROOTS:
                hint = "compare it with something, or write its whole path: properties." + name
                if name.lower() in _EVERYTHING:
                    hint = "to match every event, write: true"
                yield Finding(
                    f'{condition} is true only in events with "{name}": true at their top', hint, member=name
                )
            case _ if "bool" not in _types(condition) or condition == Literal(False):
                yield Finding(f"{condition} is never true as a condition", "compare it with something")


def _lint_negations(
    expression: Expression, guarded: frozenset[Expression], *, negated: bool
) -> Iterator[Finding]:
    """A negated `contains` or `match` of what may be missing, where nothing else makes sure that it is there."""
    match expression:
        case Not(operand):
            yield from _lint_negations(operand, guarded, negated=not negated)
        case And(operands) | Or(operands):
            if isinstance(expression, Or) is negated:  # all of them hold
                guarded |= frozenset(itertools.chain(*(_guards(each, negated=negated) for each in operands)))
            for operand in operands:
                yield from _lint_negations(operand, guarded, negated=negated)
        case Call("contains" | "match", (subject, _)) if negated:
            fields = [node for node in walk(subject) if isinstance(node, Field)]
            if fields and not guarded.issuperset(fields):
                yield Finding(
                    f"{Not(expression)} is also true where {fields[0]} is missing or is not text",
                    f'to leave such events out, add: typeof({fields[0]}) = "string"',
                )


def _guards(condition: Expression, *, negated: bool) -> Iterator[Expression]:
    """The fields that are there, or are of a certain kind, where a condition (or its negation) holds."""
    match condition:
        case Not(operand):
            yield from _guards(operand, negated=not negated)
        case And(operands) | Or(operands) if isinstance(condition, Or) is negated:
            yield from itertools.chain(*(_guards(operand, negated=negated) for operand in operands))
        case Compare(left, operator, right):
            holds = _OPPOSITES.get(operator, "") if negated else operator
            absent = {Literal(None), Literal("null")} & {left, right}  # null, or the word of typeof for it
            if holds and (holds == "!=") is bool(absent):
                yield from _fields((left, right))
        case Call("contains" | "match", arguments) if not negated:
            yield from _fields(arguments)
        case Field() if not negated:
            yield condition


def _fields(expressions: Iterable[Expression]) -> Iterator[Expression]:
    for expression in expressions:
        yield from (node for node in walk(expression) if isinstance(node, Field))


def _lint_contradictions(operands: tuple[Expression, ...]) -> Iterator[Finding]:
    allowed: dict[Expression, tuple[Value, ...]] = {}
    for operand in operands:
        match choices(operand):
            case Field() as field, values:
                before = allowed.get(field, values)
                allowed[field] = tuple(value for value in before if is_in(value, values))
                if before and values and not allowed[field]:
                    shown = " and ".join(str(Literal(both[0])) for both in (before, values))
                    yield Finding(
                        f"{field} cannot be {shown} at the same time, so this never matches", 'use "or"'
                    )


def _lint_types(node: Compare) -> Iterator[Finding]:
    match node.operator:
        case "in" if "list" not in _types(node.right):
            yield Finding(f"{node} never matches: {node.right} is not a list", f"write [{node.right}]")
        case "in" if node.right == Literal(()):
            yield Finding(f"{node} never matches: the list is empty")
        case ("=" | "!=") as equal if not _types(node.left) & _types(node.right):
            always = "never" if equal == "=" else "always"
            yield Finding(f"{node} is {always} true: the two sides are of different types")
        case "<" | "<=" | ">" | ">=":
            for side in (node.left, node.right):
                if "number" not in _types(side):
                    number = None if not isinstance(side, Literal) else FUNCTIONS["number"].apply(side.value)
                    hint = None if number is None else f"write {number} without quotes"
                    yield Finding(f"{node} never matches: {side} is not a number", hint)


def _lint_names(node: Compare) -> Iterator[Finding]:
    match node:
        case Compare(Field(), "=" | "!=", Field((name,))) if name not in _EVENT_FIELDS:
            text = name.lower() if name.lower() in ("true", "false", "null") else f'"{name}"'
            yield Finding(f"{name} is read as a field, not as text", f"write {text}")
    match choices(Compare(node.left, node.operator.lstrip("!"), node.right)):
        case Field(("type",)), values:
            known, message = _EVENT_TYPES, "no event has the type"
        case Call("typeof", _), values:
            known, message = (*TYPES,), "typeof never gives"
        case _:
            return
    for value in values:
        if isinstance(value, str) and value not in known:
            near = difflib.get_close_matches(value.lower(), known, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"one of {', '.join(known)}"
            yield Finding(f'{message} "{value}"', hint)


def _types(expression: Expression) -> frozenset[str]:
    """Return the types that a value can have, as far as one can know without an event."""
    match expression:
        case Literal(value):
            return frozenset({typeof(value)})
        case Field():
            return frozenset(TYPES)
        case Call(function, _):
            return frozenset(FUNCTIONS[function].gives.split(" or "))
        case _:
            return frozenset({"bool"})
