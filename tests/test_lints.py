"""What is allowed but probably not meant is named, and what is ordinary is left in peace."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from strategies import EXPRESSIONS

from twiliodest.fields import compile_field
from twiliodest.fql import MAX_DEPTH, Expression, parse
from twiliodest.lints import lint_body, lint_path, lint_trigger
from twiliodest.paths import compile_path


@pytest.mark.parametrize(
    ("trigger", "message", "hint"),
    [
        ("type = 'track' and type = 'identify'", 'type cannot be "track" and "identify" at once', "or"),
        ("a in [1, 2] and b and 3 = a", "a cannot be 1 and 3 at once", "or"),
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
        "userId != anonymousId and !contains(lowercase(traits.email), '@test')",
        "length(properties.items) > 0 and typeof(properties.x) in ['string', 'null'] and bool(properties.y)",
        "(a or b and contains(c, 'd') = " * (MAX_DEPTH - 1) + "true" + ")" * (MAX_DEPTH - 1),
        "properties.a = properties.b and a = 1 and a in [1, 2] and true",
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
        ("Hi {name}", "{name} is no placeholder", "{{name}}", 3),
        ("Hi ${name}", "${name} is no placeholder", "{{name}}", 3),
        ("Hi {name}}!", "{name}} is no placeholder", "{{name}}", 3),
        ("Here 😜", "needs UCS-2", "plain character", 5),
        ("a" * 161, "takes 2 segments (GSM-7)", None, None),
    ],
)
def test_an_odd_body_is_named(body: str, message: str, hint: str | None, offset: int | None) -> None:
    """A placeholder with the wrong braces, or a fixed text that costs more than it seems, is pointed at."""
    ((found, advice, place),) = lint_body(compile_field(body))
    assert message in found
    assert (advice is None) if hint is None else (hint in (advice or ""))
    assert place == offset


@pytest.mark.parametrize("body", ["Hi {{properties.name}}, welcome!", "$.properties.text", "{ }", "a" * 160])
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
        ("$", None),
    ],
)
def test_a_misspelt_member_of_an_event_is_named(path: str, hint: str | None) -> None:
    """A path that begins almost like a member of an event is answered with that member."""
    compiled = compile_path(path)
    assert (lint_path(compiled) or (None, None))[1] == hint
    assert lint_path(compiled.prefixes[0]) == lint_path(compiled)
