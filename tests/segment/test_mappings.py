"""What each directive, trigger and field of a mapping becomes, by examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from segment_api import MESSAGE, SERVICE, SMS, subscription

from twiliodest.config.keys import FIELDS
from twiliodest.segment.actions import draft_of, kind_of
from twiliodest.segment.answers import read_answers
from twiliodest.segment.configuration import configuration_of
from twiliodest.segment.directives import read_phrase
from twiliodest.segment.drafts import Draft
from twiliodest.segment.moustaches import UnsaidError
from twiliodest.segment.phrases import source
from twiliodest.segment.triggers import read_trigger
from twiliodest.templates.fields import Unresolved, compile_field

A, B = {"@path": "$.a"}, {"@path": "b"}
SAID: Mapping[str, tuple[Any, str]] = {
    "a path": ({"@path": "$.properties.phone"}, "$.properties.phone"),
    "a path without $": ({"@path": "properties.phone"}, "$.properties.phone"),
    "an index": ({"@path": "$.properties.items[0].name"}, "$.properties.items[0].name"),
    "a dotted index": ({"@path": "$.properties.items.0.name"}, "$.properties.items[0].name"),
    "a quoted name": ({"@path": "$.traits['first name']"}, "$.traits['first name']"),
    "a template": ({"@template": "Hi {{traits.name}}!"}, "Hi {{traits.name}}!"),
    "spaces in braces": ({"@template": "{{ traits.name }}"}, "{{traits.name}}"),
    "three braces": ({"@template": "{{{traits.name}}}"}, "{{traits.name}}"),
    "a name that is a word": ({"@template": "{{true}} {{if}}"}, "{{$.true}} {{$.if}}"),
    "a name with brackets": ({"@template": "{{properties.Total (USD)}}"}, "{{properties['Total (USD)']}}"),
    "braces that hold nothing": ({"@template": "{{}} {{a}}"}, '{{ "{" }}{}} {{a}}'),
    "a brace before braces": ({"@template": "{ {{a}}{{{b}}}"}, "{ {{a}}{{b}}"),
    "a tag that is text": ({"@template": "{% if %}"}, '{{ "{" }}% if %}'),
    "a plain text": ("Hello", "Hello"),
    "a plain text with braces": ("Hi {{name}}", 'Hi {{ "{" }}{name}}'),
    "a text like a path": ("$.50 off", '{{ "$" }}.50 off'),
    "a number": (12.50, "12.5"),
    "a large number": (1e21, "1e+21"),
    "true": (True, "true"),
    "a literal": ({"@literal": "x"}, "x"),
    "a literal directive": ({"@literal": A}, "$.a"),
    "null left out": ({"@excludeWhenNull": A}, "$.a"),
    "exists": (
        {"@if": {"exists": A, "then": A, "else": "there"}},
        "{% if a != nil %}{{a}}{% else %}there{% endif %}",
    ),
    "blank": (
        {"@if": {"blank": A, "then": A, "else": B}},
        "{% if a and a != 0 and a.size != 0 %}{{a}}{% else %}{{b}}{% endif %}",
    ),
    "exists alone": ({"@if": {"exists": A, "then": "x"}}, "{% if a != nil %}x{% endif %}"),
    "an if that always holds": ({"@if": {"exists": {"@template": "{{a}}"}, "then": B}}, "$.b"),
    "an if that never holds": ({"@if": {"blank": {"@literal": ""}, "exists": None, "else": B}}, "$.b"),
    "lower": ({"@case": {"operator": "lower", "value": A}}, "{{ a | downcase }}"),
    "upper": (
        {"@case": {"operator": "upper", "value": A}},
        "{% if a == true or a == false %}{{ a }}{% else %}{{ a | upcase }}{% endif %}",
    ),
    "upper of lower": (
        {"@case": {"operator": "upper", "value": {"@case": {"operator": "lower", "value": A}}}},
        "{% if a == true or a == false %}{{ a }}{% else %}{{ a | downcase | upcase }}{% endif %}",
    ),
    "upper of a text": ({"@case": {"operator": "upper", "value": "straße"}}, "STRASSE"),
    "lower of an if": (
        {"@case": {"operator": "lower", "value": {"@if": {"exists": A, "then": A, "else": "X"}}}},
        "{% if a != nil %}{{ a | downcase }}{% else %}x{% endif %}",
    ),
    "replace": ({"@replace": {"pattern": "-", "replacement": "", "value": A}}, '{{ a | remove: "-" }}'),
    "replace once": (
        {"@replace": {"pattern": "a", "replacement": "b", "global": False, "value": A}},
        '{{ a | replace_first: "a", "b" }}',
    ),
    "replace two": (
        {"@replace": {"pattern": "a", "replacement": "b", "pattern2": "c", "value": A}},
        '{{ a | replace: "a", "b" | remove: "c" }}',
    ),
    "replace signs": (
        {"@replace": {"pattern": ".*", "replacement": "$$", "value": A}},
        '{{ a | replace: ".*", "$" }}',
    ),
    "replace what was found": (
        {"@replace": {"pattern": "a", "replacement": "[$&]", "value": A}},
        '{{ a | replace: "a", "[a]" }}',
    ),
    "replace digits in any case": (
        {"@replace": {"pattern": "1-", "ignorecase": True, "value": A}},
        '{{ a | remove: "1-" }}',
    ),
    "replace in a template": (
        {"@replace": {"pattern": "a", "replacement": "b", "value": {"@template": "x{{a}}"}}},
        '{% capture segment_text %}x{{a}}{% endcapture %}{{ segment_text | replace: "a", "b" }}',
    ),
    "liquid": (
        {"@liquid": "Hi {{ traits.name | default: 'there' }}{% if a %}!{% endif %}"},
        "Hi {{ traits.name | default: 'there' }}{% if a %}!{% endif %}",
    ),
    "notes of an editor": ({"@path": "$.a", "_metadata": {"label": "x"}}, "$.a"),
    "a list of one": ([A], "$.a"),
}
UNSAID: Mapping[str, Any] = {
    "json": {"@json": {"mode": "encode", "value": A}},
    "flatten": {"@flatten": {"separator": ".", "value": A}},
    "merge": {"@merge": {"direction": "left", "objects": [A]}},
    "transform": {"@transform": {"apply": {"x": A}, "mapping": {"@path": "$.x"}}},
    "unknown": {"@later": 1},
    "an array": {"@arrayPath": ["$.a", {"@path": "$.b"}]},
    "a path that depends": {"@path": A},
    "a template that depends": {"@template": A},
    "the whole event": {"@path": "$."},
    "the whole event in braces": {"@template": "{{ . }}"},
    "a dollar and brackets": {"@path": "$['a']"},
    "any case": {"@replace": {"pattern": "a", "ignorecase": True, "value": A}},
    "what stands before": {"@replace": {"pattern": "a", "replacement": "$`", "value": A}},
    "a long pattern": {"@replace": {"pattern": "a" * 11, "value": A}},
    "no pattern": {"@replace": {"value": A}},
    "both quotes": {"@replace": {"pattern": "\"'", "value": A}},
    "title case": {"@case": {"operator": "title", "value": A}},
    "two directives": {"@path": "$.a", "@template": "x"},
    "a directive and more": {"@path": "$.a", "x": 1},
    "an object": {"x": 1},
    "a list": [A, B],
    "an if without a test": {"@if": {"then": "x"}},
    "an if of a template": {"@if": {"blank": {"@template": "{{a}}"}, "then": "x"}},
    "a filter in braces": {"@template": "{{ a | upcase }}"},
    "handlebars": {"@template": "{{#if a}}x{{/if}}"},
    "braces within braces": {"@template": "{{{{a}}}}"},
    "half of a character": "\ud83d",
    "arithmetic": {"@liquid": "{{ a | plus: 1 }}"},
    "dates": {"@liquid": "{{ a | date: '%Y' }}"},
    "numbers compared": {"@liquid": "{% if a > 1 %}x{% endif %}"},
    "loops": {"@liquid": "{% for x in a %}{{ x }}{% endfor %}"},
    "an escape": {"@liquid": r'{{ a | append: "\n" }}'},
    "a size": {"@liquid": "{{ a.size }}"},
    "a long liquid": {"@liquid": "x" * 1001},
    "broken liquid": {"@liquid": "{{ a"},
}
SAME_TRIGGERS = (
    'type = "track"',
    'type = "track" and event = "Order Completed"',
    'type = "identify" and (traits.plan = "gold" or traits.plan = "silver")',
    "properties.total >= 100 and properties.gift = true and traits.email != null",
    'contains(event, "Order") or match(properties.sku, "A*") or match(event, "*Completed")',
    'traits.first\\ name = "Ann"',
    'event != "Order Completed"',
)
OTHER_TRIGGERS = {
    "capitals": ('type = "track" AND event = "a"', 'type = "track" and event = "a"'),
    "doubled signs": ('type == "track" and event == "a"', 'type = "track" and event = "a"'),
    "every event": ("all", "true"),
    "a negated contains": (
        '!contains(event, "a")',
        'typeof(event) = "string" and !contains(event, "a")',
    ),
    "a negated match": (
        'type = "track" and !match(traits.email, "*@a.b")',
        'type = "track" and typeof(traits.email) = "string" and !match(traits.email, "*@a.b")',
    ),
    "another number": ("properties.a != 5", 'typeof(properties.a) = "number" and properties.a != 5'),
    "a number in quotes": ('properties.a > "5"', "properties.a > 5"),
    "not true": ("properties.a != true", 'properties.a != "true"'),
    "a word without quotes": ("event = Order", 'event = "Order"'),
    "a number for a text": ("event = 5.0", 'event = "5"'),
    "the last word joins all": (
        'type = "a" and event = "b" or name = "c"',
        'type = "a" or event = "b" or name = "c"',
    ),
    "a negated group": ('!(type = "track")', 'type = "track"'),
    "stars within": ('match(event, "*a*")', r'match(event, "\\*a*")'),
    "no star": ('match(event, "abc")', 'match(event, "*bc")'),
    "a question mark": ('match(event, "a?*")', r'match(event, "a\\?*")'),
    "other quotes": ("event = 'a'", "event = \"'a'\""),
    "a null of a text": ("event = null", 'event = "null"'),
}
LOST_TRIGGERS: tuple[Any, ...] = (
    *(
        None,
        "",
        5,
        {},
        'type = "track',
        'lowercase(event) = "a"',
        'event in ["a"]',
        'type="track" && event="a"',
    ),
    *(
        'event = "a" OR event = "b"',
        "properties.items.length > 2",
        "properties.items.0.x = 1",
        "()",
        "and",
        "nothing",
    ),
    *("properties.a > null", 'event !="a"', "properties.items[0].x = 1"),
)


@pytest.mark.parametrize(("mapping", "written"), SAID.values(), ids=SAID)
def test_a_directive_becomes_a_field(mapping: Any, written: str) -> None:
    """Each directive with a counterpart is written as a person would write it, and can be read again."""
    phrase = read_phrase(mapping, [])
    assert phrase
    assert source(phrase) == written
    compile_field(written)


@pytest.mark.parametrize("mapping", UNSAID.values(), ids=UNSAID)
def test_what_has_no_counterpart_is_refused(mapping: Any) -> None:
    """Nothing is written that could make another text without anybody noticing."""
    with pytest.raises(UnsaidError, match=r"\w"):
        read_phrase(mapping, [])


@pytest.mark.parametrize("trigger", SAME_TRIGGERS)
def test_a_trigger_that_means_the_same_stays_as_it_is(trigger: str) -> None:
    """Most triggers are copied."""
    assert read_trigger(trigger) == (trigger, (), None)


@pytest.mark.parametrize(("written", "here"), OTHER_TRIGGERS.values(), ids=OTHER_TRIGGERS)
def test_a_trigger_says_what_it_does_there(written: str, here: str) -> None:
    """Where Segment's engine reads a trigger otherwise, what it does is written, with the original beside it."""
    read = read_trigger(written)
    assert (read.text, read.fault) == (here, None)
    assert written in read.notes[0]


@pytest.mark.parametrize("written", LOST_TRIGGERS)
def test_a_trigger_that_never_matched_or_cannot_be_said_enables_nothing(written: Any) -> None:
    """Nobody is texted who was not."""
    assert read_trigger(written).fault


def draft(**more: Any) -> Draft:
    """The action for Send message with these settings."""
    answer = read_answers(b"[" + _json(subscription(action="sendMessage", settings=MESSAGE | more)) + b"]")
    mapped = answer.mappings[0]
    kind = kind_of(mapped)
    assert kind
    return draft_of(mapped, kind, "x", FIELDS)


def _json(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()


def values(drawn: Draft) -> dict[str, Any]:
    return {entry.key: entry.value for entry in drawn.entries if entry.value is not None}


@pytest.mark.parametrize(
    ("settings", "number"),
    [
        ({"fromPhoneNumber": " +15005550006 "}, "+15005550006"),
        ({"senderType": "Messaging Service", "messagingServiceSid": SERVICE}, SERVICE),
        ({"senderType": "Messaging Service", "messagingServiceSid": f"Shop [{SERVICE}]"}, SERVICE),
        ({"senderType": "Messaging Service", "messagingServiceSid": {"@literal": SERVICE}}, SERVICE),
        ({"senderType": "Messaging Service", "messagingServiceSid": "MG1"}, None),
        ({"senderType": "Messaging Service", "messagingServiceSid": "+15005550006"}, None),
        ({"fromPhoneNumber": {"@path": "$.a"}}, None),
        ({"fromPhoneNumber": None}, None),
    ],
)
def test_who_sends(settings: dict[str, Any], number: str | None) -> None:
    """A number or a Messaging Service, alone or behind its name; what depends on the event is not enabled."""
    drawn = draft(**settings)
    assert values(drawn).get("number") == number
    assert bool(drawn.faults) is (number is None)


@pytest.mark.parametrize(
    ("body", "variables", "written"),
    [
        ("Hi {{name}}!", {"name": {"@path": "$.traits.name"}}, "Hi {{traits.name}}!"),
        ("Hi {{ 1 }} {{2}}", {"1": {"@path": "$.a"}, "2": "x"}, "Hi {{a}} x"),
        ("Hi {{name}}!", {"@path": "$.traits"}, "Hi {{traits.name}}!"),
        ("Hi {{other}}!", {"name": "x"}, "Hi !"),
        (
            "Hi {{name}}!",
            {"name": {"@if": {"exists": {"@path": "a"}, "then": "A"}}},
            "Hi {% if a != nil %}A{% endif %}!",
        ),
    ],
)
def test_inline_variables_stand_where_they_are_named(body: str, variables: Any, written: str) -> None:
    """An inline body's placeholders become what the mapping says they are."""
    drawn = draft(inlineBody=body, inlineVariables=variables)
    assert (values(drawn)["body"], drawn.faults) == (written, [])


@pytest.mark.parametrize(
    ("media", "written"),
    [
        ([], None),
        (["", None], None),
        ("https://a.example/x.png", "https://a.example/x.png"),
        (["https://a.example/x.png"], "https://a.example/x.png"),
        ([{"@path": "$.a"}, "https://a.example/x.png"], ['{{ a | default: "" }}', "https://a.example/x.png"]),
        ({"@path": "$.pictures"}, "$.pictures"),
        ({"@arrayPath": ["$.items", {"@path": "$.image"}]}, "$.items[*].image"),
        ({"@arrayPath": ["$.items"]}, "$.items"),
    ],
)
def test_media_is_what_it_was(media: Any, written: Any) -> None:
    """One picture that may be missing, several, or all of a list."""
    drawn = draft(inlineMediaUrls=media)
    assert (values(drawn).get("media_url"), drawn.faults) == (written, [])


@pytest.mark.parametrize(
    "media",
    [
        "ftp://a/x",
        ["x"],
        {"@arrayPath": ["$.items", {"@template": "{{image}}"}]},
        {"@arrayPath": "x" * 3 and []},
        {"@json": {}},
        [f"https://a.example/{n}" for n in range(11)],
    ],
)
def test_media_that_cannot_be_said_enables_nothing(media: Any) -> None:
    """No picture is left out silently."""
    assert draft(inlineMediaUrls=media).faults


@pytest.mark.parametrize(
    "known", [FIELDS, (*FIELDS, *("channel", "content_sid", "content_variables", "send_at", "late"))]
)
def test_a_key_is_written_when_the_configuration_knows_it(known: tuple[str, ...]) -> None:
    """What this version cannot say is a comment, and its action is not enabled; what it can say is said."""
    settings = MESSAGE | {"channel": "Whatsapp", "contentTemplateType": "Text", "contentSid": "HX" + "0" * 32}
    answers = read_answers(_json([subscription(action="sendMessage", settings=settings)]))
    taken = configuration_of([answers], '# x\nnumber: "+1"\nactions:\n', known)
    assert taken
    is_known = {"channel", "content_sid"} <= set(known)
    assert taken.disabled is not is_known or taken.disabled == (not is_known)
    assert ("\n    channel: whatsapp\n" in taken.text) is is_known


def test_what_is_missing_makes_no_half_filled_text() -> None:
    """A variable that an event lacks makes the message invalid, however it was mapped."""
    for mapping in ({"@template": "Hi {{a}}"}, {"@case": {"operator": "lower", "value": A}}, A):
        phrase = read_phrase(mapping, [])
        assert phrase
        with pytest.raises(Unresolved):
            compile_field(source(phrase)).render({})


def test_a_list_in_a_template_is_written_as_there() -> None:
    """JavaScript joins the items of a list with a comma alone, and so does what is taken over."""
    answers = read_answers(_json([subscription()]))
    taken = configuration_of([answers], '# x\nnumber: "+1"\nactions:\n', FIELDS)
    assert taken
    assert '\nlist_separator: ","\n' in taken.text
    assert compile_field("{{a}}", ",").render({"a": ["x", 1, True]}) == "x,1,true"
    assert compile_field("$.a", ",").render({"a": ["x", 1]}) == "x,1"
    assert compile_field("{% if a %}{{ a | sort }}{% endif %}", "; ").render({"a": ["b", "a"]}) == "a; b"


def test_a_recipient_that_is_none_enables_nothing() -> None:
    """A fixed recipient that could never be texted is told of at once."""
    answers = read_answers(_json([subscription(settings=SMS | {"To": "555"})]))
    taken = configuration_of([answers], '# x\nnumber: "+1"\nactions:\n', FIELDS)
    assert taken
    assert taken.disabled == 1
