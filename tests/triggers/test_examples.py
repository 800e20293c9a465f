"""Every function and operator of the docs does what its name says, shown by values that do and do not match."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pages import PAGES, rows

from twiliodest.events.decoding import view
from twiliodest.triggers.functions import FUNCTIONS
from twiliodest.triggers.grammar import parse
from twiliodest.triggers.matching import compile_trigger

NOT_TEXTS: list[Any] = [None, 5, True, ["vip"], {"vip": 1}]
EXAMPLES: list[
    tuple[str, list[Any], list[Any]]
] = [  # a trigger, the values of x that match, and those that do not
    ("x = 1", [1, 1.0], [2, "1", True, None, [1]]),
    ('x = "a"', ["a"], ["A", "ab", "", None]),
    ("x = null", [None], [0, "", False, []]),
    ("x != 1", [2, "1", True, None], [1, 1.0]),
    ("x < 5", [4, 4.99, -6], [5, 5.01, "4", None, True]),
    ("x <= 5", [5, 5.0, 4], [5.01, 6, "5", None]),
    ("x > 5", [6, 5.01], [5, 4.99, "6", None]),
    ("x >= 5", [5, 5.0, 6], [4.99, "5", None]),
    ("5 < x", [6], [5, 4]),
    ('x in ["a", 1]', ["a", 1, 1.0], ["b", "1", None, ["a"]]),
    ('"a" in x', [["a"], ["b", "a"]], ["a", [], ["b"], None, {"a": 1}]),
    ("x > 1 and x < 5", [2, 4], [1, 5, None]),
    ("x < 1 or x > 5", [0, 6], [1, 5, None]),
    ("x", [True], [False, 1, "true", None]),
    ("!x", [False, 1, "true", None], [True]),
    ("!(x = 1 or x = 2)", [3, None], [1, 2]),
    ("!x = 1", [2, None], [1]),
    ("x = 1 or x = 2 and false", [1], [2]),
    ("(x = 1 or x = 2) and false", [], [1, 2]),
    ('contains(x, "vip")', ["vip", "a vip!"], ["VIP", "vi", "", *NOT_TEXTS]),
    ('match(x, "a*[0-9]?")', ["a1b", "abc12"], ["a1", "b1b", "a1bc", *NOT_TEXTS]),
    (r'match(x, "a\*")', ["a*"], ["ab", "a", "a**"]),
    ("length(x) = 2", ["ab", "é", [1, None]], ["a", "éé", [], {"a": 1, "b": 2}, 2, None]),
    ("length(x) = 0", ["", [], None], [0, False, {}, " "]),
    ('lowercase(x) = "äb c"', ["ÄB c", "äb C"], ["ab c", "äb_c", None]),
    ('uppercase(x) = "ÄB C"', ["äb c", "ÄB C"], ["ab c", None]),
    ('titlecase(x) = "Ann Lee"', ["ann lee", "Ann lee"], ["ANN LEE", "annlee", "Ann_lee", None]),
    ('snakecase(x) = "a_b"', ["a b", "a_b"], ["a-b", "ab", None]),
    ('kebabcase(x) = "a-b"', ["a b", "a-b"], ["a_b", "ab", None]),
    ('typeof(x) = "string"', ["", "1"], [1, None]),
    ('typeof(x) = "number"', [0, 1.5], [True, "1"]),
    ('typeof(x) = "bool"', [True, False], [1, "true"]),
    ('typeof(x) = "list"', [[], [1]], [{}, "[]"]),
    ('typeof(x) = "object"', [{}, {"a": 1}], [[], None]),
    ('typeof(x) = "null"', [None], [0, "", False, "null"]),
    (
        "bool(x)",
        [True, "a", "no", 1, -0.5, [0]],
        [False, "", "0", "false", "False", 0, 0.0, [], None, {"a": 1}],
    ),
    ('string(x) = "1"', [1, "1"], [1.0, True, None, [1]]),
    ('string(x) = "true"', [True, "true"], [False, "True", 1]),
    ("number(x) = 1.5", [1.5, "1.5", "1.50", " 1.5 "], ["1,5", "1.5 kg", True, None, [1.5]]),
]
CASES = [(trigger, x, True) for trigger, those, _ in EXAMPLES for x in those] + [
    (trigger, x, False) for trigger, _, others in EXAMPLES for x in others
]


@pytest.mark.parametrize(
    ("trigger", "x", "expected"), CASES, ids=[f"{t} of {json.dumps(x)}" for t, x, _ in CASES]
)
def test_a_trigger_matches_what_it_says(trigger: str, x: object, expected: bool) -> None:
    """Whoever reads an example would say the same; a field that is missing is like null."""
    test = compile_trigger(parse(trigger))
    assert test(view([()])(json.dumps({"x": x}).encode())) is expected
    if x is None:
        assert test({}) is expected


def test_every_function_and_operator_has_examples_of_both_kinds() -> None:
    """The lists in the docs, what the language has, and what has examples are the same."""
    page = PAGES["docs/triggers.md"]
    operators = re.search(r"From the weakest to the strongest: (.*?);", page, re.DOTALL)
    assert operators, "the page has a list of operators"
    functions = {name for row in rows("docs/triggers.md") for name in re.findall(r"`(\w+)\(", row[0])}
    for word in (*re.findall("`(.*?)`", operators[1]), *functions, *FUNCTIONS):
        written = re.escape(word) if not word.isalpha() else rf"\b{word}\b"
        shown = [(those, others) for trigger, those, others in EXAMPLES if re.search(written, trigger)]
        assert [1 for those, _ in shown if those], word
        assert [1 for _, others in shown if others], word
    assert functions == set(FUNCTIONS)
