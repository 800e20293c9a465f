"""The filters of a template, checked and compiled to closures; `default` is the one that takes what is missing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.templates.liquid.dates import odd_directive, zones
from twiliodest.templates.liquid.filters import FILTERS
from twiliodest.templates.liquid.hints import filter_hint, nearest
from twiliodest.templates.liquid.nodes import Expression, Filter, Literal
from twiliodest.templates.liquid.rendering import Absent, Get, Run, Say, fitting, strict, weight


def compile_filter(
    get: Get, node: Filter, subject: Expression, path: str, say: Say, value: Callable[[Expression], Get]
) -> Get:
    """What `get` gives, once it has gone through a filter. `subject` is told as `path`; raises `ExpressionError`."""
    if node.name == "default":
        return _default(get, node, value)
    if node.name not in FILTERS:
        hint = filter_hint(node.name, (*FILTERS, "default"))
        raise ExpressionError(f'there is no filter "{node.name}"', node.at, hint)
    if node.named:
        raise ExpressionError(f"the filter {node.name} has no named arguments", node.named[0][1].at)
    if node.name == "date":
        _check_date(node, subject)
    function = FILTERS[node.name]
    _check_count(function, node)
    return _applied(get, function, node.name, [value(each) for each in node.arguments], path, say)


def _applied(
    get: Get, function: Callable[..., Any], name: str, arguments: Sequence[Get], path: str, say: Say
) -> Get:
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


def _default(get: Get, node: Filter, value: Callable[[Expression], Get]) -> Get:
    if len(node.arguments) != 1 or any(name != "allow_false" for name, _ in node.named):
        raise ExpressionError("default takes one argument", node.at, 'write default: "text"')
    fallback, allow_false = value(node.arguments[0]), [value(each) for _, each in node.named]

    def default(run: Run) -> Any:
        value = get(run)
        if value is None or value.__class__ is Absent or value in ("", []):
            return fallback(run)
        if value is False and not any(allowed(run) is True for allowed in allow_false):
            return fallback(run)
        return value

    return default


def _check_count(function: Callable[..., Any], node: Filter) -> None:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    least, count = sum(parameter.default is parameter.empty for parameter in parameters), len(node.arguments)
    if not least <= count <= len(parameters):
        wanted = str(least) if least == len(parameters) else f"{least} to {len(parameters)}"
        plural = "" if wanted == "1" else "s"
        raise ExpressionError(f"the filter {node.name} takes {wanted} argument{plural}, not {count}", node.at)


def _check_date(node: Filter, subject: Expression) -> None:
    """What a `date` says in the template itself can be read."""
    if isinstance(subject, Literal) and subject.value in ("now", "today"):
        hint = "use a time of the event, like $.timestamp"
        raise ExpressionError("a text must not depend on when it is rendered", subject.at, hint)
    form, zone, *_ = (*node.arguments, None, None)
    if isinstance(form, Literal) and isinstance(form.value, str) and (odd := odd_directive(form.value)):
        raise ExpressionError(
            f"{odd[0]} is not a date format directive",
            form.at + 1 + odd.start(),
            "like %B %-d, %Y, %H:%M; a percent sign is %%",
        )
    if isinstance(zone, Literal) and zone.value not in zones():
        if not zones():
            raise ExpressionError("this machine has no time zone database", zone.at, "pip install tzdata")
        hint = nearest(str(zone.value), zones()) or "write a time zone like Europe/Berlin"
        raise ExpressionError("there is no such time zone", zone.at, hint)
