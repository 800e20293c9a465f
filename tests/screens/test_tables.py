"""Tables fit the screen: nothing is lost unless they say so, and no word is broken that has room."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from twiliodest.screens.controls import safe
from twiliodest.screens.tables import GAP, Cell, Column, Row, Table, lines_of
from twiliodest.screens.wrapping import cut, wrap

COLUMNS = (
    Column(name="line", is_number=True, is_whole=True),
    Column(name="action"),
    Column(name="to", is_whole=True),
    Column(name="body", weight=2),
    Column(name="status", is_whole=True),
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200) | st.sampled_from(
    [
        *(
            "世界" * 40,
            "👩‍👩‍👧‍👦" * 20,
            "🇩🇪🇫🇷" * 20,
            "e\u0301" * 90,
            "مرحبا بالعالم " * 9,
            "שלום " * 20,
            "क्षि" * 30,
        ),
        *("https://example.com/" + "a/b-c" * 40, "x" * 300, "a\nb\n\nc", "\t\t", " " * 99, "", "\u200b" * 9),
        *("+\u00a0https://example.com/maps/clinic.png", "one two  three", "$.properties.delivery_date " * 5),
    ]
)


def table(*rows: Sequence[str], width: int, note: str = "", start: int = 2) -> list[str]:
    made = [Row([Cell(text) for text in row], note, start) for row in rows]
    return [line.plain for line in lines_of(COLUMNS, made, width)]


def solid(text: str) -> str:
    return "".join(text.split())


@given(text=TEXTS, width=st.integers(2, 120))
def test_a_text_that_is_wrapped_is_all_there_and_fits(text: str, width: int) -> None:
    """In every script, and however narrow it is."""
    lines = wrap(text, width)
    assert solid("".join(lines)) == solid(safe(text))
    assert max(map(cell_len, lines)) <= width


@given(text=TEXTS, width=st.integers(2, 120))
def test_no_word_is_broken_that_has_room(text: str, width: int) -> None:
    """Lines end between words; only what is longer than a line is broken."""
    words = {word for line in wrap(text, width) for word in line.split()}
    assert [word for word in safe(text).split() if cell_len(word) <= width and word not in words] == []


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("$.properties.delivery_date", 18, ["$.properties.", "delivery_date"]),
        ("see https://example.com/t/1Z999 now", 20, ["see", "https://example.com/", "t/1Z999 now"]),
        ("order-confirmation", 12, ["order-", "confirmation"]),
        ("世界世界世界", 5, ["世界", "世界", "世界"]),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 5, ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]),
        ("one\n\n  two", 9, ["one", "", "  two"]),
        ("one two", 7, ["one two"]),
        ("one two ", 7, ["one two"]),
        ("\x1b[2J", 9, ["\\x1b[2J"]),
    ],
)
def test_a_word_that_is_too_long_breaks_at_its_joints(text: str, width: int, lines: Sequence[str]) -> None:
    """A path at its dots, an address at its slashes, an emoji never."""

    assert wrap(text, width) == lines


@given(text=TEXTS, width=st.integers(2, 60))
def test_what_is_cut_says_so(text: str, width: int) -> None:
    """It is one line, and either the whole text or an ellipsis at the end of its beginning."""
    shown, whole = cut(text, width), " ".join(safe(text).split())
    assert cell_len(shown) <= width
    assert shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1]))


@given(
    cells=st.tuples(TEXTS, TEXTS),
    note=TEXTS,
    width=st.integers(80, 160),
    is_sent=st.booleans(),
)
def test_a_table_fits_and_keeps_everything(
    cells: tuple[str, str], note: str, width: int, is_sent: bool
) -> None:
    """No line is wider than the screen, and every word of every cell and note is in it."""
    to, body = ("+14155550134", cells[1]) if is_sent else ("", "")
    lines = table(("99999", cells[0], to, body, "suppressed"), width=width, note=note)
    assert max(map(cell_len, lines)) <= width
    assert not [line for line in lines if line != line.rstrip(" ")]
    shown = "\n".join(lines)
    words = [word for text in (cells[0], body) for word in safe(text).split() if cell_len(word) <= 8]
    assert [word for word in words if word not in shown] == []
    assert [word for word in safe(note).split() if cell_len(word) <= 30 and word not in shown] == []


@given(width=st.integers(1, 79), text=TEXTS)
def test_a_narrow_screen_has_its_own_form(width: int, text: str) -> None:
    """Where columns do not fit side by side, each row is a list of names and values."""
    lines = table(("1", text or "x", "+14155550134", text, "suppressed"), width=width)
    assert max(map(cell_len, lines)) <= max(width, 16)
    assert "suppressed" in "".join(lines).replace(" ", "") or "suppres" in "".join(lines)


def test_columns_are_as_wide_as_they_need() -> None:
    """Short texts make a narrow table; numbers and addresses stay in one piece; the longest text gives way."""
    assert table(("1", "a", "+14155550134", "Hello", "sent"), width=80) == [
        "  line  action  to            body   status",
        " ──────────────────────────────────────────",
        "     1  a       +14155550134  Hello  sent",
    ]
    lines = table(("1", "Order confirmation", "+14155550134", "word " * 40, "sent"), width=100)
    assert lines[2].startswith("     1  Order confirmation  +14155550134  word word")
    assert lines[2].endswith("word   sent")


def test_a_note_takes_the_place_of_empty_cells() -> None:
    """A reason is read in one go where there is no text; below a text it has the rest of the width."""
    reason = "nothing at $.properties.phone (this event has $.context.traits.phone)"
    rows = (("1", "Order", "", "", "invalid"),)
    assert table(*rows, width=110, note=reason)[2:] == [f"     1  Order   {reason}  invalid"]
    assert table(*rows, width=80, note=reason)[2:] == [
        "     1  Order   nothing at $.properties.phone (this event has            invalid",
        "                $.context.traits.phone)",
    ]
    shown = table(("1", "Order", "+14155550134", "Hello", "rejected"), width=60, note=reason)
    assert shown[2:] == [
        "     1  Order   +14155550134  Hello  rejected",
        "                nothing at $.properties.phone (this event",
        "                has $.context.traits.phone)",
    ]


def test_a_table_says_that_it_cut() -> None:
    """Whoever draws it can tell people."""
    columns = (Column(name="sid", is_cut=True), Column(name="event", is_cut=True))
    for width, was_cut in ((80, False), (30, True)):
        drawn = Table.of(columns, rows := [Row([Cell("SM" + "0" * 32), Cell("m1")])], width)
        lines = [line.plain for row in rows for line in drawn.row(row)]
        assert (drawn.was_cut, max(map(cell_len, lines)) <= width) == (was_cut, True)
    assert lines == [f"  {'SM' + '0' * 32:.{30 - 3 * GAP - 1 - len('event') + GAP}}…  m1"]
