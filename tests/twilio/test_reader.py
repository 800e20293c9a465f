"""An answer to a question is Twilio's, or the server is called unreachable: no guess is made of anything else."""

from __future__ import annotations

import pytest
from loopback import Client, Server, http, local, serving

from twiliodest.model import Account, Secret
from twiliodest.twilio.reader import Reader, Unreachable


def asked(answer: bytes) -> tuple[int, object]:
    """What comes of one question that a server answers so."""

    def serve(_: Server, client: Client) -> None:
        while client.request():
            client.say(answer)

    with serving(serve) as server:
        account = Account(
            sid="AC" + "0" * 32, user="AC" + "0" * 32, token=Secret("t"), api_base=local(server)
        )
        reader = Reader(account, {}, read_timeout=30)
        try:
            return reader.get("/v1/Services", {"PageSize": "1"})
        finally:
            reader.close()


@pytest.mark.parametrize(
    ("status", "content", "body"),
    [
        (200, b'{"a":1}', {"a": 1}),
        (400, b'{"code":20003}', {"code": 20003}),
        (401, b"", {}),
        (404, b"<html>", {}),
        (499, b'{"code":1}', {"code": 1}),
    ],
)
def test_an_answer_has_a_status_and_an_object(status: int, content: bytes, body: object) -> None:
    """A refusal may have none."""
    assert asked(http(status, content)) == (status, body)


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, b"", "the answer is not Twilio's"),
        (200, b"{}", "the answer is not Twilio's"),
        (200, b"[1]", "the answer is not Twilio's"),
        (200, b"<html>", "the answer is not Twilio's"),
        (404, b"[1]", "the answer is not Twilio's"),
        (302, b"{}", "HTTP status 302"),
        (300, b'{"a":1}', "HTTP status 300"),
        (399, b'{"a":1}', "HTTP status 399"),
        (407, b'{"a":1}', "HTTP status 407"),
        (429, b'{"a":1}', "HTTP status 429"),
        (500, b'{"a":1}', "HTTP status 500"),
        (503, b"", "HTTP status 503"),
    ],
)
def test_what_twilio_would_not_say_is_not_its_answer(status: int, content: bytes, said: str) -> None:
    """A proxy's page, a redirection, a server that is busy or broken."""
    with pytest.raises(Unreachable, match=f"^{said}$"):
        asked(http(status, content))


def test_a_messaging_service_is_asked_for_where_it_is() -> None:
    """Twilio has another host for it; every other server is all of Twilio."""
    for base, messaging in (
        ("https://api.twilio.com", "https://messaging.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", "https://messaging.dublin.ie1.twilio.com"),
        ("https://api.example.com", "https://api.example.com"),
        ("https://twilio.com", "https://twilio.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ):
        account = Account(sid="AC" + "0" * 32, user="AC" + "0" * 32, token=Secret("t"), api_base=base)
        reader = Reader(account, {})
        reader.close()
        assert reader.bases == (base, messaging)
