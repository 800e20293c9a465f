"""What a variable, a filter or a condition of a Liquid template gives for an event, compiled to a closure.

Strict: `Absent` stands for what the event does not have, until a condition or `default` asks, or a text is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.templates.liquid.calls import compile_filter
from twiliodest.templates.liquid.conditions import COMPARISONS
from twiliodest.templates.liquid.hints import nearest
from twiliodest.templates.liquid.lookups import MISSING, certain_names, finder, selecting, taken
from twiliodest.templates.liquid.nodes import (
    Condition,
    Expression,
    Filtered,
    JsonPath,
    Literal,
    Lookup,
    Range,
    Test,
    spell,
)
from twiliodest.templates.liquid.operands import whole
from twiliodest.templates.liquid.rendering import (
    TEMPLATE,
    Absent,
    Get,
    Run,
    Say,
    checked,
    fitting,
    plain,
    strict,
    weight,
)
from twiliodest.templates.paths.compiler import Path
from twiliodest.templates.paths.selection import compile_selected

FORLOOP = ("index", "index0", "rindex", "rindex0", "first", "last", "length", "parentloop")


class Expressions:
    """Turns expressions into closures. `scope` tells where this place's own variables come from.

    `own` are the names that the template gives values anywhere.
    """

    def __init__(self, say: Say, own: set[str]) -> None:
        self.say = say
        self.own = own
        self.scope: dict[str, str] = {}
        self.looping = False
        self.variables: dict[str, Path] = {}

    def value(self, expression: Expression) -> Get:
        """What an expression gives."""
        match expression:
            case Filtered():
                get, path = self.value(expression.value), self.origin(expression) or TEMPLATE
                for each in expression.filters:
                    get = compile_filter(get, each, expression.value, path, self.say, self.value)
                return get
            case Lookup():
                return self.lookup(expression)
            case JsonPath():
                return self.json_path(expression)
            case Range():
                return self.range(expression)
            case Literal():
                constant = expression.value
        return lambda run: constant

    def test(self, condition: Condition) -> Callable[[Run], bool]:
        """Whether a condition holds: the right one of two words binds first, so what decides first is the end."""
        tests = [self.single(test) for test in condition.tests]
        if len(tests) == 1:
            return tests[0]
        *before, last = tests
        pairs = list(zip(before, (word == "or" for word in condition.words), strict=True))

        def holds(run: Run) -> bool:
            for test, decides in pairs:
                if test(run) is decides:
                    return decides
            return last(run)

        return holds

    def single(self, test: Test) -> Callable[[Run], bool]:
        """Whether one comparison holds, or one value is true."""
        left = self.value(test.left)
        if test.right is None:

            def truthy(run: Run) -> bool:
                value = plain(left(run))
                return value is not None and value is not False

            return truthy
        compare, right = COMPARISONS[test.operator], self.value(test.right)

        def holds(run: Run) -> bool:
            one, other = plain(left(run)), plain(right(run))
            run.spend(1 + weight(one) + weight(other))
            return compare(one, other)

        return holds

    def origin(self, expression: Expression) -> str | None:
        """The path of an expression's variable, as it is told to people."""
        while isinstance(expression, Filtered):
            expression = expression.value
        if isinstance(expression, JsonPath):
            return expression.text
        if not isinstance(expression, Lookup):
            return None
        head, *rest = expression.steps
        start = None if expression.rooted else self.scope.get(str(head))
        return (f"${spell([head])}" if start is None else start) + spell(rest)

    def range(self, expression: Range) -> Get:
        start, stop, say = self.value(expression.start), self.value(expression.stop), self.say
        path = self.origin(expression.stop) or self.origin(expression.start) or TEMPLATE

        def make(run: Run) -> range:
            first, last = (fitting(path, "a range", whole, strict(end(run), say)) for end in (start, stop))
            return range(first, last + 1)

        return make

    def json_path(self, expression: JsonPath) -> Get:
        """What a JSONPath selects: one value as it is, several as a list."""
        head = re.split(r"""[.\['"\]]+""", expression.text)[1]
        if expression.added and head in self.own | {"forloop"}:
            raise ExpressionError(
                f"{head} is a variable of this template, but a JSONPath looks in the event",
                expression.at,
                f"for the event's member, write $.{head}; for a variable, use the filters map and where",
            )
        try:
            selected = compile_selected(expression.text)
        except ExpressionError as error:
            at = expression.at + max(0, error.offset - expression.added)
            raise ExpressionError(error.message, at, error.hint) from None
        self.variables.setdefault(selected.path.text, selected.path)
        return selecting(selected)

    def lookup(self, expression: Lookup) -> Get:
        """What is at the names and indexes of a variable."""
        head, *rest = str(expression.steps[0]), *expression.steps[1:]
        path = self.origin(expression) or head
        steps: list[Any] = [self.lookup(step) if isinstance(step, Lookup) else step for step in rest]
        if not expression.rooted:
            self.check_forloop(expression)
        own = not expression.rooted and (head in self.own or head in self.scope)
        absent = Absent(path)

        def find(run: Run, value: Any) -> Any:
            for step in steps:
                if callable(step):
                    step = step(run)
                    if step.__class__ is Absent:
                        return step
                value = taken(value, step)
                if value is MISSING:
                    return absent
            return checked(value, path, run)

        def from_event(run: Run) -> Any:
            event = run.event
            return find(run, event[head]) if head in event else absent

        def from_template(run: Run) -> Any:
            value = run.locals.get(head, MISSING)
            if value is MISSING:
                return run.counters[head] if head in run.counters and not steps else from_event(run)
            return find(run, plain(value)) if steps else value

        if not own or head not in self.scope:
            known = next((place for place, step in enumerate(rest) if isinstance(step, Lookup)), len(rest))
            names = tuple(certain_names([head, *rest]))
            shown = f"${spell([head, *rest[:known]])}"
            whole_names = names if len(names) == len(expression.steps) else ()
            find_it = finder([head, *rest[:known]])
            self.variables.setdefault(shown, Path(shown, (names,), find_it, whole_names))
        return from_template if own else from_event

    def check_forloop(self, expression: Lookup) -> None:
        """What a loop tells of itself is there, and asked for within the loop."""
        head, *steps = expression.steps
        if head == "forloop" and not self.looping:
            hint = "for the event's member, write $.forloop"
            raise ExpressionError("forloop is outside a for loop", expression.at, hint)
        if self.scope.get(str(head)) != "forloop":
            return
        while steps[:1] == ["parentloop"]:
            steps.pop(0)
        if steps and isinstance(steps[0], str) and steps[0] not in FORLOOP:
            hint = nearest(steps[0], FORLOOP) or f"it has {', '.join(FORLOOP)}"
            raise ExpressionError(f'forloop has no "{steps[0]}"', expression.at, hint)
