"""Liquid templates: closures render them, strictly and within bounds.

A variable that an event does not have is allowed in a condition and before `default` only. Nothing reads a file
or the clock, and no template costs more than `WORK` steps, whatever the event holds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.templates.bounds import TOO_MUCH, TooMuch
from twiliodest.templates.liquid.acts import (
    assigning,
    capturing,
    choosing,
    choosing_by_value,
    counting,
    cycling,
    one_by_one,
    writing,
)
from twiliodest.templates.liquid.evaluation import Expressions
from twiliodest.templates.liquid.loops import count, repeating, sequence
from twiliodest.templates.liquid.nodes import (
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
from twiliodest.templates.liquid.rendering import (
    TEMPLATE,
    Act,
    Run,
    Say,
    Unfit,
    fitting,
    plain,
    strict,
)
from twiliodest.templates.liquid.syntax import assigned
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
        return one_by_one([self.node(node) for node in block.nodes])

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
                return assigning(node.name, get)
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

        return writing(get, path, say)

    def choice(self, node: If) -> Act:
        (condition, block), *others = node.branches
        first, wanted, then = self.test(condition), not node.unless, self.branch(block)
        rest = [(self.test(test), self.branch(other)) for test, other in others]
        default = self.branch(node.other)

        return choosing(first, wanted, then, rest, default)

    def case(self, node: Case) -> Act:
        get = self.value(node.value)
        branches = [
            ([self.value(each) for each in values], self.branch(block)) for values, block in node.branches
        ]
        default = self.branch(node.other)

        return choosing_by_value(get, branches, default)

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

    def capture(self, node: Capture) -> Act:
        block, name = self.block(node.body), node.name
        self.scope[name] = name

        return capturing(name, block)

    def cycle(self, node: Cycle) -> Act:
        group = self.value(node.group) if node.group else None
        path = (node.group and self.origin(node.group)) or TEMPLATE
        writers = [self.output(value) for value in node.values]

        return cycling(node.key, group, path, writers, self.say)

    def count(self, node: Count) -> Act:
        name, step = node.name, node.step
        self.scope.setdefault(name, name)

        return counting(name, step)
