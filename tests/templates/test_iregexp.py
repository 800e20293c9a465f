"""Regular expressions are RFC 9485's: read strictly, matched in time that grows with the text alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.errors import ExpressionError
from twiliodest.templates.bounds import TooMuch
from twiliodest.templates.paths.iregexp import compile_pattern


def matches(pattern: str, text: str, *, whole: bool = True) -> bool:
    return compile_pattern(pattern).matches(text, lambda steps: None, whole=whole)


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("", [""], ["a"]),
        ("a|b|", ["a", "b", ""], ["ab"]),
        ("(ab)+", ["ab", "abab"], ["", "aba"]),
        ("a{2}b{1,}c{0,2}", ["aab", "aabbcc"], ["ab", "aabccc", "aa"]),
        ("(a*)*b", ["b", "aaab"], ["a"]),
        ("[a-c-]", ["a", "c", "-"], ["d", "ac"]),
        ("[-x]", ["-", "x"], ["a"]),
        ("[^a-c]", ["d", "é", "\n"], ["a", ""]),
        ("[.*+]", [".", "*"], ["a"]),
        ("[\\]\\-\\[]", ["]", "-", "["], ["a"]),
        ("\\.\\(\\n", [".(\n"], [".(n"]),
        ("\\n\\r\\t", ["\n\r\t"], ["nrt", "\n\n\t"]),
        (".", ["a", "𝄞", "\u2028"], ["\n", "\r", ""]),
        ("\\p{Lu}\\p{Ll}*", ["Ж", "Ärger"], ["ж"]),
        ("\\P{L}", ["1"], ["ж"]),
        ("[\\p{N}x]+", ["1x٣"], ["y"]),
        ("^a$", ["a"], ["^a$"]),
        ("[$^]", ["$", "^"], ["a"]),
        ("a-b,c/d", ["a-b,c/d"], []),
        ("ß|İ", ["ß", "İ"], ["ss", "i"]),
    ],
)
def test_a_pattern_matches_all_of_a_text(pattern: str, fitting: list[str], others: list[str]) -> None:
    """Repetitions, classes, categories, escapes and the ends of the text."""
    assert [text for text in fitting if not matches(pattern, text)] == []
    assert [text for text in others if matches(pattern, text)] == []


@pytest.mark.parametrize(
    ("pattern", "text", "is_there"),
    [
        ("b+", "abbc", True),
        ("^b", "abc", False),
        ("b$", "abc", False),
        ("^abc$", "abc", True),
        ("", "x", True),
    ],
)
def test_a_pattern_is_searched_within_a_text(pattern: str, text: str, is_there: bool) -> None:
    """`^` and `$` hold it to the ends; the same pattern may match all of another text before."""
    assert matches(pattern, text) is (pattern == "^abc$")
    assert matches(pattern, text, whole=False) is is_there


@pytest.mark.parametrize(
    ("pattern", "offset"),
    [
        *(("(", 1), (")", 0), ("a)", 1), ("[", 1), ("[]", 1), ("[a", 2), ("]", 0), ("}", 0), ("{2}", 0)),
        *(("*a", 0), ("a**", 2), ("a+?", 2), ("a{", 1), ("a{,2}", 1), ("a{3,2}", 1), ("a{2", 1)),
        *(
            ("\\d", 0),
            ("a\\w", 1),
            ("\\s", 0),
            ("\\b", 0),
            ("\\", 0),
            ("\\p{Xx}", 0),
            ("\\p", 0),
            ("\\u0041", 0),
        ),
        *(("(?:a)", 1), ("(?=a)", 1), ("[b-a]", 4), ("[a-\\p{L}]", 3), ("[a-b-c]", 4), ("[[a]]", 1)),
    ],
)
def test_what_the_standard_does_not_have_is_refused(pattern: str, offset: int) -> None:
    """With its place, so that nobody is selected by a pattern that means something else."""
    with pytest.raises(ExpressionError) as caught:
        compile_pattern(pattern)
    assert caught.value.offset == offset


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\.", "(a|b)", "(ab|)", "[a-c]", "é"])
PIECES = st.builds(
    "{}{}".format, ATOMS, st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "{0}"])
)
BRANCHES = st.lists(PIECES, max_size=4).map("".join)
PATTERNS = st.recursive(
    st.lists(BRANCHES, min_size=1, max_size=3).map("|".join),
    lambda inner: st.builds("({}){}{}".format, inner, st.sampled_from(["", "*", "+", "?", "{2}"]), BRANCHES),
    max_leaves=4,
)


@settings(deadline=None)
@given(PATTERNS, st.text("abc.é\n", max_size=8))
def test_a_pattern_matches_what_python_matches(pattern: str, text: str) -> None:
    """Where both have it, it means the same."""
    assert matches(pattern, text) is bool(re.fullmatch(pattern, text))
    assert matches(pattern, text, whole=False) is bool(re.search(pattern, text))


@given(st.text("ab(){}[]|*+?.\\^$-,2p{Lu}d", max_size=15))
def test_any_text_is_a_pattern_or_has_a_place_where_it_is_not(pattern: str) -> None:
    """Never another exception."""
    offset = 0
    try:
        matches(pattern, "ab2")
    except ExpressionError as error:
        offset = error.offset
    assert 0 <= offset <= len(pattern)


def limited(steps: int) -> Callable[[int], None]:
    left = [steps]

    def spend(some: int) -> None:
        left[0] -= some
        if left[0] < 0:
            raise TooMuch

    return spend


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a*)*(a*)*", "((a?){4}){4}", "(.*a){20}"])
def test_no_pattern_takes_more_than_its_text_is_long(pattern: str) -> None:
    """What takes other engines longer than a life takes some steps for each character."""
    text = "a" * 2_000 + "b"
    compiled = compile_pattern(pattern)
    assert not compiled.matches(text, limited(50 * len(text)), whole=True)
    assert compiled.matches(text, limited(50 * len(text)), whole=False)
