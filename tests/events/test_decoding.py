"""What is decoded of an event is what stands there: any name, any depth, halves of characters included."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shell import SECONDS, environment

from twiliodest.events.decoding import (
    REFUSALS,
    WHOLE,
    canonical,
    decode_lines,
    decode_value,
    is_deep,
    strictly,
    tolerant,
    view,
)
from twiliodest.events.halves import Damaged, Half, masked, spelled
from twiliodest.events.texts import DEPTH, Broken

HERE = Path(__file__).parents[1] / "harness"
NAMES = st.sampled_from(["type", "téléphone", "имя", "電話", "", "🎉", "a"]) | st.text(max_size=4)
ANY_TEXT = (  # two halves in a row are a character
    st.text(st.characters(), max_size=6)
    | st.text(
        st.sampled_from(["\ud83d", "\udc00", "\U0010ffff", "=", "d", "8", "3", "\\", '"', "é"]), max_size=5
    )
).map(lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))


def objects(
    names: st.SearchStrategy[str], texts: st.SearchStrategy[str]
) -> st.SearchStrategy[dict[str, Any]]:
    scalars = texts | st.none() | st.booleans() | st.integers(-(10**20), 10**20)
    values = st.recursive(
        scalars, lambda it: st.lists(it, max_size=3) | st.dictionaries(names, it, max_size=4), max_leaves=8
    )
    return st.dictionaries(names, values, max_size=5)


def paths_of(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    inner = [paths_of(item, (*path, name)) for name, item in value.items()]
    return [*((*path, name) for name in value), *(found for some in inner for found in some)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[tuple[str, ...]]]:
    """An event's text, and paths that lead to something in it, or to nothing."""
    data = draw(objects(NAMES, st.text(max_size=5)))
    path = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
    some = draw(st.lists(st.sampled_from(paths_of(data)) | path if data else path, min_size=1, max_size=4))
    return json.dumps(data, ensure_ascii=draw(st.booleans())), some


@settings(max_examples=12, deadline=None)
@given(st.lists(cases(), min_size=10, max_size=60))
@example([('{"properties":{"t\\u00e9l":"+33612345679"}}', [("properties", "tél")])])
@example([('{"properties":{"tél":{"имя":1}}}', [("properties", "tél", "имя"), ("電話",)])])
def test_a_part_is_seen_as_in_the_whole_in_a_fresh_process(
    some: list[tuple[str, list[tuple[str, ...]]]],
) -> None:
    """Whatever letters names are made of, escaped or not: what is decoded at a path is what stands there."""
    done = subprocess.run(
        [sys.executable, HERE / "fresh_views.py"],
        input=json.dumps(some).encode(),
        env=environment(HERE),
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout.decode() == ""


@settings(deadline=None)
@given(objects(NAMES | ANY_TEXT, ANY_TEXT), st.data())
def test_halves_of_characters_stand_where_the_event_has_them(
    said: dict[str, Any], data: st.DataObject
) -> None:
    """They cost nothing but what they stand in, and no other text is taken for one."""
    raw = json.dumps(said).encode()
    assert WHOLE(raw) == said
    wanted = data.draw(st.lists(st.sampled_from(paths_of(said)), max_size=3)) if said else []
    wanted = [path for path in wanted if "".join(path).isascii()]
    seen: Any = tolerant(view(wanted or [("none",)]))(raw)
    for path in wanted:
        found, there = seen, said
        for name in path:
            found, there = found[name], there[name]
        assert found == there
    assert isinstance(WHOLE(raw), Damaged) == (masked(raw) != raw)


@settings(deadline=None)
@given(objects(ANY_TEXT, ANY_TEXT), objects(ANY_TEXT, ANY_TEXT))
def test_a_digest_tells_halves_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Events of the same content have the same identity, whatever the order of keys, and no others."""
    first, second = (canonical(json.dumps(it).encode()) for it in (one, other))
    assert (first == second) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))
    turned = json.dumps(dict(reversed(one.items())), indent=1).encode()
    assert canonical(turned.replace(b"\\ud83d", b"\\uD83D")) == first


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (rb'{"a":"cut \ud83d"}', "cut \ud83d"),
        (rb'{"a":"\uDE00 cut"}', "\ude00 cut"),
        (rb'{"a":"\ud83d\ud83d\ude00"}', "\ud83d\U0001f600"),
        (rb'{"a":"\ud83dx\ude00"}', "\ud83dx\ude00"),
        (rb'{"a":"\\ud83d\ud83d"}', "\\ud83d\ud83d"),
        (rb'{"a":"\udbff\udfff=\ud83d"}', "\U0010ffff=\ud83d"),
        ('{"a":"\U0010ffffd83d\\ud83d"}'.encode(), "\U0010ffffd83d\ud83d"),
    ],
)
def test_a_half_is_decoded_as_it_was_written(raw: bytes, value: str) -> None:
    """A pair stays a pair, an escaped backslash a backslash."""
    found = view([("b",)]), view([("a",)]), WHOLE
    assert decode_lines([raw], found[0]) == [{}]
    for decode in found[1:]:
        (seen,) = decode_lines([raw], decode)
        assert (seen, type(seen["a"])) == ({"a": value}, Half)
    assert canonical(raw) != canonical(masked(raw))
    assert canonical(spelled(raw)) != canonical(raw)


def test_another_fault_of_a_line_with_a_half_is_told_at_its_place() -> None:
    """The half is not what is wrong, and does not move what is."""
    for decode in (WHOLE, strictly(view([("b",)]))):
        found = decode_value(b'{"a":"\\ud83d","b":[1,2}', decode)
        assert isinstance(found, Broken)
        assert found.offset == 22


def nested(levels: int, *, opener: str = "[", closer: str = "]") -> bytes:
    """An object with so many brackets within each other, itself included."""
    return ('{"a":' + opener * (levels - 1) + "1" + closer * (levels - 1) + "}").encode()


@pytest.mark.parametrize("names", [100, 5_000])
def test_a_path_of_any_length_can_be_decoded(names: int) -> None:
    """A trigger or a template may name more steps than there can be."""
    deep: Any = "end"
    for _ in range(100):
        deep = {"a": deep}
    raw = json.dumps({**deep, "b": 1}).encode()
    assert view([("a",) * names])(raw) == deep


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"b":', "}"), ('[{"b":[', "]}]")])
@pytest.mark.parametrize("wanted", ["a", "c"])
def test_one_limit_for_depth(brackets: tuple[str, str], wanted: str) -> None:
    """The same in every Python, for what is decoded and what is passed over; brackets in a text are none."""
    opener, closer = brackets
    step = opener.count("[") + opener.count("{")
    most = (DEPTH - 1) // step
    fine, deep = (
        ('{"t":"' + "[{" * 600 + r'\"[",' + f'"a":{opener * n}1{closer * n}' + "}").encode()
        for n in (most, most + 1)
    )
    decode = view([(wanted,)])
    for each in (decode_lines([fine, deep, fine], decode), decode_lines([fine, deep, fine], WHOLE)):
        assert len(each) == 1
    assert canonical(fine)
    assert isinstance(decode_value(fine, strictly(decode)), dict)
    found = decode_value(deep, strictly(decode))
    assert found == Broken("nested too deeply", "nested too deeply")


@given(objects(NAMES, st.sampled_from(["[", "{{[", '"[\\', "]"])), st.integers(DEPTH - 3, DEPTH + 3))
def test_depth_counts_brackets_and_nothing_else(said: dict[str, Any], levels: int) -> None:
    """Texts with brackets in them, and what stands beside, do not matter."""
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    assert is_deep(json.dumps(said | {"deep": value}).encode()) == (levels > DEPTH)


def test_a_hopeless_line_is_given_up_in_no_time() -> None:
    """A mebibyte of brackets, or of halves, is looked at once."""
    assert is_deep(b'{"a":' + b"[" * (1 << 20))
    with pytest.raises(REFUSALS):
        WHOLE(b'{"a":"' + rb"\ud83d" * 150_000)
    assert len(WHOLE(b'{"a":"' + rb"\ud83d" * 150_000 + b'"}')["a"]) == 150_000
