"""An action makes a message that Twilio would take, or says why there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Invalid, Message
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.grammar import parse

PHONE = "+14155550100"


def render(
    said: dict[str, Any],
    *,
    to: str | list[str] = "$.to",
    body: str | None = "Hello",
    media: list[str] | None = None,
    sender: str = "+15551234567",
    region: str | None = None,
) -> Message | Invalid:
    action = SendSms(
        name="one",
        trigger=parse("true"),
        to=[compile_field(field) for field in ([to] if isinstance(to, str) else to)],
        body=None if body is None else compile_field(body),
        media=[compile_field(field) for field in media or []],
        sender=sender,
        default_region=region,
    )
    return action.render(said, json.dumps(said).encode())


def message(said: dict[str, Any], **options: Any) -> Message:
    result = render(said, **options)
    assert isinstance(result, Message), result
    return result


def invalid(said: dict[str, Any], **options: Any) -> Invalid:
    result = render(said, **options)
    assert isinstance(result, Invalid), result
    return result


def test_a_message_is_what_will_be_posted() -> None:
    """Recipient and text are trimmed; every media URL is a field of its own."""
    urls = ["https://example.com/a.png", "http://example.com/b.png?x=1#y"]
    made = message({"to": f" {PHONE}\n", "urls": urls}, body=" Hi é ", media=["$.urls", urls[0]])
    assert made.form == [
        ("To", PHONE),
        ("From", "+15551234567"),
        ("Body", "Hi é"),
        *(("MediaUrl", url) for url in (*urls, urls[0])),
    ]
    assert (made.encoding, made.segments) == ("GSM-7", 1)


@pytest.mark.parametrize(
    ("said", "to"),
    [
        ({"a": PHONE, "b": "+2"}, PHONE),
        ({"b": PHONE}, PHONE),
        ({"a": None, "b": PHONE}, PHONE),
        ({"a": "", "b": PHONE}, PHONE),
    ],
)
def test_the_first_recipient_that_resolves_is_taken(said: dict[str, Any], to: str) -> None:
    """Alternatives are tried in order."""
    assert message(said, to=["$.a", "$.b"]).to == to


def test_without_any_recipient_the_first_alternative_is_named() -> None:
    """And where the same name stands elsewhere."""
    reason = invalid({"context": {"a": PHONE}}, to=["$.a", "$.b"]).reason
    assert reason == "nothing at $.a (this event has $.context.a)"


def test_equal_recipients_are_one_and_different_ones_are_none() -> None:
    """A message goes to one person."""
    assert message({"to": [PHONE, PHONE]}).to == PHONE
    assert "2 different recipients" in invalid({"to": [PHONE, "+14155550101"]}).reason


def test_national_numbers_need_a_region() -> None:
    """Never a guess."""
    assert message({"to": "(415) 555-2671"}, region="US").to == "+14155552671"
    assert "default_region" in invalid({"to": "(415) 555-2671"}).reason


@pytest.mark.parametrize(
    ("body", "fits"), [("x" * 1600, True), ("x" * 1601, False), ("😀" * 800, True), ("😀" * 801, False)]
)
def test_a_body_has_1600_characters_at_most(body: str, fits: bool) -> None:
    """Counted in UTF-16 units."""
    result = render({"to": PHONE, "text": body}, body="$.text")
    assert isinstance(result, Message) == fits


def test_a_body_may_be_empty_only_beside_media() -> None:
    """Twilio takes either."""
    url = "https://example.com/a.png"
    assert message({"to": PHONE}, body=None, media=[url]).form[-1] == ("MediaUrl", url)
    assert (
        invalid({"to": PHONE}, body="{{a | default: ''}}").reason == "the body is empty and there is no media"
    )


def test_an_empty_default_leaves_a_media_url_out() -> None:
    """So that media can be optional."""
    assert message({"to": PHONE}, media=["{{a | default: ''}}"]).media_urls == ()


def test_white_space_around_a_media_url_is_no_part_of_it() -> None:
    """A line end that came along from a spreadsheet does not cost the message; nothing but white space is no URL."""
    url = "https://example.com/a.png"
    urls = [f"{url}\n", f" {url}", f"{url}\u00a0\r\n"]
    assert message({"to": PHONE, "m": urls}, media=["$.m"]).media_urls == (url, url, url)
    assert message({"to": PHONE, "m": f"{url} "}, media=["{{m}} "]).media_urls == (url,)
    assert message({"to": PHONE}, media=["{{a | default: ' '}}"]).media_urls == ()


def test_one_number_in_two_spellings_is_one_recipient() -> None:
    """A path that gives a number twice, as two people wrote it, names one person; two numbers are refused."""
    spelled = [PHONE, "(415) 555-0100", "tel:+1-415-555-0100"]
    assert message({"to": spelled}, region="US").to == PHONE
    fault = invalid({"to": [*spelled, "+447911123456"]}, region="US")
    assert fault.reason == "$.to gives 2 different recipients; a message has one"


def test_ten_media_urls_are_the_most() -> None:
    """From one field or from several."""
    url = "https://example.com/a.png"
    assert len(message({"to": PHONE, "m": [url] * 9}, media=["$.m", url]).media_urls) == 10
    assert "11 media URLs" in invalid({"to": PHONE, "m": [url] * 10}, media=["$.m", url]).reason


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/a",
        "data:image/png;base64,AA",
        "javascript:alert(1)",
        "example.com/a.png",
        "https://",
        "https:///a",
        "https://example.com/a b",
        "https://example.com/\nhttps://example.com/b",
        "https://example.com/\x1b[2J",
        "httpſ://example.com",
        "x" * 999,
    ],
)
def test_media_is_on_the_web(url: str) -> None:
    """http or https, without spaces or control characters; a long one is cut in the reason."""
    fault = invalid({"to": PHONE, "m": url}, media=["$.m"])
    assert "http:// or https://" in fault.reason
    assert len(fault.reason) < 200


@pytest.mark.parametrize(
    ("to", "sender", "fits"),
    [
        (f"whatsapp:{PHONE}", "whatsapp:+15551234567", True),
        (f"whatsapp:{PHONE}", "MG" + "0" * 32, True),
        (f"whatsapp:{PHONE}", "+15551234567", False),
        (f"whatsapp:{PHONE}", "MGM Grand", False),
        (PHONE, "whatsapp:+15551234567", False),
        (PHONE, "MGM Grand", True),
    ],
)
def test_recipient_and_sender_are_of_one_channel(to: str, sender: str, fits: bool) -> None:
    """A Messaging Service reaches them all."""
    assert isinstance(render({"to": to}, sender=sender), Message) == fits


MARK = "qz7Q"
HOSTILE = st.recursive(
    st.sampled_from(
        [
            MARK,
            f"+{MARK}",
            f"https://{MARK} x",
            f"{MARK}@x",
            f"whatsapp:{MARK}",
            MARK * 999,
            f"{PHONE},{MARK}",
        ]
    )
    | st.text(max_size=3).map(lambda text: text + MARK)
    | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.just(MARK) | st.just("to"), inner, max_size=3)
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from([None, "US"]))
def test_a_kind_holds_nothing_from_an_event(to: Any, text: Any, media: Any, region: str | None) -> None:
    """Reasons are grouped by it, and it may stand anywhere."""
    said = {"to": to, "text": text, "media": media, MARK: {"to": MARK}}
    result = render(said, body="Hi {{$.text}}", media=["$.media"], region=region)
    if isinstance(result, Invalid):
        assert MARK not in result.kind
        assert len(result.kind) < 100
        assert len(result.reason) < 400
