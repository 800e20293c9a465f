"""What a variable, a filter or a condition of a Liquid template gives for an event, compiled to a closure.

Strict: `Absent` stands for what the event does not have, until a condition or `default` asks, or a text is wanted.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from liquid.builtin.expressions import KeywordArgument, Path, PositionalArgument, filtered, logical, primitive
from liquid.expression import Expression

from twiliodest.errors import ExpressionError
from twiliodest.filters import FILTERS
from twiliodest.liquid_run import TEMPLATE, Absent, Get, Run, Say, checked, fitting, plain, strict, weight
from twiliodest.liquid_syntax import nearest
from twiliodest.operands import equal, less, text, whole


@dataclass(frozen=True, slots=True)
class Variable:
    """What a template looks at: its path as written in JSONPath, the names that lead there, and a look-up."""

    path: str
    names: tuple[str, ...]
    find: Callable[[Any], Sequence[Any]]


class Expressions:
    """Turns expressions into closures. `scope` tells where this place's own variables come from."""

    def __init__(self, say: Say, rooted: frozenset[int], assigned: set[str]) -> None:
        self.say = say
        self.rooted = rooted
        self.assigned = assigned
        self.scope: dict[str, str] = {}
        self.looping = False
        self.variables: dict[str, Variable] = {}

    def value(self, expression: Expression) -> Get:
        match expression:
            case filtered.FilteredExpression():
                get = self.value(expression.left)
                path = self.origin(expression) or TEMPLATE
                for each in expression.filters or ():
                    if each.name == "date" and getattr(expression.left, "value", None) in ("now", "today"):
                        raise ExpressionError(
                            "a text must not depend on when it is rendered",
                            expression.left.token.start_index,
                            "use a time of the event, like $.timestamp",
                        )
                    get = self.default(get, each) if each.name == "default" else self.filter(get, each, path)
                return get
            case Path():
                return self.path(expression)
            case primitive.RangeLiteral():
                return self.range(expression)
            case primitive.FloatLiteral():
                constant: Any = Decimal(expression.token.value)
            case primitive.Literal():
                constant = expression.value
            case primitive.Empty() | primitive.Blank():
                constant = EMPTY if isinstance(expression, primitive.Empty) else BLANK
            case primitive.Nil():
                constant = None
            case _:
                raise ExpressionError("this expression is not available here", expression.token.start_index)
        return lambda run: constant

    def test(self, expression: Expression) -> Callable[[Run], bool]:
        match expression:
            case logical.BooleanExpression():
                return self.test(expression.expression)
            case logical.LogicalAndExpression() | logical.LogicalOrExpression():
                left, right = self.test(expression.left), self.test(expression.right)
                if isinstance(expression, logical.LogicalAndExpression):
                    return lambda run: left(run) and right(run)
                return lambda run: left(run) or right(run)
        for kind, compare in _COMPARISONS.items():
            if isinstance(expression, kind):
                return self.comparison(compare, self.value(expression.left), self.value(expression.right))
        get = self.value(expression)

        def truthy(run: Run) -> bool:
            value = plain(get(run))
            return value is not None and value is not False

        return truthy

    def origin(self, expression: Expression) -> str | None:
        """The path of an expression's variable, as it is told to people."""
        while isinstance(expression, filtered.FilteredExpression):
            expression = expression.left
        if not isinstance(expression, Path):
            return None
        head, *rest = expression.path
        start = None if expression.token.start_index in self.rooted else self.scope.get(str(head))
        return (f"${_written(head)}" if start is None else start) + "".join(map(_written, rest))

    def comparison(self, compare: Callable[[Any, Any], bool], left: Get, right: Get) -> Callable[[Run], bool]:
        def holds(run: Run) -> bool:
            one, other = plain(left(run)), plain(right(run))
            run.spend(1 + weight(one) + weight(other))
            return compare(one, other)

        return holds

    def filter(self, get: Get, node: filtered.Filter, path: str) -> Get:
        name, at = node.name, node.token.start_index
        if name not in FILTERS:
            raise ExpressionError(f'there is no filter "{name}"', at, nearest(name, (*FILTERS, "default")))
        function, say = FILTERS[name], self.say
        if any(isinstance(argument, KeywordArgument) for argument in node.args):
            raise ExpressionError(f"the filter {name} has no named arguments", at)
        arguments = [self.value(argument.value) for argument in node.args]
        _check_arguments(function, name, len(arguments), at)

        def apply(run: Run) -> Any:
            value = get(run)
            if value.__class__ is Absent:
                strict(value, say)
            given = [strict(argument(run), say) for argument in arguments]
            run.spend(1 + weight(value) + sum(map(weight, given)))
            result = fitting(path, f"the filter {name}", function, value, *given)
            run.spend(weight(result))
            return result

        return apply

    def default(self, get: Get, node: filtered.Filter) -> Get:
        keywords = [each for each in node.args if isinstance(each, KeywordArgument)]
        values = [self.value(each.value) for each in node.args if isinstance(each, PositionalArgument)]
        if len(values) != 1 or any(each.name != "allow_false" for each in keywords):
            raise ExpressionError(
                "default takes one argument", node.token.start_index, 'write default: "text"'
            )
        fallback, allow_false = values[0], [self.value(each.value) for each in keywords]

        def default(run: Run) -> Any:
            value = get(run)
            if value is None or value.__class__ is Absent or value in ("", []):
                return fallback(run)
            if value is False and not any(allowed(run) is True for allowed in allow_false):
                return fallback(run)
            return value

        return default

    def range(self, expression: primitive.RangeLiteral) -> Get:
        start, stop, say = self.value(expression.start), self.value(expression.stop), self.say
        path = self.origin(expression.stop) or self.origin(expression.start) or TEMPLATE

        def make(run: Run) -> range:
            first, last = (fitting(path, "a range", whole, strict(end(run), say)) for end in (start, stop))
            return range(first, last + 1)

        return make

    def path(self, expression: Path) -> Get:
        head, *rest = expression.path
        if not isinstance(head, str):
            raise ExpressionError("a variable begins with a name", expression.token.start_index)
        path = self.origin(expression) or head
        steps: list[Any] = [self.path(step) if isinstance(step, Path) else step for step in rest]
        rooted = expression.token.start_index in self.rooted
        own = not rooted and (head in self.assigned or head in self.scope)
        absent = Absent(path)

        def find(run: Run, value: Any) -> Any:
            for step in steps:
                value = _step(value, strict(step(run), self.say) if callable(step) else step)
                if value is _MISSING:
                    return absent
            return checked(value, path)

        def from_event(run: Run) -> Any:
            event = run.event
            return find(run, event[head]) if head in event else absent

        def from_locals(run: Run) -> Any:
            value = run.locals.get(head, _MISSING)
            if value is _MISSING:
                return from_event(run)
            return find(run, plain(value)) if steps else value

        if not own or head not in self.scope:
            known = next((place for place, step in enumerate(rest) if isinstance(step, Path)), len(rest))
            names = tuple(_names([head, *rest]))
            shown = f"${_written(head)}" + "".join(map(_written, rest[:known]))
            self.variables.setdefault(shown, Variable(shown, names, _finder([head, *rest[:known]])))
        return from_locals if own else from_event


_MISSING = object()
EMPTY, BLANK = object(), object()  # the literals `empty` and `blank`
_BLANKS: dict[Any, tuple[Any, ...]] = {EMPTY: ("", [], {}), BLANK: ("", [], {}, None, False)}


def _finder(steps: Sequence[Any]) -> Callable[[Any], Sequence[Any]]:
    def find(event: Any) -> Sequence[Any]:
        value = event
        for step in steps:
            value = _step(value, step)
        return () if value is _MISSING else (value,)

    return find


def _names(steps: Sequence[Any]) -> Iterator[str]:
    """The names that surely lead into the event: `size` may be a name, or the size of what stands before it."""
    for step in steps:
        if not isinstance(step, str) or step in ("size", "first", "last"):
            return
        yield step


def _written(step: Any) -> str:
    if isinstance(step, str):
        return f".{step}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", step) else f"['{step}']"
    return f"[{step}]" if isinstance(step, int) else "[*]"


def _step(value: Any, step: Any) -> Any:
    if isinstance(value, dict):
        if step.__class__ is str and step in value:
            return value[step]
        return len(value) if step == "size" else _MISSING
    if isinstance(value, list):
        if step in ("first", "last"):
            step = -1 if step == "last" else 0
        if step.__class__ is int and -len(value) <= step < len(value):
            return value[step]
    return len(value) if step == "size" and isinstance(value, str | list) else _MISSING


def _check_arguments(function: Callable[..., Any], name: str, count: int, at: int) -> None:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    least = sum(parameter.default is parameter.empty for parameter in parameters)
    if not least <= count <= len(parameters):
        wanted = str(least) if least == len(parameters) else f"{least} to {len(parameters)}"
        raise ExpressionError(f"the filter {name} takes {wanted} arguments, not {count}", at)


def same(left: Any, right: Any) -> bool:
    for one, other in ((left, right), (right, left)):
        if one is EMPTY or one is BLANK:
            blank = one is BLANK and isinstance(other, str) and other.isspace()
            return blank or any(equal(other, each) for each in _BLANKS[one])
    return equal(left, right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return right is not None and not isinstance(right, list | dict) and text(right) in left
    return isinstance(left, list) and any(equal(item, right) for item in left)


_COMPARISONS: dict[type[Any], Callable[[Any, Any], bool]] = {
    logical.EqExpression: same,
    logical.NeExpression: lambda left, right: not same(left, right),
    logical.LtExpression: less,
    logical.GtExpression: lambda left, right: less(right, left),
    logical.LeExpression: lambda left, right: less(left, right, or_equal=True),
    logical.GeExpression: lambda left, right: less(right, left, or_equal=True),
    logical.ContainsExpression: _contains,
}
