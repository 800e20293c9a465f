"""How far Twilio's clock is ahead is learnt from quick answers, and seldom looked at."""

from __future__ import annotations

import email.utils
import time

import pytest

from twiliodest.twilio.messages import LOOK_AGAIN, QUICK, Accepted, Watch

NOW = 1_700_000_000.0


def dated(seconds: float) -> str:
    return email.utils.formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize("seconds", [-90.0, 0.0, 1.0, 3_600.0])
def test_the_date_of_an_answer_tells_how_far_a_clock_is_ahead(seconds: float) -> None:
    """Or behind; nothing is known before."""
    watch = Watch(lambda: NOW)
    assert watch.ahead is None
    watch.look(dated(seconds), 0.1)
    assert watch.ahead == seconds


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Jan 2024 00:00:00 GMT"])
def test_an_answer_without_a_date_tells_nothing(date: str | None) -> None:
    """Also where what was known stays known."""
    watch = Watch(lambda: NOW)
    watch.look(date, 0.1)
    assert watch.ahead is None
    watch._looked = -LOOK_AGAIN  # as if a moment had gone by
    watch.look(dated(5), 0.1)
    assert watch.ahead == 5


def test_answers_that_follow_each_other_at_once_are_not_looked_at() -> None:
    """Thousands a second cost nothing; after a moment, the next one counts."""
    watch = Watch(lambda: NOW)
    watch.look(dated(5), 0.1)
    watch.look(dated(60), 0.1)
    assert watch.ahead == 5
    watch._looked = time.monotonic() - LOOK_AGAIN
    watch.look(dated(60), 0.1)
    assert watch.ahead == 60


def test_a_slow_answer_is_believed_only_where_there_is_no_better_one() -> None:
    """It may have been dated long before it came."""
    watch = Watch(lambda: NOW)
    watch.look(dated(-9), QUICK + 1)
    assert watch.ahead == -9
    watch._looked -= LOOK_AGAIN
    watch.look(dated(-20), QUICK + 1)
    assert watch.ahead == -9
    watch.look(dated(3), QUICK)
    assert watch.ahead == -9  # the slow one before it was looked at just now
    watch._looked -= LOOK_AGAIN
    watch.look(dated(3), QUICK)
    assert watch.ahead == 3


def test_a_sid_is_given_once() -> None:
    """However many are remembered, the newest are; so that memory stays flat."""
    accepted = Accepted()
    assert [accepted.is_new(sid) for sid in ("SM1", "SM2", "SM1", "SM2", "SM3")] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert all(accepted.is_new(f"SM{number}") for number in range(10, 10 + (1 << 16) - 3))
    assert not accepted.is_new("SM1")
    assert accepted.is_new("SM4")
    assert len(accepted._known) == len(accepted._order) == 1 << 16
    assert accepted.is_new("SM1")
