"""Every tag of the list in the docs does what its name says, shown by examples with texts."""

from __future__ import annotations

import json
import re

import pytest
from pages import PAGES

from twiliodest.events.decoding import view
from twiliodest.templates.fields import Unresolved, compile_field
from twiliodest.templates.liquid.hints import SHAPES

EVENT = {
    "n": 3,
    "ns": [1, 2],
    "list": ["a", "b", "c", "d"],
    "bare": [],
    "null": None,
    "yes": True,
    "no": False,
    "name": "Ann",
}
EXAMPLES = [
    ("{% if n > 2 %}more{% endif %}", "more"),
    ("{% if n > 3 %}more{% endif %}.", "."),
    ("{% if n > 3 %}a{% elsif n == 3 %}b{% else %}c{% endif %}", "b"),
    ("{% if n > 3 %}a{% elsif n == 4 %}b{% else %}c{% endif %}", "c"),
    ("{% if n >= 3 and n <= 3 %}a{% endif %}{% if n < 3 or n > 3 %}b{% endif %}", "a"),
    ("{% if n != 3 %}a{% endif %}{% if n <> 4 %}b{% endif %}", "b"),
    ("{% if list contains 'b' %}a{% endif %}{% if name contains 'nn' %}b{% endif %}", "ab"),
    ("{% if list contains 'x' %}a{% endif %}{% if name contains 'N' %}b{% endif %}.", "."),
    ("{% if ns contains 2 %}a{% endif %}{% if ns contains '2' or ns contains 3 %}b{% endif %}", "a"),
    ("{% if name contains 2 or list contains 2 %}a{% endif %}{% if '12' contains 2 %}b{% endif %}", "b"),
    ("{% if true or false and false %}a{% endif %}", "a"),
    ("{% if yes %}a{% endif %}{% if no %}b{% endif %}{% if missing %}c{% endif %}", "a"),
    ("{% unless no %}a{% endunless %}{% unless yes %}b{% endunless %}", "a"),
    ("{% unless n == 3 %}a{% elsif n > 2 %}b{% endunless %}", "b"),
    ("{% unless yes %}a{% else %}b{% endunless %}", "b"),
    ("{% case n %}{% when 1, 3 %}a{% when 3 %}b{% else %}c{% endcase %}", "ab"),
    ("{% case n %}{% when 1 or 2 %}a{% when '3' %}b{% else %}c{% endcase %}", "c"),
    ("{% for x in list %}{{ x }}{% endfor %}", "abcd"),
    ("{% for x in list limit: 2 %}{{ x }}{% endfor %}", "ab"),
    ("{% for x in list offset: 1 %}{{ x }}{% endfor %}", "bcd"),
    ("{% for x in list limit: 2 offset: 1 %}{{ x }}{% endfor %}", "bc"),
    ("{% for x in list reversed %}{{ x }}{% endfor %}", "dcba"),
    ("{% for x in list reversed limit: 2 offset: 1 %}{{ x }}{% endfor %}", "cb"),
    ("{% for x in (2..4) %}{{ x }}{% endfor %}", "234"),
    ("{% for x in bare %}{{ x }}{% else %}none{% endfor %}", "none"),
    ("{% for x in list %}{{ x }}{% else %}none{% endfor %}", "abcd"),
    ("{% for x in nil %}{{ x }}{% else %}none{% endfor %}", "none"),
    ("{% for x in null %}{{ x }}{% else %}none{% endfor %}", "none"),
    ("{% for x in missing %}{{ x }}{% else %}none{% endfor %}", "none"),
    ("{% for x in list %}{% if x == 'c' %}{% break %}{% endif %}{{ x }}{% endfor %}", "ab"),
    ("{% for x in list %}{% if x == 'c' %}{% continue %}{% endif %}{{ x }}{% endfor %}", "abd"),
    ("{% for x in list %}{{ forloop.index }}{{ forloop.index0 }} {% endfor %}", "10 21 32 43 "),
    ("{% for x in list %}{{ forloop.rindex }}{{ forloop.rindex0 }} {% endfor %}", "43 32 21 10 "),
    ("{% for x in list %}{{ x }}{% unless forloop.last %}, {% endunless %}{% endfor %}", "a, b, c, d"),
    ("{% for x in list %}{% if forloop.first %}>{% endif %}{{ x }}{% endfor %}", ">abcd"),
    ("{% for x in list limit: 1 %}{{ forloop.length }}{% endfor %}", "1"),
    (
        "{% for x in (1..2) %}{% for y in (1..2) %}{{ forloop.parentloop.index }}{{ y }} {% endfor %}{% endfor %}",
        "11 12 21 22 ",
    ),
    ("{% assign a = name | upcase %}{{ a }}{{ name }}", "ANNAnn"),
    ("{% assign name = 'Bo' %}{{ name }}{{ $.name }}", "BoAnn"),
    ("{% capture a %}{{ n }}+{{ n }}{% endcapture %}[{{ a }}]", "[3+3]"),
    ("{% for x in list %}{% cycle 'odd', 'even' %} {% endfor %}", "odd even odd even "),
    ("{% cycle 1: 'a', 'b' %}{% cycle 2: 'a', 'b' %}{% cycle 1: 'a', 'b' %}", "aab"),
    ("{% increment n %}{% increment n %}{{ n }}{{ $.n }}", "0123"),
    ("{% decrement k %}{% decrement k %}{% increment k %}", "-1-2-2"),
    ("{% echo name | append: '!' %}", "Ann!"),
    ("{% liquid assign a = 1\n if n == 3\n echo a\n endif\n echo 'z' %}", "1z"),
    ("{% raw %}{{ name }}{% if %}{% endraw %}", "{{ name }}{% if %}"),
    ("a{% comment %}{{ name }}{% endcomment %}b", "ab"),
    ("a{% doc %}{{ name }}{% enddoc %}b", "ab"),
    ("a{% # if n %}b", "ab"),
    ("a {%- if yes -%} b {%- endif %} c", "ab c"),
]


@pytest.mark.parametrize(("source", "said"), EXAMPLES, ids=[source for source, _ in EXAMPLES])
def test_a_tag_does_what_it_says(source: str, said: str) -> None:
    """The text of an example is what anybody who knows Liquid expects."""
    assert compile_field(source).render(view([()])(json.dumps(EVENT).encode())) == said


@pytest.mark.parametrize(
    "source", ["{% for x in bare %}{{ x }}{% endfor %}", "{% for x in missing %}a{% endfor %}"]
)
def test_a_loop_over_nothing_needs_an_else(source: str) -> None:
    """A text about no items is not sent, unless its author has said what then."""
    with pytest.raises(Unresolved):
        compile_field(source).render(view([()])(json.dumps(EVENT).encode()))


def test_every_tag_has_an_example_and_is_in_the_list() -> None:
    """The list in the docs, the tags that a message tells how to write, and those with an example agree."""
    section = re.search(r"^## Tags\n\n(.*?)\.\n\n", PAGES["docs/liquid.md"], re.MULTILINE | re.DOTALL)
    assert section, "the page has a list of tags"
    listed = re.findall("`(.*?)`", section[1])
    shown = " ".join(source for source, _ in EXAMPLES)
    assert len(listed) > 15
    assert [word for word in listed if not re.search(rf"(?<![\w#]){re.escape(word)}(?!\w)", shown)] == []
    assert [
        word for word in SHAPES if word not in {*listed, "elsif", "when"} and not word.startswith("end")
    ] == []


LOOK_UPS = [
    ("{{ list[1] | upcase }}", "B"),
    ("{{ list[-1] | upcase }}", "D"),
    ("{{ list[-4] | upcase }}", "A"),
    *((f"{{{{ list[{index}] | default: 'none' }}}}", "none") for index in (4, 9, -5, -9)),
    *((f"{{% if list[{index}] %}}a{{% else %}}none{{% endif %}}", "none") for index in (4, -5)),
    ("{{ map[key] }}{{ map[$.key] }}{{ map[$['key']] }}", "onetwotwo"),
    ("{{ map[ $ ['key'] ] }}", "two"),
    ("{% assign path = list[0]" + " | append: map.k" * 60 + " %}{{ path | size }}", "181"),
]


@pytest.mark.parametrize(("source", "said"), LOOK_UPS, ids=[source[:60] for source, _ in LOOK_UPS])
def test_a_look_up_finds_what_is_there(source: str, said: str) -> None:
    """From the start or from the end, by a name that stands elsewhere, and however many there are."""
    event = {**EVENT, "map": {"k": "one", "l": "two"}, "key": "l"}
    template = "{% assign key = 'k' %}" + source
    assert compile_field(template).render(view([()])(json.dumps(event).encode())) == said


def test_a_look_up_by_a_name_is_told_as_any_member() -> None:
    """The reason does not quote the event's value."""
    with pytest.raises(Unresolved) as caught:
        compile_field("{{ list[name][0] }}").render(view([()])(json.dumps(EVENT).encode()))
    assert str(caught.value) == "$.list[*][0] is missing"
