"""The table of outcomes shows what matters, however much there is of everything else."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.screens.listing import Listing
from twiliodest.screens.send_table import OutcomeTable


def outcome(
    line: int, status: Status = Status.PLANNED, source: str = "a.jsonl", body: str = "Hello"
) -> Outcome:
    message = Message(to="+14155550134", sender="+15005550006", body=body, encoding="GSM-7", segments=1)
    event = Event(source, line, b"{}", None, str(line))
    if status is Status.INVALID:
        return Outcome(event, "Greeting", status, None, "nothing at $.phone")
    return Outcome(event, "Greeting", status, message)


def drawn(
    *outcomes: Outcome,
    rows: int = 10,
    sources: Sequence[str] = ("a.jsonl",),
    width: int = 80,
    flows: bool = False,
) -> list[str]:
    lines: list[str] = []
    listing = Listing(
        statuses=frozenset(Status), rows=rows, sources=sources, actions=["Greeting"], flows=flows
    )

    def draw(texts: Iterable[Text]) -> None:
        lines.extend(text.plain for text in texts)

    table = OutcomeTable(listing, draw, width)
    for one in outcomes:
        table.add([one])
    table.close()
    return lines


def places(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Line and status of each row."""
    rows = (line.split() for line in lines[2:])
    return [(int(words[0]), words[-1]) for words in rows if words and words[0].isdigit()]


def test_what_goes_wrong_comes_first() -> None:
    """Then what is sent, then what waits, then the rest; each in the order of the input."""
    given_ = [
        Status.ALREADY,
        Status.HELD,
        Status.SENT,
        Status.INVALID,
        Status.SUPPRESSED,
        Status.UNKNOWN,
        Status.SENT,
    ]
    shown = places(drawn(*(outcome(line, status) for line, status in enumerate(given_, 1))))
    assert [line for line, _ in shown] == [4, 6, 3, 7, 2, 1, 5]


@pytest.mark.parametrize("flood", list(Status))
@pytest.mark.parametrize("rare", list(Status))
def test_one_message_is_seen_amid_many_others(flood: Status, rare: Status) -> None:
    """166 of a kind do not hide the one of another, wherever it stands."""
    for place in (0, 83, 166):
        many = [outcome(line, flood) for line in range(1, 167)]
        shown = places(drawn(*many[:place], outcome(999, rare), *many[place:]))
        assert len(shown) == 10
        assert (999, rare.value) in shown or rare is flood


@given(st.lists(st.sampled_from(Status), max_size=60), st.integers(1, 30))
def test_each_status_has_its_share_of_the_rows(statuses: Sequence[Status], rows: int) -> None:
    """As many rows as may be; and none of a status has more while another has fewer of what there is."""
    shown = places(drawn(*(outcome(line, status) for line, status in enumerate(statuses, 1)), rows=rows))
    assert len(shown) == min(rows, len(statuses))
    counts = {status: [it for _, it in shown].count(status.value) for status in set(statuses)}
    left_out = [status for status in counts if counts[status] < statuses.count(status)]
    assert all(counts[one] <= counts[other] + 1 for one, other in itertools.product(counts, left_out))


def test_sources_are_named_once() -> None:
    """What is most interesting decides which one comes first; then it is as they were named."""
    sources = ["one.jsonl", "two.jsonl", "three.jsonl", "four.jsonl"]
    given_ = [
        outcome(line, Status.INVALID if (source, line) == ("three.jsonl", 2) else Status.SENT, source)
        for line in (1, 2)
        for source in sources[:3]
    ]
    lines = drawn(*given_, sources=sources)
    assert [line for line in lines if line.endswith(".jsonl")] == ["three.jsonl", "one.jsonl", "two.jsonl"]
    assert [line for line, _ in places(lines)] == [2, 1, 1, 2, 1, 2]
    assert [line for line in drawn(outcome(1)) if "a.jsonl" in line] == []


def test_all_rows_are_in_the_order_of_the_input() -> None:
    """Who asks for all of them reads a log."""
    statuses = itertools.cycle([Status.PLANNED, Status.INVALID, Status.ALREADY])
    count = 1203
    shown = places(drawn(*(outcome(line, next(statuses)) for line in range(1, count)), rows=0))
    assert [line for line, _ in shown] == list(range(1, count))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_rows_of_a_pipe_appear_as_they_happen(width: int) -> None:
    """Each one at once, under one head, whatever is still to come."""
    lines: list[str] = []
    table = OutcomeTable(
        Listing(statuses=frozenset(Status), rows=0, sources=["a.jsonl"], actions=["Greeting"], flows=True),
        lambda texts: lines.extend(text.plain for text in texts),
        width,
    )
    bodies = ["Hi", "word " * 30, "x" * 200, "世界" * 30]
    for line, body in enumerate(bodies, 1):
        before = len(lines)
        table.add([outcome(line, body=body)])
        assert len(lines) > before
    table.close()
    assert sum("status" in line and "body" in line for line in lines) == (width > 60)
    assert max(map(cell_len, lines)) <= width


def test_a_pipe_shows_no_more_rows_than_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The first ones, as they happen; the others are counted."""
    lines = drawn(*(outcome(line) for line in range(1, 6)), rows=2, flows=True)
    assert [line for line, _ in places(lines)] == [1, 2]
    assert "3 more" in capsys.readouterr().err


@pytest.mark.parametrize("draw", [80, 120, 200])
def test_a_reason_is_read_in_one_go(draw: int) -> None:
    """Where there is no text, it has its place."""
    shown = drawn(outcome(1, Status.INVALID), outcome(2), width=draw)
    assert any("nothing at $.phone" in line and line.endswith("invalid") for line in shown)


def test_a_line_that_is_no_event_has_its_reason_from_the_action_on() -> None:
    """It has no action, either."""
    broken = Outcome(
        Event("a.jsonl", 3, b""), "", Status.INVALID, None, "not valid JSON: it ends too soon (column 9)"
    )
    shown = drawn(broken)
    assert shown[2].startswith("     3  not valid JSON: it ends too soon (column 9)")
