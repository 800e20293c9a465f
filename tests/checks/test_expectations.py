"""What triggers compare is held against what events have, so that a trigger that never matches is explained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from shell import run

CONFIG = """\
number: "+15005550006"
actions:
  - name: A
    trigger: {trigger}
    to: {to}
    body: x
"""


def check(home: Path, trigger: str, events: Sequence[Any], to: str = "$.properties.phone") -> dict[str, Any]:
    """What `check -o json` says of one action and these events."""
    (home / "twiliodest.yaml").write_text(CONFIG.format(trigger=json.dumps(trigger), to=to))
    (home / "e.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events))
    done = run("check", "--events", "e.jsonl", "-o", "json", cwd=home)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def track(event: str = "E", **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "properties": {"phone": "+14155550134", **properties}}


@pytest.mark.parametrize(
    ("trigger", "events", "mismatch"),
    [
        (
            'properties.premium = "true"',
            [track(premium=True)] * 3,
            ("properties.premium", '"true"', "a boolean", 3, 3),
        ),
        ("properties.total > 10", [track(total="12.50")] * 2, ("properties.total", "10", "a string", 2, 2)),
        ("10 < properties.total", [track(total=["1"])], ("properties.total", "10", "a list", 1, 1)),
        (
            'properties.plan in ["a", "b"] and event = "E"',
            [track(plan=1), track("F", plan="a"), track(plan="a")],
            ("properties.plan", '"a", "b"', "a number", 1, 2),
        ),
        ('properties.code != "5"', [track(code=5)], ("properties.code", '"5"', "a number", 1, 1)),
        (
            'properties.plan = "Gold"',
            [track(plan="gold "), track(plan="silver")],
            ("properties.plan", '"Gold"', '"gold "', 1, 2),
        ),
        (
            'event = "Order Completed"',
            [track("order_completed")] * 2,
            ("event", '"Order Completed"', '"order_completed"', 2, 2),
        ),
        (
            'event in ["Order Completed", "Paid"]',
            [track("Order Complete"), track("Paid")],
            ("event", '"Order Completed"', '"Order Complete"', 1, 1),
        ),
        (
            'event = "Paiement reçu"',
            [track("paiement-Reçu")],
            ("event", '"Paiement reçu"', '"paiement-Reçu"', 1, 1),
        ),
    ],
)
def test_what_a_trigger_will_never_meet_is_said(
    trigger: str, events: Sequence[Any], mismatch: tuple[Any, ...], tmp_path: Path
) -> None:
    """A field of another type, or another spelling of a value or of an event's name, is told with its counts."""
    (found,) = check(tmp_path, trigger, events)["events"]["mismatches"]
    assert found == dict(
        zip(("action", "field", "wanted", "found", "count", "of"), ("A", *mismatch), strict=True)
    )


@pytest.mark.parametrize(
    ("trigger", "events"),
    [
        ("properties.premium = true", [track(premium=True), track(premium=False)]),
        ("properties.total > 10", [track(total=9), track(total=12.5), track(total="n/a")]),
        ('properties.plan = "gold"', [track(plan="silver"), track(plan=None), track()]),
        ('event = "A" and properties.x = "1"', [track("B", x=1), track("A", x="2")]),
        ("properties.x = null or properties.y != null", [track(x=1, y=[])]),
        (
            'event = "Order Completed"',
            [track("Order Completed"), track("Login Code Requested"), {"type": "page"}],
        ),
        ('event in ["Order Paid", "Order Said"]', [track("Order Paid"), track("Order Said")]),
    ],
)
def test_what_a_trigger_can_meet_is_not(trigger: str, events: Sequence[Any], tmp_path: Path) -> None:
    """Fields of the type that is compared, other events, and names that have nothing to do with it say nothing."""
    assert check(tmp_path, trigger, events)["events"]["mismatches"] == []


def test_a_sentence_says_what_does_not_fit(tmp_path: Path) -> None:
    """On the screen it reads as one would say it."""
    check(tmp_path, 'properties.premium = "true"', [track(premium=True)] * 120)
    shown = run("check", "--events", "e.jsonl", cwd=tmp_path, env={"COLUMNS": "200"}).stdout.decode()
    sentence = (
        'A: properties.premium is a boolean in 120 of 120 events, but the trigger compares it with "true"'
    )
    assert sentence in " ".join(shown.split())


def test_a_member_that_events_do_have_is_no_warning(tmp_path: Path) -> None:
    """A path that looks mistyped is a warning, unless the events that are given have just that member."""
    event = {"type": "track", "propertis": {"phone": "+14155550134"}, "premium": True}
    trigger = 'type = "track" and premium'
    assert len(check(tmp_path, trigger, [track()], to="$.propertis.phone")["warnings"]) == 2
    assert check(tmp_path, trigger, [event], to="$.propertis.phone")["warnings"] == []
