"""A text's encoding and segment count are those that Twilio bills."""

from __future__ import annotations

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.messages.segments import describe, first_outside_gsm7, measure, smart_encode, utf16_length

BASIC = st.text("abcXYZ 019@£é\n\rΩ")
FAMILY = "👨‍👩‍👧‍👦"  # 11 UTF-16 code units

# Checked by hand against npm sms-segments-calculator 1.3.0.
VECTORS = [
    ("", "GSM-7", 1),
    ("a" * 160, "GSM-7", 1),
    ("a" * 161, "GSM-7", 2),
    ("a" * 306, "GSM-7", 2),
    ("a" * 307, "GSM-7", 3),
    ("a" * 1600, "GSM-7", 11),
    ("é" * 160, "GSM-7", 1),
    ("€" * 80, "GSM-7", 1),
    ("€" * 81, "GSM-7", 2),
    ("€" * 153, "GSM-7", 3),
    ("a" * 152 + "€" + "a" * 151, "GSM-7", 2),
    ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
    ("\r\n" * 80, "GSM-7", 1),
    ("\r\n" * 81, "GSM-7", 2),
    ("a" * 159 + "`", "UCS-2", 3),
    ("ê" * 70, "UCS-2", 1),
    ("ê" * 71, "UCS-2", 2),
    ("ê" * 1600, "UCS-2", 24),
    ("ê" + "€" * 69, "UCS-2", 1),
    ("ê" + "\r\n" * 67, "UCS-2", 3),
    ("\t" + "1" * 69, "UCS-2", 1),
    ("😜" + "1" * 68, "UCS-2", 1),
    ("😜" + "1" * 69, "UCS-2", 2),
    ("😜" + "1" * 133, "UCS-2", 3),
    ("🇮🇹" + "1" * 66, "UCS-2", 1),
    ("🇮🇹" + "1" * 67, "UCS-2", 2),
    ("🇮🇹" * 34, "UCS-2", 3),
    ("😜" * 66, "UCS-2", 2),
    ("😜" * 67, "UCS-2", 3),
    ("a" * 66 + "😜" + "a" * 65, "UCS-2", 2),
    ("a" * 66 + "😜" + "a" * 66, "UCS-2", 3),
    (FAMILY * 12, "UCS-2", 2),
    (FAMILY * 13, "UCS-2", 3),
    ("e\u0301" * 66, "UCS-2", 2),
    ("e\u0301" * 67, "UCS-2", 3),
    ("\u1112\u1161\u11ab" * 44, "UCS-2", 2),
    ("\u1112\u1161\u11ab" * 45, "UCS-2", 3),
    ("a" + "\u0301" * 70, "UCS-2", 2),
    ("a" + "\u0301" * 199, "UCS-2", 2),
    ("a" + "\u0301" * 67 + "bcd", "UCS-2", 2),
    (("a" + "\u0301" * 39) * 2, "UCS-2", 2),
    (("a" + "\u0301" * 39) * 3, "UCS-2", 3),
]


@pytest.mark.parametrize(("text", "encoding", "segments"), VECTORS)
def test_a_text_costs_what_twilios_calculator_says(text: str, encoding: str, segments: int) -> None:
    """Encoding and segments are the calculator's, also where a character does not fit at a segment's end."""
    assert measure(text) == (encoding, segments)


@given(BASIC)
def test_plain_text_costs_its_length(text: str) -> None:
    """n basic characters cost one segment up to 160, then one for every 153."""
    assert measure(text) == ("GSM-7", 1 if len(text) <= 160 else math.ceil(len(text) / 153))


@given(st.text(), BASIC)
def test_more_text_never_costs_less(text: str, more: str) -> None:
    """What is put after a text cannot make it cheaper."""
    assert measure(text + "\n" + more)[1] >= measure(text)[1]


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Cs"])))
def test_any_text_can_be_measured(text: str) -> None:
    """No text raises, not even lone surrogates; a text is GSM-7 exactly when nothing in it is outside."""
    encoding, segments = measure(text)
    assert segments >= 1
    assert (encoding == "GSM-7") == (first_outside_gsm7(text) is None)


@pytest.mark.parametrize("piece", ["🇮", "\u0301", "👩\u200d", "क्", "\u0600🇮"])
def test_a_hostile_text_is_measured_in_linear_time(piece: str) -> None:
    """Hundreds of thousands of flags or accents in a row still end in a count."""
    assert measure(piece * 200_000)[1] > 1


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("Hello {name} €5\r\n", None),
        ("It’s here", (2, "’")),
        ("100 %\tsure `ok`", (5, "\t")),
        ("cafe\u0301", (3, "e\u0301")),
        (f"hi {FAMILY}!", (3, FAMILY)),
        ("ciao 🇮🇹🇺🇸", (5, "🇮🇹")),
    ],
)
def test_the_character_that_makes_a_text_dear_is_found(text: str, outside: tuple[int, str] | None) -> None:
    """The first character that needs UCS-2 is given whole, with its offset."""
    assert first_outside_gsm7(text) == outside


@pytest.mark.parametrize(
    ("character", "description"),
    [
        ("’", '"’" (U+2019 RIGHT SINGLE QUOTATION MARK)'),
        ("\t", "U+0009 control character"),
        ("\x1b", "U+001B control character"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\xa0", "U+00A0 NO-BREAK SPACE"),
        ("\ud800", "U+D800 surrogate"),
        ("\ue000", "U+E000 private use"),
        ("\u0378", "U+0378 unassigned"),
        ("e\u0301", '"e\u0301" (U+0065 LATIN SMALL LETTER E + U+0301 COMBINING ACUTE ACCENT)'),
    ],
)
def test_a_character_is_described_by_name(character: str, description: str) -> None:
    """A character is shown if that is safe, and always named."""
    assert describe(character) == description


@given(st.text(st.characters(), min_size=1, max_size=300))
def test_a_description_is_short_and_printable(character: str) -> None:
    """Whatever it is given, a description is one printable line of bounded length."""
    assert describe(character).isprintable()
    assert len(describe(character)) < 500


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("“It’s”—no…", '"It\'s"-no...'),
        ("1\u20132 \u2022 ½", "1-2 - 1/2"),
        ("a\xa0b\tc\u200bd", "a  b       cd"),
        ("‹›`", "<>'"),
        ("می\u200cخواهم\u200b.", "میخواهم."),
        ("ＡＢＣ１２３！～", "ABC123!~"),
        ("ａｂｃ", "ａｂｃ"),
        ("ᴀʙᴢ", "ABZ"),
        ("ê 😜", "ê 😜"),
    ],
)
def test_smart_encoding_is_twilios(text: str, encoded: str) -> None:
    """Look-alikes become what Twilio makes of them, oddities and all; the rest stays."""
    assert smart_encode(text) == encoded


def test_smart_encoding_replaces_271_characters() -> None:
    """The table is as long as Twilio's, and every replacement is GSM-7."""
    replaced = [char for char in map(chr, range(0x110000)) if smart_encode(char) != char]
    assert len(replaced) == 271
    assert first_outside_gsm7("".join(map(smart_encode, replaced))) is None


def test_each_character_is_replaced_as_by_twilio() -> None:
    """The digest is that of the table in Twilio's own calculator (npm `sms-segments-calculator` 1.3.0)."""
    pairs = ((char, smart_encode(char)) for char in map(chr, range(0x110000)))
    table = "".join(f"{ord(char):04x} {became}\n" for char, became in pairs if became != char)
    digest = "77c43b974f20660cce5f8522a5342d5c2061377f959faa6dd954549b4c558504"
    assert hashlib.sha256(table.encode("utf-8", "surrogatepass")).hexdigest() == digest


@given(st.text())
def test_smart_encoding_twice_is_smart_encoding_once(text: str) -> None:
    """What was smart-encoded has nothing more to encode."""
    assert smart_encode(smart_encode(text)) == smart_encode(text)


@given(st.text())
def test_length_counts_utf16_code_units(text: str) -> None:
    """A character outside the Basic Multilingual Plane counts as two, any other as one."""
    assert utf16_length(text) == sum(2 if ord(char) > 0xFFFF else 1 for char in text)
