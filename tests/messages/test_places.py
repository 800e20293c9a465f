"""Where a number is: its country, and the time zones of its range."""

from __future__ import annotations

import pytest

from twiliodest.messages.phones import country, time_zones


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+14155550100", "US"),
        ("+16135550100", "CA"),
        ("+18765550100", "JM"),
        ("+442071838750", "GB"),
        ("+447509123456", "JE"),
        ("+79161234567", "RU"),
        ("+77011234567", "KZ"),
        ("whatsapp:+4915112345678", "DE"),
        ("+15005550006", "US"),
        ("+80012345678", None),
        ("+999123", None),
        ("+12", "US"),
        ("messenger:12345", None),
        ("+12425550123", "BS"),
        ("+390669812345", "VA"),
        ("+390612345678", "IT"),
        ("+35312345678", "IE"),
        ("+8801712345678", "BD"),
        ("rcs:+8801712345678", "BD"),
        ("+883510012345", None),
        ("+21012345678", None),
        ("+1", None),
        ("+2", None),
        ("12345", None),
        ("", None),
    ],
)
def test_a_number_belongs_to_a_country(number: str, expected: str | None) -> None:
    """The calling code and, where countries share it, the next digits tell; impossible numbers are no trouble."""
    assert country(number) == expected


BRITISH = ("Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London")


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+14155550100", ("America/Los_Angeles",)),
        ("+442079460958", ("Europe/London",)),
        ("+8801712345678", ("Asia/Dhaka",)),
        ("whatsapp:+4915112345678", ("Europe/Berlin",)),
        ("rcs:+5511987654321", ("America/Sao_Paulo",)),
        ("+447911123456", BRITISH),
        ("messenger:12345", ()),
        ("+80012345678", ()),
        ("+21012345678", ()),
        ("+1", ()),
        ("12345", ()),
        ("", ()),
    ],
)
def test_a_number_has_the_zones_of_its_range(number: str, zones: tuple[str, ...]) -> None:
    """One where its digits tell, several where they do not, and none where nobody can know."""
    assert time_zones(number) == zones


@pytest.mark.parametrize("number", ["+15005550006", "+18005550123", "+1415"])
def test_a_number_in_no_known_range_may_be_anywhere_in_its_country(number: str) -> None:
    """So that nobody is texted at night because a table is incomplete."""
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(time_zones(number))
