"""The bar measures what a run is for: of a send, settled messages; in the words of the statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from twiliodest.model import Event, Message, Outcome, Planned, Status, Step
from twiliodest.screens import bar as bar_screen
from twiliodest.screens.bar import Bar, Stand
from twiliodest.screens.report import Tally

MESSAGE = Message(to="+14155550134", sender="+15005550006", body="Hi", encoding="GSM-7", segments=1)
ENDS = [status for status in Status if status is not Status.PLANNED]
COUNTS = st.dictionaries(st.sampled_from(Status), st.integers(0, 500))


PLANNED = Planned(Event("a.jsonl", 1, b""), "A", MESSAGE)


def outcome(status: Status) -> Outcome:
    return Outcome(Event("a.jsonl", 1, b""), "A", status, MESSAGE)


def tally(counts: Mapping[Status, int]) -> Tally:
    counted = Tally()
    for status, count in counts.items():
        counted.add([outcome(status)] * count)
    return counted


def line(bar: Bar, width: int = 110) -> str:
    return bar.line(width, is_plain=False).plain


def test_with_a_plan_it_counts_what_is_settled_of_what_is_planned() -> None:
    """What the plan knew to be sent already, or invalid, is no progress; reading ahead is none, either."""
    plan = tally({Status.PLANNED: 100, Status.ALREADY: 60, Status.INVALID: 6})
    bar = Bar(10_000, shown=False, sends=True, plan=plan)
    bar.advance(10_000)
    bar.show(tally({Status.ALREADY: 60, Status.INVALID: 6}))
    assert bar.stand == Stand(0, 100)
    bar.show(tally({Status.ALREADY: 60, Status.INVALID: 6, Status.SENT: 20, Status.REJECTED: 5}))
    assert bar.stand == Stand(25, 100)
    assert " 25%  25 of 100  20 sent, 60 already, 6 invalid, 5 rejected" in line(bar)


@given(others=COUNTS, ends=st.lists(st.sampled_from(ENDS), max_size=99))
def test_when_all_is_settled_it_is_full(others: Mapping[Status, int], ends: list[Status]) -> None:
    """Whatever becomes of the messages, also by another run meanwhile."""
    others = {status: count for status, count in others.items() if status is not Status.PLANNED}
    plan = tally({**others, Status.PLANNED: len(ends)})
    bar = Bar(1, shown=False, sends=True, plan=plan)
    ended = dict(others)
    for status in ends:
        ended[status] = ended.get(status, 0) + 1
    bar.show(tally(ended))
    assert bar.stand == Stand(len(ends), len(ends))


def test_without_a_plan_it_says_how_many_there_will_be() -> None:
    """By what was read of the files; once all is read, exactly."""
    bar = Bar(1000, shown=False, sends=True)
    planned: list[list[Step]] = [[[PLANNED] * 30], [[outcome(Status.INVALID)]], [[PLANNED] * 30]]
    groups = bar.watch(planned)
    bar.advance(250)
    next(groups)
    bar.show(tally({Status.SENT: 3, Status.INVALID: 1}))
    assert bar.stand == Stand(3, 120, is_estimate=True)
    assert "  2%  3 of about 120  3 sent, 1 invalid" in line(bar)
    bar.advance(750)
    list(groups)
    assert bar.stand == Stand(3, 60)


def test_of_a_pipe_nobody_knows_the_end() -> None:
    """It says how many came so far and for how long, and shows no share."""
    bar = Bar(None, shown=False, sends=True)
    list(bar.watch([[[PLANNED]] * 12]))
    bar.show(tally({Status.SENT: 3, Status.FAILED: 1}))
    assert bar.stand == Stand(4, None)
    assert line(bar) == "4 of 12 messages so far  3 sent, 1 failed  0:00"


def test_a_dry_run_measures_reading() -> None:
    """That is all that it does."""
    bar = Bar(2000, shown=False)
    bar.advance(500)
    bar.show(tally({Status.PLANNED: 1234, Status.INVALID: 1}))
    assert line(bar).endswith(" 25%  1,234 planned, 1 invalid")


def test_rate_and_time_left_are_those_of_late() -> None:
    """A slow start, or a rest, is forgotten after a while; nothing is said before there is something to go by."""
    pace = bar_screen._Pace(0)
    assert pace.rate(50, 0.5) == 0
    assert pace.rate(100, 1) == 100
    for second in range(2, 60):
        pace.rate(100, second)
    assert pace.rate(100, 60) == 0
    assert [pace.rate(100 + 20 * n, 60 + n) for n in range(1, 20)][-1] == pytest.approx(20)


@pytest.mark.parametrize(
    ("seconds", "clock"), [(0.4, "0:00"), (59.6, "1:00"), (61, "1:01"), (3_661, "1:01:01")]
)
def test_times_are_told_as_clocks_do(seconds: float, clock: str) -> None:
    """Minutes and seconds; hours if there are any."""
    assert bar_screen._clock(seconds) == clock


@given(
    counts=COUNTS, width=st.integers(10, 200), size=st.none() | st.integers(0, 10**9), is_send=st.booleans()
)
def test_it_fits_and_leaves_room(
    counts: Mapping[Status, int], width: int, size: int | None, is_send: bool
) -> None:
    """It never takes a second line, nor the place where a terminal shows ^C; its words are those of the statuses."""
    bar = Bar(size, shown=False, sends=is_send)
    bar.show(tally(counts))
    shown: Text = bar.line(width, is_plain=True)
    assert shown.cell_len <= max(width - bar_screen.FREE, 0)
    words = set(re.findall(r"[a-z]+", shown.plain)) if "…" not in shown.plain else set()
    assert words <= {
        *(status.value for status in Status),
        "of",
        "about",
        "messages",
        "so",
        "far",
        "s",
        "left",
    }
