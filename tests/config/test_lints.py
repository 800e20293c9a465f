"""What is allowed but probably not meant is named, and what is ordinary is left in peace."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from strategies import EXPRESSIONS

from twiliodest.config.lints import lint_body, lint_path
from twiliodest.config.trigger_lints import lint_trigger
from twiliodest.templates.fields import compile_field
from twiliodest.templates.paths.compiler import compile_path
from twiliodest.triggers.expressions import Expression
from twiliodest.triggers.grammar import MAX_DEPTH, parse


@pytest.mark.parametrize(
    ("trigger", "message", "hint"),
    [
        (
            "type = 'track' and type = 'identify'",
            'type cannot be "track" and "identify" at the same time',
            "or",
        ),
        ("a in [1, 2] and b and 3 = a", "a cannot be 1 and 3 at the same time", "or"),
        ("(type = 'track' or type = 'page') and type = 'group'", "can never match", "contradict"),
        ("total > '5'", '"5" is not a number', "write 5"),
        ("true < total", "true is not a number", None),
        ("length(a) = '5'", "different types", None),
        ("'a' != 5", "always true", None),
        ("a in 'b'", "is not a list", '["b"]'),
        ("a in []", "the list is empty", None),
        ("null", "null is never true", "compare"),
        ("a and 'b'", '"b" is never true', "compare"),
        ("!5 or false", "5 is never true", "compare"),
        ("false", "false is never true", "compare"),
        ("length(a) or b", "length(a) is never true", "compare"),
        ("contains(a, 5)", "contains works on a string", None),
        ("match(a, true)", "match works on a string", None),
        ("type = 'trak'", 'no event has the type "trak"', "track"),
        ("type in ['page', 'Identify']", '"Identify"', "identify"),
        ("type != 'qqqq'", '"qqqq"', "one of"),
        ("typeof(a) = 'boolean'", 'typeof never gives "boolean"', "bool"),
        ("event = Order", "Order is read as a field", '"Order"'),
        ("a = True", "True is read as a field", "write true"),
        ("all", 'only in events with "all": true', "write: true"),
        ("premium and type = 'track'", 'only in events with "premium": true', "properties.premium"),
        ("!contains(a, 'x')", "is also true where a is missing", 'typeof(a) = "string"'),
        (
            "type = 'track' and !match(b.c, 'x')",
            "is also true where b.c is missing",
            'typeof(b.c) = "string"',
        ),
        ("a = null and !contains(a, 'x')", "is also true where a is missing", 'typeof(a) = "string"'),
        ("b != null and !contains(a, 'x')", "is also true where a is missing", 'typeof(a) = "string"'),
        ("!(type = 'page' or contains(a, 'x'))", "is also true where a is missing", 'typeof(a) = "string"'),
        (
            "typeof(a) != 'list' and !match(a, 'x')",
            "is also true where a is missing",
            'typeof(a) = "string"',
        ),
    ],
)
def test_an_odd_trigger_is_named(trigger: str, message: str, hint: str | None) -> None:
    """A trigger that can be read but surely means something else is pointed out, with a way to mend it."""
    found = [finding for finding in lint_trigger(parse(trigger)) if message in finding[0]]
    assert len(found) == 1
    assert (found[0][1] is None) if hint is None else (hint in (found[0][1] or ""))


@pytest.mark.parametrize(
    "trigger",
    [
        "type = 'track' and event = 'Order Completed' and properties.total > 10",
        "type = 'track' or type = 'identify'",
        "userId != anonymousId and contains(lowercase(traits.email), '@test')",
        "length(properties.items) > 0 and typeof(properties.x) in ['string', 'null'] and bool(properties.y)",
        "(traits.a or traits.b and contains(c, 'd') = " * (MAX_DEPTH - 1) + "true" + ")" * (MAX_DEPTH - 1),
        "properties.a = properties.b and a = 1 and a in [1, 2] and true",
        "properties.a != null and !contains(properties.a, 'x')",
        "!(properties.a = null or match(properties.a, 'x*'))",
        "typeof(properties.a) = 'string' and !match(lowercase(properties.a), '*@test')",
        "properties.a in ['x', 'y'] and (type = 'track' or !contains(properties.a, 'x'))",
        "!contains('a fixed text', 'x') or properties.b",
    ],
)
def test_an_ordinary_trigger_is_not(trigger: str) -> None:
    """An ordinary trigger raises no suspicion."""
    assert lint_trigger(parse(trigger)) == []


@given(EXPRESSIONS)
@settings(deadline=None)
def test_any_trigger_can_be_examined(expression: Expression) -> None:
    """Whatever a trigger says, each of its oddities is named once."""
    findings = lint_trigger(expression)
    assert len(findings) == len(set(findings))


@pytest.mark.parametrize(
    ("body", "message", "hint", "offset"),
    [
        ("Hi {name}", "{name} is not a placeholder", "{{name}}", 3),
        ("Hi ${name}", "${name} is not a placeholder", "{{name}}", 3),
        ("Hi {name}}!", "{name}} is not a placeholder", "{{name}}", 3),
        ("Here 😜", "needs UCS-2", "plain character", 5),
        ("a" * 161, "takes 2 segments (GSM-7)", None, None),
        ("Hi *|FNAME|*!", "*|FNAME|* is not a placeholder", "{{name}}", 3),
        ("Hi %%First_Name%%", "%%First_Name%% is not a placeholder", "{{name}}", 3),
        ("Hi %FIRSTNAME%, 20% off", "%FIRSTNAME% is not a placeholder", "{{name}}", 3),
        ("Hi %recipient.name%", "%recipient.name% is not a placeholder", "{{name}}", 3),
        ("Hi [[ first_name ]]", "[[ first_name ]] is not a placeholder", "{{name}}", 3),
        ("Hi <%= user.name %>", "<%= user.name %> is not a placeholder", "{{name}}", 3),
        ("Hi {!Contact.FirstName}", "{!Contact.FirstName} is not a placeholder", "{{name}}", 3),
        ("Hi $json.name, {{properties.x}}", "$json.name is not a placeholder", "{{name}}", 3),
        (r"Hi\nthere", "is sent as a backslash and a letter", "double quotes", 2),
        ('{{ properties.d | date: "YYYY-MM-DD" }}', 'every text says "YYYY-MM-DD"', "%Y-%m-%d?", 24),
        ("{{ properties.d | date: 'long' }}", 'every text says "long"', "%B %-d", 24),
        ("properties.message", 'every text says "properties.message"', "$.properties.message", None),
    ],
)
def test_an_odd_body_is_named(body: str, message: str, hint: str | None, offset: int | None) -> None:
    """A placeholder with the wrong braces, or a fixed text that costs more than it seems, is pointed at."""
    ((found, advice, place, _),) = lint_body(compile_field(body))
    assert message in found
    assert (advice is None) if hint is None else (hint in (advice or ""))
    assert place == offset


@pytest.mark.parametrize(
    "body",
    [
        "Hi {{properties.name}}, welcome!",
        "$.properties.text",
        "{ }",
        "a" * 160,
        "100% off [1] <3 50%! see [[ or *|",
        '{{ properties.d | date: "%d.%m." }}',
        "{{ properties.note | replace: '%%a%%', 'b' }}",
        "a fixed text. Really",
    ],
)
def test_an_ordinary_body_is_not(body: str) -> None:
    """Placeholders, a path, stray braces and a text of one segment raise no suspicion."""
    assert list(lint_body(compile_field(body))) == []


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("$.propertis.phone", 'did you mean "properties.phone"?'),
        ("$.userID", 'did you mean "userId"?'),
        ("$.trait.phone", 'did you mean "traits.phone"?'),
        ("$.properties.phon", None),
        ("$.custom.phone", None),
        ("$.event.properties.phone", 'did you mean "properties.phone"?'),
        ("$.event.phone", 'did you mean "properties.phone"?'),
        ("$.customer.first_name", 'did you mean "traits.first_name"?'),
        ("$.customer", None),
        ("$", None),
    ],
)
def test_a_misspelt_member_of_an_event_is_named(path: str, hint: str | None) -> None:
    """A path that begins almost like a member of an event is answered with that member."""
    found = lint_path(compile_path(path).prefixes[0])
    assert (found and found.hint) == hint
