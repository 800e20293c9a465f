"""Why a trigger does or does not match is told truly, by the conditions that decided and by what the event has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from strategies import EVENTS, EXPRESSIONS

from twiliodest.checks.explain import explain
from twiliodest.events.decoding import view
from twiliodest.triggers.expressions import Expression
from twiliodest.triggers.grammar import parse
from twiliodest.triggers.matching import compile_trigger

EVENT = view([()])(
    b'{"type": "track", "event": "Order Completed", "properties": {"total": 12.50, "vip": "true", "items": [1, 2],'
    b' "note": "a\\u001b[31m", "none": null, "caf\xc3\xa9": "cr\xc3\xa8me", "huge": 1e400}}'
)


@pytest.mark.parametrize(
    ("trigger", "matches", "told"),
    [
        (
            'type = "track" and properties.total > 100',
            False,
            ["properties.total > 100 is false: properties.total is 12.50"],
        ),
        (
            'type = "page" or event = "Order Completed"',
            True,
            ['event = "Order Completed" is true: event is "Order Completed"'],
        ),
        (
            'type = "page" or event = "x"',
            False,
            ['type = "page" is false: type is "track"', 'event = "x" is false: event is "Order Completed"'],
        ),
        ("properties.vip = true", False, ['properties.vip = true is false: properties.vip is "true"']),
        (
            "!(properties.none = null)",
            False,
            ["properties.none = null is true: properties.none is null"],
        ),
        (
            "properties.nothing.below != null",
            False,
            ["properties.nothing.below != null is false: properties.nothing is missing"],
        ),
        (
            "event.name = 1",
            False,
            ['event.name = 1 is false: event.name is missing: event is "Order Completed"'],
        ),
        (
            "length(properties.items) = 2 and !contains(properties.note, 'x')",
            True,
            [
                "length(properties.items) = 2 is true: properties.items is a list of 2 items",
                'contains(properties.note, "x") is false: properties.note is "a\\u001b[31m"',
            ],
        ),
        ("properties", False, ["properties is false: properties is an object"]),
        ("true", True, ["true is true"]),
        ("properties.huge > 1", True, ["properties.huge > 1 is true: properties.huge is 1e400"]),
    ],
)
def test_the_conditions_that_decided_are_told(trigger: str, matches: bool, told: list[str]) -> None:
    """Only what decided is told, with the values of the event as it wrote them, and nothing that a terminal obeys."""
    found = explain(parse(trigger), EVENT)
    assert (found.matches, [str(condition) for condition in found.conditions]) == (matches, told)


@given(EXPRESSIONS, EVENTS)
@settings(deadline=None)
def test_the_verdict_is_the_trigger_s(expression: Expression, event: dict[str, Any]) -> None:
    """Whatever the trigger and the event, the verdict is that of a run, and there is a reason for it."""
    found = explain(expression, event)
    assert found.matches is compile_trigger(expression)(event)
    assert found.conditions
    for condition in found.conditions:
        assert compile_trigger(parse(condition.text))(event) is condition.holds
