"""What a path that searches selects from an event: RFC 9535's meaning of it, exact and within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.templates.bounds import TooMuch
from twiliodest.templates.paths.automaton import Pattern
from twiliodest.templates.paths.comparison import COMPARISONS, NOTHING
from twiliodest.templates.paths.iregexp import compile_pattern
from twiliodest.templates.paths.nodes import (
    And,
    Call,
    Comparison,
    Condition,
    Filter,
    Literal,
    Not,
    Operand,
    Or,
    Query,
    Segment,
    Selector,
    Wildcard,
)

WORK = 250_000  # steps for one look into an event: a value that is looked at, or a character that is matched


class Search:
    """One look into an event: where its `$` is, and what may still be done."""

    __slots__ = ("root", "work")

    def __init__(self, root: Any) -> None:
        self.root = root
        self.work = WORK

    def spend(self, steps: int) -> None:
        self.work -= steps
        if self.work < 0:
            raise TooMuch


_Find = Callable[[Any, Search], Sequence[Any]]  # every value that a query or a selector leads to
_Get = Callable[[Any, Search], Any]  # a value, or `NOTHING`
_Test = Callable[[Any, Search], bool]


def searching(query: Query) -> Callable[[Any], Sequence[Any]]:
    """Gives every value that a path leads to; raises `TooMuch` where an event has too many."""
    find = _query(query)
    return lambda event: find(event, Search(event))


def _query(query: Query) -> _Find:
    steps = [_segment(segment) for segment in query.segments]
    rooted = query.rooted

    def find(current: Any, search: Search) -> Sequence[Any]:
        values: Sequence[Any] = (search.root if rooted else current,)
        for step in steps:
            values = step(values, search)
        return values

    return find


def _segment(segment: Segment) -> Callable[[Sequence[Any], Search], Sequence[Any]]:
    finds = [_selector(selector) for selector in segment.selectors]
    descends = segment.descends
    if not descends and len(finds) == 1 and isinstance(segment.selectors[0], str):
        return _named(segment.selectors[0])

    def step(values: Sequence[Any], search: Search) -> Sequence[Any]:
        found: list[Any] = []
        for top in values:
            for value in _below(top, search) if descends else (top,):
                for find in finds:
                    some = find(value, search)
                    search.spend(1 + len(some))
                    found += some
        return found

    return step


def _named(name: str) -> Callable[[Sequence[Any], Search], Sequence[Any]]:
    def step(values: Sequence[Any], search: Search) -> Sequence[Any]:
        search.spend(len(values))
        return [value[name] for value in values if isinstance(value, dict) and name in value]

    return step


def _below(top: Any, search: Search) -> Iterator[Any]:
    """A value, and the lists and objects within it, each before what it holds."""
    todo = [top]
    while todo:
        value = todo.pop()
        yield value
        items = _items(value)
        search.spend(len(items))
        todo += [item for item in reversed(items) if isinstance(item, list | dict)]


def _items(value: Any) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else ()


def _selector(selector: Selector) -> _Find:
    match selector:
        case str() | int():
            return lambda value, _: () if (item := _step(value, selector)) is NOTHING else (item,)
        case slice(step=0):
            return lambda value, _: ()
        case slice():
            return lambda value, _: value[selector] if isinstance(value, list) else ()
        case Wildcard():
            return lambda value, _: _items(value)
        case Filter():
            holds = _condition(selector.condition)

            def kept(value: Any, search: Search) -> Sequence[Any]:
                items = _items(value)
                search.spend(len(items))
                return [item for item in items if holds(item, search)]

            return kept


def _step(value: Any, step: Any) -> Any:
    if isinstance(value, dict if isinstance(step, str) else list):
        try:
            return value[step]
        except LookupError:
            pass
    return NOTHING


def _condition(condition: Condition) -> _Test:
    match condition:
        case Comparison():
            return _comparison(condition)
        case Not():
            test = _condition(condition.operand)
            return lambda current, search: not test(current, search)
        case And() | Or():
            tests = [_condition(operand) for operand in condition.operands]
            if isinstance(condition, And):
                return lambda current, search: all(test(current, search) for test in tests)
            return lambda current, search: any(test(current, search) for test in tests)
        case Query() if condition.is_singular:
            get = _operand(condition)
            return lambda current, search: get(current, search) is not NOTHING
        case Query():
            find = _query(condition)
            return lambda current, search: bool(find(current, search))
        case Call():
            return _matching(condition)


def _comparison(comparison: Comparison) -> _Test:
    left, right = _operand(comparison.left), _operand(comparison.right)
    compare = COMPARISONS[comparison.operator]
    return lambda current, search: compare(left(current, search), right(current, search), search.spend)


def _operand(operand: Operand) -> _Get:
    match operand:
        case Literal(constant):
            return lambda current, search: constant
        case Query():
            steps, rooted = operand.steps, operand.rooted

            def get(current: Any, search: Search) -> Any:
                value = search.root if rooted else current
                for step in steps:
                    value = _step(value, step)
                search.spend(1 + len(steps))
                return value

            return get
        case Call("length", (argument,)):
            measured = _operand(argument)
            return lambda current, search: _length(measured(current, search))
        case Call(function, (Query() as query,)):
            find = _query(query)
            if function == "count":
                return lambda current, search: len(find(current, search))
            return lambda current, search: _only(find(current, search))
    raise AssertionError(operand)  # the syntax has no other


def _length(value: Any) -> Any:
    return len(value) if isinstance(value, str | list | dict) else NOTHING


def _only(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else NOTHING


def _matching(call: Call) -> _Test:
    text, pattern = map(_operand, call.arguments)
    whole = call.function == "match"
    given = call.arguments[1]
    fixed = (
        compile_pattern(given.value) if isinstance(given, Literal) and isinstance(given.value, str) else None
    )

    def matches(current: Any, search: Search) -> bool:
        said = text(current, search)
        if not isinstance(said, str):
            return False
        compiled = fixed or _pattern(pattern(current, search), search)
        return compiled is not None and compiled.matches(said, search.spend, whole=whole)

    return matches


def _pattern(value: Any, search: Search) -> Pattern | None:
    """A pattern that the event gives, unless it is none: then RFC 9535 says that nothing matches it."""
    if not isinstance(value, str):
        return None
    search.spend(5 * len(value))
    try:
        return compile_pattern(value)
    except ExpressionError:
        return None
