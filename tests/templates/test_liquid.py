"""Liquid templates say what Liquid says, of what the event holds, or say why not; none of them runs away."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import JSON

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import view
from twiliodest.exact import exact_number
from twiliodest.templates.fields import Unresolved, compile_field
from twiliodest.templates.liquid.filters import FILTERS

SAID = """{"traits": {"first_name": "aNN", "white": " ", "none": null}, "first name": "Zoë", "properties": {
    "total": 12.50, "huge": 1e5, "count": 3, "flag": false, "tags": ["vip", "eu"], "bare": [], "code": "7",
    "items": [{"name": "Tea", "price": 2.50}, {"name": "Cup", "price": 1}, {"name": "Pot"}], "size": "XL",
    "delivery_date": "2024-05-01T23:30:00-05:00", "sly": "{{ $.traits.first_name }}{% if true %}"}}"""


def event(text: str = SAID) -> dict[str, Any]:
    return view([()])(text.encode())


def render(source: str, text: str = SAID) -> str:
    return compile_field(source).render(event(text))


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ('{{ $.traits.first_name | default: "there" | capitalize }}', "Ann"),
        ('{{ $.traits.last_name | default: "there" | capitalize }}', "There"),
        ("{% if properties.total > 100 %}big{% else %}small{% endif %}", "small"),
        ('{{ properties.delivery_date | date: "%B %-d" }}', "May 1"),
        ("{{ properties.delivery_date | date: '%F %T %z' }}", "2024-05-01 23:30:00 -0500"),
        ("{{ 1700000000 | date }}", "Tuesday, November 14, 2023 at 10:13 pm +0000"),
        ("{{ 'Tue, 02 Jan 2024 10:00:00 +0100' | date: '%d/%m %H:%M' }}", "02/01 10:00"),
        ("{{ $['first name'] | upcase }}", "ZOË"),
        ("{% for item in properties.items limit: 2 %}{{ item.name }};{% endfor %}", "Tea;Cup;"),
        ("{{ properties.items[0].name | append: '$.traits' }}", "Tea$.traits"),
        ("{{ properties.items.size | plus: 1 }} {{ properties.size | downcase }}", "4 xl"),
        ("{{ properties.items | where: 'price' | map: 'name' | join: '+' }}", "Tea+Cup"),
        ("{{ properties.total }}{% if true %}{% endif %} {{ properties.huge }}", "12.50 1e5"),
        ("{{ properties.total | times: 2 }} {{ 0.1 | plus: 0.2 }} {{ 12.50 }}", "25 0.3 12.50"),
        ("{{ properties.huge | append: '!' }} {{ properties.huge | plus: 1 }}", "1e5! 100001"),
        ("{{ 20 | divided_by: 8 }} {{ 20 | divided_by: 8, true }} {{ 2.5 | round }}", "2.5 2 3"),
        ("{{ properties.flag }}{{ properties.tags }}{{-''-}} ", "falsevip, eu"),
        ("{% if properties.code > 5 %}yes{% endif %}", "yes"),
        ("{% if missing %}a{% elsif properties.bare == empty %}b{% endif %}", "b"),
        ("{% unless traits.white == blank %}a{% else %}b{% endunless %}", "b"),
        ("{% case properties.count %}{% when 1, 2 %}few{% when 3 %}three{% else %}?{% endcase %}", "three"),
        ("a {%- if true -%} b {%- endif -%} c", "abc"),
        ("{% assign who = traits.nick %}{% if who %}{{ who }}{% else %}friend{% endif %}", "friend"),
        ("{% assign traits = 'x' %}{{ traits }} {{ $.traits.first_name }}", "x aNN"),
        ("{% if missing %}{% assign code = 1 %}{% endif %}{{ properties.code }}", "7"),
        ("{% for i in missing %}x{% else %}none{% endfor %}", "none"),
        ("{% for i in (1..3) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"),
        ("{% capture x %}{{ properties.count }}{% endcapture %}{{ x | append: x }}", "33"),
        ("{% raw %}{{ $.x }}{% endraw %}{% comment %}{{ y }}{% endcomment %}{% # it's %}", "{{ $.x }}"),
        ("{% liquid\n assign x = $.properties.count | plus: 1\n echo x\n%}", "4"),
        ("{{ properties.size | append: ['first name'] }}{% if properties.limit %}x{% endif %}", "XLZoë"),
        ("{{ properties.sly | upcase | downcase }}", "{{ $.traits.first_name }}{% if true %}"),
        ("{% assign x = properties.sly %}{{ x }}", "{{ $.traits.first_name }}{% if true %}"),
    ],
)
def test_a_template_says_what_liquid_says(source: str, result: str) -> None:
    """Values, filters, conditions, loops, dates and white space; numbers exactly, and values as data."""
    assert render(source) == result


@pytest.mark.parametrize(
    ("source", "path", "fault"),
    [
        ("{{ $.traits.x | upcase }}", "$.traits.x", "is missing"),
        ("{{ traits.none | upcase }}", "$.traits.none", "is null"),
        ("{{ traits.white | upcase }}", "$.traits.white", "is empty"),
        ("{{ properties.bare | size }}", "$.properties.bare", "is an empty list"),
        ("{{ traits }}{% if x %}{% endif %}", "$.traits", "is an object or a list of lists, not text"),
        ("{{ $['no name'] | append: 'a' }}", "$['no name']", "is missing"),
        ("{{ x | default: y }}", "$.y", "is missing"),
        ("""{{ $["o'neil"].where[-1] | upcase }}""", """$["o'neil"].where[-1]""", "is missing"),
        ("{{ é | upcase }}", "$['é']", "is missing"),
        (
            "{% for item in properties.items %}{{ item.price }}{% endfor %}",
            "$.properties.items[*].price",
            "is missing",
        ),
        ("{% for item in properties.bare %}{% endfor %}", "$.properties.bare", "is an empty list"),
        ("{% assign x = traits.nick %}{{ x }}", "$.traits.nick", "is missing"),
        ("{% if x %}{% assign z = 1 %}{% endif %}{{ z }}", "$.z", "is missing"),
        (
            "{{ traits.first_name | times: 2 }}",
            "$.traits.first_name",
            "does not work with the filter times: it is not a number",
        ),
        (
            "{{ properties.count | join }}",
            "$.properties.count",
            "does not work with the filter join: it is not a list",
        ),
        (
            "{{ properties.items | map: 'nope' | first }}",
            "$.properties.items",
            "gives nothing after its filters",
        ),
        ("{{ properties.count | divided_by: 0 }}", "$.properties.count", None),
        ("{{ traits.first_name | date: '%Y' }}", "$.traits.first_name", None),
        (
            "{% for i in properties.count %}{% endfor %}",
            "$.properties.count",
            "does not work with for: it is not a list",
        ),
    ],
)
def test_what_is_not_there_is_never_sent_as_a_gap(source: str, path: str, fault: str | None) -> None:
    """The reasons are those of plain placeholders, and quote nothing of the event."""
    with pytest.raises(Unresolved) as caught:
        render(source)
    assert caught.value.path.text == path
    assert fault is None or caught.value.fault == fault
    assert "aNN" not in caught.value.fault


@pytest.mark.parametrize(
    ("source", "at", "message", "hint"),
    [
        ("Hi {{ name | upcas }}", "upcas", 'no filter "upcas"', '"upcase"'),
        ("{{ a }} {% iff a %}", "iff ", 'no tag "iff"', '"if"'),
        ("{% include 'x' %}", "include", "not available", None),
        ("{% render 'x' %}", "render", "not available", None),
        ("{% extends 'x' %}", "extends", "not available", None),
        ("{% block x %}{% endblock %}", "block", "not available", None),
        ("{% tablerow i in x %}{% endtablerow %}", "tablerow", "not available", None),
        ("a {% if a %} b", "if", "never closed", "{% endif %}"),
        ("a {% endif %}", "endif", "closes nothing", None),
        ("{% for i in a %}{% if b %}{% endfor %}", "endfor", "closes nothing", "{% if %} first"),
        ("{% else %}", "else", "not in a block", None),
        ("Hi {{ a | upcase", "{{", "never closed", "}}"),
        ("Hi {% if a", "{%", "never closed", "%}"),
        ("{% if a %}{{}}{% endif %}", "}}{%", "empty", None),
        ("{{ a | plus }}", "plus", "takes 1 argument", None),
        ("{{ a | upcase: 1 }}", "upcase", "takes 0 arguments", None),
        ("{{ a | default }}", "default", "one argument", None),
        ("{% if a = b %}{% endif %}", "=", "cannot be read", None),
        ("{{ $.items[*].name | join }}", "[*", "only names and indexes", "{% for"),
        ("{{ $..name | upcase }}", "$..", "only names and indexes", "{% for"),
        ("{{ items[?(@.a)] | first }}", "[?", "only names and indexes", "{% for"),
        ("{{ $ | size }}", "$", "continue with a name", None),
        ("{{ 'now' | date: '%Y' }}", "'now'", "must not depend on when", "$.timestamp"),
        ("{% break %}", "break", "outside a for", None),
        ("{% liquid\n foo x\n%}", "foo", 'no tag "foo"', None),
    ],
)
def test_a_fault_of_a_template_is_found_before_any_event(
    source: str, at: str, message: str, hint: str | None
) -> None:
    """At its character, with a way to mend it where there is one."""
    with pytest.raises(ExpressionError) as caught:
        compile_field(source)
    assert message in caught.value.message
    assert caught.value.offset == source.index(at)
    assert hint is None or hint in (caught.value.hint or "")


DOUBLING = "{% assign x = properties.sly %}{% for i in (1..1000) %}{% assign x = x | append: x %}{% endfor %}"
MANY = (
    "{% for a in (1..100000) %}{% for b in (1..100000) %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}"
)
BOMBS = [
    "{% if a %}" * 10_000 + "{% endif %}" * 10_000,
    "{% if a %}" * 900,
    "{{ a | upcase }}" * 10_000,
    "{% if " + "a and " * 1600 + "a %}{% endif %}",
    "{{ a" + "[a" * 2000 + "]" * 2000 + " | upcase }}",
    "{{ " * 3000 + "| x",
    "{% raw %}" * 1000,
    "{% liquid " + "liquid " * 1400 + "echo a %}",
    "{% if (1..9) contains properties.exponent %}{{ x }}{% else %}{{ y }}{% endif %}",
    "{% assign x = 1 %}{% for i in (1..400) %}{% assign x = x | divided_by: 7 %}{% endfor %}{{ x }}",
    "{% for i in properties.many %}{% cycle properties.many: 5, 6 %}{% endfor %}",
    "{% cycle properties.mixed: 5, 6 %}",
    "{% cycle properties: 5, 6 %}",
    "{{ properties.tagged | strip_html | append: properties.tagged }}",
    "{{ " + "a['" * 3000 + " }}",
    "{% comment " * 900,
    "{% for i in (1..1000000000) %}{{ i }}{% endfor %}",
    "{% for i in (1..1000000000) reversed %}{% endfor %}",
    "{% for i in (1..999999999999999999999999999) %}{% endfor %}",
    "{{ (1..1000000000) | size }}{{ (1..1000000000) | join }}",
    "{{ (1..1000000000) }}{% if true %}{% endif %}",
    MANY,
    DOUBLING,
    DOUBLING.replace("append: x", "prepend: x"),
    DOUBLING.replace("append: x", "replace: 's', x"),
    DOUBLING.replace("append: x", "replace: '', x"),
    DOUBLING.replace("append: x", "split: '' | join: x"),
    "{% assign x = properties.tags %}{% for i in (1..1000) %}{% assign x = x | concat: x %}{% endfor %}{{ x }}",
    "{% assign x = 9999999999 %}{% for i in (1..1000) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
    "{% capture x %}{% for i in (1..9000) %}12345678{% endfor %}{% endcapture %}{{ x | size }}",
    "{{ properties.long | times: 2 }}",
    "{{ properties.exponent | plus: 1 }}",
    "{{ properties.exponent | round: 99999999 }}",
    "{{ 1 | round: 999999999 }}",
    "{% for i in (1..properties.exponent) %}{% endfor %}",
    "{{ properties.exponent | date: '%Y' }}",
    "{{ 1 | date: '%999999999d' | append: properties.exponent | times: 2 }}",
    "{{ properties.text | truncate: properties.exponent }}",
    "{{ properties.text | slice: 0, properties.exponent }}",
    "{% for i in (1..1000) %}{{ properties.tagged | strip_html | size }}{% endfor %}",
    "{% for i in (1..100000) %}{% if properties.text contains 'zz' %}{% endif %}{% endfor %}",
    "{% for i in (1..100000) %}{% if properties.white == blank %}{% endif %}{% endfor %}",
    "{{ properties.mixed | sort }}",
    "" + "{{ properties.many | uniq | size }}" * 3 + "{{ x }}",
    "{% for i in properties.many %}{% for j in properties.many %}{{ i | plus: j }}{% endfor %}{% endfor %}",
]
BIG = {
    "long": 10**4000,
    "exponent": exact_number("1e999999999"),
    "text": "a" * 500_000,
    "white": " " * 500_000,
    "tagged": "<script" * 50_000 + "<" * 50_000,
    "mixed": [1, "a", None, [], {}, True],
    "many": list(range(40_000)),
    "tags": ["a" * 100_000, "b"],
    "sly": "sss",
}


@pytest.mark.parametrize("source", BOMBS)
def test_no_template_runs_away(source: str) -> None:
    """Whatever it asks for, it ends as a configuration problem, or as a reason why the message is invalid."""
    with pytest.raises((ExpressionError, Unresolved)) as caught:
        compile_field(source).render({"a": "x", "properties": BIG})
    if isinstance(caught.value, Unresolved):
        assert len(str(caught.value)) < 200


def test_a_template_that_needs_too_much_says_so() -> None:
    """The reason speaks of the template, and suggests no other path."""
    with pytest.raises(Unresolved, match="the template needs too much work for this event"):
        render(MANY)


NAMES = ["a", "b", "type", "size"]
WORDS = st.sampled_from(
    [
        *(
            "{{ ",
            " }}",
            "{%- if ",
            " %}",
            "{% endif %}",
            "{% for a in ",
            "{% endfor %}",
            "{% else %}",
            " -}}",
            "$.",
            "a",
            "b",
        ),
        *(
            ".b",
            ".size",
            "['a']",
            "[0]",
            "[b]",
            " | ",
            "default: ",
            "upcase",
            "times: 2",
            "join",
            "'x'",
            " == ",
            " > ",
            "5",
        ),
        *(
            "{% assign a = ",
            "{% case a %}{% when 1 %}",
            "{% endcase %}",
            "forloop.index",
            "date: '%Y'",
            "(1..3)",
            " and ",
            "x ",
        ),
        *(f"{{% assign b = a | {name} %}}" for name in ("first", "size")),
    ]
)
BLOCKS = st.sampled_from(
    [
        "{{ a | upcase }}",
        "{{ $.b.a | default: b.b | append: 'x' }}",
        "{{ a.size }}{{ b[0].a | join }}",
        "{{ a[b].a | size }}",
        "{% if a.b == b %}{% assign a = b.a %}{% endif %}{{ a }}",
        "{% assign b = a %}{{ b.size }}{{ b.a | first }}",
        "{% for a in b %}{{ a.b }}{{ forloop.index }}{% assign type = a %}{% endfor %}{{ type }}",
        "{% for x in a.b %}{{ x[1] }}{% else %}{{ b.size }}{% endfor %}",
        "{% case a %}{% when b.a, 1 %}1{% when type %}2{% else %}{{ b }}{% endcase %}",
        "{% capture b %}{{ a }}{% endcapture %}{{ b | size }}{{ $.b.size }}",
        "{% for x in b limit: a.a offset: type %}{% cycle a, b.b %}{% endfor %}",
        "{{ b.first.a }}{{ a.last }}",
        *(
            f"{{{{ a | {name} }}}}"
            for name in ("sort", "uniq", "sum", "compact", "reverse", "map: 'a'", "where: 'a'")
        ),
    ]
)
SMALL = st.recursive(
    st.sampled_from([None, True, False, "x", "", "a", 0, 1, Decimal("12.50"), "2024-05-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.dictionaries(st.sampled_from(NAMES), SMALL, max_size=4)


def outcome(source: str, said: Any) -> tuple[str, bool]:
    try:
        return compile_field(source).render(said), True
    except Unresolved as nothing:
        return str(nothing), False


@settings(max_examples=300)
@given(st.lists(BLOCKS, min_size=1, max_size=3).map("".join), EVENTS)
@example("{{ a.size }}{{ b | upcase }}", {"a": {"b": 1, "c": 2}, "b": "x"})
def test_what_a_template_looks_at_is_enough(source: str, said: dict[str, Any]) -> None:
    """Rendered from the paths that a field names alone, an event gives the same text, or the same reason."""
    raw = msgspec.json.Encoder(decimal_format="number").encode(said)
    pruned = view({("kept",), *(path.prefixes[0] for path in compile_field(source).paths)})(raw)
    assert outcome(source, pruned) == outcome(source, event(raw.decode()))


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=14).map("".join) | st.text(alphabet="{}%$.[]'\"|:-ab1 \n#", max_size=25))
def test_any_text_is_a_template_or_is_refused_with_a_place(source: str) -> None:
    """Never another exception, and a place within the text."""
    offset = 0
    try:
        compile_field(source).render({"a": [{"b": 1}], "b": "x"})
    except ExpressionError as error:
        offset = error.offset
    except Unresolved:
        pass
    assert 0 <= offset <= len(source)


MARK = "♦"  # nothing that twiliodest says has it
ARGUMENTS = ["", ": a", ": b", ": a, b", ": 'a'", ": 2", ": 1, 2", ": 'a', 1"]


@settings(max_examples=400)
@given(st.sampled_from(sorted(FILTERS)), st.sampled_from(ARGUMENTS), JSON, JSON, st.sampled_from(["", MARK]))
@example("plus", ": 1", "+14155550134", None, MARK)
@example("date", ": 'a'", "soon", None, MARK)
@example("date", ": 'a', b", "2026-03-01", "Mars/Base", MARK)
@example("map", ": b", [{"x": 1}], "secret", MARK)
@example("round", ": b", 1, "two", MARK)
def test_a_filter_takes_any_value_or_gives_a_reason(
    name: str, arguments: str, left: Any, right: Any, mark: str
) -> None:
    """Whatever an event holds, there is a text or a reason of one line that quotes nothing of it."""
    source = f"{{{{ a | {name}{arguments} }}}}"
    try:
        text, rendered = outcome(source, {"a": as_read(left, mark), "b": as_read(right, mark)})
    except ExpressionError:
        return  # the wrong number of arguments
    assert rendered or (len(text) < 150 and MARK not in text and text.isprintable())


def as_read(value: Any, mark: str) -> Any:
    """A value as it is decoded, with the mark in every text and name of it."""
    if isinstance(value, Decimal):
        return exact_number(str(value))
    if isinstance(value, list):
        return [as_read(item, mark) for item in value]
    if isinstance(value, dict):
        return {mark + key: as_read(item, mark) for key, item in value.items()}
    return mark + value if isinstance(value, str) else value


def test_the_fixed_part_is_the_text_outside_of_all_tags() -> None:
    """What is there whatever the event says; `check` counts its segments."""
    field = compile_field("Hi {{ a | upcase }}, {% if b %}yes{% endif %}bye {{- c }}!")
    assert field.fixed == "Hi , bye!"
    assert [path.text for path in field.paths] == ["$.a", "$.b", "$.c"]


def test_a_variable_of_the_template_is_no_path_of_the_event() -> None:
    """Only what an event has to bring is asked of it."""
    field = compile_field(
        "{% assign x = a.b %}{{ x }}{% for i in c %}{{ i.d }}{{ forloop.index }}{% endfor %}"
    )
    assert [path.text for path in field.paths] == ["$.a.b", "$.c"]


def test_a_plain_template_does_not_load_liquid() -> None:
    """Who writes plain placeholders does not wait for the filters."""
    program = (
        "import sys; from twiliodest.templates.fields import compile_field\n"
        "filters = 'twiliodest.templates.liquid.filters'\n"
        "compile_field('Hi {{ $.a | default: \"x\" }}, {{ b }}'); assert filters not in sys.modules\n"
        "compile_field('Hi {{ $.a | upcase }}'); assert filters in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
