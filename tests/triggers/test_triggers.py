"""Triggers mean what the Filter Query Language's documentation says, and none can break a run."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import EVENTS, EXPRESSIONS, JSON, VALUES

from twiliodest.errors import ExpressionError
from twiliodest.events.texts import LIMIT
from twiliodest.triggers.expressions import Call, Compare, Expression, Field, Literal, Not
from twiliodest.triggers.functions import is_in
from twiliodest.triggers.grammar import MAX_DEPTH, parse
from twiliodest.triggers.matching import compile_trigger
from twiliodest.triggers.scope import keys, paths

EVENT: dict[str, object] = {
    "event": "Button Clicked",
    "type": "track",
    "context": {"library": {"name": "analytics.js", "version": "1.0"}},
    "properties": {
        "features": ["discounts", "dark-mode"],
        "product 1": {"price": "19.99"},
        "total": Decimal("12.50"),
        "count": 3,
        "rate": 0.5,
        "enabled": True,
        "off": False,
        "nothing": None,
        "pattern": "Button *",
        "broken": "[a",
        "digits": ["1", 1, None, Decimal("2.0")],
        "kana": "ア",
        "huge": Decimal("1e999999999"),
        "long": "9" * 100_000,
        "rows": [{"a": 1}],
        "and": "or",
    },
}


def matches(trigger: str, event: dict[str, object] = EVENT) -> bool:
    return compile_trigger(parse(trigger))(event)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("event = 'Button Clicked'", True),
        ("event = 'Screen Tapped'", False),
        ("context.path.path = '/login'", False),
        ("type = 'identify' or type = 'track'", True),
        ("event = 'Button Clicked' and type = 'track'", True),
        ("match( context.library.version, '1.*' )", True),
        ("match( context.library.version, '2.*' )", False),
        ("type = 'track' and ( event = 'Click' or match( event, 'Button *' ) )", True),
        ("!contains( context.library.name, 'js' )", False),
        ("'dark-mode' in properties.features", True),
        ("'blink' in properties.features", False),
        (r"properties.product\ 1.price = '19.99'", True),
        ("!( type in ['track', 'identify'] )", False),
        ("contains( null, 'a' )", False),
        ("length( null ) = 0", True),
        ("lowercase( null ) = null", True),
        ("typeof( null ) = 'null'", True),
        ("match( null, '*' )", False),
        ("match( 'abcd', 'a*d' )", True),
        ("match( '', '*' )", True),
        ("match( 'abc', 'ab' )", False),
        ("match( 'abcd', 'a??d' )", True),
        ("match( 'abcd', '*d' )", True),
        (r"match( 'ab*d', 'ab\*d' )", True),
        ("match( 'abCd', 'ab[cC]d' )", True),
        ("match( 'abcd', 'ab[a-z]d' )", True),
        ("match( 'abcd', 'ab[A-Z]d' )", False),
        ("contains('abc', 'b')", True),
        ("length('a') = 1 and length(properties.kana) = 3 and length('ア') = 3", True),
        ("length(properties.features) = 2", True),
        ("lowercase('AbÇ') = 'abç' and uppercase('abç') = 'ABÇ'", True),
        ("snakecase('test string') = 'test_string'", True),
        ("kebabcase('test string') = 'test-string'", True),
        ("titlecase('test string') = 'Test String'", True),
        ('titlecase("don\'t STOP") = "Don\'t STOP"', True),
        ("typeof(event) = 'string' and typeof(properties.total) = 'number'", True),
        ("typeof(properties.features) = 'list' and typeof(properties.off) = 'bool'", True),
        ("typeof(properties) = 'object' and typeof(missing) = 'null'", True),
    ],
)
def test_documented_examples(trigger: str, expected: bool) -> None:
    """Every example, function and glob of the language's documentation gives the documented result."""
    assert matches(trigger) is expected


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("missing = null and properties.total != null and !(event = null)", True),
        ("properties.off = false and properties.enabled != false and properties.count != true", True),
        ("missing in [null] and 'track' = type and context.library.name in ['analytics.js']", True),
        ("event.name.first = null", True),
        ("properties.features.first = null", True),
        ("1 = 1.0 and 1 != '1' and 1 != true and 0 != false", True),
        ("properties.total = 12.5 and properties.rate = 0.5", True),
        ("properties.features = ['discounts', 'dark-mode']", True),
        ("properties.features = ['dark-mode', 'discounts']", False),
        ("properties.digits = ['1', 1.0, null, 2]", True),
        ("properties.digits = ['1', true, null, 2]", False),
        ("properties = properties", False),
        ("properties.rows = properties.rows", False),
        ("properties.features = properties.features", True),
        ("context.library.name != properties", True),
        ("properties.total > 12 and properties.total <= 12.50 and 12 < properties.total", True),
        ("properties.total >= '12' or '12' < properties.total", False),
        ("true > 0", False),
        ("missing < 1 or missing >= 0", False),
        ("properties.huge > 1e1000 and -1e5 < +3", True),
        ("properties.enabled", True),
        ("properties.off", False),
        ("event", False),
        ("!missing and !event and !properties.off", True),
        ("!!properties.enabled", True),
        ("!type = 'identify'", True),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("!false and false", False),
        ("missing or event", False),
        ("1 in properties.digits and 2 in properties.digits and null in properties.digits", True),
        ("true in properties.digits", False),
        ("type in ['page', 1, 'track']", True),
        ("type in 'track' or type in type or type in []", False),
        ("'rack' in type", False),
        ("match(event, properties.pattern)", True),
        ("match(event, properties.broken) or match(event, properties.total)", False),
        (r"match('a\\b', 'a\\\\b') and match('a*', 'a\\*') and !match('ab', 'a\*')", True),
        (
            r"match('a]b', 'a\]b') and match('x-', 'x[a-]') and match('1', '[^a-z]') and match('^', '[\^a]')",
            True,
        ),
        ("match('a\nb', 'a*b') and match('a\nb', 'a?b') and !match('a.b', 'a?')", True),
        ("match('abcabd', '*ab*abd') and !match('abd', '*ab*abd')", True),
        (f"bool(match('{'a' * 300}', '{'a' * 300}'))", True),
        ("contains(properties.features, 'discounts') or contains(event, 1)", False),
        ("length(properties) = null and length(5) = null", True),
        ("lowercase(5) = null and titlecase(properties) = null", True),
        ("string(properties.total) = '12.50' and string(3) = '3' and string(true) = 'true'", True),
        ('string(properties.features) = \'["discounts","dark-mode"]\'', True),
        ("string(properties.digits) = '[\"1\",1,null,2.0]'", True),
        ("string(missing) = null and string(properties) = null and string('a') = 'a'", True),
        ("string(properties.huge) = '1E+999999999'", True),
        ("number('12.50') = 12.5 and number(' 7 ') = 7 and number('-1e2') = -100 and number(3) = 3", True),
        (
            "number('seven') = null and number('') = null and number(true) = null and number('NaN') = null",
            True,
        ),
        ("number('1e99999999999999999999') = null and number('٣') = null", True),
        ("number(properties.long) > properties.count", True),
        ("bool('true') and bool('yes') and bool(2) and bool([1]) and bool(true)", True),
        (
            "bool('FALSE') or bool('') or bool('0') or bool(0) or bool([]) or bool(null) or bool(properties)",
            False,
        ),
        ("bool(type = 'track')", True),
        (r"properties.\and = 'or' and properties.and = 'or'", True),
        (r"\true = null", True),
        ("event\u00a0=\t'Button Clicked'\n", True),
    ],
)
def test_semantics_where_the_documentation_is_brief(trigger: str, expected: bool) -> None:
    """Types are strict, missing is null, only `true` is true, and no conversion fails."""
    assert matches(trigger) is expected


def test_a_long_trigger_is_no_problem() -> None:
    """Thousands of alternatives, or the deepest nesting allowed, are read, shown, analysed and matched."""
    many = parse(" or ".join(f'event = "{n}"' for n in range(5_000)))
    assert compile_trigger(many)({"event": "4999"})
    assert keys(many) == {(None, None)}
    deep = parse("(a or b and contains(c, 'd') = " * (MAX_DEPTH - 1) + "true" + ")" * (MAX_DEPTH - 1))
    assert parse(str(deep)) == deep
    assert not compile_trigger(deep)({})
    assert len(paths(deep)) == 3


@pytest.mark.parametrize(
    "pattern", ["*a*a*a*a*a*a*a*a*b", "*" * 200 + "b", "*?*?*?*?*?*?*b", "*[ab]*[ab]*[ab]*b"]
)
def test_no_glob_explodes(pattern: str) -> None:
    """A glob on a long text takes no longer than their lengths explain, wherever it comes from."""
    event: dict[str, object] = {"text": "a" * 50_000, "pattern": pattern}
    assert not matches(f"match(text, '{pattern}')", event)
    assert not matches("match(text, pattern)", event)
    assert not matches("match(text, pattern)", {"text": "a" * 5_000, "pattern": "*a" * 5_000})
    with pytest.raises(ExpressionError):
        parse(f"match(text, '[{'a-' * 1_000}')")


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("type = 'track' and 'Order' = event", {("track", "Order")}),
        ("type in ['track', 'page'] and userId != null", {("track", None), ("page", None)}),
        ("type = 'track' and event in ['a', 'b']", {("track", "a"), ("track", "b")}),
        ("type = 'page' or event = 'a'", {("page", None), (None, "a")}),
        ("type = 'track' and type = 'page'", set()),
        ("event = 'a' and event = 'b'", set()),
        ("event in ['a', 'b'] and event in ['b', 'c']", {(None, "b")}),
        ("type in ['x', 'y'] and event = 'a' and type in ['y', 'z']", {("y", "a")}),
        ("false", set()),
        ("true", {(None, None)}),
        ("type = 'track' or userId = 'u'", {(None, None)}),
        ("type in ['track', null] or type = ['track'] or type = 5", {(None, None)}),
        ("!(type = 'track')", {(None, None)}),
        ("properties.type = 'a' and properties.event = 'b'", {(None, None)}),
    ],
)
def test_keys(trigger: str, expected: set[tuple[str | None, str | None]]) -> None:
    """An index on type and event knows which triggers an event can concern."""
    assert keys(parse(trigger)) == expected


@pytest.mark.parametrize(("size", "few"), [(1_000, True), (1_001, False)])
def test_a_thousand_names_have_a_place_in_the_index(size: int, few: bool) -> None:
    """With more of them, every event is looked at, and none is lost."""
    pairs = keys(parse(f"event in [{', '.join(map(repr, map(str, range(size))))}]"))
    names = range(size) if few else [None]
    assert pairs == {(None, None if name is None else str(name)) for name in names}


@pytest.mark.parametrize("size", [50, 900])
def test_keys_stay_few(size: int) -> None:
    """Many names on both sides do not multiply without bound, and none is lost."""
    names = ", ".join(f'"{n}"' for n in range(size))
    pairs = keys(parse(f"type in [{names}] and event in [{names}]"))
    assert len(pairs) <= 1_000
    assert any(kind in (None, "7") and event in (None, "8") for kind, event in pairs)


def pruned(event: dict[str, object], kept: frozenset[tuple[str, ...]]) -> dict[str, object]:
    """The event cut down to what stands at the paths."""
    result: dict[str, object] = {}
    for name, value in event.items():
        below = frozenset(path[1:] for path in kept if path[0] == name)
        if () in below:
            result[name] = value
        elif below and isinstance(value, dict):
            result[name] = pruned(value, below)
    return result


@given(EXPRESSIONS, EVENTS)
@settings(max_examples=200, deadline=None)
def test_matching_obeys_its_laws(expression: Expression, event: dict[str, object]) -> None:
    """Matching never raises, needs only the trigger's paths, and only matches under the trigger's keys."""
    test = compile_trigger(expression)
    matched = test(event)
    assert matched in (True, False)
    assert test(pruned(event, paths(expression))) is matched
    assert compile_trigger(Not(expression))(event) is not matched
    if matched:
        kind, name = event.get("type"), event.get("event")
        assert any(a in (None, kind) and b in (None, name) for a, b in keys(expression))


@given(st.text("ab*?[]^-\\\n", max_size=8), st.text("ab^-\\\n", max_size=6))
@settings(deadline=None)
def test_globs_agree_with_a_plain_translation(pattern: str, text: str) -> None:
    """The fast glob matcher gives the same answers as the obvious regular expression."""
    matched = compile_trigger(Call("match", (Field(("text",)), Field(("pattern",)))))
    if "[" in pattern or pattern.replace("\\\\", "").endswith("\\"):
        assert matched({"text": text, "pattern": pattern}) in (True, False)
        return
    translate = {"*": ".*", "?": "."}
    pieces = re.findall(r"(?s)\\.|.", pattern)
    plain = "".join(translate.get(piece, re.escape(piece[-1])) for piece in pieces)
    assert matched({"text": text, "pattern": pattern}) == bool(re.fullmatch(plain, text, re.DOTALL))


@pytest.mark.parametrize("pattern", ["[a", "a\\", "a" * 257, 5, None, ["a"]])
def test_a_pattern_of_an_event_that_is_none_matches_nothing(pattern: object) -> None:
    """Not to match is false, which a trigger may ask for."""
    event = {"text": "a" * 257, "pattern": pattern}
    assert matches("match(text, pattern) = false", event)
    assert matches("match(text, pattern)", {"text": "a" * 256, "pattern": "a" * 256})


def test_deep_and_odd_events_do_not_raise() -> None:
    """Lists nested ten thousand deep, lone surrogates, huge integers and NaN are values like any other."""
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    event: dict[str, object] = {"a": deep, "b": "\ud800", "c": [10**5_000], "d": 10**5_000, "e": float("nan")}
    event["f"] = Decimal("sNaN")
    for trigger in [
        "a = a and string(a) = null",
        "length(b) = 3 and string(b) = b and string(c) != '' and length(string(d)) = 5001",
        "!(e < 1.5) and e != e and !(f < 1) and f != f",
    ]:
        assert matches(trigger, event)


SUBJECTS = [0, 1, True, False, None, "", "1", [1], [True], {"a": 1}, 10**30, Decimal("1e30"), Decimal("0.50")]


@settings(max_examples=300)
@given(st.lists(VALUES, max_size=5), st.sampled_from(SUBJECTS) | JSON)
def test_a_list_of_literals_holds_what_equals_one_of_them(values: list[Any], value: Any) -> None:
    """However it is looked up: by type and exact value, lists item by item."""
    match = compile_trigger(Compare(Field(("a",)), "in", Literal(tuple(values))))
    assert match({"a": value}) == is_in(value, values)


def test_a_long_list_costs_an_event_no_more_than_a_short_one() -> None:
    """Nobody waits for a hundred thousand comparisons with numbers."""
    asked = list[str]()

    class Number(Decimal):
        def __eq__(self, other: object) -> bool:
            asked.append("")
            return super().__eq__(other)

        __hash__ = Decimal.__hash__

    match = compile_trigger(parse(f"a in [{', '.join(map(str, range(50_000)))}]"))
    assert match({"a": Number("49999.0")})
    assert not match({"a": Number("0.5")})
    assert len(asked) < 100


def test_a_pattern_has_a_length_that_is_matched_in_a_moment() -> None:
    """The longest pattern and the longest text together are no way to stop a run."""
    text = "a" * LIMIT
    for pattern in ("*" + "a?" * 499 + "b", "*a" * 499 + "b", "*" + "[ab]" * 249 + "c"):
        assert not compile_trigger(parse(f'match(a, "{pattern}")'))({"a": text})
    with pytest.raises(ExpressionError, match="longer than 1,000") as caught:
        parse(f'match(a, "{"a" * 1_001}")')
    assert caught.value.offset == len('match(a, "') + 1_000
