"""One condition of Segment's FQL, as its engine (destination-subscriptions) tests it, said in ours."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeAlias

from twiliodest.segment.js import number_of, text_of
from twiliodest.segment.words import UnreadableError
from twiliodest.triggers.expressions import And, Call, Compare, Expression, Field, Literal, Not

JsValue: TypeAlias = "str | Decimal | bool | None"  # None: what JavaScript calls not a number
NEVER = Literal(False)
_HOLDERS = ("properties", "traits", "context")
_ORDERS = ("<", "<=", ">", ">=")


class UntoldError(ValueError):
    """A condition that this program's triggers cannot say; the sentence says why."""


def subject_of(name: str) -> Field | None:
    """The field that a name stands for; `None` if it stands for nothing."""
    head = name.split(".")[0]
    if head in ("type", "event", "name", "userId"):
        return Field((head,))
    return None if head not in _HOLDERS else _member(head, name)


def subject_of_function(name: str) -> Field | None:
    """The same for the first argument of a function, which knows fewer names."""
    if name in ("event", "name", "userId"):
        return Field((name,))
    holder = next((each for each in _HOLDERS if name.startswith(each)), None)
    return _member(holder, name) if holder else None


def comparison(field: Field, operator: str, value: JsValue, kind: str) -> Expression:
    """`field operator value`, where `kind` is the kind of word that the value was."""
    is_typed = field.path[0] in _HOLDERS  # type and event know no types, name and userId know some
    exact = operator in ("=", "!=")
    if exact and kind == "null" and field.path[0] not in ("type", "event"):
        return Compare(field, operator, Literal(None))
    if operator == "=" and isinstance(value, bool) and (is_typed or field.path[0] == "userId"):
        return Compare(field, "=", Literal(value))
    if exact and kind == "number" and is_typed:
        return _number_comparison(field, operator, value)
    if exact:
        said = "NaN" if value is None else _text(value)
        return Compare(field, operator, Literal(said))
    if operator in _ORDERS:
        number = value if is_typed else number_of(_text(value))
        if isinstance(number, str | bool):
            number = Decimal(int(number)) if isinstance(number, bool) else number_of(number)
        return NEVER if not isinstance(number, Decimal) else Compare(field, operator, _number(number))
    return NEVER


def containing(field: Field, value: str, *, negated: bool) -> Expression:
    """`contains`; its negation is false of what is not a text."""
    return _of_texts(field, Call("contains", (field, Literal(value))), negated=negated)


def matching(field: Field, quoted: str, value: str, *, negated: bool) -> Expression:
    """`match`, which knows one star: at the end, or else where the text begins, whatever is there."""
    pattern = f"{_escaped(value[:-1])}*" if quoted.endswith('*"') else f"*{_escaped(value[1:])}"
    return _of_texts(field, Call("match", (field, Literal(pattern))), negated=negated)


def _of_texts(field: Field, call: Call, *, negated: bool) -> Expression:
    if not negated:
        return call
    return And((Compare(Call("typeof", (field,)), "=", Literal("string")), Not(call)))


def _member(holder: str, name: str) -> Field:
    """A member of properties, traits or context. Raises `UntoldError` and `UnreadableError`."""
    names = re.findall(r"[^\[.\]]+", name.removeprefix(f"{holder}."))
    if not names:
        raise UnreadableError(name)
    if "length" in names:
        raise UntoldError(f"{name} asks for a length: here, write length(…)")
    if any(each.isdecimal() for each in names):
        raise UntoldError(f"{name} looks into a list, but a trigger here has no indexes")
    return Field((holder, *names))


def _number_comparison(field: Field, operator: str, value: JsValue) -> Expression:
    is_number = Compare(Call("typeof", (field,)), "=", Literal("number"))
    if not isinstance(value, Decimal):
        return NEVER if operator == "=" else is_number
    compared = Compare(field, operator, _number(value))
    return compared if operator == "=" else And((is_number, compared))


def _number(value: Decimal) -> Literal:
    return Literal(int(value) if value == value.to_integral_value() and abs(value) < 10**15 else value)


def _text(value: JsValue) -> str:
    return text_of(float(value)) if isinstance(value, Decimal) else text_of(value)


def _escaped(text: str) -> str:
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)
