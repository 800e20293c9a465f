"""The arithmetic of waiting."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.delivery.pace import Pace, backoff, retry_after

NOON = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [
        (1, 0, 0.1),
        (2, 0, 0.2),
        (5, 0, 1.6),
        (3, 1, 0.44),
        (3, -1, 0.36),
        (9, 0, 25.6),
        (10, -1, 30),
        (10**9, 1, 30),
    ],
)
def test_backoff_follows_twilios_published_policy(attempt: int, jitter: float, seconds: float) -> None:
    """100 ms doubling, ten percent of jitter, never over 30 s, however many attempts."""
    assert backoff(attempt, jitter) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("-1", None),
        ("nan", None),
        ("inf", 300),
        ("9" * 5000, 300),
        ("١٢", None),
        ("soon", None),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
    ],
)
def test_retry_after_is_honoured_within_reason(header: str | None, seconds: float | None) -> None:
    """Seconds and dates count; nothing makes a run wait longer than five minutes."""
    assert retry_after(header, NOON) == seconds


@given(st.text() | st.from_regex(r"\A\w{3}, -?\d{1,9} \w{3} \d{1,6} \d+:\d+:\d+ [+-]?\w{1,5}\Z"))
def test_no_retry_after_header_is_harmful(header: str) -> None:
    """Whatever a server writes there, the wait is bounded."""
    seconds = retry_after(header, NOON)
    assert seconds is None or 0 <= seconds <= 300


@given(
    st.floats(0.1, 10_000),
    st.lists(st.sampled_from(["reserve", "accepted", "refused"]), min_size=2, max_size=60),
    st.lists(st.floats(0, 2), min_size=60, max_size=60),
)
def test_the_rate_is_never_exceeded(rate: float, steps: list[str], gaps: list[float]) -> None:
    """Between any two sends lies at least the configured interval, whatever was accepted and refused."""
    pace, now, slots = Pace(rate), 1000.0, list[float]()
    for step, gap in zip(steps, gaps, strict=False):
        now += gap
        match step:
            case "reserve":
                wait = pace.reserve(now)
                assert wait >= 0
                slots.append(now + wait)
            case "accepted":
                pace.accepted(now)
            case _:
                pace.refused(now)
    assert all(later - earlier >= 1 / rate - 1e-6 for earlier, later in itertools.pairwise(slots))


def test_a_busy_pace_does_not_drift() -> None:
    """A hundred sends at ten a second take ten seconds, even if each one wakes up late."""
    pace, now = Pace(10), 0.0
    for _ in range(100):
        now += pace.reserve(now) + 0.003
    assert now == pytest.approx(9.9, abs=0.01)


def test_an_idle_hour_is_not_saved_up() -> None:
    """After a pause the sends are spaced as before: there is no burst."""
    pace = Pace(10)
    pace.reserve(0)
    assert [pace.reserve(3600) for _ in range(3)] == pytest.approx([0, 0.1, 0.2])


def test_without_a_rate_nobody_waits() -> None:
    """No limit is no wait."""
    pace = Pace(None)
    assert {pace.reserve(5.0) for _ in range(1000)} == {0.0}


def send(pace: Pace, start: float, count: int, rate: float) -> float:
    """Has that many messages accepted at an even rate; returns the time of the last."""
    for number in range(count):
        pace.accepted(start + number / rate)
    return start + (count - 1) / rate


def interval(pace: Pace, now: float) -> float:
    """Seconds between two sends, at that time."""
    return -pace.reserve(now) + pace.reserve(now)


@pytest.mark.parametrize("refusals", [1, 50])
def test_a_refusal_halves_what_was_achieved_once(refusals: int) -> None:
    """All lanes refused in one moment are one refusal, not fifty halvings."""
    pace = Pace(None)
    now = send(pace, 0.0, 500, rate=100)
    for lane in range(refusals):
        pace.refused(now + lane / 1000)
    assert 1 / interval(pace, now + 0.1) == pytest.approx(50, rel=0.02)


def test_a_later_refusal_slows_further_but_not_to_a_halt() -> None:
    """However long Twilio refuses, a message is tried each second."""
    pace = Pace(20)
    intervals = []
    for second in range(0, 40, 2):
        pace.refused(float(second))
        intervals.append(interval(pace, second + 0.5))
    assert max(intervals) == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [None, 80.0])
def test_the_pace_recovers_gradually_and_wholly(rate: float | None) -> None:
    """While messages are accepted the pace grows, twofold a second, until it is as it was."""
    pace = Pace(rate)
    now = send(pace, 0.0, 500, rate=80)
    pace.refused(now)
    now = send(pace, now, 11, rate=20)
    assert 1 / interval(pace, now) == pytest.approx(40 * 2**0.5, rel=0.05)
    now = send(pace, now, 2000, rate=20)
    assert interval(pace, now) == pytest.approx(1 / rate if rate else 0)


def test_a_few_refusals_do_not_bring_a_run_to_a_halt() -> None:
    """With one message in twenty refused at whatever pace, a thousand messages take seconds, not minutes."""
    pace, now = Pace(None), 0.0
    for number in range(1000):
        now += pace.reserve(now) + 0.001
        if number % 20 == 7:
            pace.refused(now)
        else:
            pace.accepted(now)
    assert now < 60
