"""Liquid templates: closures render them, strictly and within bounds.

A variable that an event does not have is allowed in a condition and before `default` only. Nothing reads a file
or the clock, and no template costs more than `WORK` steps, whatever the event holds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.events.halves import HALF, is_whole
from twiliodest.templates.bounds import TOO_MUCH, TooMuch
from twiliodest.templates.liquid.conditions import fits
from twiliodest.templates.liquid.loops import count, repeating, sequence
from twiliodest.templates.liquid.nodes import (
    BLANK,
    EMPTY,
    Assign,
    Block,
    Capture,
    Case,
    Count,
    Cycle,
    Expression,
    For,
    If,
    Leave,
    Literal,
    Node,
    Output,
    Text,
)
from twiliodest.templates.liquid.operands import items, text
from twiliodest.templates.liquid.rendering import (
    TEMPLATE,
    Absent,
    Act,
    Get,
    Run,
    Say,
    Unfit,
    fitting,
    plain,
    strict,
    weight,
)
from twiliodest.templates.liquid.syntax import assigned
from twiliodest.templates.liquid.values import Expressions
from twiliodest.templates.paths.compiler import Path


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template: what it looks at, and its text for an event.

    `render` raises `Unfit`, or whatever `say` raises.
    """

    variables: tuple[Path, ...]
    render: Callable[[Any], str]


def compile_liquid(template: Block, say: Say) -> Template:
    """Compile a template; raises `ExpressionError`.

    `say` gives the text of the values at a path, and raises where there is none.
    """
    compiler = _Compiler(say, assigned(template))
    block = compiler.block(template)
    return Template(tuple(compiler.variables.values()), functools.partial(_render, block))


def _render(block: Act, event: Any) -> str:
    run = Run(event)
    try:
        block(run)
    except (TooMuch, RecursionError):
        raise Unfit(TEMPLATE, TOO_MUCH) from None
    return "".join(run.out)


class _Compiler(Expressions):
    """Turns what was read into closures."""

    def block(self, block: Block) -> Act:
        acts = [self.node(node) for node in block.nodes]
        cost = len(acts) + 1

        def run_all(run: Run) -> str | None:
            run.spend(cost)
            for act in acts:
                signal = act(run)
                if signal:
                    return signal
            return None

        return run_all

    def branch(self, block: Block) -> Act:
        """A block that may not be run: what it assigns is not certain behind it."""
        before = dict(self.scope)
        act = self.block(block)
        self.scope = before
        return act

    def node(self, node: Node) -> Act:
        match node:
            case Text():
                return self.text(node.text)
            case Output():
                return self.output(node.value)
            case If():
                return self.choice(node)
            case For():
                return self.loop(node)
            case Case():
                return self.case(node)
            case Assign():
                get = self.value(node.value)
                self.scope[node.name] = self.origin(node.value) or node.name
                return self.assign(node.name, get)
            case Capture():
                return self.capture(node)
            case Cycle():
                return self.cycle(node)
            case Count():
                return self.count(node)
            case Leave():
                return self.leave(node)
            case Block():
                return self.block(node)

    def text(self, said: str) -> Act:
        return lambda run: run.write(said)

    def leave(self, node: Leave) -> Act:
        if not self.looping:
            raise ExpressionError(f"{node.word} is outside a for loop", node.at)
        return lambda run: node.word

    def output(self, expression: Expression) -> Act:
        get, path, say = self.value(expression), self.origin(expression) or TEMPLATE, self.say
        if path in ("forloop", "forloop.parentloop"):
            raise ExpressionError(f"{path} is not text", expression.at, f"write {{{{ {path}.index }}}}")

        def write(run: Run) -> None:
            value = get(run)
            if value.__class__ is str:
                if not is_whole(value):
                    raise Unfit(path, HALF)
                run.write(value)
            elif value is None:
                raise Unfit(path, "gives nothing after its filters")
            elif value.__class__ is Absent:
                run.write(strict(value, say))
            elif value is not EMPTY and value is not BLANK:
                if isinstance(value, list | range):
                    run.spend(len(value[: run.work + 1]))
                run.write(_said(value, path, say))

        return write

    def choice(self, node: If) -> Act:
        (condition, block), *others = node.branches
        first, wanted, then = self.test(condition), not node.unless, self.branch(block)
        rest = [(self.test(test), self.branch(other)) for test, other in others]
        default = self.branch(node.other)

        def choose(run: Run) -> str | None:
            if first(run) is wanted:
                return then(run)
            for test, other in rest:
                run.spend(1)
                if test(run):
                    return other(run)
            return default(run)

        return choose

    def case(self, node: Case) -> Act:
        get = self.value(node.value)
        branches = [
            ([self.value(each) for each in values], self.branch(block)) for values, block in node.branches
        ]
        default = self.branch(node.other)

        def choose(run: Run) -> str | None:
            subject, found = plain(get(run)), False
            for values, block in branches:
                run.spend(len(values))
                if any(fits(subject, plain(value(run))) for value in values):
                    found = True
                    if signal := block(run):
                        return signal
            return None if found else default(run)

        return choose

    def loop(self, node: For) -> Act:
        path = self.origin(node.items) or TEMPLATE
        get, backwards, name = self.value(node.items), node.backwards, node.name
        offset, limit = self.bound(node.offset, "offset", path), self.bound(node.limit, "limit", path)
        outer = dict(self.scope), self.looping
        item_path = f"{path}[*]" if path.startswith("$") else name
        self.scope |= {name: item_path, "forloop": "forloop"}
        self.looping = True
        block = self.block(node.body)
        self.scope, self.looping = outer
        default = self.branch(node.other) if node.other else None

        def items(run: Run) -> Sequence[Any]:
            value = get(run)
            found: Sequence[Any] = fitting(
                path, "for", sequence, plain(value) if default else strict(value, self.say)
            )
            start, most = offset(run) or 0, limit(run)
            if start or most is not None:
                found = found[start : None if most is None else start + most]
            return found[::-1] if backwards else found

        return repeating(items, name, item_path, block, default)

    def bound(self, expression: Expression | None, word: str, path: str) -> Callable[[Run], int | None]:
        """The `limit` or `offset` of a loop."""
        if expression is None:
            return lambda run: None
        get, say, path = self.value(expression), self.say, self.origin(expression) or path
        if isinstance(expression, Literal):
            try:
                count(expression.value)
            except ValueError:
                message = f"{word} must be a whole number, 0 or more"
                raise ExpressionError(message, expression.at, f"write {word}: 2") from None
        return lambda run: fitting(path, f"the {word} of a for loop", count, strict(get(run), say))

    def assign(self, name: str, get: Get) -> Act:
        def assign(run: Run) -> None:
            run.locals[name] = get(run)

        return assign

    def capture(self, node: Capture) -> Act:
        block, name = self.block(node.body), node.name
        self.scope[name] = name

        def capture(run: Run) -> str | None:
            outer, run.out = run.out, []
            signal = block(run)
            run.locals[name], run.out = "".join(run.out), outer
            return signal

        return capture

    def cycle(self, node: Cycle) -> Act:
        group = self.value(node.group) if node.group else None
        path = (node.group and self.origin(node.group)) or TEMPLATE
        writers = [self.output(value) for value in node.values]

        def cycle(run: Run) -> None:
            name = strict(group(run), self.say) if group else ""
            run.spend(weight(name))
            slot = (node.key, fitting(path, "a cycle", text, name))
            place = run.cycles.get(slot, 0)
            run.cycles[slot] = (place + 1) % len(writers)
            writers[place](run)

        return cycle

    def count(self, node: Count) -> Act:
        name, step = node.name, node.step
        self.scope.setdefault(name, name)

        def count(run: Run) -> None:
            before = run.counters.get(name, 0)
            run.counters[name] = before + step
            run.write(str(before if step > 0 else before + step))

        return count


def _said(value: Any, path: str, say: Say) -> str:
    if isinstance(value, Fraction):
        return text(value)
    return say(path, (items(value) if isinstance(value, range) else value,))
