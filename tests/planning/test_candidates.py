"""The actions of an event are found by its type and name, however many actions there are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plan import action

from twiliodest.messages.send_sms import SendSms
from twiliodest.planning.candidates import Candidates
from twiliodest.planning.identity import compile_identity
from twiliodest.planning.plan import Plan
from twiliodest.triggers.matching import compile_trigger

IDENTITY = compile_identity(["$.messageId"])
SHAPES = {
    "pairs": 'type = "t{0}" and event = "n{0}"',
    "types or names": 'type = "t{0}" or event = "n{0}"',
    "lists": 'type in ["t{0}", "u{0}"] and event in ["n{0}", "m{0}"]',
}


def actions(shape: str, count: int) -> Sequence[SendSms]:
    return [action(SHAPES[shape].format(number), name=str(number)) for number in range(count)]


def matching(plan: Plan, kind: str, name: str) -> list[str]:
    seen = {"type": kind, "event": name}
    return [
        action.name
        for _, found in plan.select([seen])
        for action, matches, _ in found
        if not matches or matches(seen)
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_index_grows_with_the_number_of_actions(shape: str) -> None:
    """Twice as many actions with types and names of their own need twice the memory, also once events have come."""
    peaks = []
    for count in (400, 800):
        made = actions(shape, count)
        tracemalloc.start()
        try:
            plan = Plan(made, IDENTITY)
            for number in range(count):
                assert str(number) in matching(plan, f"t{number}", f"n{number}")
                matching(plan, f"t{number}", "n1")
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 3 * peaks[0]
    assert peaks[1] < 25_000_000


KEYS = st.sampled_from(["t0", "t1", "t2", "x"])
ROUTES = st.one_of(
    st.builds('type = "{}" and event = "{}"'.format, KEYS, KEYS),
    st.builds('type = "{}"'.format, KEYS),
    st.builds('event = "{}"'.format, KEYS),
    st.builds('type = "{}" or event = "{}"'.format, KEYS, KEYS),
    st.builds('event != "{}"'.format, KEYS),
    st.just("true"),
)


@settings(deadline=None)
@given(
    st.lists(ROUTES, max_size=8), st.lists(st.tuples(KEYS | st.just("?"), KEYS | st.just("?")), max_size=12)
)
def test_what_is_forgotten_is_found_again(routes: list[str], events: list[tuple[str, str]]) -> None:
    """An index with hardly any room gives the same actions in the same order as one with plenty."""
    made = [action(route, name=str(number)) for number, route in enumerate(routes)]
    plenty, scarce = Plan(made, IDENTITY), Plan(made, IDENTITY)
    scarce._candidates = Candidates(made, IDENTITY.prefixes, room=1)
    for kind, name in events:
        expected = [
            each.name for each in made if compile_trigger(each.trigger)({"type": kind, "event": name})
        ]
        assert matching(plenty, kind, name) == matching(scarce, kind, name) == expected


def test_types_and_names_that_no_action_knows_are_not_remembered() -> None:
    """Whoever puts a new type into every event costs no memory."""
    plan = Plan([*actions("pairs", 3), action("true", name="all")], IDENTITY)
    known = {"t0", "t1", "t2", None}
    for number in range(100):
        assert matching(plan, f"x{number}", f"y{number}") == matching(plan, "t0", f"z{number}") == ["all"]
        assert set(plan._candidates.names) == known
    assert sum(map(len, plan._candidates.names.values())) < 10
