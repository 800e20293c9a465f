"""A path means what RFC 9535 says, compares exact values and ends in time; all else is told with what to write."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import WHOLE, view
from twiliodest.templates.bounds import TooMuch
from twiliodest.templates.fields import Unresolved, compile_field
from twiliodest.templates.paths.compiler import compile_path, elsewhere

SHOP = """{
  "properties": {
    "wanted": 2, "level": 12.90, "pattern": "M.*", "broken": "(", "kinds": ["book", "toy"], "low": 0.5,
    "items": [
      {"id": 1, "name": "Mug", "price": 12.9, "old": 12.90, "tags": ["new"], "kind": "toy"},
      {"id": 2, "name": "Hat", "price": 13, "old": 15.5, "hidden": true, "kind": "book"},
      {"id": 3, "name": "Map", "price": 9.5, "old": 9, "hidden": false, "tags": [], "of": {"a": [1, {"b": null}]}}
    ]
  },
  "big": [9007199254740993, 9007199254740992.0, 9007199254740992, 1e2, 100, 1E400],
  "pairs": [{"a": [1, {"x": true}], "b": [1, {"x": 1}]}, {"a": [1.0, {"x": 2}], "b": [1, {"x": 2.00}]}],
  "имя": "Анна", "first-name": "Ann", "2fa_code": "123", "where": "here", "☺": "smile", "a\\nb": "lines",
  "it's": "quoted", "𝄞": "clef", "": "empty", "true": "word", "length": "long", "list": [0, 1, 2, 3, 4]
}""".encode()


def found(path: str, raw: bytes = SHOP) -> Sequence[Any]:
    """What a path gives of an event that is decoded as far as the path says that it needs it."""
    compiled = compile_path(path)
    values = list(compiled.find(view(compiled.prefixes)(raw)))
    assert values == list(compiled.find(WHOLE(raw)))
    return values


ITEMS = "$.properties.items"


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("@.price > 12", "Mug Hat"),
        ("@.price == 12.9", "Mug"),
        ("@.price == 12.900", "Mug"),
        ("@.price == 129e-1", "Mug"),
        ("@.price != 12.9", "Hat Map"),
        ("@.price < 13", "Mug Map"),
        ("@.price <= 13.0", "Mug Hat Map"),
        ("@.price >= 13.0", "Hat"),
        ("@.price < @.old", "Hat"),
        ("@.price >= @.old", "Mug Map"),
        ("@.price == $.properties.level", "Mug"),
        ("@.price > $.properties.low", "Mug Hat Map"),
        ("@.price < 1e999999", "Mug Hat Map"),
        ("10 < @.price", "Mug Hat"),
        ("13 == @.price", "Hat"),
        ("@.id != $.properties.wanted", "Mug Map"),
        ("$.properties.wanted == @.id", "Hat"),
        ("@.id == $.properties.items[1].id", "Hat"),
        ("true == @.hidden", "Hat"),
        ("@.hidden == true", "Hat"),
        ("@.hidden != true", "Mug Map"),
        ("@.hidden", "Hat Map"),
        ("!@.hidden", "Mug"),
        ("! @.hidden", "Mug"),
        ("@.hidden == @.nowhere", "Mug"),
        ("@.nowhere == @.nothing", "Mug Hat Map"),
        ("@.nowhere != @.nothing", ""),
        ("@.nowhere <= @.nothing", "Mug Hat Map"),
        ("@.nowhere < 1", ""),
        ("@.nowhere != 1", "Mug Hat Map"),
        ("@.nowhere == null", ""),
        ("@.of.a[1].b == null", "Map"),
        ("@.of.a[1].b", "Map"),
        ("@.price == '13'", ""),
        ("@.name == 'Hat' || @.name == \"Mug\"", "Mug Hat"),
        ("@.id == 1 || @.id == 2 && @.hidden == false", "Mug"),
        ("(@.id == 1 || @.id == 2) && @.hidden == true", "Hat"),
        ("!(@.id == 1)", "Hat Map"),
        ("!(!(@.id == 1))", "Mug"),
        ("@.name > 'Hat'", "Mug Map"),
        ("@.hidden > false", ""),
        ("@.hidden >= false", "Map"),
        ("length(@.name) == 3", "Mug Hat Map"),
        ("length(@.tags) == 0", "Map"),
        ("length(@.of) == 1", "Map"),
        ("length(@.price) == 3", ""),
        ("length(@.nowhere) == length(@.price)", "Mug Hat Map"),
        ("count(@.*) > 6", "Map"),
        ("count(@..*) == 11", "Map"),
        ("value(@..b) == null", "Map"),
        ("@.tags[?@ == 'new']", "Mug"),
        ("@['name', 'nowhere']", "Mug Hat Map"),
        ("@.tags.*", "Mug"),
        ("match(@.name, 'M.*')", "Mug Map"),
        ("match(@.name, 'M')", ""),
        ("search(@.name, 'a')", "Hat Map"),
        ("!search(@.name, 'a')", "Mug"),
        ("match(@.name, $.properties.pattern)", "Mug Map"),
        ("match(@.name, $.properties.broken)", ""),
        ("!match(@.name, $.properties.broken)", "Mug Hat Map"),
        ("match(@.price, '.*')", ""),
        ("match(@.name, 3)", ""),
        ("count($.properties.kinds.*) == 2", "Mug Hat Map"),
        ("count($.properties.kinds[?@ == 'book']) == 1 && @.id == 1", "Mug"),
        ("$.properties.items[?@.id == $.properties.wanted]", "Mug Hat Map"),
        ("@.of == $.properties.items[2].of", "Map"),
        ("@ == $.properties.items[0]", "Mug"),
    ],
)
def test_a_filter_keeps_what_its_condition_says(condition: str, names: str) -> None:
    """Exact values, what is missing, `$` and functions, with and without parentheses around all of it."""
    assert " ".join(found(f"{ITEMS}[?{condition}].name")) == names
    assert " ".join(found(f"{ITEMS}[?({condition})].name")) == names
    said = compile_field(f"{{{{{ITEMS}[?{condition}].name | default: 'none'}}}}").render(WHOLE(SHOP))
    assert said == (names.replace(" ", ", ") or "none")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.list[-1]", [4]),
        ("$.list[5]", []),
        ("$.list[1:3]", [1, 2]),
        ("$.list[::-2]", [4, 2, 0]),
        ("$.list[3:1:-1]", [3, 2]),
        ("$.list[-2:]", [3, 4]),
        ("$.list[::0]", []),
        ("$.list[0, -1, 0]", [0, 4, 0]),
        ("$.list['a', 1]", [1]),
        ("$.list[?@ > 3, ?@ < 1]", [4, 0]),
        ("$.list[*]", [0, 1, 2, 3, 4]),
        ("$.list[?@]", [0, 1, 2, 3, 4]),
        ("$['true', 'length']", ["word", "long"]),
        ("$.properties.kinds.*", ["book", "toy"]),
        ("$..name", ["Mug", "Hat", "Map"]),
        ("$..tags[0]", ["new"]),
        ("$..[?@.hidden == true].id", [2]),
        ("$ ['list'] [ 1 , 2 : 3 ]", [1, 2]),
        ("$.big[?@ == 9007199254740993]", [9007199254740993]),
        ("$.big[?@ == 9007199254740992]", [9007199254740992, 9007199254740992]),
        ("$.big[?@ == 100]", [100, 100]),
        ("$.big[?@ > 9007199254740993]", [Decimal("1E400")]),
        ("$.pairs[?@.a == @.b].a[1].x", [2]),
        ("$.имя", ["Анна"]),
        ("$['имя']", ["Анна"]),
        ("$['\\u0438\\u043c\\u044f']", ["Анна"]),
        ('$["\\u263A"]', ["smile"]),
        ("$.☺", ["smile"]),
        ("$.𝄞", ["clef"]),
        ("$['\\uD834\\uDD1E']", ["clef"]),
        ("$['a\\nb']", ["lines"]),
        ("$['it\\'s']", ["quoted"]),
        ('$["it\'s"]', ["quoted"]),
        ("$['']", ["empty"]),
        ("$.first-name", ["Ann"]),
        ("$['2fa_code']", ["123"]),
        ("$.where", ["here"]),
        ("$.true", ["word"]),
        ("$.length", ["long"]),
        ("$.where.where", []),
        ("$.where[0]", []),
        ("$.list.length", []),
    ],
)
def test_selectors_and_names_are_read_as_the_standard_says(path: str, values: list[Any]) -> None:
    """Names of any script, escapes, indexes, slices, wildcards and unions of them."""
    assert found(path) == values


@pytest.mark.parametrize(
    ("path", "prefixes"),
    [
        ("$.a.b[0].c", [("a", "b")]),
        ("$.a.b", [("a", "b")]),
        ("$.a[*].b", [("a",)]),
        ("$..a", [()]),
        ("$", [()]),
        ("$.a[?@.b == 1]", [("a",)]),
        ("$.a[?@.b == $.c.d]", [("a",), ("c", "d")]),
        ("$.a[?!(@.b && $.c.d) || count($.e[*]) > 1]", [("a",), ("c", "d"), ("e",)]),
        ("$.a[?@[?@.x == $.f.g]]", [("a",), ("f", "g")]),
        ("$.a[?match(@, value($.h..i))]", [("a",), ("h",)]),
        ("$.a[?count($) > 1]", [("a",), ()]),
    ],
)
def test_a_path_names_all_that_it_looks_at(path: str, prefixes: list[tuple[str, ...]]) -> None:
    """What stands elsewhere in an event is decoded only if somebody asks for it."""
    assert list(compile_path(path).prefixes) == prefixes


@pytest.mark.parametrize(
    ("path", "offset", "hint"),
    [
        ("$.items[?(@.name==b)]", 18, "'b'"),
        ("$.items[?(@.name==True)]", 18, "true"),
        ("$.items[?@.name == None]", 19, "null"),
        ("$.items[?(name == 'x')]", 10, "@.name"),
        ("$.items[?@.a = 1]", 13, "=="),
        ("$.items[?@.a === 1]", 13, "=="),
        ("$.items[?@.a !== 1]", 13, "!="),
        ("$.items[?@.a <> 1]", 13, "!="),
        ("$.items[?@.a ≥ 1]", 13, ">="),
        ("$.items[?@.a == 1 and @.b == 2]", 18, "&&"),
        ("$.items[?@.a == 1 or @.b == 2]", 18, "||"),
        ("$.items[?@.a & @.b]", 13, "&&"),
        ("$.items[?not @.a]", 9, "!"),
        ("$.items[?@.a in ['x', 'y']]", 13, "||"),
        ("$.items[?@.a contains 'x']", 13, "search"),
        ("$.items[?(@.n =~ '(a+)+$')]", 14, "match("),
        ("$.items[?@.n == /x/i]", 16, "match("),
        ("$.items[?@.n == ‘x’]", 16, "straight"),
        ("$.items[?!@.a == 1]", 9, "!("),
        ("$.items[?true]", 9, "compare"),
        ("$.items[?'x' || @.a]", 9, "compare"),
        ("$.items[?length(@.a)]", 9, "compare"),
        ("$.items[?match(@.a, 'x') == true]", 9, "by itself"),
        ("$.items[?@.* == 1]", 9, "single"),
        ("$.items[?length(@.*) == 1]", 16, "names and indexes"),
        ("$.items[?count('x') == 1]", 15, "length("),
        ("$.items[?startswith(@.a, 'x')]", 9, "length, count, match, search"),
        ("$.items[?length (@.a) == 1]", 9, "length("),
        ("$.items[?@.qty*2 > 3]", 14, "times"),
        ("$.items[?(@.length-1)]", 12, "quote a name"),
        ("$.items[?@.a == 01]", 16, "0.5"),
        ("$.items[?@.a == .5]", 16, "0.5"),
        ("$.items[?@.a == 1", 17, "]"),
        ("$.items[?(@.a == 1]", 18, ")"),
        ("$.items[?]", 9, "@.name"),
        ("$.items[(@.length-1)]", 8, "[-1]"),
        ("$.items[@.a == 1]", 8, "?"),
        ("$.items[name]", 8, "['name']"),
        ("$.items[]", 8, "[*]"),
        ("$.items[0", 9, "]"),
        ("$['a' 'b']", 6, "'a', 'b'"),
        ("$['a", 2, "quote"),
        ("$['\\x41']", 3, "\\u263a"),
        ("$.first_name + $.last_name", 13, "{{a}} {{b}}"),
        ("$.qty * 1.1", 6, "times"),
        ("$.a|$.b", 3, "list"),
        ("$.a where b", 4, "filter"),
        ("$.items.0.name", 8, "[0]"),
        ("$.properties.2fa_code", 13, "['2fa_code']"),
        ("$.properties.@type", 13, "['@type']"),
        ("$.properties.'first name'", 13, "['first name']"),
        ("$.properties.first name", 19, "['first name']"),
        ("$.properties.[0]", 13, "remove"),
        ("$.a.`sub(/x/, y)`", 4, "Liquid"),
        ("$.a.sub('x', 'y')", 7, "Liquid"),
        ("$.a.split(',', 0, 1)", 9, "Liquid"),
        ("$.a.str()", 7, "Liquid"),
        ("$.a.length()", 10, "length(@"),
        ("$.items[?@.a.length() > 1]", 19, "length(@"),
        ("$.na\u200bme", 4, "remove"),
        ("$.name\u00a0", 6, "remove"),
        ("$.o’neil", 3, "straight"),
        ("$.", 2, "$.properties.name"),
        ("name", 0, "$.properties.name"),
        ("$.items[?match(@.a, '(')]", 22, "never closed"),
        ("$.items[?match(@.a, '\\\\d+')]", 21, "[0-9]"),
        ("$.items[?search(@.a, '(?i)a')]", 23, "flags"),
        ("$.items[?search(@.a, 'a**')]", 24, "to repeat"),
        ("$.items[?search(@.a, 'a{5,2}')]", 23, "{2,5}"),
        ("$.items[?search(@.a, 'a}')]", 23, r"write \}"),
        ("$.items[?search(@.a, 'a{b')]", 23, r"write \{"),
        ("$.items[?search(@.a, 'a]')]", 23, r"write \]"),
        ("$.items[?search(@.a, '\\\\b')]", 22, "word boundaries are not"),
        ("$.items[?search(@.a, '[a')]", 24, "never closed"),
        ("$['a\nb']", 4, r"\n, \t or \u0007"),
        ("$['a\x1fb']", 4, r"\u0007"),
    ],
)
def test_what_a_path_does_not_have_is_told_with_what_to_write(path: str, offset: int, hint: str) -> None:
    """Bare words, other languages' operators, arithmetic, scripts and functions of other JSONPaths."""
    with pytest.raises(ExpressionError) as caught:
        compile_path(path)
    assert (caught.value.offset, hint in (caught.value.hint or "")) == (offset, True), caught.value.hint


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("$" + ".a" * 20_000, "characters"),
        ("$" + "[0]" * 20_000, "characters"),
        ("$" + ".a" * 200, "steps"),
        ("$[?" + "@.a&&" * 100 + "@.a]", "steps"),
        ("$[?" + "(" * 500 + "@" + ")" * 500 + "]", "nested"),
        ("$" + "[?@" * 200 + "]" * 200, "nested"),
        ("$[?" + "length(" * 200 + "@" + ")" * 200 + "]", "nested"),
        ("$[?match(@, '" + "(" * 200 + ")" * 200 + "')]", "too large"),
        ("$[?match(@, '(((a{90}){90}){90}){90}')]", "too large"),
        ("$[?match(@, '" + "a" * 1_500 + "')]", "too large"),
        ("$[?@ == 1e99999999999999999999]", "too large"),
        ("$[99999999999999999999]", "too large"),
    ],
)
def test_a_path_without_bounds_is_refused(path: str, message: str) -> None:
    """Before any event is looked at, and at once."""
    with pytest.raises(ExpressionError, match=message):
        compile_path(path)


def deep(levels: int, **value: Any) -> dict[str, Any]:
    for _ in range(levels):
        value = {"a": value}
    return value


A_BIT_MORE = Decimal("9" * 200_000 + ".5")


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("$..a..a..n", deep(5_000, n=1)),
        ("$..a..a..a..a..n", deep(300, n=1)),
        ("$..*..*", {"l": [[[0] * 50] * 50] * 50}),
        ("$.l[?count($.l[*]) > 3]", {"l": [0] * 50_000}),
        ("$.l[?@ == $.l]", {"l": [[0] * 1_000] * 1_000}),
        ("$.l[?$.l == $.m]", {"l": [[*range(1_000)] for _ in range(1_000)], "m": [[*range(1_000)]] * 1_000}),
        (
            "$.l[?$.x == $.y]",
            {"l": [0] * 100_000, "x": dict.fromkeys(map(str, range(9_999))), "y": {"z": 0}},
        ),
        ("$.l[?$.x < $.y]", {"l": [0] * 100_000, "x": "a" * 400_000 + "b", "y": "a" * 400_000 + "c"}),
        ("$.l[?@ < $.y]", {"l": [Decimal("1.5")] * 100_000, "y": 10**4_000}),
        ("$.l[?$.x < $.y]", {"l": [0] * 100_000, "x": A_BIT_MORE, "y": A_BIT_MORE + 0}),
        ("$.l[?match(@, '(a+)+$')]", {"l": ["a" * 5_000 + "b"] * 100}),
        ("$.l[?search(@, '(.{0,30}){0,30}x')]", {"l": ["abcdefghijklmnop" * 5_000] * 9}),
        ("$.l[?search(@.s, @.p)]", {"l": [{"s": "x", "p": "a" * 900 + str(n)} for n in range(1_000)]}),
        ("$.l[?search('x', $.p)]", {"l": [0], "p": "(a{90}){90}"}),
    ],
)
def test_a_path_does_bounded_work_for_an_event(path: str, event: dict[str, Any]) -> None:
    """Whatever it holds: the message is invalid, also where there would be a default."""
    with pytest.raises(TooMuch):
        compile_path(path).find(event)
    for field in (path, f"Hi {{{{{path} | default: 'x'}}}}"):
        with pytest.raises(Unresolved, match="needs too much work for this event"):
            compile_field(field).render(event)


def test_large_events_are_within_the_bounds() -> None:
    """What is merely long costs no message."""
    event = {"items": [{"name": f"n{n}", "price": n} for n in range(25_000)], "deep": deep(2_000, name="x")}
    assert len(compile_path("$..name").find(event)) == 25_001
    assert len(compile_path("$.items[?@.price >= 12_500].name".replace("_", "")).find(event)) == 12_500
    assert compile_path("$.t[?search(@, '(a|b)*(a|b)*c')]").find({"t": ["ab" * 20_000 + "c"]}) != []


@pytest.mark.parametrize(
    ("path", "event", "spots"),
    [
        ("$.properties.First_Name", {"properties": {"first_name": "Ann"}}, ["$.properties.first_name"]),
        ("$.properties.first_name", {"properties": {"firstName": "Ann"}}, ["$.properties.firstName"]),
        ("$.properties.first_name", {"properties": {"First Name": "A"}}, ["$.properties['First Name']"]),
        ("$.properties.first_name", {"traits": {"first-name": "Ann"}}, ["$.traits.first-name"]),
        ("$.properties.ПОЛ", {"properties": {"пол": "m"}}, ["$.properties['пол']"]),
        ("$.properties.straße", {"properties": {"STRASSE": "x"}}, ["$.properties.STRASSE"]),
        ("$.a.téléphone", {"b": {"téléphone": "+33"}}, ["$.b['téléphone']"]),
        ("$.a.te\u0301l", {"b": {"t\u00e9l": "+33"}}, ["$.b['t\u00e9l']"]),
        ("$.code", {"a'b": {"code": "1"}}, ['$["a\'b"].code']),
        ("$.code", {"'\"": {"code": "1"}}, ["$['\\'\"'].code"]),
        ("$.code", {"a\\b\n": {"code": "1"}}, ["$['a\\\\b\\u000a'].code"]),
        ("$.code", {"2fa\u202e": {"CODE": "1"}}, ["$['2fa\\u202e'].CODE"]),
        ("$.name", {"properties": {"name": " ", "nom": "x"}}, []),
    ],
)
def test_a_name_that_is_nearly_there_is_named(path: str, event: dict[str, Any], spots: list[str]) -> None:
    """In another case, with other joints, elsewhere; written so that it can be copied into the configuration."""
    assert elsewhere(compile_path(path), event) == spots
    for spot in spots:
        assert len(compile_path(spot).find(event)) == 1


Meaning = Callable[[Any, Any], Any]  # of a value and the whole event
Said = tuple[str, Meaning]  # a part of a path, and what it means in plain words
Saying = st.SearchStrategy[Said]


def items(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def below(value: Any) -> list[Any]:
    return [value, *(inner for item in items(value) for inner in below(item))]


def exact(value: Any) -> Any:
    """A value in which booleans are no numbers, and equal numbers are the same."""
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return value if value is None or isinstance(value, bool | str) else ("number", Fraction(value))


def less(left: list[Any], right: list[Any]) -> bool:
    if not (left and right):
        return False
    one, other = exact(left[0]), exact(right[0])
    return type(one) is type(other) in (str, tuple) and one < other


def length(values: list[Any]) -> list[Any]:
    return [len(value) for value in values if isinstance(value, str | list | dict)]


COMPARISONS: dict[str, Callable[[list[Any], list[Any]], bool]] = {
    "==": lambda left, right: exact(left) == exact(right),
    "!=": lambda left, right: exact(left) != exact(right),
    "<": less,
    ">": lambda left, right: less(right, left),
    "<=": lambda left, right: less(left, right) or exact(left) == exact(right),
    ">=": lambda left, right: less(right, left) or exact(left) == exact(right),
}
NAMES = st.sampled_from(["a", "b", "é", "c d", "a-b", "", "'", "\n", "☺"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([2**53, 2**53 + 1, 0.5, -1.5, 2.0, 1e3, 0.0]),
    st.sampled_from(["", "a", "ab", "b", "é", "a\n"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=15,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)


def by_name(name: str) -> Said:
    return json.dumps(
        name
    ), lambda value, _: [value[name]] if isinstance(value, dict) and name in value else []


def by_slice(start: int | None, stop: int | None, step: int | None) -> Said:
    text = ":".join("" if part is None else str(part) for part in (start, stop, step))
    return text, lambda value, _: value[start:stop:step] if isinstance(value, list) and step != 0 else []


def by_index(index: int) -> Said:
    return str(index), lambda value, _: [
        item
        for place, item in enumerate(items(value))
        if isinstance(value, list) and place == index % len(value) and -len(value) <= index < len(value)
    ]


def by_filter(condition: Said) -> Said:
    text, holds = condition
    return f"?{text}", lambda value, event: [item for item in items(value) if holds(item, event)]


def segment(dots: str, selectors: list[Said]) -> Said:
    def select(values: list[Any], event: Any) -> list[Any]:
        tops = [inner for value in values for inner in below(value)] if dots else values
        return [found for top in tops for _, selector in selectors for found in selector(top, event)]

    return f"{dots}[{', '.join(text for text, _ in selectors)}]", select


def query(root: str, segments: list[Said]) -> Said:
    def find(value: Any, event: Any) -> list[Any]:
        values = [event if root == "$" else value]
        for _, select in segments:
            values = select(values, event)
        return values

    return root + "".join(text for text, _ in segments), find


def literal(value: Any, text: str | None = None) -> Said:
    return text or json.dumps(value), lambda *_: [value]


def called(name: str, argument: Said) -> Said:
    text, find = argument
    meanings: dict[str, Callable[[list[Any]], list[Any]]] = {
        "length": length,
        "count": lambda values: [len(values)],
        "value": lambda values: values if len(values) == 1 else [],
    }
    return f"{name}({text})", lambda value, event: meanings[name](find(value, event))


def compared(left: Said, operator: str, right: Said) -> Said:
    return f"{left[0]} {operator} {right[0]}", lambda value, event: COMPARISONS[operator](
        left[1](value, event), right[1](value, event)
    )


def joined(left: Said, operator: str, right: Said) -> Said:
    either = any if operator == "||" else all
    return f"({left[0]} {operator} {right[0]})", lambda *at: either([left[1](*at), right[1](*at)])


def matched(name: str, text: Said, pattern: str) -> Said:
    match = re.fullmatch if name == "match" else re.search

    def holds(value: Any, event: Any) -> bool:
        said = text[1](value, event)
        return bool(said and isinstance(said[0], str) and match(pattern, said[0]))

    return f"{name}({text[0]}, '{pattern}')", holds


BY_NAME = NAMES.map(by_name)
BY_INDEX = st.integers(-3, 3).map(by_index)
ENDS = st.none() | st.integers(-3, 3)
EVERYTHING: Said = ("*", lambda value, _: items(value))
ONE = st.lists(BY_NAME | BY_INDEX, min_size=1, max_size=1)
SINGULAR = st.builds(query, st.sampled_from("@$"), st.lists(st.builds(segment, st.just(""), ONE), max_size=3))
LITERALS = st.one_of(
    SCALARS.map(literal),
    st.sampled_from([literal(2, "2.00"), literal(0.5, "5E-1"), literal("a", "'a'"), literal(0, "-0")]),
)


def queries(root: str, conditions: Saying) -> Saying:
    selectors = st.one_of(
        BY_NAME,
        BY_INDEX,
        st.builds(by_slice, ENDS, ENDS, ENDS),
        st.just(EVERYTHING),
        conditions.map(by_filter),
    )
    some = st.lists(selectors, min_size=1, max_size=2)
    segments = st.builds(segment, st.sampled_from(["", "", ".."]), some)
    return st.builds(query, st.sampled_from(root), st.lists(segments, max_size=3))


def conditions(inner: Saying) -> Saying:
    below = queries("@$", inner)
    values = st.one_of(
        SINGULAR,
        LITERALS,
        st.builds(called, st.just("length"), SINGULAR | LITERALS),
        st.builds(called, st.sampled_from(["count", "value"]), below),
    )
    return st.one_of(
        st.builds(compared, values, st.sampled_from([*COMPARISONS]), values),
        below.map(lambda it: (it[0], lambda *at: bool(it[1](*at)))),
        below.map(lambda it: (f"!{it[0]}", lambda *at: not it[1](*at))),
        st.builds(joined, inner, st.sampled_from(["&&", "||"]), inner),
        inner.map(lambda it: (f"!({it[0]})", lambda *at: not it[1](*at))),
        st.builds(
            matched,
            st.sampled_from(["match", "search"]),
            SINGULAR,
            st.sampled_from(["a.*", "[^a]", ".", "a|b", ""]),
        ),
    )


HAS_A: Said = ("@.a", lambda value, _: isinstance(value, dict) and "a" in value)
PATHS = queries("$", st.recursive(st.just(HAS_A), conditions, max_leaves=6))


@settings(max_examples=400, deadline=None)
@given(PATHS, DOCUMENTS)
def test_a_path_finds_what_its_parts_mean(said: Said, document: dict[str, Any]) -> None:
    """In the order of the event: in all of it, and in what the path says that it needs of it."""
    path, meaning = said
    raw = json.dumps(document).encode()
    expected = exact(meaning(None, document))
    compiled = compile_path(path)
    for event in (WHOLE(raw), view(compiled.prefixes)(raw)):
        assert exact([*compiled.find(event)]) == expected


TOKENS = st.sampled_from(
    [
        *(
            "$",
            "@",
            ".",
            "..",
            "[",
            "]",
            "(",
            ")",
            "?",
            "*",
            ",",
            ":",
            "'a'",
            '"b"',
            "a",
            "b-1",
            "é",
            "0",
            "-1",
        ),
        *(
            "1.5",
            "==",
            "!=",
            "<",
            "=",
            "=~",
            "&&",
            "||",
            "!",
            "and",
            "in",
            " ",
            "true",
            "null",
            "length(",
            "\\",
        ),
        *("count(", "match(", "'", "/", "+", "|", "\u00a0", "\ud800", "2fa", "`", "{", "}", "\n", "1e5"),
    ]
)


@settings(max_examples=500)
@given(st.lists(TOKENS, max_size=14).map("".join).map(lambda text: f"${text}"), DOCUMENTS)
def test_any_text_is_a_path_or_has_a_place_where_it_is_not(path: str, document: dict[str, Any]) -> None:
    """Never another exception, and what is read can be looked up."""
    offset = 0
    try:
        compile_path(path).find(document)
    except ExpressionError as error:
        offset = error.offset
    assert 0 <= offset <= len(path)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (r"$['\ud83d\ude00']", ["a smile"]),
        (r"$['\u00e9']", ["an accent"]),
        (r"$['a\'b']", ["a quote"]),
        (r'$["a\"b"]', ["two quotes"]),
        (r"$['a\\b\/c\n']", ["a slash"]),
        ("$.l[?@.n < 'x'].n", ["a"]),
        ("$.l[? @.m ].m", [1]),
        ("$.l[?@.m && @.m == 1 ].m", [1]),
        ("$.l[?@.n < 5].n", [1]),
        ("$.l[?@.n >= 1].n", [1, 7]),
        ("$.l[?@.n < true].n", []),
        ("$.l[?@.n > null].n", []),
        ("$.l[?value(@.n) == 7].n", [7]),
        ("$.l[?value(@.*) == 7].n", [7]),
        ("$.l[?count(@.*) == 2].n", [None]),
        ("$.l[?length(@.n) == 1].n", ["a"]),
    ],
)
def test_names_and_values_are_told_apart(path: str, found: list[Any]) -> None:
    """Escapes within quotes, and comparisons of what is of different kinds."""
    event = {"😀": "a smile", "é": "an accent", "a'b": "a quote", 'a"b': "two quotes", "a\\b/c\n": "a slash"}
    event["l"] = [{"n": 1}, {"n": 7}, {"n": "a"}, {"n": True}, {"n": None, "m": 1}]  # type: ignore[assignment]
    assert list(compile_path(path).find(event)) == found


def test_a_path_that_would_take_too_long_finds_nothing() -> None:
    """Where nobody needs what it finds, as in an identity."""
    path, event = compile_path("$..a..a..a..a..n"), {"a": [{"a": [1] * 50}] * 2_000}
    with pytest.raises(TooMuch):
        path.find(event)
    assert path.look(event) == ()
