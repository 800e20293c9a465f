"""Quiet hours, cooldowns and the suppression list keep back what they should, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.cli.environment import Environment
from twiliodest.cli.send import send_events
from twiliodest.cli.send_options import options_of
from twiliodest.config.settings import load
from twiliodest.delivery.claims import claim_of
from twiliodest.errors import ExpressionError, Problem, UsageError
from twiliodest.guards.durations import LONGEST, ago, read_duration, spell
from twiliodest.guards.guards import Guards
from twiliodest.guards.quiet_hours import HORIZON, QuietHours, quiet, read_time, read_zone, send_time
from twiliodest.guards.suppression import Suppressed, read_suppressed
from twiliodest.guards.timing import LEAD
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Row, State
from twiliodest.messages.phones import time_zones
from twiliodest.model import Event, Message, Outcome, Planned, Status
from twiliodest.sandbox import Sandbox, Settings, refuse

ACCOUNT = "AC" + "0" * 32
SERVICE = "MG" + "0" * 32
NEW_YORK, BERLIN, ALASKA, TOLL_FREE = "+12125550134", "+493012345678", "+19075550134", "+18005550134"
NOWHERE = "+882161234567"  # satellites are in no time zone


def planned(to: str = NEW_YORK, sender: str = "+12125550100", action: str = "a", event: str = "1") -> Planned:
    message = Message(to=to, sender=sender, body="Hi", encoding="GSM-7", segments=1)
    return Planned(Event("-", 1, b"{}", "Hello", event), action, message)


def is_allowed(decided: Planned | Outcome) -> bool:
    return isinstance(decided, Planned)


def reason_of(decided: Planned | Outcome) -> str | None:
    """Why it is not to be sent, if it is not."""
    return decided.reason if isinstance(decided, Outcome) else None


def status_of(decided: Planned | Outcome) -> Status | None:
    """How it ended without being sent, if it did."""
    return decided.status if isinstance(decided, Outcome) else None


def window(text: str, **more: object) -> QuietHours:
    start, end = text.split("-")
    return QuietHours(start=read_time(start), end=read_time(end), **more)  # type: ignore[arg-type] # its fields


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def local(text: str, zone: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def opening(hours: QuietHours, zone: str, now: float) -> str | None:
    """When it opens, by the clock of the zone and with its offset; `open` if it is."""
    found = quiet(hours, (zone,), now)
    return f"{found.opens:%d %H:%M%z}" if found and found.opens else "open"


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        ("21:00-08:00", "2026-01-14 20:59:59", "open"),
        ("21:00-08:00", "2026-01-14 21:00", "15 08:00-0500"),
        ("21:00-08:00", "2026-01-14 22:14", "15 08:00-0500"),
        ("21:00-08:00", "2026-01-14 00:00", "14 08:00-0500"),
        ("21:00-08:00", "2026-01-14 07:59:59", "14 08:00-0500"),
        ("21:00-08:00", "2026-01-14 08:00", "open"),
        ("00:00-08:00", "2026-01-14 23:59", "open"),
        ("00:00-08:00", "2026-01-14 00:00", "14 08:00-0500"),
        ("21:00-00:00", "2026-01-14 23:59", "15 00:00-0500"),
        ("21:00-00:00", "2026-01-14 00:00", "open"),
        ("12:00-13:30", "2026-01-14 13:29", "14 13:30-0500"),
        ("12:00-13:30", "2026-01-14 11:59", "open"),
        ("08:05-08:00", "2026-01-14 08:04", "open"),
        ("08:05-08:00", "2026-01-14 08:05", "15 08:00-0500"),
        ("21:00-08:00", "2026-12-31 23:59", "01 08:00-0500"),
    ],
)
def test_quiet_hours_go_by_the_clock_and_across_midnight(hours: str, now: str, opens: str) -> None:
    """From its first minute to the last, the window is closed, and it says when it opens."""
    assert opening(window(hours), "America/New_York", local(now, "America/New_York")) == opens


@pytest.mark.parametrize(
    ("zone", "hours", "now", "opens"),
    [
        # New York puts its clock forward on March 8, 2026, from 02:00 to 03:00, and back on November 1
        ("America/New_York", "21:00-08:00", "2026-03-08T03:00", "08 08:00-0400"),
        ("America/New_York", "21:00-02:30", "2026-03-08T06:59", "08 03:00-0400"),
        ("America/New_York", "21:00-02:30", "2026-03-08T07:00", "open"),
        ("America/New_York", "02:00-03:00", "2026-03-08T07:00", "open"),
        ("America/New_York", "02:30-08:00", "2026-03-08T07:00", "08 08:00-0400"),
        ("America/New_York", "21:00-08:00", "2026-11-01T03:00", "01 08:00-0500"),
        ("America/New_York", "21:00-01:30", "2026-11-01T05:29", "01 01:30-0400"),
        ("America/New_York", "21:00-01:30", "2026-11-01T05:30", "open"),
        ("America/New_York", "21:00-01:30", "2026-11-01T06:00", "01 01:30-0500"),
        ("America/New_York", "21:00-01:30", "2026-11-01T06:30", "open"),
        ("America/New_York", "01:30-08:00", "2026-11-01T05:30", "01 01:00-0500"),
        # Berlin on March 29, from 02:00 to 03:00, and back on October 25, from 03:00 to 02:00
        ("Europe/Berlin", "22:00-02:15", "2026-03-29T00:59", "29 03:00+0200"),
        ("Europe/Berlin", "22:00-02:15", "2026-10-25T00:14", "25 02:15+0200"),
        ("Europe/Berlin", "22:00-02:15", "2026-10-25T01:00", "25 02:15+0100"),
        # Lord Howe Island moves by half an hour: on October 4 forward at 02:00, on April 5 back at 02:00
        ("Australia/Lord_Howe", "21:00-02:10", "2026-10-03T15:29", "04 02:30+1100"),
        ("Australia/Lord_Howe", "21:00-01:45", "2026-04-04T15:00", "05 01:45+1030"),
        # Santiago's clock goes forward at midnight, so that September 6 begins at 01:00
        ("America/Santiago", "21:00-00:00", "2026-09-06T03:59", "06 01:00-0300"),
        # Samoa left December 30, 2011, out
        ("Pacific/Apia", "21:00-08:00", "2011-12-30T09:00", "31 08:00+1400"),
        # and these have never heard of it
        ("Asia/Kathmandu", "21:00-08:00", "2026-03-28T16:00", "29 08:00+0545"),
        ("America/Phoenix", "21:00-08:00", "2026-03-08T05:00", "08 08:00-0700"),
    ],
)
def test_quiet_hours_are_right_when_clocks_change(zone: str, hours: str, now: str, opens: str) -> None:
    """In a gap they end with it; an hour that comes twice is quiet twice, or open twice."""
    assert opening(window(hours), zone, utc(now)) == opens


ZONES = st.sampled_from(
    [
        *("America/New_York", "America/St_Johns", "America/Santiago", "Europe/Berlin", "Africa/Casablanca"),
        *("Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Asia/Kathmandu", "Asia/Gaza", "UTC"),
    ]
)
MINUTES = st.integers(0, 24 * 60 - 1)
WINDOWS = st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1])
CHANGES = st.sampled_from(
    ["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04"]
)
TIMES = st.builds(
    lambda day, minutes: utc(day) + minutes * 60, CHANGES, st.integers(-2000, 3000)
) | st.floats(utc("2008-01-01"), utc("2036-01-01"))


def is_quiet(hours: tuple[int, int], zone: str, moment: datetime) -> bool:
    """The rule as a person would say it."""
    clock, (start, end) = moment.astimezone(ZoneInfo(zone)), hours
    minute = clock.hour * 60 + clock.minute
    return start <= minute < end if start < end else minute >= start or minute < end


@settings(max_examples=300, deadline=None)
@given(st.lists(ZONES, min_size=1, max_size=4), WINDOWS, TIMES)
def test_nobody_is_texted_in_quiet_hours(zones: list[str], pair: tuple[int, int], now: float) -> None:
    """What is not held is quiet in no zone; the moment announced is not either, and no earlier minute would do."""
    hours = QuietHours(start=pair[0], end=pair[1])
    moment = datetime.fromtimestamp(now // 60 * 60, UTC)
    found = quiet(hours, tuple(zones), now)
    assert (found is not None) == any(is_quiet(pair, zone, moment) for zone in zones)
    if found is None:
        return
    opens = found.opens or moment + HORIZON
    while (moment := moment + timedelta(minutes=1)) < opens:
        assert any(is_quiet(pair, zone, moment) for zone in zones)
    assert not found.opens or not any(is_quiet(pair, zone, opens) for zone in zones)


PEOPLE = st.sampled_from(
    [NEW_YORK, BERLIN, ALASKA, "+61412345678", "+79161234567", "+12085550134", f"rcs:{BERLIN}"]
)


@settings(max_examples=200, deadline=None)
@given(PEOPLE, WINDOWS, TIMES)
def test_who_is_texted_is_awake_wherever_the_number_may_be(
    to: str, pair: tuple[int, int], now: float
) -> None:
    """Mobile numbers of large countries may be in all of their zones, area codes on a border in two."""
    decided = Guards(QuietHours(start=pair[0], end=pair[1]))(planned(to), now)
    moment = datetime.fromtimestamp(now, UTC)
    assert is_allowed(decided) != any(is_quiet(pair, zone, moment) for zone in time_zones(to))


@settings(max_examples=200, deadline=None)
@given(st.lists(ZONES, min_size=1, max_size=4), WINDOWS, TIMES)
def test_what_is_scheduled_arrives_outside_quiet_hours(
    zones: list[str], pair: tuple[int, int], now: float
) -> None:
    """Twilio gets a time that it takes, a quarter of an hour to three days ahead, and that is quiet nowhere."""
    later = send_time(QuietHours(start=pair[0], end=pair[1]), tuple(zones), now + LEAD)
    if later:
        assert 15 * 60 <= later.timestamp() - now <= 3 * 86400
        assert not any(is_quiet(pair, zone, later) for zone in zones)


@pytest.mark.parametrize(
    ("to", "sender", "time_zone", "now", "reason"),
    [
        (NEW_YORK, BERLIN, None, "2026-01-15T03:14", "22:14 in America/New_York; sends from 08:00"),
        (
            f"whatsapp:{NEW_YORK}",
            BERLIN,
            None,
            "2026-01-15T03:14",
            "22:14 in America/New_York; sends from 08:00",
        ),
        (NEW_YORK, BERLIN, "Asia/Tokyo", "2026-01-15T01:59", None),
        (ALASKA, BERLIN, None, "2026-01-15T17:30", "07:30 in America/Adak; sends from 08:00"),
        (ALASKA, BERLIN, None, "2026-01-15T06:15", "21:15 in America/Anchorage; sends from 09:00"),
        (ALASKA, BERLIN, None, "2026-01-15T18:00", None),
        (NOWHERE, BERLIN, None, "2026-01-15T03:14", "04:14 in Europe/Berlin; sends from 08:00"),
        (NOWHERE, BERLIN, "Asia/Tokyo", "2026-01-15T03:14", None),
        (NOWHERE, BERLIN, "Asia/Tokyo", "2026-01-15T13:14", "22:14 in Asia/Tokyo; sends from 08:00"),
        (NOWHERE, "12345", None, "2026-01-15T03:14", "03:14 in UTC; sends from 08:00"),
        ("messenger:42", SERVICE, None, "2026-01-15T03:14", "03:14 in UTC; sends from 08:00"),
        # in no range that is known, so anywhere in the country
        ("+15551234567", BERLIN, None, "2026-01-15T12:00", "22:00 in Pacific/Guam; sends from 08:00"),
        ("+15652341234", NEW_YORK, "Asia/Tokyo", "2026-01-15T22:30", None),
        ("+5215541637145", BERLIN, None, "2026-01-15T14:30", "06:30 in America/Tijuana; sends from 08:00"),
        ("+5215541637145", "+819012345678", "Asia/Tokyo", "2026-01-15T20:00", None),
        ("+449999123456", "+819012345678", None, "2026-01-15T20:59", None),
        ("+449999123456", NEW_YORK, None, "2026-01-15T21:00", "21:00 in Europe/Guernsey; sends from 08:00"),
        ("+999123456789", BERLIN, None, "2026-01-15T03:14", "04:14 in Europe/Berlin; sends from 08:00"),
    ],
)
def test_quiet_hours_are_the_recipients(
    to: str, sender: str, time_zone: str | None, now: str, reason: str | None
) -> None:
    """By where the number is from; if that is not known, as configured, then by the sender's, then by UTC."""
    guards = Guards(window("21:00-08:00", time_zone=time_zone))
    decided = guards(planned(to, sender), utc(now))
    assert reason_of(decided) == (reason and f"quiet hours: {reason}")


def test_a_number_that_may_be_anywhere_is_texted_when_it_is_quiet_nowhere() -> None:
    """A toll-free number may be in forty zones; if one of them is always quiet, it is never texted, and told why."""
    assert len(time_zones(TOLL_FREE)) > 40
    guards = Guards(window("21:00-08:00"))
    open_minutes = [
        minute
        for minute in range(0, 24 * 60, 15)
        if is_allowed(guards(planned(TOLL_FREE), utc("2026-01-15") + minute * 60))
    ]
    assert open_minutes == [
        0,
        15,
        *range(22 * 60, 24 * 60, 15),
    ]  # from Guam's morning to Newfoundland's evening
    decided = Guards(window("18:00-09:00"))(planned(TOLL_FREE), utc("2026-01-15"))
    assert (reason_of(decided) or "").endswith("always quiet in one of the number's time zones")


@pytest.mark.parametrize(
    ("now", "send_at"),
    [
        ("2026-01-15T03:14:30", "2026-01-15T13:00:00Z"),
        ("2026-01-15T12:45:00", "2026-01-15T13:00:00Z"),
        ("2026-01-15T12:50:01", "2026-01-15T13:06:00Z"),
        ("2026-01-15T13:00:00", None),
    ],
)
def test_a_scheduled_text_is_posted_for_when_quiet_hours_are_over(now: str, send_at: str | None) -> None:
    """But at least a quarter of an hour ahead, which Twilio always takes; outside quiet hours it goes at once."""
    decided = Guards(window("21:00-08:00", schedules=True))(planned(sender=SERVICE), utc(now))
    assert decided.message
    form = dict(decided.message.form)
    assert (form.get("SendAt"), form.get("ScheduleType")) == (send_at, send_at and "fixed")


def test_a_cooldown_is_of_one_action_and_one_recipient() -> None:
    """A text holds back the next one of its action to its recipient, for as long as configured."""
    guards = Guards(cooldowns={"a": 3600, "b": 60, "c": 0})
    guards.sent(planned(), 1000.0)
    guards.sent(planned(action="c"), 1000.0)
    held = guards(planned(event="2"), 1000.0 + 20 * 60)
    assert (status_of(held), reason_of(held)) == (Status.HELD, "texted 20 min ago; cooldown 1h")
    assert not is_allowed(guards(planned(event="2"), 1000.0 + 3599))
    for allowed in (planned(action="b"), planned(action="c"), planned(to=BERLIN)):
        assert guards(allowed, 1001.0) is allowed
    assert is_allowed(guards(planned(), 1000.0 + 3600))
    assert is_allowed(guards(planned(), 1001.0, own=1000.0))


def test_a_cooldown_counts_from_when_a_scheduled_text_arrives() -> None:
    """Two texts of one night would else arrive in the same minute of the morning."""
    night, morning = utc("2026-01-15T03:00"), utc("2026-01-15T13:30")
    for guards in (makers := [Guards(window("21:00-08:00", schedules=True), {"a": 3600}) for _ in range(2)]):
        if guards is makers[0]:
            first = guards(planned(), night)
            assert isinstance(first, Planned)
            guards.sent(first, night)
        else:
            guards.remember([("a", NEW_YORK, "+12125550100", night)])
        assert guards.reach == 3600 + HORIZON.total_seconds()
        late = guards(planned(event="2"), night + 7200)
        assert reason_of(late) == "a text is already scheduled; cooldown 1h"
        assert not is_allowed(guards(planned(event="2"), morning))
        assert is_allowed(guards(planned(event="2"), morning + 1800))


def test_a_text_that_was_sent_in_the_night_counts_from_then() -> None:
    """Where nothing is scheduled: quiet hours may have been configured after it, or it was a login code."""
    night, morning = utc("2026-01-15T03:00"), utc("2026-01-15T13:00")
    guards = Guards(window("21:00-08:00"), {"a": 3600})
    guards.remember([("a", NEW_YORK, "+12125550100", night)])
    assert guards.reach == 3600
    assert is_allowed(guards(planned(event="2"), morning))
    guards = Guards(window("21:00-08:00"), {"a": 12 * 3600})
    guards.remember([("a", NEW_YORK, "+12125550100", night)])
    held = guards(planned(event="2"), morning)
    assert reason_of(held) == "texted 10 h ago; cooldown 12h"
    assert is_allowed(guards(planned(event="2"), night + 12 * 3600))


def test_of_earlier_texts_the_latest_counts() -> None:
    """The ledger tells the latest first."""
    guards = Guards(cooldowns={"a": 3600})
    guards.remember([("a", NEW_YORK, "s", 5000.0), ("a", BERLIN, "s", 4500.0), ("a", NEW_YORK, "s", 1000.0)])
    assert not is_allowed(guards(planned(), 5000.0 + 3599))
    assert is_allowed(guards(planned(), 5000.0 + 3600))


LIST = """\
\ufeffphone,"name, if known"
# asked by mail
+12125550134

"+49 30 12345678","Ann"  # on paper
'+447911123456;2026-01-02
(907) 555-0134\tTom
whatsapp:+14155550134,
+12125550134
"""


def test_a_list_of_numbers_is_read_as_people_keep_it(tmp_path: Path) -> None:
    """Plain or as a table, quoted or not, with comments, blank lines, a heading and the marks of spreadsheets."""
    (path := tmp_path / "stop.csv").write_text(LIST.replace("\n", "\r\n"))
    problems: list[Problem] = []
    numbers = read_suppressed(path, "US", problems)
    assert problems == []
    assert len(numbers) == 6
    listed = [
        NEW_YORK,
        BERLIN,
        "+447911123456",
        ALASKA,
        "+14155550134",
        "whatsapp:+12125550134",
        f"rcs:{BERLIN}",
    ]
    assert [number for number in listed if number not in numbers] == []
    others = [
        "+12125550135",
        "+1212555013",
        "+12",
        "+999999999999999",
        "messenger:12125550134",
        "messenger:0",
    ]
    assert [number for number in others if number in numbers] == []
    assert NEW_YORK not in Suppressed("", [])


def test_every_line_that_is_no_number_is_told(tmp_path: Path) -> None:
    """A person that asked not to be texted must not get lost; a wholly wrong file is told once."""
    path = tmp_path / "stop.txt"
    path.write_bytes(b"+12125550134\n0171 5\nAnn\n,x\n\xff\xfe\nmessenger:42\n")
    problems: list[Problem] = []
    read_suppressed(path, None, problems)
    assert [str(problem.place) for problem in problems] == [f"{path}:{line}:1" for line in (2, 3, 4, 5, 6)]
    path.write_text("Ann\n" * 1001)
    problems.clear()
    read_suppressed(path, None, problems)
    assert len(problems) == 21
    assert problems[-1].message == f"{path}: 980 more lines are not phone numbers"


def test_a_suppressed_number_is_not_texted_whatever_else_holds() -> None:
    """The list comes first: what nobody ever sends is not waiting for anything."""
    guards = Guards(window("00:01-00:00"), {"a": 60}, Suppressed("stop.txt", [int(NEW_YORK)]))
    decided = guards(planned(), 0.0)
    assert (status_of(decided), reason_of(decided)) == (Status.SUPPRESSED, "on the list stop.txt")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("9pm", 'did you mean "21:00"?'),
        ("9:30 p.m.", 'did you mean "21:30"?'),
        ("12 AM", 'did you mean "00:00"?'),
        ("24:00", 'did you mean "00:00"?'),
        ("21", 'did you mean "21:00"?'),
        ("2130", 'did you mean "21:30"?'),
        ("21.00", 'did you mean "21:00"?'),
        ("21:60", "write hours and minutes, from 00:00 to 23:59"),
        ("noon", "write hours and minutes, from 00:00 to 23:59"),
        ("１１:００", "write hours and minutes, from 00:00 to 23:59"),
    ],
)
def test_a_time_that_cannot_be_read_gets_the_one_that_was_meant(text: str, hint: str) -> None:
    """21:00 is the only way to write it; others are understood well enough to say so."""
    with pytest.raises(ExpressionError) as caught:
        read_time(text)
    assert caught.value.hint == hint


def test_a_time_zone_that_does_not_exist_gets_the_nearest_name() -> None:
    """People write cities, small letters and spaces."""
    assert read_zone("America/New_York") == "America/New_York"
    for text, name in (("Berlin", "Europe/Berlin"), ("america/new york", "America/New_York")):
        with pytest.raises(ExpressionError) as caught:
            read_zone(text)
        assert caught.value.hint == f'did you mean "{name}"?'
    for text in ("../passwd", "America", "", "Mars/Olympus_Mons\0"):
        with pytest.raises(ExpressionError):
            read_zone(text)


def test_durations_are_read_and_told_in_one_form() -> None:
    """What is written is what is told."""
    for text in ("90s", "30m", "1h", "36h", "2d", "4w", "366d"):
        assert spell(read_duration(text)) == text
    assert (read_duration("0m"), spell(read_duration("60 m"))) == (0, "1h")
    for text in ("1", "h", "-1h", "1.5h", "367d", "53w", "1y", "1h30m", "٣h", f"{LONGEST + 1}s"):
        with pytest.raises(ExpressionError):
            read_duration(text)
    seconds = (0, 59, 60, 3599, 3600, 86400, 172800)
    told = ["just now", "just now", "1 min ago", "59 min ago", "1 h ago", "24 h ago", "2 days ago"]
    assert [ago(past) for past in seconds] == told


class Watch:
    """A clock that only tests move."""

    def __init__(self, text: str) -> None:
        self.now = utc(text)

    def __call__(self) -> float:
        return self.now


class Desk:
    """A folder, a sandbox and a watch: `send` runs in this process, on the real ledger."""

    def __init__(
        self, folder: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], watch: Watch
    ) -> None:
        self.watch = watch
        self.problems = ""
        self.sandbox = sandbox
        self._folder = folder
        self._capsys = capsys

    def configure(self, settings: str, sender: str = "+12125550100") -> None:
        (self._folder / "twiliodest.yaml").write_text(
            f'account: {ACCOUNT}\ntoken: x\nnumber: "{sender}"\nledger: {self._folder}/ledger.db\n{settings}\n'
            "actions:\n"
            "  - {name: greet, trigger: event = 'Hi', to: $.to, body: 'Hi {{n}}'}\n"
            "  - {name: bill, trigger: event = 'Bill', to: $.to, body: 'Bill {{n}}', cooldown: 0s}\n"
        )

    def write(self, *events: tuple[str, str]) -> None:
        """Events by name and recipient; the number in the text is the event's place."""
        lines = (
            f'{{"messageId": "{n}", "event": "{name}", "to": "{to}", "n": {n}}}\n'
            for n, (name, to) in enumerate(events, 1)
        )
        (self._folder / "events.jsonl").write_text("".join(lines))

    def send(self, **more: Any) -> tuple[int, list[tuple[str, str | None]]]:
        """Exit status, and status and reason of each message in the order of the input."""
        environment = Environment({}, False, False, False, clock=self.watch)
        given = options_of([str(self._folder / "events.jsonl"), "-o", "jsonl", "-y"])
        usual = {"rejects": self._folder / "rejects.jsonl", "api_base": self.sandbox.url}
        self._capsys.readouterr()
        loaded = load(self._folder / "twiliodest.yaml", {})
        status = send_events(loaded, dataclasses.replace(given, **{**usual, **more}), environment)
        shown = self._capsys.readouterr()
        self.problems = shown.err
        records = [json.loads(line) for line in shown.out.splitlines()]
        records.sort(key=lambda record: int(record["line"]))
        return status, [(record["status"], record["reason"]) for record in records]

    @property
    def ledger(self) -> list[Row]:
        """All rows."""
        with contextlib.closing(Ledger.open(self._folder / "ledger.db")) as ledger:
            return list(ledger.rows())

    @property
    def texts(self) -> list[str]:
        return [text.body for text in self.sandbox.messages()]

    @property
    def rejects(self) -> int:
        return len((self._folder / "rejects.jsonl").read_text().splitlines())


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    watch = Watch("2026-03-08T04:59")
    with Sandbox(Settings(clock=watch)) as sandbox:
        yield Desk(tmp_path, sandbox, capsys, watch)


QUIET = 'quiet_hours: {from: "21:00", to: 8:00}'


def test_a_held_message_is_sent_by_the_next_run_after_quiet_hours_once(desk: Desk) -> None:
    """Held, it leaves no trace: nothing posted, nothing in the ledger. In the night that clocks go forward."""
    desk.configure(QUIET)
    desk.write(("Hi", NEW_YORK))
    held = "quiet hours: 23:59 in America/New_York; sends from 08:00"
    assert desk.send() == (1, [("held", held)])
    desk.watch.now = utc("2026-03-08T11:59:59")
    assert desk.send() == (1, [("held", "quiet hours: 07:59 in America/New_York; sends from 08:00")])
    assert (desk.sandbox.requests(), desk.ledger, desk.rejects) == ([], [], 1)
    desk.watch.now += 1
    assert desk.send() == (0, [("sent", None)])
    assert desk.rejects == 0
    desk.watch.now += 86400 - 3600 * 9
    assert desk.send()[1][0][0] == "already"
    assert desk.texts == ["Hi 1"]


def test_quiet_hours_hold_only_those_who_have_them(desk: Desk) -> None:
    """One file, many time zones: who is awake is texted, and --fail-fast does not take the others for a fault."""
    desk.configure(QUIET)
    desk.write(("Hi", NEW_YORK), ("Hi", "+61291234567"), ("Hi", NEW_YORK), ("Hi", "+81312345678"))
    status, messages = desk.send(fail_fast=True)
    assert (status, [status for status, _ in messages]) == (1, ["held", "sent", "held", "sent"])
    assert (sorted(desk.texts), desk.rejects) == (["Hi 2", "Hi 4"], 2)


def test_a_message_can_be_given_to_twilio_for_the_morning(desk: Desk) -> None:
    """It is posted at once with the time at which quiet hours end, and is as good as sent."""
    desk.configure('quiet_hours: {from: "21:00", to: "08:00", policy: send_at}', SERVICE)
    desk.write(("Hi", NEW_YORK), ("Hi", "+61291234567"))
    assert desk.send() == (0, [("sent", "scheduled for 2026-03-08T12:00:00Z"), ("sent", None)])
    assert desk.send()[1][0][0] == "already"
    forms = {dict(text.form)["To"]: dict(text.form) for text in desk.sandbox.messages()}
    assert forms[NEW_YORK]["SendAt"] == "2026-03-08T12:00:00Z"
    assert forms[NEW_YORK]["ScheduleType"] == "fixed"
    assert "SendAt" not in forms["+61291234567"]


def test_a_cooldown_holds_within_a_run_and_across_runs(desk: Desk) -> None:
    """Each person gets one text an hour of an action that has a cooldown, in the order of the events."""
    desk.configure("cooldown: 1h")
    desk.write(("Hi", NEW_YORK), ("Hi", NEW_YORK), ("Bill", NEW_YORK), ("Bill", NEW_YORK), ("Hi", BERLIN))
    first = [("sent", None), ("held", "texted just now; cooldown 1h"), *[("sent", None)] * 3]
    assert desk.send() == (1, first)
    desk.watch.now += 20 * 60
    status, messages = desk.send()
    assert (status, messages[1]) == (1, ("held", "texted 20 min ago; cooldown 1h"))
    assert [status for status, _ in messages] == ["already", "held", *["already"] * 3]
    desk.watch.now += 40 * 60
    assert desk.send()[1][1] == ("sent", None)
    assert desk.send()[0] == 0
    assert sorted(desk.texts) == ["Bill 3", "Bill 4", "Hi 1", "Hi 2", "Hi 5"]


@pytest.mark.parametrize("ask", [False, True])
def test_a_row_from_the_future_holds_nobody(desk: Desk, ask: bool) -> None:
    """A clock that was a year ahead does not keep people from their texts for a year; it is told of, once a run."""
    desk.configure("cooldown: 1h\nmax_messages: 9" if ask else "cooldown: 1h")
    desk.write(("Hi", NEW_YORK), ("Hi", BERLIN))
    desk.watch.now = utc("2027-03-08T17:00")
    assert desk.send()[0] == 0
    desk.watch.now = utc("2026-03-08T17:00")
    desk.write(("Bill", NEW_YORK), ("Bill", BERLIN), ("Hi", NEW_YORK), ("Hi", BERLIN), ("Hi", NEW_YORK))
    held = ("held", "texted just now; cooldown 1h")
    for more, status in (({"dry_run": True}, "planned"), ({}, "sent")):
        assert desk.send(**more)[1][2:] == [(status, None), (status, None), held]
        assert desk.problems.count("2 rows are from the future, and ignored by the cooldown") == 1


@pytest.mark.parametrize("seconds", [1, 30])
def test_a_clock_that_was_set_back_a_little_lets_nobody_be_texted_twice(desk: Desk, seconds: int) -> None:
    """Half a minute is no fault of a clock: such a text was sent just now, and none is scheduled."""
    desk.configure("cooldown: 1h")
    desk.write(("Hi", NEW_YORK))
    assert desk.send()[0] == 0
    desk.watch.now -= seconds
    desk.write(("Bill", BERLIN), ("Hi", NEW_YORK))
    assert desk.send()[1] == [("sent", None), ("held", "texted just now; cooldown 1h")]
    assert "future" not in desk.problems


def test_a_number_in_two_spellings_has_one_cooldown_and_is_stopped(desk: Desk, tmp_path: Path) -> None:
    """Whatever the spelling in the event, on the list, or in a ledger that an earlier version wrote."""
    desk.configure("cooldown: 1h\ndefault_region: GB\nsuppress: stop.txt")
    (tmp_path / "stop.txt").write_text("+4407911123457\n")
    spelled = (
        "+447911123456",
        "+4407911123456",
        "+44 07911 123456",
        "07911 123456",
        "tel:+44 (0) 7911 123456",
    )
    desk.write(*(("Hi", number) for number in spelled), ("Hi", "+44 (0)7911 123457"))
    held = ("held", "texted just now; cooldown 1h")
    assert desk.send()[1] == [("sent", None), *[held] * 4, ("suppressed", "on the list stop.txt")]
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger, ledger:
        ledger.execute(
            """UPDATE message SET "to" = '+4407911123456', event_id = 'old', "key" = zeroblob(16)"""
        )
    assert desk.send(dry_run=True)[1][:5] == [held] * 5


def test_only_what_may_have_arrived_starts_a_cooldown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rejected text has reached nobody; an unknown one may have, but does not keep itself from a retry."""
    refused = refuse(21610)
    with Sandbox(Settings(script=lambda form: refused if dict(form)["Body"] == "Hi 1" else None)) as sandbox:
        desk = Desk(tmp_path, sandbox, capsys, Watch("2026-03-08T17:00"))
        desk.configure("cooldown: 1h")
        desk.write(("Hi", NEW_YORK), ("Hi", NEW_YORK), ("Hi", NEW_YORK))
        claim = claim_of(ACCOUNT, planned(action="greet", event="2"))

        async def doubt(ledger: Ledger) -> None:
            await ledger.claim(claim, lambda row: True)
            await ledger.settle(claim.key, State.UNKNOWN)

        with contextlib.closing(Ledger.open(tmp_path / "ledger.db", clock=desk.watch)) as ledger:
            asyncio.run(doubt(ledger))
        desk.watch.now += 60
        held = ("held", "texted 1 min ago; cooldown 1h")
        previewed = desk.send(dry_run=True)[1]
        assert previewed == [held, ("unknown", None), held]
        retried = desk.send(retry=frozenset({"unknown"}))[1]
        assert retried == [held, ("sent", None), ("held", "texted just now; cooldown 1h")]
        desk.watch.now += 3600
        assert [status for status, _ in desk.send()[1]] == ["rejected", "already", "sent"]


def test_a_number_on_the_list_is_never_texted(desk: Desk, tmp_path: Path) -> None:
    """It counts as done: the exit status is 0, and it is not among the rejects."""
    desk.configure("suppress: stop.txt")
    (tmp_path / "stop.txt").write_text(f"{NEW_YORK}\n")
    desk.write(("Hi", NEW_YORK), ("Hi", BERLIN), ("Hi", f"whatsapp:{NEW_YORK}"))
    desk.configure("suppress: stop.txt", SERVICE)
    listed = ("suppressed", "on the list stop.txt")
    assert desk.send() == (0, [listed, ("sent", None), listed])
    assert (desk.texts, desk.rejects) == (["Hi 2"], 0)


@pytest.mark.parametrize(
    ("sender", "policy"), [("+12125550100", "hold"), (SERVICE, "hold"), (SERVICE, "send_at")]
)
@pytest.mark.parametrize("now", ["2026-03-08T04:59", "2026-03-08T11:58", "2026-03-08T17:00"])
def test_a_preview_says_what_a_send_does(
    desk: Desk, tmp_path: Path, sender: str, policy: str, now: str
) -> None:
    """Every message has in a preview the reason that it has in a send, and so it is in the run after."""
    desk.watch.now = utc(now)
    people = (NEW_YORK, "+61291234567", BERLIN, "+13105550134")
    desk.configure(
        f"quiet_hours: {{from: 21:00, to: 8:00, policy: {policy}}}\ncooldown: 30m\nsuppress: stop.txt", sender
    )
    (tmp_path / "stop.txt").write_text(BERLIN)
    desk.write(*((name, people[n % 4]) for n in range(12) for name in ("Hi", "Bill")))
    for _ in range(3):
        previewed = desk.send(dry_run=True, rows=0)
        assert desk.sandbox.requests() == [] or _
        sent = desk.send()
        assert [
            ("sent" if status == "planned" else status, reason) for status, reason in previewed[1]
        ] == sent[1]
        assert previewed[0] == sent[0]
        desk.watch.now += 1200


PROBLEMS = """\
number: "+12125550100"
quiet_hours: {from: 9pm, to: 24:00, policy: sendat, time_zone: Berlin, zone: x}
cooldown: an hour
suppress: nowhere.txt
actions:
  - {name: a, trigger: event = 'Hi', to: $.to, body: Hi, cooldown: 1}
"""


def test_every_mistake_in_the_configuration_of_guards_is_told_at_once(tmp_path: Path) -> None:
    """With its place, and with what was probably meant."""
    (path := tmp_path / "twiliodest.yaml").write_text(PROBLEMS)
    with pytest.raises(UsageError) as caught:
        load(path, {})
    told = {
        (problem.place.line, problem.place.column): problem
        for problem in caught.value.problems
        if problem.place
    }
    assert {place: problem.hint for place, problem in told.items()} == {
        (2, 21): 'did you mean "21:00"?',
        (2, 30): 'did you mean "00:00"?',
        (2, 45): "use hold or send_at",
        (2, 64): 'did you mean "Europe/Berlin"?',
        (2, 72): 'did you mean "time_zone"?',
        (3, 11): "write one like 90s, 30m, 1h or 2d",
        (4, 11): None,
        (6, 68): "write one like 90s, 30m, 1h or 2d",
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("quiet_hours: yes", "quiet_hours must have from and to"),
        ("quiet_hours:", "quiet_hours must have from and to"),
        ('quiet_hours: {from: "21:00"}', '"to" is missing'),
        ("quiet_hours: {from: 21:00, to: 21:00}", "from and to are the same"),
        (
            "quiet_hours: {from: 21:00, to: 8:00, policy: send_at}",
            "policy: schedule needs a Messaging Service, but greet sends from +12125550100",
        ),
    ],
)
def test_quiet_hours_that_make_no_sense_are_a_problem(desk: Desk, settings: str, message: str) -> None:
    """Rather than a night of texts, or silence."""
    desk.configure(settings)
    desk.write()
    with pytest.raises(UsageError) as caught:
        desk.send()
    assert [problem.message for problem in caught.value.problems if not problem.warning] == [message]


def test_unquoted_times_are_read_as_written(desk: Desk) -> None:
    """YAML 1.1 takes 21:00 for the number 1260."""
    desk.configure("quiet_hours: {from: 21:00, to: 8:00}")
    desk.write(("Hi", NEW_YORK))
    assert desk.send() == (1, [("held", "quiet hours: 23:59 in America/New_York; sends from 08:00")])
