"""Recipients are normalised or refused, never guessed; senders are told apart by their form."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.messages.phones import (
    PhoneError,
    SenderKind,
    channel,
    check_region,
    recipient,
    sender,
    sender_kind,
)


@pytest.mark.parametrize(
    ("value", "region", "number"),
    [
        ("+14155552671", None, "+14155552671"),
        (" +14155552671\n", None, "+14155552671"),
        ("+15551234567", "US", "+15551234567"),
        ("whatsapp:+14155552671", None, "whatsapp:+14155552671"),
        ("rcs:+14155552671", None, "rcs:+14155552671"),
        ("messenger:1234567890", None, "messenger:1234567890"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("whatsapp: (415) 555-2671", "US", "whatsapp:+14155552671"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("0044 20 7946 0958", "DE", "+442079460958"),
        ("+1 415.555.2671", "DE", "+14155552671"),
        ("030/1234567", "DE", "+49301234567"),
        ("06 698 12345", "IT", "+390669812345"),
        ("＋１４１５５５５２６７１", "US", "+14155552671"),
    ],
)
def test_a_recipient_becomes_e164(value: str, region: str | None, number: str) -> None:
    """E.164 passes as it is; other forms are read with the default region."""
    assert recipient(value, region) == number


@pytest.mark.parametrize(
    ("value", "region", "reason"),
    [
        ("", None, "the recipient is empty"),
        ("  ", "US", "the recipient is empty"),
        ("(415) 555-2671", None, '"(415) 555-2671" is not in E.164 form'),
        ("14155552671", None, "set default_region in the configuration"),
        ("+1 415 555 2671", None, "is not in E.164 form"),
        ("+٣٤٥٦٧٨٩٠١", None, "is not in E.164 form"),
        ("+1234567890123456", None, "is not in E.164 form"),
        ("whatsapp:bob", None, '"bob" is not in E.164 form'),
        ("messenger:", None, "no Messenger user ID"),
        ("12345", "US", '"12345" is not a valid phone number (default_region is US)'),
        ("hello", "US", "is not a valid phone number"),
        ("(415) 555-2671", "XX", "default_region is XX"),
        ("1-800-FLOWERS", "US", "has letters"),
        ("4155552671;phone-context=+44", "US", "has letters"),
        ("415 555 2671 ext. 5", "US", "has an extension"),
        ("Apt 12", "US", "has letters"),
        ("Apt 1", "US", "is not a valid phone number"),
        ("4155552671.0", "US", "is a decimal number"),
        ("+14155552671, +14155552672", None, "has several numbers"),
        ("415 555 2671 / 415 555 2672", "US", "has several numbers"),
        ("9" * 1_000_000, "US", f'"{"9" * 40}…" is too long'),
    ],
)
def test_a_bad_recipient_is_refused_with_a_reason(value: str, region: str | None, reason: str) -> None:
    """The reason quotes the value, shortened, and says what is wrong; its kind holds nothing of the value."""
    with pytest.raises(PhoneError, match=re.escape(reason)) as caught:
        recipient(value, region)
    assert len(caught.value.reason) < 250
    assert caught.value.kind.startswith("recipient ")
    assert not re.search(r"[0-9]", caught.value.kind.replace("E.164", ""))


@given(
    st.one_of(st.text(), st.text("+0123456789()-. /x#*;,０٣"), st.from_regex(r"\+?[0-9 .()-]{6,16}")),
    st.sampled_from([None, "US", "GB", "DE", "IT", "JP", "XX"]),
)
def test_whatever_comes_in_only_e164_goes_out(value: str, region: str | None) -> None:
    """A recipient is ASCII E.164 (or a Messenger id), or a PhoneError; nothing else."""
    try:
        number = recipient(value, region)
    except PhoneError:
        return
    assert re.fullmatch(r"((whatsapp|rcs):)?\+[1-9][0-9]{1,14}|messenger:[A-Za-z0-9_.-]+", number)
    assert recipient(number, region) == number


def test_e164_needs_no_number_library() -> None:
    """A value that is E.164 already is passed without the cost of importing phonenumbers."""
    code = (
        "import sys; from twiliodest.messages.phones import recipient; "
        "recipient('whatsapp:+14155552671', 'US'); sys.exit('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("+14155552671", SenderKind.NUMBER),
        ("12345", SenderKind.SHORT_CODE),
        ("123456", SenderKind.SHORT_CODE),
        ("MG" + "0a" * 16, SenderKind.MESSAGING_SERVICE),
        ("MGM Resorts", SenderKind.ALPHANUMERIC),
        ("A&B_C-D+1", SenderKind.ALPHANUMERIC),
        ("whatsapp:+14155552671", SenderKind.CHANNEL),
        ("messenger:1234567890", SenderKind.CHANNEL),
        ("rcs:acme_agent", SenderKind.CHANNEL),
        ("1234", None),
        ("012345", None),
        ("1234567", None),
        ("14155552671", None),
        ("+14155552671\n", None),
        ("MG" + "0a" * 15, None),
        ("A brand too long", None),
        ("Café", None),
        ("whatsapp:12345", None),
        ("rcs:", None),
        ("", None),
    ],
)
def test_a_sender_is_told_by_its_form(value: str, kind: SenderKind | None) -> None:
    """Every form that Twilio sends from is known; a brand that begins like a SID stays a brand."""
    assert sender_kind(value) is kind


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("+14155552671", ""),
        ("whatsapp:+14155552671", "whatsapp"),
        ("messenger:1", "messenger"),
        ("rcs:acme", "rcs"),
        ("mailto:me", ""),
        ("rcs", ""),
    ],
)
def test_a_channel_is_told_by_its_prefix(address: str, prefix: str) -> None:
    """Only the channels that Twilio has are channels."""
    assert channel(address) == prefix


@pytest.mark.parametrize(
    ("value", "here", "anywhere"),
    [
        ("+14155552671", "+14155552671", "+14155552671"),
        ("(415) 555-2671", "+14155552671", None),
        ("tel:+14155552671", "+14155552671", "+14155552671"),
        ("+4407911123456", "+447911123456", "+447911123456"),
        ("12345", "12345", "12345"),
        (" Acme ", "Acme", "Acme"),
        ("A\u200bcme", "Acme", "Acme"),
        ("MG" + "0" * 32, "MG" + "0" * 32, "MG" + "0" * 32),
        ("WhatsApp: (415) 555-2671", "whatsapp:+14155552671", None),
        ("whatsapp:+4407911123456", "whatsapp:+447911123456", "whatsapp:+447911123456"),
        ("RCS: acme_agent", "rcs:acme_agent", "rcs:acme_agent"),
        ("messenger:123", "messenger:123", "messenger:123"),
        *((value, None, None) for value in ("", "0123", "1234567", "whatsapp:Acme", "whatsapp:12345")),
        *((value, None, None) for value in ("rcs:", "messenger:", "messenger:a b", "sms:12345", "mail:a")),
    ],
)
def test_a_sender_has_one_form_or_is_none(value: str, here: str | None, anywhere: str | None) -> None:
    """Read in the United States, and without a region; a national number alone needs one."""
    assert (sender(value, "US"), sender(value, None)) == (here, anywhere)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("US", None),
        ("GB", None),
        ("us", 'did you mean "US"?'),
        ("USA", 'did you mean "US"?'),
        ("UK", 'did you mean "GB"?'),
        ("+44", 'did you mean "GB"?'),
        *((code, 'did you mean "US"?') for code in (" us ", "1", "+1")),
        *(
            (code, f'did you mean "{meant}"?')
            for code, meant in (("GBR", "GB"), ("CAN", "CA"), ("aus", "AU"))
        ),
        *((code, f'did you mean "{meant}"?') for code, meant in (("DEU", "DE"), ("FRA", "FR"), ("49", "DE"))),
        ("+1234", "write a country's two-letter ISO code, such as US or GB"),
        ("999", "write a country's two-letter ISO code, such as US or GB"),
        ("Utopia", "write a country's two-letter ISO code, such as US or GB"),
    ],
)
def test_a_wrong_region_gets_a_hint(code: str, hint: str | None) -> None:
    """An ISO country passes; a near miss is answered with the country that was meant."""
    assert check_region(code) == hint
