"""Whoever writes another language's name or sign is told this one's, and it works as it is told."""

from __future__ import annotations

import re

import pytest

from twiliodest.errors import ExpressionError
from twiliodest.templates.fields import compile_field

FILTERS = [  # how other languages call a filter, and what a template says instead
    ("upper uppercase toUpper toUpperCase", "upcase"),
    ("lower lowercase toLower toLowerCase", "downcase"),
    ("length len count", "size"),
    ("title titlecase titleize ucfirst", "capitalize"),
    ("money currency number_format format_number toFixed", "round: 2"),
    ("strftime date_format format_date", 'date: "%B %-d"'),
    ("trim chomp", "strip"),
    ("fallback if_empty ifempty", 'default: "text"'),
    ("add sub subtract", "plus or minus"),
    ("mul multiply multiplied_by", "times"),
    ("div divide", "divided_by"),
    ("mod", "modulo"),
    ("urlencode encode_uri url_escape", "url_encode"),
    ("substring substr", "slice"),
    ("filter select", "where"),
    ("unique distinct", "uniq"),
]
TAGS = [
    ("elseif elif", "{% elsif … %}"),
    ("set let var define", "{% assign name = properties.first_name %}"),
    ("foreach each", "{% for item in properties.items %}"),
    ("print output", "{{ properties.name }}"),
    ("endforeach endeach next", "{% endfor %}"),
    ("switch", "{% case properties.plan %}"),
    ("default", "{% else %}"),
    ("fi", "{% endif %}"),
]
DEFAULT, CONDITIONS, ASSIGN = 'default: "text"', "conditions in a tag", "use filters in an assign"
WHEN, ORDERS = "values of when", ("==", "!=", "<", ">", "<=", ">=", "<>", "contains")
SIGNS = [  # what stands in a template, and what is told of it
    *((f"{{{{ a {sign} b }}}}", DEFAULT) for sign in ("||", "or", "??")),
    *((f"{{{{ a {sign} b }}}}", CONDITIONS) for sign in (*ORDERS, "and", "&&", "?", "if")),
    *((f"{{% case a %}}{{% when b {sign} c %}}{{% endcase %}}", WHEN) for sign in (*ORDERS, "and", "&&")),
    ("{% if a | size %}{% endif %}", ASSIGN),
    ("{% if b %}{% elsif a | size %}{% endif %}", ASSIGN),
    ("{% unless a | size %}{% endunless %}", ASSIGN),
    ("{% case a | size %}{% endcase %}", ASSIGN),
    ("{% case a %}{% when b | size %}{% endcase %}", ASSIGN),
    ("{% for i in a | sort %}{% endfor %}", ASSIGN),
    *((f"{{% if a {sign} b %}}{{% endif %}}", 'write "and"') for sign in ("&&", "&")),
    ("{% if a || b %}{% endif %}", 'write "or"'),
    ("{% if ! a %}{% endif %}", "{% unless … %}"),
    ("{% if not a %}{% endif %}", "{% unless … %}"),
    ("{% if a = b %}{% endif %}", "write == to compare"),
    ("{% if a === b %}{% endif %}", 'write "=="'),
    ("{% if a !== b %}{% endif %}", 'write "!="'),
    ("{% if a ? b %}{% endif %}", "write {% if … %}…{% else %}…{% endif %}"),
    ("{% if (a) %}{% endif %}", "no parentheses"),
    ("{% if a ) %}{% endif %}", "no parentheses"),
    ("{{ a + 1 }}", "| plus: 1"),
    ("{{ a ++ }}", "{% increment counter %}"),
    ("{{ a - 1 }}", "| minus: 1"),
    ("{{ a * 2 }}", "| times: 2"),
    ("{{ a / 2 }}", "| divided_by: 2"),
    ("{{ a % 2 }}", "| modulo: 2"),
    *((f"{{{{ a | append: {quote} }}}}", "straight quotes") for quote in "“”„‘’`"),
    ("{{ a | append: @b }}", "write a path: properties.name"),
    ("{{ a; }}", "one expression"),
]


def refused(source: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        compile_field(source)
    return caught.value


@pytest.mark.parametrize(("name", "own"), [(name, own) for names, own in FILTERS for name in names.split()])
def test_a_filter_of_another_language_has_its_name_here(name: str, own: str) -> None:
    """Whatever its letters' case, as languages differ in that, too."""
    for written in (name, name.upper()):
        error = refused(f"{{{{ a | {written} }}}}")
        assert (error.message, error.hint) == (f'there is no filter "{written}"', f"write {own}")


@pytest.mark.parametrize("own", [own for _, own in FILTERS])
def test_what_is_told_of_a_filter_is_a_filter(own: str) -> None:
    """Whoever writes it is understood."""
    for each in own.split(" or "):
        missing = {"plus": ": 1", "minus": ": 1", "times": ": 1", "divided_by": ": 1", "modulo": ": 1"}
        missing |= {"slice": ": 1", "where": ": 'a'"}
        compile_field(f"{{{{ a | {each}{missing.get(each, '')} }}}}")


@pytest.mark.parametrize(("name", "own"), [(name, own) for names, own in TAGS for name in names.split()])
def test_a_tag_of_another_language_has_its_name_here(name: str, own: str) -> None:
    """Alone or among others."""
    error = refused(f"{{% if a %}}{{% {name} %}}")
    assert (error.message, error.hint) == (f'there is no tag "{name}"', f"write {own}")


@pytest.mark.parametrize(("source", "hint"), SIGNS, ids=[source for source, _ in SIGNS])
def test_a_sign_of_another_language_has_its_like_here(source: str, hint: str) -> None:
    """Where it stands decides what is meant by it."""
    assert hint in (refused(source).hint or "")


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("{% endfoo %}", 'there is no tag "endfoo"', None),
        ("{% endif %}", "this {% endif %} closes nothing", None),
        ("{% for i in a %}{% endif %}", "this {% endif %} closes nothing", "close the {% for %} first"),
        (
            "{% for i in a %}{% else %}{% else %}{% endfor %}",
            "this {% else %} comes after the {% else %} of its for",
            None,
        ),
        (
            "{% unless a %}{% else %}{% else %}{% endunless %}",
            "this {% else %} comes after the {% else %} of its unless",
            None,
        ),
        (
            "{% capture a %}{% else %}{% endcapture %}",
            "this {% else %} is not in a block that can have one",
            None,
        ),
        ("{% when 1 %}", "this {% when %} is not in a block that can have one", None),
        ("{{ a | date: '%Y', 'Mars' }}", "there is no such time zone", "like Europe/Berlin"),
        ("{{ a | date: '%Y', 'Europe/Berln' }}", "there is no such time zone", '"Europe/Berlin"'),
        *((f"{{{{ {word} }}}}", "this outputs nothing", f"$.{word}") for word in ("nil", "empty", "blank")),
        ("{{ a " + "b" * 39 + " }}", "b" * 39 + " cannot be read here", None),
        ("{{ a " + "b" * 40 + " }}", "b" * 40 + "… cannot be read here", None),
        ("{{ a " + "b" * 60 + " }}", "b" * 40 + "… cannot be read here", None),
        ("{% if a and or %}{% endif %}", "or cannot be read here", None),
        ("{% if contains 'a' %}{% endif %}", "contains cannot be read here", None),
        ("{{ a[$] }}", "$ cannot be read here", None),
        ("{{ a[] }}", "] cannot be read here", None),
    ],
)
def test_a_mistake_is_named(source: str, message: str, hint: str | None) -> None:
    """Long words are cut, so that the message stays a sentence."""
    error = refused(source)
    assert error.message == message
    assert (hint is None) or hint in (error.hint or "")


def test_the_name_of_a_capture_may_be_quoted() -> None:
    """And what is wrong within the quotes is shown there."""
    assert compile_field('{% capture "a" %}x{% endcapture %}{{ a }}').render({}) == "x"
    source = "{% capture 'a b' %}{% endcapture %}"
    assert refused(source).offset == source.index("b'")


def test_hints_are_told_in_this_language_alone() -> None:
    """None has half a placeholder, and none a name that only the code knows."""
    for source, _ in SIGNS:
        hint = refused(source).hint or ""
        assert hint.count("{{") == hint.count("}}"), hint
        assert hint.count("{%") == hint.count("%}"), hint
        assert not re.search(r"\b_|None", hint)
