"""Liquid templates: python-liquid reads them; closures render them, strictly and within bounds.

A variable that an event does not have is allowed in a condition and before `default` only. Nothing reads a file
or the clock, and no template costs more than `WORK` steps, whatever the event holds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from liquid.ast import BlockNode, Node
from liquid.builtin import content, output
from liquid.builtin.expressions import primitive
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    cycle_tag,
    decrement_tag,
    for_tag,
    if_tag,
    increment_tag,
    liquid_tag,
    unless_tag,
)
from liquid.expression import Expression

from twiliodest.errors import ExpressionError
from twiliodest.liquid_run import (
    TEMPLATE,
    Absent,
    Get,
    Run,
    Say,
    Unfit,
    checked,
    fitting,
    plain,
    strict,
    weight,
)
from twiliodest.liquid_syntax import assigned, read
from twiliodest.liquid_values import BLANK, EMPTY, Expressions, Variable, same
from twiliodest.operands import TooMuch, items, text, whole


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. `fixed` is the text outside of all tags.

    `render` raises `Unfit`, or whatever `say` raises.
    """

    variables: tuple[Variable, ...]
    fixed: str
    render: Callable[[Any], str]


def compile_liquid(source: str, say: Say) -> Template:
    """Compile a template; raises `ExpressionError`.

    `say` gives the text of the values at a path, and raises where there is none.
    """
    nodes, rooted = read(source)
    compiler = _Compiler(say, rooted, assigned(nodes))
    try:
        block = compiler.block(nodes)
    except RecursionError:
        raise ExpressionError("this template is nested too deeply") from None
    fixed = "".join(node.text for node in nodes if isinstance(node, content.ContentNode))
    return Template(tuple(compiler.variables.values()), fixed, functools.partial(_render, block))


_Act = Callable[[Run], str | None]  # gives "break" or "continue" where a loop is to be left


def _render(block: _Act, event: Any) -> str:
    run = Run(event)
    try:
        block(run)
    except (TooMuch, RecursionError):
        raise Unfit(TEMPLATE, "needs too much work for this event") from None
    return "".join(run.out)


class _Compiler(Expressions):
    """Turns what python-liquid has read into closures."""

    def block(self, nodes: Sequence[Node]) -> _Act:
        acts = [act for act in map(self.node, nodes) if act]
        cost = len(acts) + 1

        def run_all(run: Run) -> str | None:
            run.spend(cost)
            for act in acts:
                signal = act(run)
                if signal:
                    return signal
            return None

        return run_all

    def branch(self, nodes: Sequence[Node]) -> _Act:
        """A block that may not be run: what it assigns is not certain behind it."""
        before = dict(self.scope)
        block = self.block(nodes)
        self.scope = before
        return block

    def node(self, node: Node) -> _Act | None:
        match node:
            case content.ContentNode():
                said = node.text
                return lambda run: run.write(said)
            case output.OutputNode():  # echo, too
                return self.output(node.expression)
            case if_tag.IfNode() | unless_tag.UnlessNode():
                return self.choice(node)
            case for_tag.ForNode():
                return self.loop(node)
            case case_tag.CaseNode():
                return self.case(node)
            case assign_tag.AssignNode():
                get = self.value(node.expression)
                self.scope[node.name] = self.origin(node.expression) or node.name
                return self.assign(node.name, get)
            case capture_tag.CaptureNode():
                return self.capture(node)
            case cycle_tag.CycleNode():
                return self.cycle(node)
            case increment_tag.IncrementNode() | decrement_tag.DecrementNode():
                return self.count(node)
            case for_tag.BreakNode() | for_tag.ContinueNode():
                signal = "break" if isinstance(node, for_tag.BreakNode) else "continue"
                if not self.looping:
                    raise ExpressionError(f"{signal} stands outside of a for", node.token.start_index)
                return lambda run: signal
            case liquid_tag.LiquidNode():
                return self.block(node.block.nodes)
        return None  # a comment

    def output(self, expression: Expression) -> _Act:
        get, path, say = self.value(expression), self.origin(expression) or TEMPLATE, self.say

        def write(run: Run) -> None:
            value = get(run)
            if value.__class__ is str:
                run.write(value)
            elif value is None:
                raise Unfit(path, "gives nothing after its filters")
            elif value is not EMPTY and value is not BLANK:
                run.spend(weight(value))
                run.write(strict(value, say) if isinstance(value, Absent) else _said(value, path, say))

        return write

    def choice(self, node: if_tag.IfNode | unless_tag.UnlessNode) -> _Act:
        first, wanted = self.test(node.condition), isinstance(node, if_tag.IfNode)
        block = self.branch(node.consequence.nodes)
        others = [
            (self.test(other.expression), self.branch(other.block.nodes)) for other in node.alternatives
        ]
        default = self.branch(node.default.nodes) if node.default else None

        def choose(run: Run) -> str | None:
            if first(run) is wanted:
                return block(run)
            for test, other in others:
                run.spend(1)
                if test(run):
                    return other(run)
            return default(run) if default else None

        return choose

    def case(self, node: case_tag.CaseNode) -> _Act:
        get = self.value(node.expression)
        blocks = [
            (None, self.branch(block.nodes))
            if isinstance(block, BlockNode)
            else ([self.value(each) for each in block.expression.expressions], self.branch(block.block.nodes))
            for block in node.blocks
        ]

        def choose(run: Run) -> str | None:
            value, found = plain(get(run)), False
            for options, block in blocks:
                if options is None:
                    fits = not found
                else:
                    run.spend(len(options))
                    fits = any(same(value, plain(option(run))) for option in options)
                    found = found or fits
                if fits and (signal := block(run)):
                    return signal
            return None

        return choose

    def loop(self, node: for_tag.ForNode) -> _Act:
        loop, path = node.expression, self.origin(node.expression.iterable) or TEMPLATE
        get, backwards, name = self.value(loop.iterable), loop.reversed, str(loop.identifier)
        offset, limit = (self.value(part) if part else None for part in (loop.offset, loop.limit))
        if isinstance(loop.offset, primitive.StringLiteral):
            raise ExpressionError("offset must be a number here", loop.offset.token.start_index)
        outer = dict(self.scope), self.looping
        item_path = f"{path}[*]" if path.startswith("$") else name
        self.scope |= {name: item_path, "forloop": "forloop"}
        self.looping = True
        block = self.block(node.block.nodes)
        self.scope, self.looping = outer
        default = self.branch(node.default.nodes) if node.default else None
        say = self.say

        def repeat(run: Run) -> str | None:
            value = get(run)
            found = plain(value) if default else strict(value, say)
            values = fitting(path, "for", _sequence, found)
            start = fitting(path, "for", whole, strict(offset(run), say)) if offset else 0
            count = fitting(path, "for", whole, strict(limit(run), say)) if limit else None
            places = range(len(values))[max(0, start) :][: None if count is None else max(0, count)]
            if not places:
                return default(run) if default else None
            own, length = run.locals, len(places)
            kept = {key: own[key] for key in (name, "forloop") if key in own}
            for place, at in enumerate(reversed(places) if backwards else places):
                run.spend(1)
                own[name] = checked(values[at], item_path)
                own["forloop"] = _forloop(place, length, kept.get("forloop"))
                if block(run) == "break":
                    break
            for key in (name, "forloop"):
                own.pop(key, None)
            own.update(kept)
            return None

        return repeat

    def assign(self, name: str, get: Get) -> _Act:
        def assign(run: Run) -> None:
            run.locals[name] = get(run)

        return assign

    def capture(self, node: capture_tag.CaptureNode) -> _Act:
        block, name = self.block(node.block.nodes), str(node.name)
        self.scope[name] = name

        def capture(run: Run) -> str | None:
            outer, run.out = run.out, []
            signal = block(run)
            run.locals[name], run.out = "".join(run.out), outer
            return signal

        return capture

    def cycle(self, node: cycle_tag.CycleNode) -> _Act:
        group = self.value(node.group) if node.group else None
        key = str([str(argument) for argument in node.args])
        writers = [self.output(argument) for argument in node.args]

        def cycle(run: Run) -> None:
            slot = (key, text(strict(group(run), self.say)) if group else None)
            place = run.cycles.get(slot, 0)
            run.cycles[slot] = (place + 1) % len(writers)
            writers[place](run)

        return cycle

    def count(self, node: increment_tag.IncrementNode | decrement_tag.DecrementNode) -> _Act:
        name, up = str(node.name), isinstance(node, increment_tag.IncrementNode)

        def count(run: Run) -> None:
            before = run.cycles.get(name, 0)
            run.cycles[name] = before + 1 if up else before - 1
            run.write(str(before if up else before - 1))

        return count


def _said(value: Any, path: str, say: Say) -> str:
    return say(path, (items(value) if isinstance(value, range) else value,))


def _sequence(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return [list(pair) for pair in value.items()]
    if isinstance(value, list | range):
        return value
    if value is None:
        return []
    raise ValueError("it is not a list")


def _forloop(place: int, length: int, outer: Any) -> dict[str, Any]:
    return {
        "index": place + 1,
        "index0": place,
        "rindex": length - place,
        "rindex0": length - place - 1,
        "first": place == 0,
        "last": place == length - 1,
        "length": length,
        "parentloop": outer,
    }
