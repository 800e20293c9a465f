"""Nobody has to check a text once a mistake: all are told in one run, and nothing that only follows from them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.errors import ExpressionError
from twiliodest.templates.faults import faults_of
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.faults import faults_of as faults_of_trigger


def marked(source: str, faults: list[int]) -> str:
    """A text with a mark before each character at which a fault is told."""
    for offset in sorted(faults, reverse=True):
        source = f"{source[:offset]}▸{source[offset:]}"
    return source


@pytest.mark.parametrize(
    "expected",
    [
        "Hi {{$.name | ▸upcas}} {% ▸if properties.x %} {{$.a[▸}} {{ ok }}",
        "{{ a | ▸nope }}▸{{$.name",
        "▸{{ a {% if b %}{{ c | ▸zz }}{% endif %}",
        "{% if a %}x{% ▸edif %}{{▸ }}",
        "{% ▸iff a %}{{ b | ▸no }}{% endif %}",
        "{% ▸foo %}{{ b | ▸no }}{% endfoo %}",
        "{% ▸quux %}{% else %}{% endquux %}",
        "{% if a %}{% for b in c %}{% ▸endif %}",
        "{% ▸if a %}{% ▸for b in c %}",
        "{% ▸if a %}{% if b %}{% endif %}",
        "{% if a %}{{ b }}{% ▸end %}{{ c | ▸no }}",
        "{% if a ▸| size %}{% elsif ▸%}{% endif %}",
        "{% case ▸%}{% when ▸%}{{ a | ▸no }}{% endcase %}",
        "{{ a | ▸no }}{% ▸raw %}{{ b | no }}",
        "{% comment %}{{ a | no }}{% endcomment %}{% ▸break %}",
        "{% liquid\n assign a =▸\n echo b | ▸no\n echo c %}",
        "▸{% if a {{ b | ▸no }}{% endif %}",
        "{% for ▸true in a %}{{ b | ▸no }}{% endfor %}",
        "{% ▸include 'a' %}{{ b | ▸no }}",
        "$.a[▸",
        "{{ ok }}",
    ],
)
def test_every_fault_of_a_text_is_told_at_its_place(expected: str) -> None:
    """A filter that does not exist hides no block that is never closed, and what follows from a fault is none."""
    source = expected.replace("▸", "")
    assert marked(source, [fault.offset for fault in faults_of(source)]) == expected


@pytest.mark.parametrize(
    "expected",
    [
        'event ▸== "A" and type ▸== "b"',
        'a = 1 and (b ▸== 2 or c == 3) and d = ▸"x',
        "▸and b ▸== 2 or",
        "a ▸AND b or ▸foo(c)",
        "a = 1▸) and b ▸=== 2",
        'a = ▸"x and b == 2',
        'a = "b == c and d" or match▸(e, f',
        "a = 1",
    ],
)
def test_every_part_of_a_trigger_that_is_wrong_is_told(expected: str) -> None:
    """The conditions that `and` and `or` join are read one by one."""
    source = expected.replace("▸", "")
    found = marked(source, [fault.offset for fault in faults_of_trigger(source)])
    assert found == expected


GOOD = (
    "text ",
    "{{ a }}",
    "{{ b | upcase }}",
    "{% if c %}d{% else %}e{% endif %}",
    "{% for f in g %}f{% endfor %}",
)
BAD = (
    "{{ a | ▸nope }}",
    "{{▸ }}",
    "{{ a ▸b }}",
    "{{$.a[▸}}",
    "{% if a ▸| size %}b{% endif %}",
    "{% for in ▸a %}{% endfor %}",
    "{% ▸nothing %}",
    "{% assign a = b | ▸nope %}",
)
WRAPS = (
    ("", ""),
    ("{% if h %}", "{% endif %}"),
    ("{% for i in j %}", "{% endfor %}"),
    ("{% unless k %}", "{% endunless %}"),
)
TORN = (
    "{{",
    "}}",
    "{%",
    "%}",
    "{% if x %}",
    "{% else %}",
    "{% endif %}",
    "{% raw %}",
    "{% case x %}",
    "{% when 1 %}",
    "\n",
)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*GOOD, *BAD]), max_size=8), st.sampled_from(WRAPS))
def test_each_of_several_faults_is_told_once(pieces: list[str], wrap: tuple[str, str]) -> None:
    """Whatever stands together, in a block or not: as many faults are told as there are, each where it is."""
    expected = "".join(pieces).join(wrap)
    source = expected.replace("▸", "")
    assert marked(source, [fault.offset for fault in faults_of(source)]) == expected


@settings(deadline=None)
@given(st.lists(st.sampled_from([*GOOD, *(it.replace("▸", "") for it in BAD), *TORN]), max_size=8))
def test_there_are_faults_where_a_text_cannot_be_read_and_only_there(pieces: list[str]) -> None:
    """Looking for more never loses the first, and never finds any in a text that is right."""
    source = "".join(pieces)
    try:
        compile_field(source)
        first = None
    except ExpressionError as error:
        first = error.message
    messages = [fault.message for fault in faults_of(source)]
    assert first in messages if first else not messages
