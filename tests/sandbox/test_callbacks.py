"""Status callbacks: what Twilio would post of a message, so signed that Twilio's own validator accepts it."""

from __future__ import annotations

import contextlib
import http.server
import queue
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from test_sandbox import FORM, SERVICE, post, sandbox

from twiliodest.sandbox import callbacks
from twiliodest.sandbox.signature import signature

SECONDS = 20.0
TOKEN = "token"


class Heard:
    """A request that came: its URL as the server knows it, its form and its headers."""

    def __init__(self, url: str, form: dict[str, str], headers: dict[str, str]) -> None:
        self.url, self.form, self.headers = url, form, headers


@contextlib.contextmanager
def receiver(status: int = 204) -> Iterator[tuple[str, queue.Queue[Heard]]]:
    """A server for callbacks, and what it is told."""
    heard: queue.Queue[Heard] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            url = f"http://{self.headers['Host']}{self.path}"
            heard.put(Heard(url, dict(parse_qsl(body, keep_blank_values=True)), dict(self.headers)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", heard
        finally:
            server.shutdown()
            thread.join()


def statuses(heard: queue.Queue[Heard], last: str) -> list[str]:
    """The statuses that were told, in order, up to the last one."""
    found: list[str] = []
    while not found or found[-1] != last:
        found.append(heard.get(timeout=SECONDS).form["MessageStatus"])
    return found


def test_twilio_s_vector_is_signed_as_twilio_signs_it() -> None:
    """The example of Twilio's documentation."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    signed = signature("https://mycompany.com/myapp.php?foo=1&bar=2", form, "12345")
    assert signed == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    "path", ["/", "", "/cb?event=a%20b&x=1", "/ünï?q=é€&y=[1]", "/cb#rc=5&rp=all", "/a%2Fb;c=d?e=f'g"]
)
def test_the_sdk_s_validator_accepts_a_callback(path: str) -> None:
    """Whatever the URL; what is for Twilio itself (`#rc=…`) is not asked for."""
    validator = pytest.importorskip("twilio.request_validator").RequestValidator(TOKEN)
    with receiver() as (url, heard), sandbox(pace=0) as (_, client):
        assert post(client, StatusCallback=url + path).status_code == 201
        told = heard.get(timeout=SECONDS)
    assert "#" not in told.url
    assert validator.validate(told.url, told.form, told.headers["X-Twilio-Signature"])
    assert not validator.validate(told.url, {**told.form, "To": "+1"}, told.headers["X-Twilio-Signature"])


def test_a_name_and_password_in_the_address_log_in() -> None:
    """They are sent as HTTP's basic authentication, as Twilio does, and are no part of what is signed."""
    with receiver() as (url, heard), sandbox(pace=0) as (_, client):
        assert post(client, StatusCallback=url.replace("//", "//me:p%40ss@")).status_code == 201
        told = heard.get(timeout=SECONDS)
    assert told.headers["Authorization"] == httpx.BasicAuth("me", "p@ss")._auth_header
    assert told.headers["X-Twilio-Signature"] == signature(told.url, told.form, TOKEN)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, ["sending", "sent", "delivered"]),
        ({"To": "+15005530003"}, ["sending", "sent", "undelivered"]),
        ({"To": "+15005530001"}, ["failed"]),
        ({"From": None, "MessagingServiceSid": SERVICE}, ["queued", "sending", "sent", "delivered"]),
    ],
)
def test_each_status_after_the_first_is_told_in_order(form: dict[str, Any], told: list[str]) -> None:
    """The first one is in the answer."""
    with receiver() as (url, heard), sandbox(pace=0.3) as (_, client):
        post(client, **form, StatusCallback=url)
        assert statuses(heard, told[-1]) == told


def test_the_form_is_twilio_s() -> None:
    """Both spellings of SID and status, account, addresses, and the error with its code."""
    with receiver() as (url, heard), sandbox(pace=0) as (_, client):
        made = post(client, To="+15005530034", StatusCallback=url).json()
        told = [heard.get(timeout=SECONDS) for _ in range(3)][-1]
    done_at = told.form.pop("RawDlrDoneDate")
    assert len(done_at) == 10
    assert done_at.isdigit()
    assert told.form == {
        "AccountSid": made["account_sid"],
        "ApiVersion": "2010-04-01",
        "ErrorCode": "30034",
        "ErrorMessage": "US A2P 10DLC - Message from an Unregistered Number",
        "From": FORM["From"],
        "MessageSid": made["sid"],
        "MessageStatus": "undelivered",
        "SmsSid": made["sid"],
        "SmsStatus": "undelivered",
        "To": "+15005530034",
    }
    assert told.headers["Content-Type"].startswith("application/x-www-form-urlencoded")


def test_a_cancelled_message_says_so_at_once() -> None:
    """Though its time is hours ahead."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3 * 3600))
    with receiver() as (url, heard), sandbox() as (_, client):
        scheduled = {"ScheduleType": "fixed", "SendAt": at, "From": SERVICE, "StatusCallback": url}
        made = post(client, **scheduled).json()
        path = f"/2010-04-01/Accounts/{made['account_sid']}/Messages/{made['sid']}.json"
        client.post(path, data={"Status": "canceled"})
        assert heard.get(timeout=SECONDS).form["MessageStatus"] == "canceled"


def test_a_refused_message_has_no_callback() -> None:
    """Nothing is told of what was never accepted."""
    with receiver() as (url, heard), sandbox(pace=0) as (_, client):
        post(client, To="+15005550009", StatusCallback=url)
        made = post(client, StatusCallback=url).json()
        assert heard.get(timeout=SECONDS).form["MessageSid"] == made["sid"]


def test_failures_are_logged_and_hold_up_nobody() -> None:
    """A server that is not there, one that hangs, one that speaks something else: each in a line; posts go on."""
    lines: queue.Queue[str] = queue.Queue()
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.socket() as closed,
        receiver(500) as (failing, _),
        sandbox(pace=0, heard=lines.put) as (running, client),
    ):
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
        hangs = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        for url in (hangs, nowhere, failing):
            assert post(client, StatusCallback=url).status_code == 201
        said: list[str] = []
        while not (any("answered 500" in it for it in said) and any(nowhere in it for it in said)):
            said.append(lines.get(timeout=SECONDS))
        assert post(client).status_code == 201
        assert len(running.messages()) == 4
    assert not any(TOKEN in it for it in said)  # closing did not wait for the one that hangs


def test_how_many_wait_is_bounded() -> None:
    """Ten thousand messages may wait for their next status; of more, nothing is told, and the log says so."""
    lines: queue.Queue[str] = queue.Queue()
    most = callbacks.MOST
    with sandbox(pace=1e6, heard=lines.put) as (running, client):
        watched = running.api.callbacks._watched
        one = post(client, StatusCallback="http://127.0.0.1:1/").json()["sid"]
        for number in range(most - 1):
            watched[str(number)] = watched[one]
        assert post(client, StatusCallback="http://127.0.0.1:1/").status_code == 201
        said = [lines.get(timeout=SECONDS) for _ in range(3)]
    assert any("no status callbacks" in it for it in said)
