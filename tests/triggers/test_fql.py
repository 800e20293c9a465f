"""A trigger is read as the Filter Query Language's documentation says, or refused where it goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import EXPRESSIONS

from twiliodest.errors import ExpressionError
from twiliodest.triggers.expressions import And, Compare, Expression, Field, Literal, Not, Or
from twiliodest.triggers.functions import FUNCTIONS, TYPES
from twiliodest.triggers.grammar import MAX_DEPTH, parse
from twiliodest.triggers.scope import walk


@pytest.mark.parametrize("quotes", ["''", '""', "“”", "„“", "‟”", "‘’", "‚‘", "‛'", '“"', "«»"])
def test_pasted_quotes(quotes: str) -> None:
    """A trigger pasted from a document works with the quotes that the document made of it."""
    assert parse(f"event = {quotes[0]}Order Completed{quotes[1]}") == parse('event = "Order Completed"')


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'it\'s'", "it's"),
        (r'"say \"hi\""', 'say "hi"'),
        (r"'a\\b'", r"a\b"),
        (r"'ab\*d'", r"ab\*d"),
        (r"'a\\*'", r"a\*"),
        ('"it’s"', "it’s"),
        ('"and or ! ("', "and or ! ("),
    ],
)
def test_escapes_in_strings(literal: str, value: str) -> None:
    """A backslash protects quotes and backslashes, and survives before anything else."""
    assert parse(f"event = {literal}") == Compare(Field(("event",)), "=", Literal(value))


@pytest.mark.parametrize(
    "name", ["téléphone", "имя", "電話番号", "ชื่อ", "नाम", "می\u200cخواهم", "🎉", "größe_2-x", "ǅ", "e\u0301"]
)
def test_letters_of_every_script_need_no_backslash(name: str) -> None:
    """A name is written as the event has it, and printed so."""
    expression = parse(f"properties.{name}.{name} = 1 and 2 = {name}")
    assert {field.path for field in walk(expression) if isinstance(field, Field)} == {
        ("properties", name, name),
        (name,),
    }
    assert str(expression) == f"properties.{name}.{name} = 1 and 2 = {name}"
    assert parse(f"2{name} = 1") == parse(f"\\2{name} = 1")


@pytest.mark.parametrize(
    ("trigger", "caret", "hint"),
    [
        ("", "^", "type ="),
        (" \n", "^", "type ="),
        ("type == 'track'", "     ^", "use ="),
        ("type <> 'track'", "     ^", "use !="),
        ("a && b", "  ^", "use and"),
        ("a || b", "  ^", "use or"),
        ("a AND b", "  ^", "lower case"),
        ("a Or b", "  ^", "lower case"),
        ("event = 'It's here'", "            ^", "\\'"),
        ("a = 'b' c", "        ^", "join conditions"),
        ("a = b 5", "      ^", "join conditions"),
        ("not a", "^", "use !"),
        ("not (a)", "^", "!("),
        ("x not in ['a']", "  ^", "!("),
        ("'x' = ", "     ^", "write"),
        ("= 'x'", "^", "write"),
        ("a and", "     ^", "write"),
        ("a and or b", "      ^", "write"),
        ("event = Order Completed", "              ^", '"Order Completed"'),
        ("event = 'Order", "        ^", "close it with '"),
        ("event = Order”", "             ^", "close it"),
        ('a = "x”', "    ^", 'close it with "'),
        ("(a or b", "^", "close it with )"),
        ("a in ['b'", "     ^", "close it with ]"),
        ("x in ['a' 'b']", "          ^", "join conditions"),
        ("(a 5)", "   ^", "join conditions"),
        ("(a b)", "   ^", '"a b"'),
        ("length(a b)", "         ^", '"a b"'),
        ("length(a", "      ^", "close it with )"),
        ("a)", " ^", "remove it"),
        ("contain(a, 'b')", "^", "contains"),
        ("frobnicate(a)", "^", f"the functions are {', '.join(FUNCTIONS)}"),
        ("a and contains(a)", "      ^", "contains(string, string)"),
        ("length()", "^", "length("),
        ("length(a,)", "         ^", "write"),
        ("x in ('a', 'b')", "         ^", "[ … ]"),
        ("x in [track]", "      ^", '"track"'),
        ("$.type = 'track'", "^", "without $"),
        ("a..b", " ^", "dots"),
        ("größe€/m = 1", "      ^", r"\/"),
        ("a = −5", "    ^", r"\−"),
        ("a\u200b = 1", " ^", "in a field name"),
        ("items[0]", "     ^", "index"),
        ("a = !b", "    ^", "parentheses"),
        ("1 < a < 3", "      ^", "and"),
        ("a = 1e99999999999999999999", "    ^", "exponent"),
        (r"match(a, 'x\'[b')", "             ^", r"\["),
        ("match(a, ('[b'))", "         ^", r"\["),
        ("match(a, '[z-a]')", "          ^", "a-z"),
        ("match(a, 'b\\\\')", "           ^", "\\"),
        ("(" * 100_000, " " * (MAX_DEPTH + 1) + "^", "split"),
        ("!" * 100_000, " " * (MAX_DEPTH + 1) + "^", "split"),
        ("a in " + "[" * 100_000, " " * (MAX_DEPTH + 6) + "^", "split"),
    ],
)
def test_errors_point_at_the_mistake(trigger: str, caret: str, hint: str) -> None:
    """A trigger that cannot be read says where it goes wrong and what to write instead."""
    with pytest.raises(ExpressionError) as caught:
        parse(trigger)
    assert " " * caught.value.offset + "^" == caret
    assert caught.value.hint is not None
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        ("a and", 'a value is missing after "and"'),
        ("a and or b", '"or" cannot be used as a value'),
        ("match(a, '[b')", "this [ is not closed in the pattern"),
        ("match(a, 'b\\\\')", "nothing follows this backslash in the pattern"),
        ("match(a, 'b[z-a]')", "the range z-a in the pattern is empty"),
        ("1 < a < 3", "comparisons cannot be chained"),
        ("a in [b]", "a list can have strings, numbers, true, false and null"),
        ("length(a, b)", "length takes 1 argument, not 2"),
        ("contains(a)", "contains takes 2 arguments, not 1"),
    ],
)
def test_errors_name_the_mistake(trigger: str, message: str) -> None:
    """Mistakes at the same place are told apart."""
    with pytest.raises(ExpressionError) as caught:
        parse(trigger)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("foreign", "own"),
    [
        *(("==", "="), ("===", "="), ("!==", "!="), ("<>", "!="), ("≠", "!=")),
        *(("=>", ">="), ("≥", ">="), ("=<", "<="), ("≤", "<=")),
        *(("&&", "and"), ("&", "and"), ("||", "or"), ("|", "or")),
    ],
)
def test_an_operator_of_another_language_is_named_in_this_one(foreign: str, own: str) -> None:
    """Whoever writes SQL, JavaScript or mathematics is told what to write here."""
    with pytest.raises(ExpressionError) as caught:
        parse(f"a {foreign} b")
    assert (caught.value.message, caught.value.offset) == (f'"{foreign}" is not an operator here', 2)
    assert caught.value.hint == f"use {own}"


@pytest.mark.parametrize(("name", "wanted"), [(name, it.takes) for name, it in FUNCTIONS.items()])
def test_a_function_without_arguments_says_how_to_write_it(name: str, wanted: tuple[str, ...]) -> None:
    """With a word for each argument, and the words are those that `typeof` gives."""
    assert {word for words in wanted for word in words.split(" or ")} <= {*TYPES, "value"}
    with pytest.raises(ExpressionError) as caught:
        parse(f"{name}()")
    assert caught.value.hint == f"write {name}({', '.join(wanted)})"


def test_precedence() -> None:
    """`!` binds before `and`, `and` before `or`, and parentheses before all."""
    a, b, c = (Field((name,)) for name in "abc")
    assert parse("!a and b or c") == Or((And((Not(a), b)), c))
    assert parse("a or b and !c") == Or((a, And((b, Not(c)))))
    assert parse("!(a or b) and c") == And((Not(Or((a, b))), c))


@pytest.mark.parametrize(
    ("trigger", "canonical"),
    [
        ("type='track'and(event='x')", 'type = "track" and event = "x"'),
        ("!(a=1)", "!(a = 1)"),
        ("(a or b) and c", "(a or b) and c"),
        ("((a and b)) or (c)", "a and b or c"),
        ("(a or b) or c", "(a or b) or c"),
        ("(a and b) and c", "(a and b) and c"),
        ("!(!a)", "!!a"),
        ("(a = b) = c", "(a = b) = c"),
        ("x in ['a',null,[-1.50]]", 'x in ["a", null, [-1.50]]'),
        (r"properties.product\ 1.\2 = null", r"properties.product\ 1.2 = null"),
        (r"\1.5", r"\1.5"),
    ],
)
def test_canonical_text(trigger: str, canonical: str) -> None:
    """A trigger is shown in one spelling, with no more parentheses than it needs."""
    assert str(parse(trigger)) == canonical


@given(EXPRESSIONS)
@settings(deadline=None)
def test_printing_and_reading_are_inverse(expression: Expression) -> None:
    """What a trigger is shown as reads back as the same trigger, whatever its fields are called."""
    assert parse(str(expression)) == expression


@given(st.text() | st.lists(st.sampled_from([*"()[]!='\"\\,. ", "and", "a", "match", "1", "“"])).map("".join))
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in the trigger, the answer is a trigger or an error inside the text."""
    try:
        expression, offset = parse(text), 0
    except ExpressionError as error:
        expression, offset = Literal(None), error.offset
    assert parse(str(expression)) == expression
    assert 0 <= offset <= len(text)
