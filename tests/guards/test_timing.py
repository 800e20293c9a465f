"""What is too late is not sent, and what is meant for later is scheduled for when people may be texted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.guards.guards import Guards
from twiliodest.guards.quiet_hours import QuietHours, quiet, read_time
from twiliodest.guards.timing import FARTHEST, LEAD
from twiliodest.model import Event, Extras, Message, Outcome, Planned, Status

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC, 03:00 in New York
NEW_YORK = "+12125550134"
MINUTE, HOUR, DAY = 60, 3600, 86400


def night(*, schedules: bool) -> QuietHours:
    return QuietHours(start=read_time("21:00"), end=read_time("08:00"), schedules=schedules)


def planned(action: str = "a", **extras: Any) -> Planned:
    message = Message(
        to=NEW_YORK,
        sender="MG" + "0" * 32,
        body="Hi",
        encoding="GSM-7",
        segments=1,
        extras=Extras(**extras),
    )
    return Planned(Event("-", 1, b"{}", "Hello", "1"), action, message)


def scheduled(decided: Planned | Outcome) -> float | None:
    assert decided.message
    at = decided.message.send_at
    return datetime.fromisoformat(at).timestamp() if at else None


def shape(decided: Planned | Outcome) -> tuple[str, float | None]:
    """How it ends, and for how many seconds ahead it is scheduled."""
    at = scheduled(decided)
    status = decided.status.value if isinstance(decided, Outcome) else "planned"
    return status, None if at is None else at - NOW


@pytest.mark.parametrize(
    ("extras", "ends"),
    [
        ({"happened": NOW - 600, "max_age": 600}, ("planned", None)),
        ({"happened": NOW - 601, "max_age": 600}, ("expired", None)),
        ({"happened": NOW + 60, "max_age": 600}, ("planned", None)),  # a clock that is ahead
        ({"due": NOW + 2 * HOUR}, ("planned", 2 * HOUR)),
        ({"due": NOW + LEAD}, ("planned", LEAD)),
        ({"due": NOW + LEAD - 1}, ("planned", None)),
        ({"due": NOW - DAY}, ("planned", None)),
        ({"due": NOW + LEAD - 1, "skips_late": True}, ("expired", None)),
        ({"due": NOW - 1, "skips_late": True}, ("expired", None)),
        ({"due": NOW + HOUR, "skips_late": True}, ("planned", HOUR)),
        ({"due": NOW + FARTHEST}, ("planned", FARTHEST)),
        ({"due": NOW + FARTHEST + 1}, ("held", None)),
        ({"due": 1e300}, ("held", None)),
        ({"due": NOW + 2 * DAY, "happened": NOW, "max_age": 60}, ("planned", 2 * DAY)),
    ],
)
def test_when_a_message_is_sent(extras: dict[str, Any], ends: tuple[str, float | None]) -> None:
    """At its time, at once if that is near or past, not at all if it is of no use then, later if Twilio cannot."""
    assert shape(Guards()(planned(**extras), NOW)) == ends


@pytest.mark.parametrize(
    ("schedules", "extras", "ends"),
    [
        (False, {}, ("held", None)),
        (True, {}, ("planned", 5 * HOUR)),
        (False, {"due": NOW + HOUR}, ("planned", 5 * HOUR)),  # Twilio keeps it in any case
        (True, {"due": NOW + HOUR}, ("planned", 5 * HOUR)),
        (True, {"due": NOW + 6 * HOUR}, ("planned", 6 * HOUR)),
        (False, {"due": NOW - HOUR}, ("held", None)),
        (False, {"due": NOW - HOUR, "skips_late": True}, ("expired", None)),
        (True, {"happened": NOW, "max_age": HOUR}, ("expired", None)),  # in the morning it is of no use
        (True, {"happened": NOW, "max_age": 5 * HOUR}, ("planned", 5 * HOUR)),
    ],
)
def test_a_schedule_respects_quiet_hours(
    schedules: bool, extras: dict[str, Any], ends: tuple[str, float | None]
) -> None:
    """It is three at night in New York; nobody is woken by a reminder."""
    guards = Guards(night(schedules=schedules))
    assert shape(guards(planned(**extras), NOW)) == ends


def test_an_action_has_quiet_hours_of_its_own_or_none() -> None:
    """The login code goes out at night, the newsletter not even in the evening."""
    evening = QuietHours(start=read_time("17:00"), end=read_time("12:00"), schedules=True)
    guards = Guards(night(schedules=False), own={"code": None, "news": evening})
    assert shape(guards(planned("code"), NOW)) == ("planned", None)
    assert shape(guards(planned("news"), NOW)) == ("planned", 9 * HOUR)
    assert shape(guards(planned("other"), NOW)) == ("held", None)


def test_a_cooldown_sees_what_is_scheduled() -> None:
    """Two reminders for the same time are one too many, however long before they are posted."""
    guards = Guards(cooldowns={"a": HOUR})
    first = guards(planned(due=NOW + 2 * DAY), NOW)
    assert isinstance(first, Planned)
    guards.sent(first, NOW)
    again = guards(planned(due=NOW + 2 * DAY + MINUTE), NOW + 1)
    assert isinstance(again, Outcome)
    assert (again.status, again.reason) == (Status.HELD, "a text is already scheduled; cooldown 1h")
    assert shape(guards(planned(due=NOW + 2 * DAY + HOUR), NOW + 1)) == ("planned", 2 * DAY + HOUR)


@given(
    due=st.floats(-3e9, 6e9) | st.none(),
    skips=st.booleans(),
    happened=st.floats(-3e9, 6e9) | st.none(),
    age=st.integers(1, 10**7) | st.none(),
    schedules=st.booleans(),
    now=st.floats(1.6e9, 2e9),
)
def test_nothing_is_scheduled_that_twilio_refuses_or_that_wakes_anybody(
    due: float | None, skips: bool, happened: float | None, age: int | None, schedules: bool, now: float
) -> None:
    """Whatever an event says: a quarter of an hour to 35 days ahead, never in quiet hours, never when too old."""
    hours = night(schedules=schedules)
    extras: dict[str, Any] = {"due": due, "skips_late": skips, "happened": happened, "max_age": age}
    ended = Guards(hours)(planned(**extras), now)
    if isinstance(ended, Outcome):
        return
    at = scheduled(ended)
    arrives = now if at is None else at
    assert not quiet(hours, ("America/New_York",), arrives)
    assert at is None or LEAD - 1 <= at - now <= FARTHEST
    assert happened is None or age is None or now - happened <= age


def test_a_scheduled_message_says_so_in_its_form() -> None:
    """As Twilio takes it: a fixed schedule, in UTC, to the second."""
    ended = Guards()(planned(due=NOW + HOUR), NOW)
    assert ended.message
    at = f"{datetime.fromtimestamp(NOW + HOUR, UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert list(ended.message.form)[-2:] == [("ScheduleType", "fixed"), ("SendAt", at)]
    assert msgspec.structs.replace(ended.message, send_at=None) == planned(due=NOW + HOUR).message
