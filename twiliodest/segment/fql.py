"""A trigger of Segment becomes the expression that says what its engine does, not what it seems to say.

The rules are those of `parseFql` in the package destination-subscriptions: conditions are read from left to right,
the last `and` or `or` joins all of them, and what it does not know it passes over.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from twiliodest.segment.conditions import (
    NEVER,
    JsValue,
    comparison,
    containing,
    matching,
    subject_of,
    subject_of_function,
)
from twiliodest.segment.js import number_of, text_of
from twiliodest.segment.words import UnreadableError, Word, words
from twiliodest.triggers.expressions import And, Expression, Literal, Or

_FUNCTIONS = ("contains", "match")
_CONDITIONS = ("type", "event", "name", "userId", "context", "properties", "traits")
_END = Word("eos", "eos")


class Translated(NamedTuple):
    """What a trigger means, and what was odd in it: `==`, `OR` in capitals, and words that are passed over."""

    expression: Expression
    doubled: bool = False
    capitals: bool = False
    passed_over: tuple[str, ...] = ()


def translate(text: str) -> Translated:
    """Raises `UnreadableError` and `UntoldError`."""
    found = words(text)
    if [word.text.lower() for word in found] == ["all", "eos"]:
        return Translated(Literal(True))
    single = _without_doubles(found)
    spelled = [Word("conditional", "or") if _is_capital_or(word) else word for word in single]
    reader = _Reader()
    expression = reader.group(deque(spelled))
    if expression is None:
        raise UnreadableError("it has no condition")
    return Translated(
        simplified(expression), single != found, spelled != single, tuple(dict.fromkeys(reader.passed_over))
    )


def simplified(expression: Expression) -> Expression:
    """With groups of one kind made one, and without conditions that never hold."""
    if not isinstance(expression, And | Or):
        return expression
    kind = type(expression)
    operands: list[Expression] = []
    for each in map(simplified, expression.operands):
        operands += each.operands if isinstance(each, kind) else [each]
    if kind is And and NEVER in operands:
        return NEVER
    operands = [each for each in operands if each != NEVER]
    return kind(tuple(operands)) if len(operands) > 1 else operands[0] if operands else NEVER


def _without_doubles(found: list[Word]) -> list[Word]:
    equals = Word("operator", "=")
    return [word for at, word in enumerate(found) if not at or (word, found[at - 1]) != (equals, equals)]


def _is_capital_or(word: Word) -> bool:
    return word.kind == "ident" and word.text.lower() == "or"


class _Reader:
    def __init__(self) -> None:
        self.passed_over: list[str] = []

    def group(self, rest: deque[Word]) -> Expression | None:
        """What these words say; `None` if they say nothing. Raises `UnreadableError`."""
        nodes: list[Expression] = []
        kind: type[And | Or] = And
        while rest and (word := rest.popleft()).kind != "eos":
            if word.kind == "conditional":
                kind = Or if word.text == "or" else And
            elif word.kind == "parenleft":
                inner = self.group(_inner(rest))
                if inner is None:
                    raise UnreadableError("()")
                nodes.append(inner)
            elif word.kind == "operator" and word.text == "!" and _is_function(rest):
                nodes += self.function(rest.popleft().text, rest, negated=True)
            elif _is_function([word]):
                nodes += self.function(word.text, rest, negated=False)
            elif word.kind == "ident" and word.text.split(".")[0] in _CONDITIONS:
                nodes.append(self.condition(word, rest))
            elif word.kind != "parenright" and word.text.lower() != "and":
                self.passed_over.append(word.text)
        if len(nodes) > 1:
            return kind(tuple(nodes))
        return nodes[0] if nodes else None

    def condition(self, name: Word, rest: deque[Word]) -> Expression:
        operator, value = (_next(rest) for _ in range(2))
        field = subject_of(name.text)
        assert field, "only names of conditions come here"  # noqa: S101 -- for the type checker
        return comparison(field, operator.text, _value(value), value.kind)

    def function(self, name: str, rest: deque[Word], *, negated: bool) -> list[Expression]:
        """None where its first argument is not a name that it knows."""
        subject, value = (_behind_a_sign(rest) for _ in range(2))
        _take(rest)
        field = subject_of_function(subject.text)
        if field is None:
            self.passed_over.append(f"{name}({subject.text}, …)")
            return []
        said = _value(value)
        text = (
            "NaN"
            if said is None
            else text_of(float(said))
            if not isinstance(said, str | bool)
            else text_of(said)
        )
        if name == "contains":
            return [containing(field, text, negated=negated)]
        return [matching(field, value.text, text, negated=negated)]


def _inner(rest: deque[Word]) -> deque[Word]:
    """The words up to the first closing parenthesis, even if that closes something within."""
    inner: deque[Word] = deque()
    while (word := _next(rest)).kind != "parenright":
        inner.append(word)
    inner.append(_END)
    return inner


def _is_function(rest: deque[Word] | list[Word]) -> bool:
    return bool(rest) and rest[0].kind == "ident" and rest[0].text in _FUNCTIONS


def _next(rest: deque[Word]) -> Word:
    if not rest:
        raise UnreadableError("something is missing at its end")
    return rest.popleft()


def _behind_a_sign(rest: deque[Word]) -> Word:
    _take(rest)
    return _next(rest)


def _take(rest: deque[Word]) -> None:
    if rest:
        rest.popleft()


def _value(word: Word) -> JsValue:
    if word.kind == "string":  # only quotes of this kind are no part of the text
        return word.text.removeprefix('"').removesuffix('"')
    if word.kind == "number":
        return number_of(word.text) if word.text not in "+-" else None
    if word.kind == "ident" and word.text in ("true", "false"):
        return word.text == "true"
    return word.text
