"""Triggers and events of every shape, for the laws that hold for all of them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from twiliodest.triggers.expressions import And, Call, Compare, Expression, Field, Literal, Not, Or

ODD_NAMES = ["true", "and", "not", "1", "-5", "x y", "a.b", "\\", "ö", "\n"]
NAMES = st.sampled_from(["type", "event", "a", "b", *ODD_NAMES]) | st.text(min_size=1, max_size=3)
SCALARS = (
    st.sampled_from(
        ["track", "page", "", "a", "b", 0, 1, True, False, None, Decimal("1.0"), Decimal("1e999999999")]
    )
    | st.text(max_size=5)
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
LITERALS = VALUES.map(Literal)
FIELDS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: Field(tuple(names)))
GLOBS = st.sampled_from(["*", "a*b", "?", "[a-c]*", r"\*", "", "track"]).map(Literal)
JSON = st.recursive(
    SCALARS | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
EVENTS = st.dictionaries(NAMES, JSON, max_size=5)
OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in"])
UNARY = [
    "length",
    "lowercase",
    "uppercase",
    "snakecase",
    "kebabcase",
    "titlecase",
    "typeof",
    "bool",
    "string",
    "number",
]


def compounds(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(Not, inner),
        several.map(And),
        several.map(Or),
        st.builds(Compare, inner, OPERATORS, inner),
        st.builds(Call, st.sampled_from(UNARY), st.tuples(inner)),
        st.builds(Call, st.just("contains"), st.tuples(inner, inner)),
        st.builds(Call, st.just("match"), st.tuples(inner, GLOBS | FIELDS)),
    )


# Conditions on type and event are frequent, so that the laws below are tried on triggers that do match.
ROUTING = st.builds(
    Compare,
    st.sampled_from([Field(("type",)), Field(("event",))]),
    st.sampled_from(["=", "!=", "in"]),
    st.sampled_from(
        [Literal("track"), Literal("a"), Literal(("track", "a")), Literal(("page", None)), Literal(None)]
    ),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LITERALS | FIELDS | ROUTING, compounds, max_leaves=8
)
