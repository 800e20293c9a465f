"""The official Twilio SDK cannot tell the sandbox from the real thing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from twiliodest.sandbox import Sandbox, Settings, too_many

pytest.importorskip("twilio")

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped] # the SDK has no types
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped] # the SDK has no types
from twilio.http.response import Response  # type: ignore[import-untyped] # the SDK has no types
from twilio.rest import Client  # type: ignore[import-untyped] # the SDK has no types

ACCOUNT = "AC" + "0" * 32
SERVICE = "MG" + "1" * 32
FORM = {"to": "+15557654321", "from_": "+15551234567", "body": "Hello"}


class ToSandbox(TwilioHttpClient):  # type: ignore[misc] # the SDK has no types
    """Twilio's own HTTP client, with another address behind Twilio's host names."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.sandbox = url
        self.session.trust_env = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        path = url.split("twilio.com", 1)[1]
        return super().request(method, self.sandbox + path, *args, **kwargs)


@contextmanager
def sdk(username: str = ACCOUNT, password: str = "token", **options: Any) -> Iterator[Client]:
    with Sandbox(Settings(**options)) as sandbox:
        http = ToSandbox(sandbox.url)
        yield Client(username, password, ACCOUNT, http_client=http)
        http.session.close()


def test_the_sdk_sends_and_fetches_a_text() -> None:
    """Create and fetch give the SDK's typed values: dates, numbers, SIDs."""
    with sdk() as client:
        created = client.messages.create(**FORM, media_url=["https://example.com/a.png"])
        fetched = client.messages(created.sid).fetch()
    assert created.status == "queued"
    assert created.date_created is not None
    assert (fetched.sid, fetched.body, fetched.num_media) == (created.sid, "Hello", "1")
    assert fetched.date_created == created.date_created


def test_the_sdk_lists_over_several_pages() -> None:
    """Following pages by itself, the SDK sees each text once, newest first."""
    with sdk() as client:
        for number in range(7):
            client.messages.create(**{**FORM, "body": str(number)})
        client.messages.create(**{**FORM, "to": "+15550000002"})
        listed = client.messages.list(to=FORM["to"], page_size=3)
    assert [text.body for text in listed] == list("6543210")


def test_the_sdk_finds_account_numbers_and_services() -> None:
    """What a pre-flight check asks for has the shapes that the SDK reads."""
    with sdk(senders=frozenset({FORM["from_"], SERVICE})) as client:
        assert client.api.accounts(ACCOUNT).fetch().status == "active"
        (number,) = client.incoming_phone_numbers.list(phone_number=FORM["from_"])
        assert number.phone_number == FORM["from_"]
        assert client.messaging.v1.services(SERVICE).fetch().sid == SERVICE


@pytest.mark.parametrize(
    ("form", "options", "status", "code"),
    [
        ({"to": "12"}, {}, 400, 21211),
        ({"from_": "+15559999999"}, {"senders": frozenset({"+15551234567"})}, 400, 21659),
        ({"messaging_service_sid": SERVICE}, {"senders": frozenset({"+15551234567"})}, 404, 21701),
        ({}, {"account": ACCOUNT, "token": "another"}, 401, 20003),
        ({}, {"script": lambda form: too_many(1)}, 429, 20429),
    ],
)
def test_the_sdk_raises_its_own_error_with_the_code(
    form: dict[str, str], options: dict[str, Any], status: int, code: int
) -> None:
    """A refusal reaches the SDK's user as TwilioRestException with Twilio's code."""
    with sdk(**options) as client, pytest.raises(TwilioRestException) as raised:
        client.messages.create(**{**FORM, **form})
    assert (raised.value.status, raised.value.code) == (status, code)
