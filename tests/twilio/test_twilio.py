"""Each answer of Twilio, or its absence, is taken for exactly what it proves."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiliodest.addresses import read_address
from twiliodest.model import Account, Attempt, Message, Secret, Verdict
from twiliodest.sandbox import (
    ACCEPT_THEN_500,
    GARBAGE,
    HANG,
    RESET,
    RESET_AFTER_ACCEPT,
    TRUNCATED,
    Answer,
    Sandbox,
    Settings,
    too_many,
)
from twiliodest.twilio.answers import classify
from twiliodest.twilio.faults import LookUpError
from twiliodest.twilio.messages import Lane
from twiliodest.twilio.network import route_to

SID = "AC" + "0" * 32
TOKEN = "t0ken-of-the-account"
MESSAGE = Message(
    to="+14155550100",
    sender="+15551234567",
    body="Hi & é +1",
    media_urls=("https://example.com/a", "https://example.com/b"),
    encoding="GSM-7",
    segments=1,
)
T = TypeVar("T")


def with_lane(
    url: str, use: Callable[[Lane], Awaitable[T]], user: str = SID, read_timeout: float = 20.0
) -> T:
    async def run() -> T:
        account = Account(sid=SID, user=user, token=Secret(TOKEN), api_base=url)
        lane = Lane(account, route_to(url, {}), read_timeout)
        try:
            return await use(lane)
        finally:
            await lane.close()

    return asyncio.run(run())


def post(url: str, **options: Any) -> Attempt:
    return with_lane(url, lambda lane: lane.post(MESSAGE), **options)


def scripted(answer: Answer, **options: Any) -> Attempt:
    with Sandbox(Settings(script=lambda form: answer)) as sandbox:
        return post(sandbox.url, **options)


def error(code: object, **more: object) -> bytes:
    return msgspec.json.encode({"code": code, "message": "said", "status": 400, **more})


VERDICTS: list[tuple[Verdict, int, list[int]]] = [
    (Verdict.FORBIDDEN, 401, [20003, 20005, 0]),
    (Verdict.FORBIDDEN, 403, [20006, 20403, 70051, 20008, 0]),
    (Verdict.FORBIDDEN, 404, [20404, 21701, 0]),
    (
        Verdict.FORBIDDEN,
        400,
        [20003, 20005, 90010, 10001, 20010, 20011, 20012, 20426, 21212, 21267, 21601, 21603, 21605],
    ),
    (
        Verdict.FORBIDDEN,
        400,
        [21607, 21616, 21660, 21661, 21704, 21705, 30037, 63001, 63002, 63007, 63008, 63038, 63051],
    ),
    (Verdict.FORBIDDEN, 302, [0]),
    (Verdict.SENDER, 400, [21606, 21657, 21659, 21703]),
    (
        Verdict.REJECTED,
        400,
        [20422, 21211, 21214, 21217, 21265, 21266, 21268, 21401, 21602, 21604, 21610, 21612, 21614],
    ),
    (
        Verdict.REJECTED,
        400,
        [21617, 21618, 21619, 21620, 21623, 21635, 21653, 21656, 21658, 63003, 63005, 63006, 63013],
    ),
    (Verdict.REJECTED, 400, [63014, 63015, 63016, 63021, 63024, 63030, 63033, 63034, 63036]),
    (
        Verdict.DOUBTFUL,
        400,
        [20001, 21408, 21608, 21609, 21621, 21622, 21624, 21654, 21655, 63027, 63040, 99999, 0],
    ),
    (Verdict.DOUBTFUL, 405, [0]),
    (Verdict.DOUBTFUL, 413, [0]),
    (Verdict.DELAYED, 400, [21611, 35125]),
    (Verdict.AGAIN, 429, [20429, 0]),
    (Verdict.AGAIN, 400, [20429, 21702, 21730, 63017, 63018]),
    (Verdict.UNKNOWN, 500, [20500, 0]),
    (Verdict.UNKNOWN, 503, [20503, 0, 21211]),
    (Verdict.UNKNOWN, 504, [20504]),
    (Verdict.UNKNOWN, 400, [20500, 20503, 20504]),
    (Verdict.UNKNOWN, 408, [0]),
    (Verdict.UNKNOWN, 502, [0]),
]


@pytest.mark.parametrize(
    ("verdict", "status", "code"),
    [(verdict, status, code) for verdict, status, codes in VERDICTS for code in codes],
)
def test_an_answer_means_what_twilio_documents(verdict: Verdict, status: int, code: int) -> None:
    """By its code, then by its status; 0 stands for no code."""
    attempt = classify(status, {}, error(code) if code else b"<html>")
    assert attempt.verdict == verdict
    assert attempt.code == (code or None)
    assert attempt.reason


def test_no_other_code_means_anything() -> None:
    """Of a 400 with a code that is not in the table above, nobody can say what it proves."""
    known = {code: verdict for verdict, status, codes in VERDICTS if status < 405 for code in codes if code}
    for code in range(1, 100_000):
        verdict = classify(400, {}, b'{"code":%d}' % code).verdict
        assert verdict == known.get(code, Verdict.DOUBTFUL), code


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (20003, "check account and token, and that they belong to the host's region"),
        (20404, "check the account SID"),
        (21212, "check number"),
        (21408, "enable the country under Messaging > Geo permissions in Twilio's console"),
        (21601, "check number: it is not one of the account's"),
        (21606, "check number: it is not the account's, or cannot text this destination"),
        (21608, "the account may text verified numbers only"),
        (21610, "the recipient has opted out (STOP)"),
        (21611, "the sender's queue is full; run again later"),
        (21659, "check number: it is not a Twilio number"),
        (21660, "check number: it belongs to another account"),
        (21701, "check number: this Messaging Service does not exist"),
        (21704, "add a sender to the Messaging Service"),
    ],
)
def test_a_code_comes_with_what_to_do(code: int, advice: str) -> None:
    """Behind what Twilio says itself."""
    assert classify(400, {}, error(code)).reason == f"Twilio refused it: said; {advice}"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.UNKNOWN) for status in (100, 101, 200, 204, 299, 408, 500, 502, 520, 599)),
        *((status, Verdict.FORBIDDEN) for status in (300, 301, 302, 399, 401, 403, 404, 407)),
        *((status, Verdict.DOUBTFUL) for status in (400, 402, 405, 406, 409, 413, 418, 422, 428, 430, 499)),
        (429, Verdict.AGAIN),
    ],
)
def test_a_status_without_a_code_proves_no_more_than_it_says(status: int, verdict: Verdict) -> None:
    """A page of a proxy, or nothing at all."""
    for content in (b"", b"<html>busy</html>", b"{}", b'{"code":null}', b"[1]"):
        assert classify(status, {}, content).verdict == verdict
    if 300 <= status < 400:
        assert "check api_base" in (classify(status, {}, b"").reason or "")


def test_an_accepted_message_has_a_sid() -> None:
    """201 with one is proof; a 2xx without one proves nothing."""
    assert classify(201, {}, b'{"sid":"SM1"}') == Attempt(verdict=Verdict.ACCEPTED, sid="SM1")
    for content in (b"", b"{}", b'{"sid":null}', b'{"sid":"XX1"}', b"[]", b'{"sid":["SM1"]}'):
        assert classify(201, {}, content).verdict == Verdict.UNKNOWN


def test_a_429_tells_when_to_come_back() -> None:
    """Its header is passed on as it is."""
    attempt = classify(429, {"Retry-After": "7"}, b"")
    assert (attempt.busy, attempt.retry_after) == (True, "7")


@pytest.mark.parametrize("code", ['"21610"', "-1", "1" + "0" * 30, "1.5", "null", "[21610]"])
def test_a_strange_code_is_no_code(code: str) -> None:
    """Nothing that a ledger could not keep."""
    assert classify(400, {}, f'{{"code":{code}}}'.encode()).code is None


def test_a_strange_message_does_not_hide_the_code() -> None:
    """Each member is judged by itself."""
    attempt = classify(400, {}, b'{"code":21610,"message":{"a":1},"title":7}')
    assert (attempt.verdict, attempt.code) == (Verdict.REJECTED, 21610)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["sid", "code", "message", "title"]), inner)
    ),
)


@given(st.integers(100, 999), st.binary() | JSON.map(msgspec.json.encode))
def test_no_answer_raises(status: int, content: bytes) -> None:
    """Whatever it holds, there is a verdict, and only a SID makes it an acceptance."""
    attempt = classify(status, {}, content)
    assert (attempt.verdict == Verdict.ACCEPTED) == (attempt.sid is not None)
    assert attempt.sid or attempt.reason
    assert len(attempt.reason or "") < 500


def test_a_deep_answer_does_not_raise() -> None:
    """Nesting is no way in."""
    assert classify(400, {}, b'{"message":' + b"[" * 100_000).verdict == Verdict.DOUBTFUL


@pytest.mark.parametrize("user", [SID, "SK" + "1" * 32])
def test_the_exact_form_is_posted(user: str) -> None:
    """As the preview shows it, to the account's messages, logged in as the account or its key."""
    with Sandbox(Settings(account=SID, api_key=user if user != SID else None, token=TOKEN)) as sandbox:
        attempt = post(sandbox.url, user=user)
        (request,) = sandbox.requests()
        (text,) = sandbox.messages()
    assert (attempt.verdict, attempt.sid) == (Verdict.ACCEPTED, text.sid)
    assert request.path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert sorted(request.form) == sorted(MESSAGE.form)
    assert [value for name, value in request.form if name == "MediaUrl"] == list(MESSAGE.media_urls)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (RESET, Verdict.UNKNOWN),
        (RESET_AFTER_ACCEPT, Verdict.UNKNOWN),
        (TRUNCATED, Verdict.UNKNOWN),
        (GARBAGE, Verdict.UNKNOWN),
        (ACCEPT_THEN_500, Verdict.UNKNOWN),
        (too_many(), Verdict.AGAIN),
        (Answer(accept=False, status=307, headers=(("Location", "/elsewhere"),)), Verdict.FORBIDDEN),
    ],
    ids=str,
)
def test_what_may_have_arrived_is_never_called_unsent(answer: Answer, verdict: Verdict) -> None:
    """And it is posted once, whatever comes back; a redirect is not followed."""
    with Sandbox(Settings(script=lambda form: answer)) as sandbox:
        attempt = post(sandbox.url)
        assert len(sandbox.requests()) == 1
    assert attempt.verdict == verdict
    assert attempt.reason


def test_no_answer_in_time_is_unknown() -> None:
    """The server may be slow and yet deliver."""
    assert scripted(HANG, read_timeout=0.2).verdict == Verdict.UNKNOWN


def test_a_refused_connection_never_left() -> None:
    """It is safe to try again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    attempt = post(f"http://127.0.0.1:{port}")
    assert attempt.verdict == Verdict.AGAIN
    assert not attempt.busy


@pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 500])
def test_the_token_is_in_no_reason(status: int) -> None:
    """Not even if the server sends it back."""
    login = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    body = msgspec.json.encode({"code": 20003, "message": f"no {TOKEN} {login} " * 20})
    attempt = scripted(Answer(accept=False, status=status, body=body))
    assert TOKEN not in repr(attempt)
    assert login not in repr(attempt)


def test_what_was_sent_is_found_over_many_pages() -> None:
    """Only this recipient's, newest first, as far back as asked."""
    now = iter(range(1_700_000_000, 1_700_001_000))
    with Sandbox(Settings(clock=lambda: next(now))) as sandbox:

        async def use(lane: Lane) -> tuple[list[str], list[str]]:
            sids = [(await lane.post(MESSAGE)).sid or "" for _ in range(120)]
            await lane.post(msgspec.structs.replace(MESSAGE, to="+14155550199"))
            return sids, [listed.sid for listed in await lane.sent_to(MESSAGE.to, 0)]

        sids, found = with_lane(sandbox.url, use)
    assert found == sids[::-1]


@pytest.mark.parametrize(
    "answer", [Answer(status=500), GARBAGE, RESET, Answer(status=200, body=b'{"messages":[1]}')], ids=str
)
def test_a_look_up_that_fails_proves_nothing(answer: Answer) -> None:
    """It raises, instead of finding nothing."""
    with Sandbox(Settings(query_script=lambda query: answer)) as sandbox, pytest.raises(LookUpError):
        with_lane(sandbox.url, lambda lane: lane.sent_to(MESSAGE.to, 0))


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("https://api.twilio.com", False),
        ("http://localhost.evil", False),
    ],
)
def test_loopback_is_told_by_the_host_alone(url: str, local: bool) -> None:
    """A name that only begins like it is another machine."""
    assert read_address(url).is_loopback == local
