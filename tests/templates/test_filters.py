"""Every filter of the list in the docs does what its name says, shown by examples with values."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from twiliodest.events.decoding import view
from twiliodest.templates.fields import compile_field
from twiliodest.templates.liquid.filters import FILTERS

EVENT = {
    "n": -7,
    "no": False,
    "long": 1111111111111111111111111111111111111111,
    "owed": -1111111111111111111111111111111111111111,
    "price": 12.75,
    "name": "ann smith",
    "tags": ["b", "C", "a", "b"],
    "numbers": [10, 9, 1],
    "nothing": [None, 1, None],
    "people": [
        {"name": "Bo", "age": 30, "city": "Rome"},
        {"name": "Al", "age": 20, "vip": True, "city": "Oslo"},
        {"name": "Cy", "vip": False, "city": "Rome"},
    ],
    "white": "  a  b \n",
    "html": "<p>a &amp; <b>b</b></p><script>x()</script>!",
    "when": "2026-11-25T09:05:03+01:00",
}
EXAMPLES = [
    ("n | abs", "7"),
    ("price | abs", "12.75"),
    ("name | append: '!'", "ann smith!"),
    ("n | at_least: 0", "0"),
    ("price | at_least: 5", "12.75"),
    ("n | at_most: -10", "-10"),
    ("price | at_most: 100", "12.75"),
    ("'aMOpIQ==' | base64_decode", "hé!"),
    ("'hé!' | base64_encode", "aMOpIQ=="),
    ("name | capitalize", "Ann smith"),
    ("'ANN SMITH' | capitalize", "Ann smith"),
    ("price | ceil", "13"),
    ("n | ceil", "-7"),
    ("nothing | compact | size", "1"),
    ("tags | concat: numbers | join", "b C a b 10 9 1"),
    ("when | date: '%Y-%m-%d %H:%M:%S'", "2026-11-25 09:05:03"),
    ("when | date: '%a %-d %b %y, %-I:%M %p'", "Wed 25 Nov 26, 9:05 AM"),
    ("missing | default: 'x'", "x"),
    ("name | default: 'x'", "ann smith"),
    ("no | default: 'x'", "x"),
    ("no | default: 'x', allow_false: true", "false"),
    ("no | default: 'x', allow_false: false", "x"),
    ("price | divided_by: 3", "4.25"),
    ("n | divided_by: 2", "-3.5"),
    ("n | divided_by: 2, true", "-4"),
    ("'ÄB c' | downcase", "äb c"),
    ("'<a b=\"x\">&' | escape", "&lt;a b=&#34;x&#34;&gt;&amp;"),
    ("'&lt; <' | escape_once", "&lt; &lt;"),
    ("{% assign it = people | find: 'city', 'Rome' %}{{ it.name }}", "Bo"),
    ("tags | first", "b"),
    ("name | first", "a"),
    ("price | floor", "12"),
    ("'-7.5' | floor", "-8"),
    ("people | has: 'city', 'Oslo'", "true"),
    ("people | has: 'city', 'Bonn'", "false"),
    ("people | has: 'vip'", "true"),
    ("tags | join", "b C a b"),
    ("tags | join: '-'", "b-C-a-b"),
    ("numbers | last", "1"),
    ("name | last", "h"),
    ("white | lstrip | append: '|'", "a  b \n|"),
    ("people | map: 'name' | join: ','", "Bo,Al,Cy"),
    ("price | minus: 2", "10.75"),
    ("n | minus: 3", "-10"),
    ("7 | modulo: 3", "1"),
    ("n | modulo: 3", "2"),
    ("7 | modulo: -3", "-2"),
    ("'a\nb' | newline_to_br", "a<br />\nb"),
    ("price | plus: 0.25", "13"),
    ("n | plus: 3", "-4"),
    ("name | prepend: 'Dr. '", "Dr. ann smith"),
    ("people | reject: 'city', 'Rome' | map: 'name' | join", "Al"),
    ("people | reject: 'vip' | map: 'name' | join", "Bo Cy"),
    ("'aXbXc' | remove: 'X'", "abc"),
    ("'aXbXc' | remove_first: 'X'", "abXc"),
    ("'aXbXc' | remove_last: 'X'", "aXbc"),
    ("'aXbXc' | replace: 'X', '-'", "a-b-c"),
    ("'aXbXc' | replace_first: 'X', '-'", "a-bXc"),
    ("'aXbXc' | replace_last: 'X', '-'", "aXb-c"),
    ("'abc' | replace_last: 'X', '-'", "abc"),
    ("numbers | reverse | join", "1 9 10"),
    ("price | round", "13"),
    ("2.4 | round", "2"),
    ("n | round", "-7"),
    ("'12.345' | round: 2", "12.35"),
    ("white | rstrip | prepend: '|'", "|  a  b"),
    ("tags | size", "4"),
    ("name | size", "9"),
    ("name | slice: 4", "s"),
    ("name | slice: 4, 3", "smi"),
    ("name | slice: -5, 2", "sm"),
    ("numbers | slice: 1, 2 | join", "9 1"),
    ("numbers | sort | join", "1 9 10"),
    ("tags | sort | join", "C a b b"),
    ("people | sort: 'name' | map: 'name' | join", "Al Bo Cy"),
    ("people | sort: 'age' | map: 'name' | join", "Al Bo Cy"),
    ("tags | sort_natural | join", "a b b C"),
    ("people | sort_natural: 'city' | map: 'city' | join", "Oslo Rome Rome"),
    ("'a,b,,c,,' | split: ',' | join: '|'", "a|b||c"),
    ("'abc' | split: '' | join: '|'", "a|b|c"),
    ("white | squish", "a b"),
    ("white | strip", "a  b"),
    ("html | strip_html", "a &amp; b!"),
    ("'a\r\nb\nc' | strip_newlines", "abc"),
    ("numbers | sum", "20"),
    ("people | sum: 'age'", "50"),
    ("price | times: 2", "25.5"),
    ("n | times: -3", "21"),
    ("long | times: 0.1", "111111111111111111111111111111111111111.1"),
    ("owed | times: 0.1", "-111111111111111111111111111111111111111.1"),
    ("name | truncate: 6", "ann..."),
    ("name | truncate: 4", "a..."),
    ("name | truncate: 3", "..."),
    ("name | truncate: 0", "..."),
    ("name | truncate: 0, ''", ""),
    ("name | truncate: 9", "ann smith"),
    ("name | truncate: 5, '…'", "ann …"),
    ("name | truncatewords: 1", "ann..."),
    ("name | truncatewords: 2", "ann smith"),
    ("name | truncatewords: 1, '!'", "ann!"),
    ("tags | uniq | join", "b C a"),
    ("people | uniq: 'city' | map: 'name' | join", "Bo Al"),
    ("'straße' | upcase", "STRASSE"),
    ("'a+b%20%C3%A9' | url_decode", "a b é"),
    ("'a b&é~' | url_encode", "a+b%26%C3%A9~"),
    ("people | where: 'city', 'Rome' | map: 'name' | join", "Bo Cy"),
    ("people | where: 'vip' | map: 'name' | join", "Al"),
]
NAME = re.compile(r"\| (\w+)")


@pytest.mark.parametrize(("expression", "said"), EXAMPLES, ids=[expression for expression, _ in EXAMPLES])
def test_a_filter_does_what_it_says(expression: str, said: str) -> None:
    """The value of an example is what anybody who knows Liquid expects."""
    template = compile_field(f"[{expression}]" if "{%" in expression else f"[{{{{ {expression} }}}}]")
    assert template.render(view([()])(json.dumps(EVENT).encode())) == f"[{said}]"


def test_every_filter_has_an_example_and_is_in_the_list() -> None:
    """The list in the docs, the filters that there are, and those with an example are the same."""
    page = (Path(__file__).parents[2] / "docs" / "liquid.md").read_text()
    listed = re.search(r"\*\*Filters:\*\* `([^`]*)`", page)
    assert listed, "the page has a list of filters"
    shown = {NAME.findall(expression)[0] for expression, _ in EXAMPLES}
    assert sorted({*FILTERS, "default"}) == sorted(listed[1].split())
    assert shown >= {*FILTERS, "default"}
