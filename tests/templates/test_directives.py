"""Every directive and flag that `date` knows writes what `strftime` of Ruby writes."""

from __future__ import annotations

import string

import pytest

from twiliodest.templates.fields import compile_field
from twiliodest.templates.liquid.dates import odd_directive

MORNING = "2026-03-01T09:05:07.089012+05:30"  # a Sunday
EVENING = "1999-12-31T21:45:59Z"  # a Friday, in the last week of its year
MIDNIGHT = "2027-01-03T00:00:00-03:30"  # a Sunday in week 53 of the year before
EXAMPLES = {  # a directive, and what it is in the morning, in the evening, and at midnight
    "Y": ("2026", "1999", "2027"),
    "C": ("20", "19", "20"),
    "y": ("26", "99", "27"),
    "m": ("03", "12", "01"),
    "B": ("March", "December", "January"),
    "b": ("Mar", "Dec", "Jan"),
    "h": ("Mar", "Dec", "Jan"),
    "d": ("01", "31", "03"),
    "e": (" 1", "31", " 3"),
    "j": ("060", "365", "003"),
    "q": ("st", "st", "rd"),
    "H": ("09", "21", "00"),
    "k": (" 9", "21", " 0"),
    "I": ("09", "09", "12"),
    "l": (" 9", " 9", "12"),
    "M": ("05", "45", "00"),
    "S": ("07", "59", "00"),
    "L": ("089", "000", "000"),
    "N": ("089012000", "000000000", "000000000"),
    "p": ("AM", "PM", "AM"),
    "P": ("am", "pm", "am"),
    "A": ("Sunday", "Friday", "Sunday"),
    "a": ("Sun", "Fri", "Sun"),
    "u": ("7", "5", "7"),
    "w": ("0", "5", "0"),
    "U": ("09", "52", "01"),
    "W": ("08", "52", "00"),
    "V": ("09", "52", "53"),
    "G": ("2026", "1999", "2026"),
    "s": ("1772336107", "946676759", "1798947000"),
    "z": ("+0530", "+0000", "-0330"),
    "Z": ("+0530", "+0000", "-0330"),
    "c": ("3/1/2026, 9:05:07 AM", "12/31/1999, 9:45:59 PM", "1/3/2027, 12:00:00 AM"),
    "x": ("3/1/2026", "12/31/1999", "1/3/2027"),
    "X": ("9:05:07 AM", "9:45:59 PM", "12:00:00 AM"),
    "D": ("03/01/26", "12/31/99", "01/03/27"),
    "F": ("2026-03-01", "1999-12-31", "2027-01-03"),
    "R": ("09:05", "21:45", "00:00"),
    "T": ("09:05:07", "21:45:59", "00:00:00"),
    "r": ("09:05:07 AM", "09:45:59 PM", "12:00:00 AM"),
    "n": ("\n",) * 3,
    "t": ("\t",) * 3,
    "%": ("%",) * 3,
}
FLAGS = [
    ("-d.%-m.", "1.3."),
    ("_m", " 3"),
    ("0e", "01"),
    ("0l", "09"),
    ("5Y", "02026"),
    ("_5Y", " 2026"),
    ("05d", "00001"),
    ("^a", "SUN"),
    ("^B", "MARCH"),
    ("#b", "MAR"),
    ("#p", "am"),
    ("^P", "AM"),
    ("6a", "   Sun"),
    (":z", "+05:30"),
    ("3N", "089"),
    ("6N", "089012"),
    ("12N", "089012000000"),
]


def written(moment: str, form: str) -> str:
    return compile_field(f"[{{{{ a | date: '{form}' }}}}]").render({"a": moment})[1:-1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_directive_writes_its_part_of_a_date(name: str) -> None:
    """Morning and evening, one digit and two, and weeks that belong to another year."""
    assert tuple(written(moment, f"%{name}") for moment in (MORNING, EVENING, MIDNIGHT)) == EXAMPLES[name]


@pytest.mark.parametrize(("form", "text"), FLAGS)
def test_a_flag_changes_how_it_is_written(form: str, text: str) -> None:
    """Without padding or with another, wider, or in other letters."""
    assert written(MORNING, f"%{form}") == text


@pytest.mark.parametrize(
    ("days", "ending"),
    [((1, 21, 31), "st"), ((2, 22), "nd"), ((3, 23), "rd"), ((*range(4, 21), *range(24, 31)), "th")],
)
def test_a_day_has_its_english_ending(days: tuple[int, ...], ending: str) -> None:
    """The 11th, 12th and 13th are not like the 1st, 2nd and 3rd."""
    for day in days:
        assert written(f"2026-12-{day:02}", "%-d%q") == f"{day}{ending}"


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("%B", "January February March April May June July August September October November December"),
        ("%b", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
    ],
)
def test_months_have_their_english_names(form: str, names: str) -> None:
    """All of them, whatever the machine speaks."""
    assert " ".join(written(f"2026-{month:02}-01", form) for month in range(1, 13)) == names


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("%A", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        ("%a", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_days_have_their_english_names(form: str, names: str) -> None:
    """From the second of March 2026 on, a Monday."""
    assert " ".join(written(f"2026-03-{day:02}", form) for day in range(2, 9)) == names


def test_the_hours_of_a_clock_with_twelve() -> None:
    """Midnight and noon are 12."""
    clock = [written(f"2026-03-01T{hour:02}:00", "%-I%P") for hour in (0, 1, 11, 12, 13, 23)]
    assert clock == ["12am", "1am", "11am", "12pm", "1pm", "11pm"]


def test_every_directive_has_an_example() -> None:
    """No other letter or sign is a directive."""
    known = {sign for sign in string.ascii_letters + "%!?/., " if odd_directive(f"%{sign}") is None}
    assert known == set(EXAMPLES)
