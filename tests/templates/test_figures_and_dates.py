"""What a template calculates is exact, and a date is the one that was meant, or none."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.templates.fields import Unresolved, compile_field


def render(source: str, **said: object) -> str:
    return compile_field(source).render(said)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ 33170731707317.075 | remove: '.' | divided_by: 100.0 }}", "331707317073170.75"),
        ("{{ 123456789012345678 | divided_by: 1 }}", "123456789012345678"),
        ("{{ 1 | divided_by: 3 | times: 3 }}", "1"),
        ("{{ 1 | divided_by: 3 | times: 3 | floor }}", "1"),
        ("{{ 10 | divided_by: 3 }} {{ 2 | divided_by: 3 }}", "3.333333333333333 0.6666666666666667"),
        ("{{ 1 | divided_by: 1024 }}", "0.0009765625"),
        ("{{ 7 | divided_by: 7.0 }} {{ -7 | divided_by: 2, true }} {{ -7 | modulo: 3 }}", "1 -4 2"),
        ("{% assign third = 1 | divided_by: 3 %}{% if third > 0.333 and third < 0.334 %}{{ third }}{% endif %}",
         "0.3333333333333333"),
        ("{{ 1 | divided_by: 3 | append: '!' }}", "0.3333333333333333!"),
        ("{{ 123456789012345678901234567890123456 | minus: 1 }}", "123456789012345678901234567890123455"),
        ("{{ -0.12345678901234567890123456789012345 | abs }}", "0.12345678901234567890123456789012345"),
        ("{{ 12.5 | round: 2 }} {{ 12 | round: 2 }} {{ 0 | round: 1 }} {{ '3' | round: 2 }}", "12.50 12.00 0.0 3.00"),
        ("{{ 12.005 | round: 2 }} {{ -12.005 | round: 2 }} {{ -0.001 | round: 2 }}", "12.01 -12.01 0.00"),
        ("{{ 2.5 | round }} {{ -2.5 | round }} {{ 12.99 | round: 0 }}", "3 -3 13"),
        ("{{ 1250 | round: -2 }} {{ 49 | round: -2 }} {{ 1234.5 | round: -1 }}", "1300 0 1230"),
        ("{{ 12.5 | round: 2 | times: 2 }} {{ 12.5 | round: 2 | prepend: '$' }}", "25 $12.50"),
        ("{{ 2 | divided_by: 3 | round: 2 }}", "0.67"),
        ("{{ 12.50 | at_least: 10 }} {{ 12.50 | at_most: 9.90 }} {{ -12.50 | abs }}", "12.50 9.90 12.50"),
        ("{{ 1.5 | ceil }} {{ -1.5 | floor }} {{ 1 | divided_by: 3 | ceil }}", "2 -2 1"),
    ],
)  # fmt: skip
def test_a_result_is_exact(source: str, result: str) -> None:
    """Thirds stay thirds until they are written; a price keeps its two decimals."""
    assert render(source) == result


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4)


@given(NUMBERS, NUMBERS.filter(bool))
def test_what_is_divided_and_multiplied_again_is_the_same(value: Decimal, by: Decimal) -> None:
    """Whatever the digits of the quotient."""
    said = compile_field("{{ a | divided_by: b | times: b }}").render({"a": value, "b": by})
    assert Fraction(said) == Fraction(value)


@given(NUMBERS, st.integers(1, 6))
def test_a_rounded_number_has_the_digits_that_were_asked_for(value: Decimal, places: int) -> None:
    """And is at most half a digit away."""
    said = compile_field("{{ a | round: p }}").render({"a": value, "p": places})
    assert len(said.partition(".")[2]) == places
    assert abs(Fraction(said) - Fraction(value)) <= Fraction(1, 2 * 10**places)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ('{{ "20260301" | date: "%B %-d" }} {{ 20260301 | date: "%F" }}', "March 1 2026-03-01"),
        ('{{ "2026-03-01T23:30:00Z" | date: "%F %H:%M", "Europe/Berlin" }}', "2026-03-02 00:30"),
        ('{{ "2026-07-01T12:00:00+05:30" | date: "%H:%M %Z %z", "America/New_York" }}', "02:30 EDT -0400"),
        ('{{ "2026-03-01" | date: "%F", "America/New_York" }}', "2026-03-01"),
        ('{{ "20260301" | date: "%F", "Pacific/Honolulu" }}', "2026-03-01"),
        ("{{ 1772323200 | date: '%F %H:%M', zone }}", "2026-03-01 05:30"),
        ('{{ "1772323200" | date: "%F" }} {{ 1772323200.5 | date: "%L" }}', "2026-03-01 500"),
        ('{{ 1772323200123 | divided_by: 1000 | date: "%F" }}', "2026-03-01"),
        ('{{ -300000000 | date: "%Y" }}', "1960"),
        ('{{ "20260301T101500" | date: "%H:%M" }}', "10:15"),
        ('{{ "2026-03-01" | date: "%d%% off" }}', "01% off"),
    ],
)
def test_a_date_is_the_one_that_was_meant(source: str, result: str) -> None:
    """Days, moments and zones."""
    assert render(source, zone="Asia/Kolkata") == result


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("20261301", "it is not a date"),
        ("99999999", "eight digits are read as a day"),
        (31536000, "eight digits are read as a day"),
        ("1772323200123", "milliseconds? divide by 1000"),
        (1772323200123, "milliseconds? divide by 1000"),
        (Decimal("1772323200123.5"), "milliseconds? divide by 1000"),
        ("1772323200123456", "microseconds? divide by 1000000"),
        (1772323200123456789, "nanoseconds? divide by 1000000000"),
        ("260301", "seconds since 1970 have 9 to 11 digits"),
        ("2026", "seconds since 1970 have 9 to 11 digits"),
        (0, "seconds since 1970 have 9 to 11 digits"),
        ("20260301101500", "seconds since 1970 have 9 to 11 digits"),
        (True, "it is not a date"),
        ("01/03/2026", "it is not a date"),
        ("10:00", "it is not a date"),
    ],
)
def test_what_may_be_another_date_is_refused(value: object, fault: str) -> None:
    """Nobody is told August 1970."""
    with pytest.raises(Unresolved) as caught:
        render('{{ a | date: "%B %-d" }}', a=value)
    assert fault in caught.value.fault


@pytest.mark.parametrize(
    "zone", ["Europe/Berln", "../../etc/passwd", "", "Europe", "\x00", "+02:00", 60, "é" * 300]
)
def test_a_time_zone_of_an_event_is_looked_up_and_nothing_else(zone: object) -> None:
    """Whatever the event says, no other file is read."""
    with pytest.raises(Unresolved):
        render('{{ "2026-03-01" | date: "%B", a }}', a=zone)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ '<!-- a > b -->c' | strip_html }}", "c"),
        ("{{ 'x<script>a<b</script>y<style>p{}</style>z' | strip_html }}", "xyz"),
        ("{{ 'x<SCRIPT src=a>1</SCRIPT >y<br/>z' | strip_html }}", "xyz"),
        ("{{ 'a<!-- never closed <b>c</b>' | strip_html }}", "ac"),
        ("{{ 'a <script> b' | strip_html }}|{{ '1 < 2' | strip_html }}", "a  b|1 < 2"),
        ("{{ 'Gr%C3%BC%C3%9Fe+an' | url_decode }}", "Grüße an"),
        ("{{ a | split: ' ' | join: '_' }}", "10\u00a0000_x"),
        ("{{ ' a \n b ' | split: ' ' | join: '_' }}", "a_b"),
    ],
)
def test_a_text_filter_says_what_liquid_says(source: str, result: str) -> None:
    """Comments and scripts are no text, and a no-break space does not break."""
    assert render(source, a="10\u00a0000 x") == result


@pytest.mark.parametrize("source", ["{{ 'a%FF' | url_decode }}", "{{ '/w==' | base64_decode }}"])
def test_bytes_that_are_no_text_are_invalid(source: str) -> None:
    """No replacement character is sent."""
    with pytest.raises(Unresolved, match="not UTF-8"):
        render(source)
