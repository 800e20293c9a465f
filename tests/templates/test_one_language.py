"""A placeholder means what Liquid says, the same whatever else stands in the text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import view
from twiliodest.templates.fields import Unresolved, compile_field

SAID = """{"lang": "k", "idx": 1, "n": 5, "n2": 12.90, "empty": "x", "traits": {"first": "Ann"}, "k": "no",
    "first name": "Zoë", "имена": [{"имя": "Аня"}, {"имя": "Оля"}], "имя": "Аня", "नाम": "अनु", "名前": "花子",
    "properties": {"k": "member", "имя": "Аня", "payé": true,
    "size": "XL", "code": "abc", "tags": ["vip", "eu"], "o": {"a": 1, "b": 2}, "limit": 3, "bare": [], "gone": null,
    "items": [{"name": "Tea", "price": 2.50}, {"name": "Cup", "price": 1}, {"name": "Pot"}],
    "orders": [{"items": [{"n": 1}]}, {"items": [{"n": 2}, {"m": 3}]}]}}"""


def event(text: str = SAID) -> dict[str, Any]:
    return view([()])(text.encode())


def outcome(source: str, said: Any) -> str:
    try:
        return compile_field(source).render(said)
    except Unresolved as nothing:
        return f"invalid: {nothing}"


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ properties[lang] }}", "member"),
        ("{{ properties['lang'] | default: 'none' }}", "none"),
        ('{{ properties.items.size | default: "0" }}', "3"),
        ('{{ properties.items.first.name | default: "none" }}', "Tea"),
        ("{{ properties.items.last.name }}", "Pot"),
        ('{{ properties.items[idx].name | default: "x" }}', "Cup"),
        ('{{ properties.items[nope].name | default: "x" }}', "x"),
        ('{{ "hello" | default: "foo" }} {{ 1.5 }} {{ 12.50 }} {{ true }}', "hello 1.5 12.50 true"),
        ("{{ properties.size }} {{ properties.code.size }}", "XL 3"),
        ("{{ properties.o.size | default: 'none' }}", "none"),
        ("{{ traits.first }}", "Ann"),
        ("{{ properties.bare.size }}", "0"),
        ("{{ properties.имя }} {{ имя }} {{ नाम }} {{ 名前 | append: $.имя }}", "Аня Аня अनु 花子Аня"),
        ("{% if properties.payé %}Paid.{% else %}Please pay.{% endif %}", "Paid."),
        ("{% assign прощай = имя %}{{ прощай }}", "Аня"),
        ("{{ properties.limit }} {% if properties.limit == 3 %}y{% endif %} {{ $.empty }}", "3 y x"),
        ("{{ properties.tags[-1] }} {{ properties.tags }}", "eu vip, eu"),
        ("{{ properties.items[*].name }}", "Tea, Cup, Pot"),
        ("{{ $..price }} {{ properties['code', 'size'] }} {{ properties.items[0,2].name }}",
         "2.50, 1 abc, XL Tea, Pot"),
        ("{{ properties.items[?@.price].name }} {{ имена[*].имя }}", "Tea, Cup Аня, Оля"),
        ("{{ properties.items[?(@.price)].name }} {{ properties.items[:2].price }}", "Tea, Cup 2.50, 1"),
        ("{{ properties.nothing[*].name | default: 'none' }}", "none"),
        ("{{ properties.tags[*] | default: 'none' }}", "vip, eu"),
        ("{{\u00a0properties.code\u202f}}", "abc"),
        ("{{-properties.code-}} !", "abc!"),
        ("{% increment n %}{% if n > 0 %}+{% endif %}{{ n }}{{ $.n }}", "0+15"),
        ("{% decrement c %}{{ c }}{% assign c = 'own' %}{{ c }}{% increment c %}", "-1-1own-1"),
        ("{% for t in properties.tags %}{% if forloop.first %}{% assign f = forloop %}{% endif %}{% endfor %}"
         "{{ f.index }}{{ f.last }}", "1false"),
        ("{% assign r = (2..4) %}{{ r.first }}{{ r.last }}{{ r.size }}{{ r[1] }}", "2433"),
        ("{% capture 'v' %}x{% endcapture %}{{ v }}", "x"),
        ("{% if (1..3) contains 2 %}y{% endif %}{% if (1..3) contains 'b' %}n{% endif %}", "y"),
        ("{% if properties.tags contains gone %}y{% else %}n{% endif %}", "n"),
        ("{% if properties.code contains properties.gone %}y{% else %}n{% endif %}", "n"),
        ("{% case blank %}{% when ' ' %}y{% when '' %}e{% else %}n{% endcase %}", "e"),
        ("{% case ' ' %}{% when blank %}y{% else %}n{% endcase %}", "y"),
        ("{% if n2 == 12.9 %}y{% endif %}{% if 0.9 >= 0.5 %}y{% endif %}{% if n2 > '12.89' %}y{% endif %}", "yyy"),
        ("{% if 100000000000000000001 > 100000000000000000000 %}y{% endif %}", "y"),
        ("{% if true and false or true %}y{% else %}n{% endif %}", "y"),
        ("{% if false and false or true %}y{% else %}n{% endif %}", "n"),
        ("{% if true or true and false %}y{% else %}n{% endif %}", "y"),
        ("{% raw %}{{#if}}{% endraw %}{% comment %}{% comment %}a{% endcomment %}{{ {% endcomment %}!", "{{#if}}!"),
    ],
)  # fmt: skip
def test_a_placeholder_says_what_liquid_says(source: str, result: str) -> None:
    """In every script, with and without a default, with tags elsewhere or not."""
    assert outcome(source, event()) == result
    assert outcome(source + "{% if true %}{% endif %}", event()) == result
    assert outcome("{% # nothing %}" + source, event()) == result


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ properties.items[*].price }}", "$.properties.items[*].price is missing in 1 of 3 places"),
        ("{{ properties.items[*].price | default: 'x' }}", "$.properties.items[*].price is missing in 1 of 3 places"),
        ("{{ properties.items[1:].price }}", "$.properties.items[1:].price is missing in 1 of 2 places"),
        ("{{ properties.orders[*].items[*].n }}", "$.properties.orders[*].items[*].n is missing in 1 of 3 places"),
        ("{{ properties['code','nope'] }}", "$.properties['code','nope'] is missing in 1 of 2 places"),
        ("{{ properties.items['name','price'] }}", "$.properties.items['name','price'] is missing"),
        ("{{ properties.items[0,9].name }}", "$.properties.items[0,9].name is missing in 1 of 2 places"),
        ("{{ $['properties']..items[?@.n || @.m].n }}",
         "$['properties']..items[?@.n || @.m].n is missing in 1 of 3 places"),
        ("{{ properties.tags[*].name }}", "$.properties.tags[*].name is missing"),
        ("{{ properties.o.size }}", "$.properties.o.size is missing"),
        ("{{ properties.code.first }}", "$.properties.code.first is missing"),
        ("{{ properties | size }}", "$.properties does not work with the filter size: it is not a list or text"),
        ("{{ properties[nope] }}", "$.nope is missing"),
        ("{% for t in properties.tags offset: properties.o.a limit: properties.neg %}{% endfor %}",
         "$.properties.neg is missing"),
        ("{% assign x = 0 | minus: 1 %}{% for t in properties.tags offset: x %}{% endfor %}",
         "x does not work with the offset of a for loop: it is negative"),
    ],
)  # fmt: skip
def test_no_text_is_half_filled(source: str, reason: str) -> None:
    """What one of several objects lacks makes the message invalid, as it does for one object."""
    assert outcome(source, event()) == f"invalid: {reason}"


def test_a_field_that_is_one_path_takes_what_is_there() -> None:
    """Pictures of the items that have one, as RFC 9535 says."""
    assert list(compile_field("$.properties.items[*].price").texts(event())) == ["2.50", "1"]


@pytest.mark.parametrize(
    ("source", "at", "message", "hint"),
    [
        ("{% case t %}{% when 'gold' , , 'silver' %}{% endcase %}", ", 's", "cannot be read", "{% when"),
        ("{% case x %}{% when t == 'gold' %}{% endcase %}", "==", "cannot be read", "the values of when"),
        ("{% case x %}{% when 'a' and 'b' %}{% endcase %}", "and", "cannot be read", "the values of when"),
        ("{% case x %}{% when %}{% endcase %}", "%}{% endcase", "ends too soon", "{% when"),
        ("{% case x y %}{% endcase %}", "y %", "cannot be read", "{% case"),
        ("{% case x %} lost {% when 1 %}{% endcase %}", "case", "never sent", "before the {% case"),
        ("{% case x %}{% else %}{% when 1 %}{% endcase %}", "when", "after the {% else %}", None),
        ("{% increment x junk %}", "junk", "cannot be read", "{% increment"),
        ("{% decrement 5 %}", "5", "cannot be read", "{% decrement"),
        ("{% assign 42 = x %}", "42", "cannot be read", "{% assign"),
        ("{% assign a.b = x %}", ".b", "cannot be read", "plain name"),
        ("{% assign x %}", " %}", "ends too soon", "{% assign"),
        ("{% assign x = 1 2 %}", "2", "cannot be read", "{% assign"),
        ("{% assign true = 1 %}", "true", "a keyword of Liquid", "another name"),
        ("{% echo %}", "%}", "ends too soon", "{% echo"),
        ("{% cycle 'a' 'b' %}", "'b'", "cannot be read", "{% cycle"),
        ("{% cycle 'a', %}", " %}", "ends too soon", "{% cycle"),
        ("{% if a %}{% else %}{% else %}{% endif %}", "else %}{% endif", "after the {% else %}", None),
        ("{% if a %}{% else %}{% elsif b %}{% endif %}", "elsif", "after the {% else %}", None),
        ("{% if a %}{% else if b %}{% endif %}", "if b", "nothing can follow else", "{% elsif"),
        ("{% if a %}{% elseif b %}{% endif %}", "elseif", "no tag", "{% elsif"),
        ("{% if x %}{% endif a %}", "a %}", "nothing can follow endif", None),
        ("{% if a %}{% end %}", "end", 'no tag "end"', "{% endif %}"),
        ("{% for i in a %}{% break b %}{% endfor %}", "b %}", "nothing can follow break", None),
        ("{% for i in a limit: 2 limit: 3 %}{% endfor %}", "limit: 3", "cannot be read", "limit: 2"),
        ("{% for i in a, , limit: 2 %}{% endfor %}", ", limit", "cannot be read", "limit: 2"),
        ("{% for i in a cols: 2 %}{% endfor %}", "cols", "cannot be read", "reversed"),
        ("{% for i in a offset: -1 %}{% endfor %}", "-1", "a whole number, 0 or more", "offset: 2"),
        ("{% for i in a limit: 'two' %}{% endfor %}", "'two'", "a whole number, 0 or more", "limit: 2"),
        ("{% for i.j in a %}{% endfor %}", ".j", "cannot be read", "plain name"),
        ("{% for forloop in a %}{% endfor %}", "forloop", "a keyword of Liquid", None),
        ("{% for i in (1...5) %}{% endfor %}", "...", "cannot be read", "two dots"),
        ("{% for i in a %}{{ forloop.indx }}{% endfor %}", "forloop", 'no "indx"', '"index"'),
        ("{% for i in a %}{% assign f = forloop %}{{ f.indx }}{% endfor %}", "f.indx", 'no "indx"', '"index"'),
        ("{% for i in a %}{{ forloop.parentloop.count }}{% endfor %}", "forloop", 'no "count"', "it has index"),
        ("{% for i in a %}{{ forloop }}{% endfor %}", "forloop", "is not text", "forloop.index"),
        ("{{ forloop.index }}", "forloop", "outside a for", "$.forloop"),
        ("{% capture a b %}{% endcapture %}", "b %", "cannot be read", "{% capture"),
        ("{% if a && b %}{% endif %}", "&&", "cannot be read", 'write "and"'),
        ("{% if a || b %}{% endif %}", "||", "cannot be read", 'write "or"'),
        ("{% if !a %}{% endif %}", "!a", "cannot be read", "unless"),
        ("{% if not a %}{% endif %}", "not", "cannot be read", "unless"),
        ("{% if a = 1 %}{% endif %}", "= 1", "cannot be read", "=="),
        ("{% if a === 1 %}{% endif %}", "===", "cannot be read", "=="),
        ("{% if (a or b) and c %}{% endif %}", "(a", "cannot be read", "no parentheses"),
        ("{% if a | size > 3 %}{% endif %}", "| size", "cannot be read", "{% assign"),
        ("{% if a == %}{% endif %}", " %}{% endif", "ends too soon", "{% if"),
        ("{% if a and %}{% endif %}", " %}{% endif", "ends too soon", "{% if"),
        ("{% set x = 1 %}", "set", 'no tag "set"', "{% assign"),
        ("{% %}", "%}", "must begin with its name", None),
        ("{% liquid\nif a\necho b\n%}", "if a", "never closed", "{% endif %}"),
        ("{% liquid\necho a b\n%}", "b\n", "cannot be read", None),
        ("{{ a || 'x' }}", "||", "cannot be read", "default:"),
        ("{{ a ? b : c }}", "?", "cannot be read", "{% if"),
        ("{{ a == b }}", "==", "cannot be read", "{% if"),
        ("{{ a + 1 }}", "+", "cannot be read", "plus: 1"),
        ("{{ first name }}", "name", "cannot be read", "quote a name"),
        ("{{ properties.2fa_code }}", "2fa_code", "cannot be read", "['2fa_code']"),
        ("{{ items.0.name }}", "0.name", "cannot be read", "items[0]"),
        ("{{ a | join: ',', }}", " }}", "ends too soon", None),
        ("{{ a | upcase: }}", " }}", "ends too soon", None),
        ("{{ a | }}", " }}", "ends too soon", "a filter needs a name"),
        ("{{ a | default('x') }}", "('x", "cannot be read", "colon"),
        ("{{ a | default: “x” }}", "“", "cannot be read", "straight quotes"),
        ("{{ it's }}", "'s", "never closed", None),
        ("{{ a.['b'] }}", "['b']", "cannot be read", "without a dot"),
        ('{{ "a\\"b" }}', 'b"', "cannot be read", "no escapes"),
        ("{{.Name}}", ".Name", "another template language", "properties.name"),
        ("{{ \u200ba }}", "\u200b", "invisible character here (U+200B)", "remove it"),
        ("{% if a\ufeff %}{% endif %}", "\ufeff", "invisible character here (U+FEFF)", "remove it"),
        ("{{ a. }}", " }}", "ends too soon", "a name"),
        ("{{ a | date: '%Q' }}", "%Q", "not a date format directive", "%B"),
        ("{{ a | date: '100%' }}", "%' }", "not a date format directive", "%%"),
        ("{{ a | date: '%H', 'Europe/Berln' }}", "'Europe/B", "no such time zone", "Europe/Berlin"),
        ("{{ nil }}", "nil", "outputs nothing", "$.nil"),
        ("{{ properties.items[*].name | upcase }}", "[*", "only names and indexes", "map"),
        ("{{ properties.items[*].name | default: 'x' | upcase }}", "[*", "only names and indexes", "map"),
        ("{% assign x = properties.items[*].name %}", "[*", "only names and indexes", "map"),
        ("{% for i in items %}{{ i.tags[*] }}{% endfor %}", "i.tags", "a variable of this template", "$.i"),
        ("{{{x}}}", "{x", "triple braces", "{{name}}"),
        ("{{#if x}}a{{/if}}", "#if", "another template language", "{% if"),
        ("{{#each items}}a{{/each}}", "#each", "another template language", "{% for"),
        ("{{^x}}a{{/x}}", "^", "another template language", "{% unless"),
        ("{{/if}}", "/if", "another template language", "{% if"),
        ("{{else}}", "else", "is a tag", "{% else %}"),
        ("{{ if x }}", "if x", "is a tag", "{% if"),
        ("{{this}}", "this", "another template language", "$.this"),
        ("{{this.name}}", "this", "another template language", "{% for"),
        ("{{> part}}", ">", "another template language", None),
        ("{{!-- note --}}", "!--", "another template language", "{% comment %}"),
        ("{{@index}}", "@index", "another template language", "forloop.index"),
        ("{{../name}}", "../name", "another template language", "properties.name"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_found_before_any_event(
    source: str, at: str, message: str, hint: str | None
) -> None:
    """In plain words, at its character, with what to write instead; and none of it with the words of a parser."""
    with pytest.raises(ExpressionError) as caught:
        compile_field(source)
    assert message in caught.value.message
    assert caught.value.offset == source.index(at)
    assert hint is None or hint in (caught.value.hint or "")
    assert not {"token", "expected", "identifier", "primitive", "Literal"} & set(caught.value.message.split())


@pytest.mark.parametrize(
    "field", ["$.bio", "{{ bio }}", "{{ bio | upcase }}", "{{ bio | url_encode }}", "{{ bios }}"]
)
def test_half_of_a_character_is_never_sent(field: str) -> None:
    """A lone surrogate, which JavaScript writes where it cuts an emoji in two, is told with its path."""
    said = {"bio": "cut \ud83d", "bios": ["a", "\ude00"], "fine": "x"}
    path = "$.bios" if "bios" in field else "$.bio"
    assert outcome(field, said) == f"invalid: {path} contains half of a character"
    assert outcome("{% if bio contains 'cut' %}{{ fine }}{% endif %}", said) == "x"


def test_half_of_a_character_in_the_template_is_a_problem() -> None:
    """It could not be sent, whatever the event says."""
    with pytest.raises(ExpressionError, match="half of a character"):
        compile_field("Hi \ud83d")


NAMES = ["a", "b", "имя", "size", "first", "c d"]
VALUES = st.recursive(
    st.sampled_from([None, True, False, "x", "", " ", "ß", "\ud83d", "a" * 9_999, 0, 1, Decimal("12.50")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
PATHS = [
    *(
        "a",
        "$.a",
        "a.b",
        "$.b.имя",
        "a['c d']",
        "['c d'].a",
        "имя",
        "a[0]",
        "b.a[-1]",
        "a.size",
        "b.first",
        "a[b]",
    ),
    *("a[*]", "$..b", "a[*].b", "a[?(@.b)].a", "b[0:1]", "a.b.c", "b[a.b]", "a.last.b", "$['имя'].b"),
]
PLACEHOLDERS = st.builds(
    "{{{{{} {}{} {}}}}}".format,
    st.sampled_from(["", "-"]),
    st.sampled_from(PATHS),
    st.sampled_from(["", " | default: 'none'", " | default: ''"]),
    st.sampled_from(["", "-"]),
)
NOTHING = st.sampled_from(
    [
        "{% if true %}{% endif %}",
        "{% comment %}x{% endcomment %}",
        "{{ '' }}",
        "{% assign z = 1 %}",
        "{%liquid%}",
    ]
)


@settings(max_examples=400)
@given(
    st.lists(PLACEHOLDERS | st.sampled_from([" ", "x"]), min_size=1, max_size=4).map("".join), NOTHING, EVENTS
)
@example("{{ a.b }}", "{{ '' }}", {"a": {"b": "a" * 9_999}})
@example("{{ a.b }}{{ a.имя }}", "{{ '' }}", {"a": {"b": "a" * 9_999, "имя": "bb"}})
@example("{{ a.b }}{{ b }}", "{{ '' }}", {"a": {"b": "a" * 20_000}})
def test_a_tag_elsewhere_changes_nothing(source: str, nothing: str, said: dict[str, Any]) -> None:
    """The text of a placeholder, or the reason why there is none, is the same."""
    assert outcome(source + nothing, said) == outcome(source, said) == outcome(nothing + source, said)


@settings(max_examples=300)
@given(st.text(alphabet="{}%$.[]()'\"|:,=<>&!-*?ab1 \n#é“", max_size=30))
def test_every_fault_is_told_in_plain_words(source: str) -> None:
    """Whatever stands in the braces, there is a place within the text, and no word of a parser."""
    loop = f"{{% for i in {source} %}}{{% endfor %}}"
    for text in (source, f"{{{{{source}}}}}", f"{{% if {source} %}}{{% endif %}}", loop):
        fault = ExpressionError("")
        try:
            compile_field(text)
        except ExpressionError as error:
            fault = error
        assert 0 <= fault.offset <= len(text)
        assert "token" not in fault.message
