"""What a server says back is shown without any secret, and otherwise as it was."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.twilio.redaction import redaction

SECRET = 'p4ss/"wörd"&key'
USER = "AC" + "1" * 32
REDACT = redaction([(USER, SECRET), ("proxy", "geheim")])


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", ""),
        ("nothing of it", "nothing of it"),
        (SECRET, "********"),
        (f"it was {SECRET}!", "it was ********!"),
        (f"{SECRET}{SECRET}", "********"),
        (f"{SECRET} {SECRET}", "******** ********"),
        (f"a{SECRET.upper()}b", "a********b"),
        ("p4ss/ and key alone are words", "p4ss/ and key alone are words"),
        (f"cut: {SECRET[:8]}", "cut: ********"),
        (f"cut: {SECRET[:7]}", f"cut: {SECRET[:7]}"),
        (f"cut: {SECRET[-8:]}", "cut: ********"),
        (f"cut: {SECRET[3:11]}.", "cut: ********."),
        ("geheim, geheime", "********, ********e"),
        ("gehei", "gehei"),
        (USER, USER),
        ("İ" + SECRET, "i̇********"),
    ],
)
def test_a_secret_is_masked_and_nothing_else(said: str, shown: str) -> None:
    """Once for each run of it, however much of it is there; less than eight characters of a long one are a word."""
    assert REDACT(said) == shown


@pytest.mark.parametrize(
    "written",
    [
        quote(SECRET, safe=""),
        quote(SECRET),
        SECRET.replace("&", "&amp;").replace('"', "&quot;"),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET).replace("/", r"\/")[1:-1],
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
        base64.b64encode(f"{USER}:{SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_masked_however_it_is_written(written: str) -> None:
    """As an address, a page, JSON, digits or a header has it."""
    shown = REDACT(f"You said [{written}].")
    assert shown.startswith("You said [")
    assert shown.endswith("].")
    assert not any(written[at : at + 8] in shown for at in range(len(written) - 7))


@given(st.binary(max_size=9), st.binary(max_size=9))
def test_a_secret_within_base64_is_masked(before: bytes, behind: bytes) -> None:
    """Whatever stands around it there, which moves its letters."""
    packed = base64.b64encode(before + SECRET.encode() + behind).decode()
    assert base64.b64encode(SECRET.encode()).decode()[4:-4] not in REDACT(packed)
    assert "********" in REDACT(packed)


def test_what_is_too_short_to_be_told_from_a_word_is_left() -> None:
    """Three characters are in every text; four are masked."""
    assert redaction([("u", "abc")])("abc") == "abc"
    assert redaction([("u", "abcd")])("xabcdx") == "x********x"


def test_only_the_beginning_of_a_long_text_is_shown() -> None:
    """Nobody reads more of an error page."""
    assert REDACT("x" * 5_000) == "x" * 4_000
    assert SECRET[:6] not in REDACT("x" * 3_990 + "  " + SECRET)
