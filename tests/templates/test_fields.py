"""A field says exactly what the event says, once, or says what the event lacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import view
from twiliodest.exact import text_of
from twiliodest.templates.fields import Unresolved, compile_field
from twiliodest.templates.paths.compiler import compile_path, elsewhere


def event(text: str) -> dict[str, Any]:
    return view([()])(text.encode())


def render(field: str, text: str) -> str:
    return compile_field(field).render(event(text))


@pytest.mark.parametrize(
    "number",
    [
        "12.50",
        "0.10",
        "100000000000000000001",
        "0.1234567890123456789012345",
        "1E5",
        "1e5",
        "1.0E+2",
        "-0.0",
        "1e999999999",
        "9" * 4000,
    ],
)
def test_a_number_stands_as_the_event_wrote_it(number: str) -> None:
    """No digit is lost, none is added, and a giant exponent stays small."""
    assert render("{{x}}", f'{{"x":{number}}}') == number
    assert render("$.x", f'{{"x":{number}}}') == number


@pytest.mark.parametrize(
    ("field", "text", "result"),
    [
        ("$.a", '{"a":true}', "true"),
        ("Hi {{$.a}}!", '{"a":false}', "Hi false!"),
        ("{{ a.b }} and {{a['c d']}}", '{"a":{"b":"x","c d":"y"}}', "x and y"),
        ("$['first name']", '{"first name":"Ann"}', "Ann"),
        ("{{['first name']}}", '{"first name":"Ann"}', "Ann"),
        ("{{$.a}}", '{"a":["x",1,true]}', "x, 1, true"),
        ("$.a[1]", '{"a":["x","y"]}', "y"),
        ("{{$.a[*].n}}", '{"a":[{"n":"x"},{"n":2.0}]}', "x, 2.0"),
        ("$.a[?(@.gift==true)].n", '{"a":[{"n":"x","gift":true},{"n":"y"}]}', "x"),
        ("{{a | default: 'friend'}}", "{}", "friend"),
        ('{{a | default: "friend"}}', '{"a":null}', "friend"),
        ('{{a|default:""}}.', '{"a":"  "}', "."),
        ('{{a|default:"x"}}', '{"a":[]}', "x"),
        ('{{a|default:"x"}}', '{"a":false}', "x"),
        ('{{a|default:"x"}}', '{"a":0}', "0"),
        ("$5 off", "{}", "$5 off"),
        ("{not} }} a {placeholder", "{}", "{not} }} a {placeholder"),
    ],
)
def test_a_field_renders(field: str, text: str, result: str) -> None:
    """Paths, templates, lists, several matches and defaults."""
    assert render(field, text) == result


@pytest.mark.parametrize("field", ["$.a.b", "Hi {{a.b}}"])
@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("{}", "is missing"),
        ('{"b":null}', "is null"),
        ('{"b":""}', "is empty"),
        ('{"b":" \\n"}', "is empty"),
        ('{"b":[]}', "is an empty list"),
        ('{"b":{}}', "is an object or a list of lists, not text"),
        ('{"b":[[1]]}', "is an object or a list of lists, not text"),
        ('{"b":["x",null]}', "is null"),
        ('"text"', "is missing"),
        ("[]", "is missing"),
    ],
)
def test_what_is_not_there_is_never_sent_as_a_gap(field: str, value: str, fault: str) -> None:
    """The path and its fault are named."""
    with pytest.raises(Unresolved) as caught:
        render(field, f'{{"a":{value}}}')
    assert caught.value.fault == fault
    assert caught.value.path.text == "$.a.b"


HOSTILE = st.sampled_from(
    ["{{$.otp}}", "{{otp | default: 'x'}}", "[bold]", "\x1b[2J", "${TOKEN}", "%s{0}\\1"]
)


@given(st.lists(HOSTILE | st.text(min_size=1), min_size=1).map("".join).filter(str.strip))
def test_a_value_is_never_looked_at_again(value: str) -> None:
    """Whatever it holds stands in the text once, as it is."""
    said = {"a": value, "otp": "SECRET"}
    assert compile_field("<{{a}}|{{a}}>").render(said) == f"<{value}|{value}>"
    assert list(compile_field("$.a").texts(said)) == [value]


@pytest.mark.parametrize(
    ("source", "offset"),
    [
        ("Hi {{$.a", 3),
        ("Hi {{$.a}} {{b", 11),
        ("Hi {{}}", 5),
        ("Hi {{ }}", 5),
        ("Hi {{a | upper}}", 9),
        ("Hi {{$.a[}}", 9),
        ("$.a b", 4),
        ("  $.a[", 6),
        ("$.a..", 5),
    ],
)
def test_an_error_points_at_its_place(source: str, offset: int) -> None:
    """The offset counts from the start of the field as it is written."""
    with pytest.raises(ExpressionError) as caught:
        compile_field(source)
    assert caught.value.offset == offset


@given(st.text(alphabet="$.[]{}()'\"@?*|=<>~!&,:-_0123ab \n\\/é`", max_size=25))
def test_any_text_compiles_or_is_refused_with_a_place(source: str) -> None:
    """Never another exception; a compiled field renders or says what is missing."""
    offset = 0
    try:
        compile_field(source).render({"a": [{"b": 1}]})
    except ExpressionError as error:
        offset = error.offset
    except Unresolved:
        pass
    assert 0 <= offset <= len(source)


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_the_text_of_a_value_is_a_text_or_none(value: Any) -> None:
    """Scalars and lists of scalars have one; nothing else has."""
    text = text_of(value)
    flat = value is not None and (not isinstance(value, list) or not any(i is None or i == [] for i in value))
    nested = isinstance(value, list) and any(isinstance(item, list) for item in value)
    assert (text is not None) == (flat and not nested)


def test_a_hint_names_where_else_the_name_stands() -> None:
    """At most two places, nearest to the top, only where a text stands."""
    said = {"context": {"traits": {"phone": "+1"}}, "phone": {"phone": " "}, "x y": {"phone": 5}}
    assert elsewhere(compile_path("$.traits.phone"), said) == ["$['x y'].phone", "$.context.traits.phone"]
    assert elsewhere(compile_path("$"), said) == []


def test_a_hint_in_a_hostile_event_stays_short() -> None:
    """Huge keys are neither copied nor told."""
    said = {"k" * 500_000: {str(i): {"phone": "x"} for i in range(20_000)}, "phone": {}}
    assert elsewhere(compile_path("$.traits.phone"), said) == []


def test_the_fixed_part_of_a_template_is_known() -> None:
    """What is there whatever the event says; a path has none."""
    assert compile_field("Hi {{a}}, bye {{b}}!").fixed == "Hi , bye !"
    assert compile_field("$.a").fixed is None
    assert (
        json.dumps([path.prefixes[0] for path in compile_field("{{a.b[0].c}} {{$..d}}").paths])
        == '[["a", "b"], []]'
    )
