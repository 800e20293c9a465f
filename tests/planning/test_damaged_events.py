"""An event with half of a character in it is texted as long as the half stands where nobody looks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_plan import action

from twiliodest.events.halves import HALF
from twiliodest.events.sources import find_sources
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Outcome, Planned, Status
from twiliodest.planning.identity import compile_identity
from twiliodest.planning.plan import Plan
from twiliodest.planning.planner import Planner, steps
from twiliodest.planning.progress import Progress
from twiliodest.templates.fields import compile_field

HALVED = "Ann \ud83d"  # as a program cuts it that counts in UTF-16
WHOLE_EVENT = {"type": "track", "messageId": "m1", "to": "+14155550134", "a": {"b": "Ann"}, "x": "y"}


def made_of(folder: Path, said: dict[str, Any], one: SendSms) -> Outcome:
    """What comes of the one event, between others that have nothing to do with it."""
    (folder / "events.jsonl").write_text("\n".join(["{}", json.dumps(said), "{}"]))
    plan = Plan([one], compile_identity(["$.messageId"]))
    planner = Planner(find_sources([str(folder / "events.jsonl")]), plan)
    (made,) = [it for group in steps(planner, Progress(), abs) for step in group for it in step]
    assert made.event.line == 2
    return made.outcome(Status.PLANNED) if isinstance(made, Planned) else made


TRACKED = action('type = "track"')


@pytest.mark.parametrize(
    "more",
    [
        {"x": HALVED},
        {HALVED: 1},
        {"a": {"b": "Ann", "c": [HALVED, {HALVED: HALVED}]}},
        {"event": HALVED},
        {"x": {"type": HALVED}},
    ],
)
def test_a_half_elsewhere_harms_nobody(tmp_path: Path, more: dict[str, Any]) -> None:
    """The text is what it would be without it."""
    outcome = made_of(tmp_path, {**WHOLE_EVENT, **more}, TRACKED)
    assert outcome.message
    assert (outcome.message.to, outcome.message.body) == ("+14155550134", "Hi Ann")
    assert outcome.event.id == "m1"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"a": {"b": HALVED}}, f"$.a.b {HALF}"),
        ({"a": {"b": "Ann \udcaf"}}, f"$.a.b {HALF}"),
    ],
)
def test_no_half_is_sent(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    """Nobody gets a text with a question mark in a box; whoever looks for the reason finds the field."""
    outcome = made_of(tmp_path, {**WHOLE_EVENT, **more}, TRACKED)
    assert (outcome.message, outcome.reason) == (None, said)


def test_a_half_in_an_address_or_a_trigger_stops_the_message(tmp_path: Path) -> None:
    """Whether the trigger matches cannot be said; `check` and `send` say where it looked."""
    assert made_of(tmp_path, {**WHOLE_EVENT, "to": HALVED}, TRACKED).message is None
    second = replace(TRACKED, to=[compile_field("$.first"), compile_field("$.to")])
    assert made_of(tmp_path, WHOLE_EVENT, second).message
    assert made_of(tmp_path, {**WHOLE_EVENT, "first": HALVED}, second).message is None
    outcome = made_of(tmp_path, {**WHOLE_EVENT, "x": HALVED}, action('x = "Ann"'))
    assert (outcome.message, outcome.reason) == (None, f"$.x {HALF}")


def test_another_reason_stays_the_reason(tmp_path: Path) -> None:
    """A damaged event without a number is one without a number."""
    plain, damaged = (
        made_of(tmp_path, {**WHOLE_EVENT, "to": None, "x": x}, TRACKED).reason for x in ("y", HALVED)
    )
    assert plain == damaged
    assert plain
    assert HALF not in plain


WAYS = [  # into a text, for a half in the text `h`, the list `l`, the objects in `oo`, and a name of `o`
    *("{{h}}", "{{$..h}}", "{{l}}", "{{l[1]}}", "{{l | join}}", "{{l | last}}", "{{l | reverse | first}}"),
    *("{{h | remove: 'Ann '}}", "{{h | split: ' ' | first}}", "{{h | size}}", "{{h | default: 'x'}}"),
    *("{{l | sort | join}}", "{{l | uniq | join}}", "{{l | compact | join}}", "{{l | slice: 1 | join}}"),
    *("{{'x' | append: h}}", "{{'x' | replace: 'x', h}}", "{{'a,b' | split: ',' | join: h}}"),
    *("{{'2026-01-01' | date: h}}", "{{1 | plus: h}}", "{{missing | default: h}}", "{{l | join: h}}"),
    *("{{oo[*].n}}", "{{oo[?(@.n != 'd')].n}}", "{{oo | map: 'n' | join}}", "{{oo | where: 'n', h | size}}"),
    *("{% assign y = h %}{{y}}", "{% cycle h, 'b' %}", "{% if h contains 'A' %}yes{% endif %}"),
    *("{% case h %}{% when 'a' %}{% else %}x{% endcase %}", "{% capture y %}{{h}}{% endcapture %}{{y}}"),
    *("{% for x in l %}{{x}}{% endfor %}", "{% for x in oo %}{{x.n}}{% endfor %}"),
    *("{% for x in o %}{{x[0]}}{% endfor %}", "{% for x in o %}{{x | first}}{% endfor %}"),
]


@pytest.mark.parametrize("way", WAYS)
def test_there_is_no_way_for_a_half_into_a_text(tmp_path: Path, way: str) -> None:
    """Even through a filter that would take it out: nobody can say what the field was meant to be."""
    more = {"h": HALVED, "l": ["x", HALVED], "oo": [{"n": HALVED}, {"n": "d"}], "o": {HALVED: 1}}
    outcome = made_of(tmp_path, {**WHOLE_EVENT, **more}, action('type = "track"', body=f"Hi {way}"))
    assert outcome.message is None
    assert HALF in (outcome.reason or "")
