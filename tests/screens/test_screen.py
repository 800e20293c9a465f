"""What people see is complete, literal and in the order of their input."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.errors import Place, Problem
from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.screens import screen
from twiliodest.screens.bar import Bar
from twiliodest.screens.listing import Listing
from twiliodest.screens.report import Rejects
from twiliodest.screens.results import Results
from twiliodest.screens.send_table import OutcomeTable

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def outcome(
    line: int, source: str = "a.jsonl", body: str = "Hello", status: Status = Status.PLANNED
) -> Outcome:
    message = Message(to="+14155550134", sender="+15005550006", body=body, encoding="GSM-7", segments=1)
    return Outcome(Event(source, line, b"{}", None, str(line)), "Greeting", status, message)


def drawn(capsys: pytest.CaptureFixture[str], rows: int, sources: Sequence[str], *outcomes: Outcome) -> str:
    table = OutcomeTable(Listing(statuses=frozenset(Status), rows=rows, sources=sources))
    table.add(outcomes[:1])
    table.add(outcomes[1:])
    table.close()
    return capsys.readouterr().out


@given(text=st.text())
def test_safe_text_moves_nothing_on_a_terminal(text: str) -> None:
    """What is left has no control character but tab and line feed, and no mark that turns the direction."""
    shown = screen.safe(text)
    assert not any(
        unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in "\t\n" for char in shown
    )
    assert not any(unicodedata.bidirectional(char) in BIDI for char in shown)


@given(text=st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_safe_text_is_the_text(text: str) -> None:
    """Letters, digits, punctuation and emoji of every script are shown as they are."""
    assert screen.safe(text) == text


def test_a_table_is_in_the_order_of_the_input(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages settle in any order; the table has the files as they were named, and their lines in order."""
    shown = drawn(
        capsys,
        0,
        ["b.jsonl", "a.jsonl"],
        outcome(2, "a.jsonl", "four"),
        outcome(12, "b.jsonl", "two"),
        outcome(1, "a.jsonl", "three"),
        outcome(2, "b.jsonl", "one"),
    )
    places = [shown.index(word) for word in ("b.jsonl", "one", "two", "a.jsonl", "three", "four")]
    assert places == sorted(places)


def test_a_table_says_how_much_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows beyond the limit are not drawn, but their number is told, with how to see them."""
    table = OutcomeTable(Listing(statuses=frozenset(Status), rows=2, sources=["a.jsonl"]))
    for line in range(1, 6):
        table.add([outcome(line, body=f"text-{line}")])
    table.close()
    out, err = capsys.readouterr()
    assert ("text-2" in out, "text-3" in out) == (True, False)
    assert "3 more" in err
    assert "--rows all" in err


def test_a_long_table_is_drawn_in_pages(capsys: pytest.CaptureFixture[str]) -> None:
    """With all rows asked for, memory holds a page of them, and none is lost."""
    shown = drawn(capsys, 0, ["a.jsonl"], *(outcome(n, body=f"<{n}>") for n in range(3 * screen.PAGE + 1)))
    assert [n for n in range(3 * screen.PAGE + 1) if f"<{n}>" not in shown] == []


def test_a_problem_is_told_like_a_compiler_s(capsys: pytest.CaptureFixture[str]) -> None:
    """Place, message, the line with a caret under the fault (whatever stands before it), the hint."""
    excerpt = "\tbdoy: \x1b[2J x"
    screen.print_problems(
        [
            Problem(
                message="unknown field",
                place=Place("c.yaml", 14, 2),
                hint='did you mean "body"?',
                excerpt=excerpt,
            ),
            Problem(message="odd", place=Place("c.yaml", 15, 13), excerpt=excerpt, warning=True),
            Problem(message="no place"),
        ]
    )
    assert capsys.readouterr().err.splitlines() == [
        "c.yaml:14:2: error: unknown field",
        "  14 |  bdoy: \\x1b[2J x",
        "     |  ^",
        '    did you mean "body"?',
        "c.yaml:15:13: warning: odd",
        "  15 |  bdoy: \\x1b[2J x",
        "     |                ^",
        "error: no place",
    ]


def test_results_reach_every_place_once(capsys: pytest.CaptureFixture[str]) -> None:
    """An outcome is counted and written; a finished event goes to the rejects if something of it stayed."""
    kept = io.BytesIO()
    listing = Listing(statuses=frozenset(Status), rows=50, sources=["a.jsonl"])
    results = Results(Bar(None, shown=False), Rejects(kept), listing=listing, live=False)
    failed = outcome(1, status=Status.FAILED)
    results.tell([failed])
    results.finished(failed.event, [failed])
    results.tell_all([[outcome(2)], [outcome(3, status=Status.INVALID)]])
    results.close()
    assert results.tally.statuses == {Status.FAILED: 1, Status.PLANNED: 1, Status.INVALID: 1}
    assert kept.getvalue() == b"{}\n{}\n"
    assert "failed" in capsys.readouterr().out
