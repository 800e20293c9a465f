"""An event gives the messages of exactly those actions whose triggers match it, and keeps its identity."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.events.decoding import view
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Event, Invalid, Planned, Step
from twiliodest.planning.identity import ID_LIMIT, compile_identity
from twiliodest.planning.plan import Plan
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.grammar import parse
from twiliodest.triggers.matching import compile_trigger

WHOLE = view([()])


def action(
    trigger: str, to: str = "$.to", body: str = "Hi {{a.b | default: 'x'}}", name: str = "one"
) -> SendSms:
    return SendSms(
        name=name,
        trigger=parse(trigger),
        to=[compile_field(to)],
        body=compile_field(body),
        media=[],
        sender="+15551234567",
    )


def planned(plan: Plan, raw: bytes, *, taken: bool = False, line: int = 1) -> Step:
    """The plan for one event, of which was decoded what triggers look at, or all that is needed."""
    seen = (plan.take if taken else plan.look)(raw)
    for _, candidates in plan.select([seen]):
        return plan.step("events.jsonl", line, raw, raw, seen, candidates, taken)
    return []


def event_of(raw: bytes, path: str = "$.messageId") -> Event:
    return planned(Plan([action("true")], compile_identity([path])), raw, line=7)[0].event


FIELDS = st.sampled_from(["type", "event", "a.b", "a", "properties.n"])
LITERALS = st.sampled_from(['"track"', '"page"', '"Order Completed"', "1", "1.0", "true", "null", '""'])
CONDITIONS = st.one_of(
    st.builds("{} {} {}".format, FIELDS, st.sampled_from(["=", "!=", "<", ">="]), LITERALS),
    st.builds("{} {} {}".format, LITERALS, st.sampled_from(["=", "!="]), FIELDS),
    st.builds("{} in [{}, {}]".format, FIELDS, LITERALS, LITERALS),
    st.builds("contains({}, 'r')".format, FIELDS),
    st.builds("match({}, 'Order *')".format, FIELDS),
    st.builds("lowercase({}) = 'track'".format, FIELDS),
    FIELDS,
    st.sampled_from(["true", "false"]),
)
TRIGGERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=5,
)
TEXTS = st.sampled_from(["track", "page", "Order Completed", "", "+14155550100", "é"])
SCALARS = TEXTS | st.none() | st.booleans() | st.integers(0, 2) | st.floats(0, 2)
INNER = (
    SCALARS
    | st.lists(SCALARS, max_size=2)
    | st.dictionaries(st.sampled_from(["b", "n", "c"]), SCALARS, max_size=3)
)
EVENTS = st.dictionaries(st.sampled_from(["type", "event", "a", "properties", "to", "messageId", "x"]), INNER)


@settings(deadline=None)
@given(st.lists(TRIGGERS, min_size=1, max_size=5), EVENTS, st.booleans())
def test_no_match_is_dropped_and_none_is_made_up(
    triggers: list[str], said: dict[str, Any], taken: bool
) -> None:
    """The index and the pruned view change nothing: every trigger gets the whole event's verdict."""
    raw = json.dumps(said).encode()
    actions = [action(trigger, name=str(i)) for i, trigger in enumerate(triggers)]
    matching = [str(i) for i, each in enumerate(actions) if compile_trigger(each.trigger)(WHOLE(raw))]
    plan = Plan(actions, compile_identity(["$.messageId"]))
    assert [outcome.action for outcome in planned(plan, raw, taken=taken)] == matching


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["$.to", "$.a.b", "$.a", "$.a[0]", "$..b", "$.a[*]", "$.properties.n"]), min_size=2
    ),
    EVENTS,
    st.booleans(),
)
def test_fields_get_what_the_whole_event_would_give_them(
    paths: list[str], said: dict[str, Any], taken: bool
) -> None:
    """What is pruned was not needed, whether it is decoded at once or in two steps."""
    raw = json.dumps(said).encode()
    body = " ".join(f"{{{{{path} | default: '-'}}}}" for path in paths[1:])
    one = action("true", paths[0], body)
    (found,) = planned(Plan([one], compile_identity(["$.messageId"])), raw, taken=taken)
    expected = one.render(WHOLE(raw), raw)
    made = found.message if isinstance(found, Planned) else Invalid(found.reason or "", found.kind or "")
    assert repr(made) == repr(expected)


def test_an_event_keeps_its_place_its_name_and_its_text() -> None:
    """What a report needs is there."""
    raw = b'{"event":"Order Completed","messageId":"m-1"}'
    assert event_of(raw) == Event("events.jsonl", 7, raw, "Order Completed", "m-1")
    assert event_of(b'{"event":5,"messageId":"m-1"}').name is None


@pytest.mark.parametrize(
    ("raw", "path", "identity"),
    [
        ('{"messageId":"m-1"}', "$.messageId", "m-1"),
        ('{"messageId":100000000000000000001}', "$.messageId", "100000000000000000001"),
        ('{"messageId":1.50}', "$.messageId", "1.50"),
        ('{"properties":{"order":"o-1"},"messageId":"m"}', "$.properties.order", "o-1"),
        ('{"ids":["i-1"]}', "$.ids[0]", "i-1"),
    ],
)
def test_an_event_has_the_identity_that_it_says(raw: str, path: str, identity: str) -> None:
    """By default its messageId; numbers as written."""
    assert event_of(raw.encode(), path).id == identity


@pytest.mark.parametrize("value", ["null", '""', '" \\t"', "{}", "[]", '{"a":1}'])
def test_an_identity_that_says_nothing_is_replaced_by_a_digest(value: str) -> None:
    """Two such events are two events."""
    first, second = (event_of(f'{{"messageId":{value},"n":{n}}}'.encode()).id for n in (1, 2))
    assert first.startswith("digest:")
    assert first != second


def test_an_overlong_identity_becomes_its_digest() -> None:
    """Whatever else the event holds, the same identity stays the same."""
    long = "m" * (ID_LIMIT + 1)
    first, second = (event_of(f'{{"messageId":"{long}","n":{n}}}'.encode()).id for n in (1, 2))
    assert first == second
    assert len(first) < 50
    assert event_of(f'{{"messageId":"{long[1:]}"}}'.encode()).id == long[1:]


@given(st.dictionaries(st.text(max_size=3), INNER, min_size=1), st.randoms())
def test_a_digest_ignores_white_space_and_the_order_of_keys(said: dict[str, Any], dice: Any) -> None:
    """The same content, written in another way, is the same event."""
    said.pop("messageId", None)
    shuffled = dict(dice.sample(list(said.items()), len(said)))
    plain, pretty = json.dumps(said).encode(), json.dumps(shuffled, indent=2).encode()
    assert event_of(plain).id == event_of(pretty).id
    assert event_of(plain).id != event_of(json.dumps({**said, "messageId": None}).encode()).id


@pytest.mark.parametrize(
    ("one", "other"),
    [("12.50", "12.5"), ("1", '"1"'), ("1", "1.0"), ("1E5", '"1E+5"'), ("1E5", "100000"), ("[]", "{}")],
)
def test_a_digest_tells_contents_apart(one: str, other: str) -> None:
    """Numbers count as they are written, types count."""
    assert event_of(f'{{"x":{one}}}'.encode()).id != event_of(f'{{"x":{other}}}'.encode()).id


def test_numbers_of_any_size_have_a_digest() -> None:
    """Long integers and giant exponents are no obstacle."""
    assert event_of(b'{"a":' + b"9" * 4000 + b',"b":1e999999999,"c":-0.0}').id.startswith("digest:")


def test_a_view_keeps_numbers_exact() -> None:
    """Decimals and integers of any size."""
    assert view([("a",)])(b'{"a":[12.50,100000000000000000001]}') == {"a": [Decimal("12.50"), 10**20 + 1]}


def test_actions_render_in_the_order_of_the_configuration() -> None:
    """Every matching action, each with its own result."""
    actions = [
        action('type = "track"', name="b"),
        action('type = "page"', name="c"),
        action("true", name="a"),
    ]
    found = planned(Plan(actions, compile_identity(["$.messageId"])), b'{"type":"track","to":"+14155550100"}')
    assert [outcome.action for outcome in found] == ["b", "a"]
    assert all(outcome.message and outcome.message.body == "Hi x" for outcome in found)
