"""The sandbox answers as Twilio does, fails as it is told to, and forgets nothing that it accepted."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.sandbox import (
    ACCEPT_THEN_500,
    GARBAGE,
    HANG,
    HANG_AFTER_ACCEPT,
    RESET,
    RESET_AFTER_ACCEPT,
    TRUNCATED,
    Answer,
    Chaos,
    Sandbox,
    Settings,
    listing,
    operations,
    refuse,
    rules,
    too_many,
)
from twiliodest.sandbox.refusals import Refusal
from twiliodest.sandbox.store import Store

ACCOUNT = "AC" + "0" * 32
SERVICE = "MG" + "1" * 32
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
FORM = {"To": "+15557654321", "From": "+15551234567", "Body": "Hello"}


@contextlib.contextmanager
def sandbox(**options: Any) -> Iterator[tuple[Sandbox, httpx.Client]]:
    with (
        Sandbox(Settings(**options)) as running,
        httpx.Client(
            base_url=running.url,
            auth=(ACCOUNT, "token"),
            trust_env=False,
            timeout=20,
        ) as client,
    ):
        yield running, client


def post(client: httpx.Client, **form: Any) -> httpx.Response:
    return client.post(MESSAGES, data={**FORM, **form})


def test_a_text_is_accepted_in_the_shape_of_the_real_api() -> None:
    """201, a SID, numbers as strings, RFC 2822 dates, Twilio's headers."""
    with sandbox(clock=lambda: 1692853305.0) as (running, client):
        answer = post(client, MediaUrl=["https://example.com/a.png", "https://example.com/b.png"])
        (text,) = running.messages()
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Twilio-Request-Id"] == "RQ" + text.sid[2:]
    assert answer.headers["Twilio-Concurrent-Requests"] == "1"
    assert body["sid"] == text.sid
    assert text.sid.startswith("MM")
    assert (
        body
        | {
            "status": "queued",
            "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
            "date_sent": None,
            "num_media": "2",
            "num_segments": "1",
            "direction": "outbound-api",
            "from": FORM["From"],
            "messaging_service_sid": None,
            "error_code": None,
        }
        == body
    )


def test_the_form_is_kept_as_it_came() -> None:
    """Order, repeats and every character of a form are recorded, for tests to compare."""
    form = [
        ("To", "+15557654321"),
        ("From", "+15551234567"),
        ("Body", "ünï & <b>=+\n"),
        ("MediaUrl", "http://a/1"),
    ]
    with sandbox() as (running, client):
        client.post(MESSAGES, content=urlencode(form))
        assert list(running.messages()[0].form) == form


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"To": ""}, 400, 21604),
        ({"From": ""}, 400, 21603),
        ({"Body": None}, 400, 21619),
        ({"Body": ""}, 400, 21602),
        ({"Body": "a" * 1601}, 400, 21617),
        ({"Body": "😀" * 801}, 400, 21617),
        ({"MediaUrl": "ftp://example.com/a.png"}, 400, 21620),
        ({"MediaUrl": "https://[broken"}, 400, 21620),
        ({"MediaUrl": ["https://example.com/a.png"] * 11}, 400, 21623),
        ({"To": "15557654321"}, 400, 21211),
        ({"To": "+1555765432١"}, 400, 21211),
        ({"To": "+15005550001"}, 400, 21211),
        ({"To": "+15005550002"}, 400, 21612),
        ({"To": "+15005550003"}, 400, 21408),
        ({"To": "+15005550004"}, 400, 21610),
        ({"To": "+15005550009"}, 400, 21614),
        ({"To": "12345"}, 400, 21265),
        ({"From": "+15005550001"}, 400, 21212),
        ({"From": "+15005550007"}, 400, 21606),
        ({"From": "+15005550008"}, 400, 21611),
        ({"From": "12345678901x"}, 400, 21212),
        ({"From": "+15557654321"}, 400, 21266),
        ({"MessagingServiceSid": "MGnonsense"}, 400, 21705),
        ({"From": "ACME"}, 201, None),
        ({"From": SERVICE}, 201, None),
        ({"From": "whatsapp:+15551234567", "To": "whatsapp:+15557654321"}, 201, None),
        ({"Body": "a" * 1600}, 201, None),
        ({"Body": None, "MediaUrl": "https://example.com/a.png"}, 201, None),
    ],
)
def test_a_bad_form_gets_the_real_error_code(change: dict[str, Any], status: int, code: int | None) -> None:
    """What Twilio would refuse is refused here, with its code, and is not among the accepted."""
    form = {name: value for name, value in {**FORM, **change}.items() if value is not None}
    with sandbox() as (running, client):
        answer = client.post(MESSAGES, data=form)
        assert (answer.status_code, answer.json().get("code")) == (status, code)
        assert len(running.messages()) == (status == 201)
    if code:
        assert answer.json()["more_info"] == f"https://www.twilio.com/docs/errors/{code}"


@pytest.mark.parametrize(
    ("options", "change", "status", "code"),
    [
        ({"senders": frozenset({"+15550000000"})}, {}, 400, 21659),
        ({"senders": frozenset({FORM["From"]})}, {}, 201, None),
        ({"senders": frozenset({FORM["From"]})}, {"From": "ACME"}, 400, 21606),
        ({"senders": frozenset({FORM["From"]})}, {"From": SERVICE}, 404, 21701),
        ({"senders": frozenset({SERVICE})}, {"From": SERVICE}, 201, None),
        ({"trial": True}, {"From": "ACME"}, 400, 21267),
        ({"test_credentials": True}, {}, 400, 21606),
        ({"test_credentials": True}, {"From": "+15005550006"}, 201, None),
    ],
)
def test_only_senders_that_exist_can_send(
    options: dict[str, Any], change: dict[str, Any], status: int, code: int | None
) -> None:
    """Configured senders and the rules of test credentials are enforced as Twilio enforces them."""
    with sandbox(**options) as (_, client):
        answer = post(client, **change)
        assert (answer.status_code, answer.json().get("code")) == (status, code)


KEY = "SK" + "2" * 32


@pytest.mark.parametrize(
    ("options", "auth", "status", "code"),
    [
        ({}, None, 401, 20003),
        ({}, (ACCOUNT, ""), 401, 20003),
        ({}, ("nobody", "token"), 401, 20003),
        ({}, ("AC" + "9" * 32, "token"), 201, None),
        ({}, (KEY, "secret"), 201, None),
        ({"account": ACCOUNT, "token": "right"}, (ACCOUNT, "wrong"), 401, 20003),
        ({"account": ACCOUNT, "token": "right"}, (KEY, "right"), 401, 20003),
        ({"account": ACCOUNT, "token": "right"}, (ACCOUNT, "right"), 201, None),
        ({"account": ACCOUNT, "token": "right", "api_key": KEY}, (KEY, "right"), 201, None),
    ],
)
def test_only_the_right_credentials_get_in(
    options: dict[str, Any], auth: tuple[str, str] | None, status: int, code: int | None
) -> None:
    """401 and 20003 for anything else; no credential is ever recorded."""
    with sandbox(**options) as (running, _), httpx.Client(trust_env=False) as client:
        client.auth = auth  # type: ignore[assignment] # None: without credentials
        answer = client.post(running.url + MESSAGES, data=FORM)
        (request,) = running.requests()
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert request.authorized is (status == 201)
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Nothing.json", 404, 20404),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Messages", 404, 20404),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{'0' * 32}.json", 404, 20404),
        ("POST", "/2010-04-01/Accounts/ACnonsense/Messages.json", 404, 20404),
        ("PUT", MESSAGES, 405, 20004),
        ("GET", MESSAGES + "?PageSize=1001", 400, 20007),
        ("GET", MESSAGES + "?PageSize=x", 400, 20001),
        ("GET", MESSAGES + "?DateSent%3E=yesterday", 400, 20001),
        ("GET", "/v1/Services/" + SERVICE, 200, None),
        ("GET", "/v1/Services/MGnonsense", 404, 20404),
    ],
)
def test_other_requests_get_the_real_errors(method: str, path: str, status: int, code: int | None) -> None:
    """Wrong paths, methods and parameters answer as the real API does."""
    with sandbox() as (_, client):
        answer = client.request(method, path)
        assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_an_unreadable_or_huge_form_is_refused() -> None:
    """Garbage never breaks the sandbox: it answers 4xx and goes on."""
    with sandbox() as (running, client):
        assert client.post(MESSAGES, content=b"\xff\xfe").status_code == 400
        assert client.post(MESSAGES, content=b"a=1&" * 5000).status_code == 400
        assert client.post(MESSAGES, content=b"Body=" + b"x" * 100_000).status_code == 413
        assert post(client).status_code == 201
        assert len(running.messages()) == 1


def test_status_moves_on_with_time() -> None:
    """queued, then sent, then delivered, by the age of the message alone."""
    now = [1_700_000_000.0]
    with sandbox(clock=lambda: now[0]) as (_, client):
        sid = post(client).json()["sid"]
        seen = []
        for _second in range(5):
            (listed,) = client.get(MESSAGES).json()["messages"]
            assert client.get(MESSAGES.replace(".json", f"/{sid}.json")).json() == listed
            seen.append((listed["status"], listed["date_sent"] is not None))
            now[0] += 1
    assert seen == [
        ("queued", False),
        ("sent", True),
        ("sent", True),
        ("delivered", True),
        ("delivered", True),
    ]


def test_lists_filter_by_recipient_sender_and_date() -> None:
    """The documented filters, newest first; what is not sent yet passes no date filter."""
    now = [1_700_000_000.0]  # 2023-11-14
    with sandbox(clock=lambda: now[0]) as (_, client):
        post(client, Body="old")
        now[0] += 86_400
        post(client, Body="other", To="+15550000002", From="+15550000003")
        now[0] += 10
        post(client, Body="queued")

        def bodies(**query: str) -> list[str]:
            return [text["body"] for text in client.get(MESSAGES, params=query).json()["messages"]]

        assert bodies() == ["queued", "other", "old"]
        assert bodies(To=FORM["To"]) == ["queued", "old"]
        assert bodies(From="+15550000003") == ["other"]
        assert bodies(DateSent="2023-11-14") == ["old"]
        assert bodies(**{"DateSent>": "2023-11-15"}) == ["other"]
        assert bodies(**{"DateSent<": "2023-11-14T23:00:00Z"}) == ["old"]


def test_paging_shows_each_message_once_while_new_ones_arrive() -> None:
    """Following next_page_uri sees every message that was there at the start exactly once."""
    with sandbox() as (_, client):
        for number in range(7):
            post(client, Body=str(number))
        seen, uri = [], MESSAGES + "?PageSize=3&To=%2B15557654321"
        while uri:
            page = client.get(uri).json()
            seen += [text["body"] for text in page["messages"]]
            uri = page["next_page_uri"]
            post(client, Body="new")
    assert seen == list("6543210")


def test_a_refused_message_is_listed_as_failed() -> None:
    """Twilio records rejected creations, so whoever looks a message up must not take one for a success."""
    with sandbox() as (running, client):
        post(client, To="+15005550009")
        (listed,) = client.get(MESSAGES).json()["messages"]
        assert (listed["status"], listed["error_code"]) == ("failed", 21614)
        assert running.messages() == []


def test_the_account_and_its_numbers_can_be_looked_up() -> None:
    """What a pre-flight check reads: the account's state and which numbers can send."""
    base = f"/2010-04-01/Accounts/{ACCOUNT}"
    with sandbox(senders=frozenset({"+15551234567", "ACME", SERVICE}), trial=True) as (_, client):
        account = client.get(base + ".json").json()
        assert (account["status"], account["type"]) == ("active", "Trial")
        numbers = client.get(base + "/IncomingPhoneNumbers.json?PhoneNumber=%2B15551234567").json()
        assert numbers["incoming_phone_numbers"][0]["capabilities"]["mms"] is True
        assert client.get(base + "/IncomingPhoneNumbers.json?PhoneNumber=%2B1555").json()["end"] == 0
        assert client.get("/v1/Services/" + SERVICE).json()["sid"] == SERVICE
        assert client.get("/v1/Services/MG" + "2" * 32).json()["code"] == 20404
        assert post(client).json()["body"] == "Sent from your Twilio trial account - Hello"
    with sandbox(test_credentials=True) as (_, client):
        assert (client.get(MESSAGES).status_code, client.get(MESSAGES).json()["code"]) == (403, 20008)


def test_who_opted_out_is_not_texted_until_opting_in() -> None:
    """A number is refused at once; a Messaging Service accepts and fails later, as in life."""
    now = [1_700_000_000.0]
    with sandbox(clock=lambda: now[0]) as (_, client):
        client.post("/sandbox/optouts", json={"to": FORM["To"]})
        assert post(client).json()["code"] == 21610
        assert post(client, From=SERVICE).json()["status"] == "accepted"
        now[0] += 5
        assert client.get(MESSAGES).json()["messages"][0]["error_code"] == 21610
        client.post("/sandbox/optouts", json={"to": FORM["To"], "opted_out": False})
        assert post(client).status_code == 201


@pytest.mark.parametrize(
    ("answer", "accepted", "seen"),
    [
        (Answer(), 1, 201),
        (ACCEPT_THEN_500, 1, 500),
        (GARBAGE, 1, 201),
        (too_many(7), 0, 429),
        (refuse(30001, 418), 0, 418),
        (RESET, 0, httpx.ReadError),
        (RESET_AFTER_ACCEPT, 1, httpx.ReadError),
        (HANG, 0, httpx.ReadTimeout),
        (HANG_AFTER_ACCEPT, 1, httpx.ReadTimeout),
        (TRUNCATED, 1, httpx.RemoteProtocolError),
    ],
)
def test_a_script_decides_how_each_request_ends(
    answer: Answer, accepted: int, seen: int | type[Exception]
) -> None:
    """What was accepted is recorded before the answer, so that a test knows it whatever the client saw."""
    with sandbox(script=lambda form: answer if dict(form)["Body"] == "Hello" else None) as (running, client):
        timeout = 0.5 if answer.then == "hang" else 20
        if isinstance(seen, int):
            got = client.post(MESSAGES, data=FORM)
            assert got.status_code == seen
            assert got.headers.get("Retry-After") == ("7" if seen == 429 else None)
        else:
            with pytest.raises(seen):
                client.post(MESSAGES, data=FORM, timeout=timeout)
        assert len(running.messages()) == accepted
        assert len(running.requests()) == 1
        assert post(client, Body="fine").status_code == 201


def test_a_script_can_break_look_ups_too() -> None:
    """A look-up that fails is part of what a sender must survive."""
    with sandbox(query_script=lambda query: refuse(20500, 500) if dict(query).get("To") else None) as (
        _,
        client,
    ):
        assert client.get(MESSAGES, params={"To": FORM["To"]}).status_code == 500
        assert client.get(MESSAGES).status_code == 200


def test_chaos_is_switched_while_it_runs_and_repeats_with_its_seed() -> None:
    """The same seed gives the same failures in the same order; nonsense is refused with a reason."""
    with sandbox() as (running, client):
        rounds = []
        for _round in range(2):
            assert client.put("/sandbox/chaos", json={"server_error": 0.5, "seed": 4}).status_code == 200
            rounds.append([post(client).status_code for _ in range(20)])
        assert rounds[0] == rounds[1]
        assert set(rounds[0]) == {201, 500}
        assert len(running.messages()) == 40
        bad = client.put("/sandbox/chaos", json={"hang": 0.7, "too_many": 0.7})
        assert (bad.status_code, "add up to at most 1" in bad.json()["error"]) == (400, True)
        assert client.put("/sandbox/chaos", json={"hagn": 1}).status_code == 400
        assert client.get("/sandbox/chaos").json()["server_error"] == 0.5


chances = st.floats(0, 0.2, allow_nan=False)


@settings(max_examples=50)
@given(st.builds(Chaos, latency=chances, too_many=chances, reset_before=chances, hang=chances), st.integers())
def test_chaos_is_repeatable(chaos: Chaos, seed: int) -> None:
    """The same seed draws the same fates, and none but those that can happen."""
    one, two = random.Random(seed), random.Random(seed)
    fates = [chaos.draw(one) for _ in range(20)]
    assert fates == [chaos.draw(two) for _ in range(20)]
    if not chaos.hang:
        assert all(fate.then != "hang" for fate in fates)


words = st.text(st.sampled_from("+1509aZ:%&=<>\n\x00é😀Ø"), max_size=12) | st.text(max_size=20)
names = st.sampled_from(
    [
        *("To", "From", "Body", "MediaUrl", "MessagingServiceSid", "DateSent<", "Page", "PageToken"),
        *("ContentSid", "ContentVariables", "StatusCallback", "SendAt", "ScheduleType", "ValidityPeriod"),
        *("ShortenUrls", "FallbackFrom", "Attempt", "MaxPrice", "RiskCheck", "Status"),
    ]
)


@settings(max_examples=200)
@given(st.lists(st.tuples(names, words)))
def test_no_form_breaks_the_rules(pairs: list[tuple[str, str]]) -> None:
    """Any form is either accepted or refused with a code of five digits."""
    form = tuple(pairs)
    refused = rules.refusal(rules.draft(form, Settings()), Settings(), ())
    assert refused is None or 20000 <= refused.code <= 99999
    store = Store(10)
    valid = {"To": "+15557654321", "From": SERVICE, "Body": "x", "ScheduleType": "fixed"}
    for posted in (form, tuple({**valid, **dict(form)}.items())):
        text = operations.post(posted, ACCOUNT, "201", Settings(templates={}), store)
        store.add(text)
        assert text.accepted != bool(text.refusal)
        assert operations.update(text, form, store, text.at + 1000)


@settings(max_examples=200)
@given(st.lists(st.tuples(names | st.sampled_from(["DateSent", "DateSent>", "PageSize"]), words)))
def test_no_query_breaks_a_list(pairs: list[tuple[str, str]]) -> None:
    """Any query gets a page or a refusal."""
    page = listing.messages(ACCOUNT, tuple(pairs), Store(1), 0.0)
    assert isinstance(page, Refusal) or page["messages"] == []


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_a_probability_is_between_0_and_1(chance: float) -> None:
    """Chaos that cannot be is a ValueError, not a surprise."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Chaos(hang=chance)


def test_a_reset_is_a_real_one() -> None:
    """The client's socket sees a connection reset, not an orderly end."""
    with sandbox(script=lambda form: RESET) as (running, _):
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as raw:
            head = f"POST {MESSAGES} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 0\r\n"
            raw.sendall(f"{head}Authorization: Basic {_basic()}\r\n\r\n".encode())
            with pytest.raises(ConnectionResetError):
                raw.recv(1)


def _basic() -> str:
    request = next(httpx.BasicAuth(ACCOUNT, "token").auth_flow(httpx.Request("GET", "http://x")))
    return request.headers["Authorization"].removeprefix("Basic ")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {"Host": "evil.example"}, 403),
        ("GET", "/sandbox/messages", {"Host": "evil.example:80"}, 403),
        ("GET", "/sandbox/messages", {"Host": "127.0.0.1:1"}, 403),
        ("GET", "/sandbox/messages", {"Host": "127.0.0.1"}, 403),
        ("GET", "/sandbox/messages", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", "/sandbox/messages", {"Origin": "http://evil.example"}, 403),
        ("DELETE", "/sandbox/messages", {"Origin": "http://evil.example"}, 403),
        ("DELETE", "/sandbox/messages", {"Origin": "null"}, 403),
        ("DELETE", "/sandbox/messages", {"Sec-Fetch-Site": "same-site"}, 403),
        ("POST", MESSAGES, {"Origin": "http://localhost:1"}, 403),
        ("POST", MESSAGES, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ("OPTIONS", "/sandbox/messages", {"Origin": "http://evil.example"}, 403),
        ("GET", "/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ("GET", "/sandbox/messages", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("GET", "/sandbox/messages", {"Host": "localhost:{port}", "Origin": "http://localhost:{port}"}, 200),
        ("GET", "/sandbox/messages", {"Host": "[::1]:{port}"}, 200),
    ],
)
def test_pages_of_other_origins_get_nothing(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Neither another site, nor a name that was rebound to this machine, can read or change anything."""
    with sandbox() as (running, client):
        port = running.url.rpartition(":")[2]
        sent = {name: value.replace("{port}", port) for name, value in headers.items()}
        answer = client.request(method, path, headers=sent)
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_page_may_load_nothing_but_itself_and_pictures() -> None:
    """A strict Content-Security-Policy: no inline script, no foreign script, no frames."""
    with sandbox() as (_, client):
        policy = client.get("/").headers["Content-Security-Policy"]
        for name in ("/page.js", "/dom.js", "/page.css", "/icon.svg"):
            assert client.get(name).status_code == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_only_the_newest_are_kept() -> None:
    """Memory is bounded: the oldest make room, and it is known how many did."""
    with sandbox(keep=5) as (running, client):
        for number in range(8):
            post(client, Body=str(number))
        assert [text.body for text in running.messages()] == list("34567")
        assert (running.api.store.dropped, len(running.requests())) == (3, 5)
        post(client, To="+15550000002", Body="another")
        listed = client.get(MESSAGES, params={"To": FORM["To"]}).json()["messages"]
        assert [text["body"] for text in listed] == list("7654")
        assert client.delete("/sandbox/messages").status_code == 204
        assert (running.messages(), running.api.store.dropped) == ([], 0)


def _events(response: httpx.Response, name: str) -> Iterator[tuple[str, Any]]:
    """The stream's events of that name: id and data."""
    kind, place = "", ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            kind = value
        elif field == "id":
            place = value
        elif field == "data" and kind == name:
            yield place, msgspec.json.decode(value)


def test_a_watching_page_hears_of_each_text_once_and_goes_on_where_it_was() -> None:
    """Server-sent events carry what is there, then what comes; reconnecting repeats nothing."""
    with sandbox() as (_, client):
        post(client, Body="one")
        with client.stream("GET", "/sandbox/events") as stream:
            events = _events(stream, "texts")
            assert [text["body"] for text in next(events)[1]] == ["one"]
            post(client, Body="two")
            place, texts = next(events)
            assert [text["body"] for text in texts] == ["two"]
        post(client, Body="three")
        with client.stream("GET", "/sandbox/events", headers={"Last-Event-ID": place}) as stream:
            assert [text["body"] for text in next(_events(stream, "texts"))[1]] == ["three"]


def test_open_pages_are_bounded() -> None:
    """More pages than anybody needs are refused; a closed one makes room."""
    with sandbox() as (running, client), contextlib.ExitStack() as pages:
        listening = []  # an iterator that is dropped hangs up
        for _ in range(32):
            stream = pages.enter_context(client.stream("GET", "/sandbox/events"))
            listening.append(_events(stream, "state"))
            next(listening[-1])
        with client.stream("GET", "/sandbox/events") as stream:
            assert stream.status_code == 503
        pages.close()
        while len(running.api.store.watchers) == 32:
            pass
        with client.stream("GET", "/sandbox/events") as stream:
            assert next(_events(stream, "state"))


def test_closing_does_not_wait_for_open_pages_and_hanging_requests() -> None:
    """Close returns though a page listens, a request hangs and another is delayed for an hour."""
    answers = {"hang": HANG_AFTER_ACCEPT, "late": Answer(delay=3600)}
    running = Sandbox(Settings(script=lambda form: answers[dict(form)["Body"]]))

    def hang(body: str) -> None:
        with pytest.raises(httpx.TransportError):
            httpx.post(
                running.url + MESSAGES,
                data={**FORM, "Body": body},
                auth=(ACCOUNT, "t"),
                timeout=60,
                trust_env=False,
            )

    clients = [threading.Thread(target=hang, args=(body,)) for body in answers]
    for client in clients:
        client.start()
    with (
        httpx.Client(base_url=running.url, trust_env=False) as page,
        page.stream("GET", "/sandbox/events") as stream,
    ):
        seen: set[str] = set()
        events = _events(stream, "texts")
        for _, texts in events:
            seen |= {text["body"] for text in texts}
            if len(seen) == 2:
                break
        running.close()
        with pytest.raises(httpx.TransportError):
            next(events)
    for client in clients:
        client.join()
    assert len(running.messages()) == 2


def test_a_port_in_use_is_an_os_error() -> None:
    """Whoever asks for a taken port learns it as an exception and can say so."""
    with sandbox() as (running, _), pytest.raises(OSError, match=r"[Aa]ddress"):
        Sandbox(Settings(), port=int(running.url.rpartition(":")[2]))


def test_connections_are_counted() -> None:
    """A test can tell whether a sender reuses its connections."""
    with sandbox() as (running, client):
        for _ in range(3):
            post(client)
        httpx.get(running.url + MESSAGES, trust_env=False)
        assert running.connections == 2
        assert [request.connection for request in running.requests()] == [1, 1, 1, 2]
