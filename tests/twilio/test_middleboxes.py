"""Middleboxes that repeat, delay and pack answers: each proves only what it says of the message it names."""

from __future__ import annotations

import gzip
import importlib
import json
import time
import zlib
from collections.abc import Callable

import pytest
from lanes import posted, text
from loopback import Client, Server, accepted, answering, created, http, local, recipient, serving, sid

from twiliodest.model import Attempt, Verdict

OK, DOUBT, NO = Verdict.ACCEPTED, Verdict.UNKNOWN, Verdict.REJECTED


def verdicts(attempts: list[Attempt]) -> list[Verdict]:
    return [attempt.verdict for attempt in attempts]


@pytest.mark.parametrize("late", [0.0, 0.05], ids=["at once", "idle"])
def test_an_answer_that_comes_twice_proves_one_message(late: float) -> None:
    """A middlebox repeats its 201, together with it or while the connection is idle: each message has its own."""

    def serve(server: Server, client: Client) -> None:
        while request := client.request():
            server.requests.append(request)
            answer = created(request, len(server.requests))
            client.say(answer)
            time.sleep(late)
            client.say(answer)

    with serving(serve) as server:
        attempts = posted(local(server), text(1), text(2), text(3), pause=0.2)
    assert verdicts(attempts) == [OK, OK, OK]
    assert [attempt.sid for attempt in attempts] == [sid(1), sid(2), sid(3)]
    assert server.connections == 3


def refused(request: bytes, number: int) -> bytes:
    return http(400, b'{"code": 21211}', b"Twilio-Request-Id: RQ%d" % number)


@pytest.mark.parametrize(("late", "first"), [(created, OK), (refused, NO)], ids=["acceptance", "refusal"])
def test_a_late_repetition_is_not_the_next_answer(
    late: Callable[[bytes, int], bytes], first: Verdict
) -> None:
    """It comes when the next request has been written already: that is in doubt, and its connection is closed."""

    def serve(server: Server, client: Client) -> None:
        before = b""
        while request := client.request():
            server.requests.append(request)
            before = before or late(request, len(server.requests))
            client.say(before)

    with serving(serve) as server:
        attempts = posted(local(server), text(1), text(2), text(3))
    assert verdicts(attempts) == [first, DOUBT, first]
    assert server.connections == 2


@pytest.mark.parametrize("status", [302, 400, 403, 429, 500])
def test_a_refusal_that_nothing_tells_from_its_repetition_ends_its_connection(status: int) -> None:
    """A 429 that comes twice would otherwise have the next message posted once more."""
    with serving(answering(lambda request, number: http(status, b"{}"))) as server:
        posted(local(server), text(1), text(2))
        assert server.connections == 2


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ("+14155550001", OK),
        ("+1 (415) 555-0001", OK),
        ("whatsapp:+14155550001", OK),
        ("+1415555XXXX", OK),
        ("+1415555****", OK),
        ("+14155550002", DOUBT),
        ("+1416555XXXX", DOUBT),
        ("+141555XXXX", DOUBT),
        ("+1XXXXXXXXXX", DOUBT),
        ("XXXX", DOUBT),
        ("4155550001", DOUBT),
        ("", DOUBT),
        (None, DOUBT),
        (14155550001, DOUBT),
        (["+14155550001"], DOUBT),
    ],
)
def test_an_acceptance_names_its_recipient(told: object, verdict: Verdict) -> None:
    """In any spelling of the number, also with the digits that Twilio redacts; another number is no proof."""

    def answer(request: bytes, number: int) -> bytes:
        return http(201, json.dumps({"sid": sid(number), "to": told}).encode())

    with serving(answering(answer)) as server:
        assert verdicts(posted(local(server), text(1))) == [verdict]


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("+5215541637145", "+525541637145"),
        ("+541155501234", "+5491155501234"),
        ("whatsapp:+14155550001", "whatsapp:+14155550001"),
        ("whatsapp:+14155550001", "whatsapp:+1415555XXXX"),
        ("messenger:123456", "messenger:123456"),
        ("rcs:+447911123456", "+447911123456"),
    ],
)
def test_the_same_person_may_be_written_in_another_way(to: str, told: str) -> None:
    """With or without the digit before the mobiles of Mexico and Argentina, and with the prefix of a channel."""
    with serving(answering(lambda request, number: http(201, accepted(told, number)))) as server:
        assert verdicts(posted(local(server), text(1, to))) == [OK]


def test_a_sid_proves_one_message() -> None:
    """A server that gives two messages the same SID has proven the first, even to one person."""
    with serving(answering(lambda request, number: created(request, 1))) as server:
        assert verdicts(posted(local(server), text(1), text(1), text(2))) == [OK, DOUBT, DOUBT]


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", b"\r\n"])
def test_what_is_left_over_after_an_answer_closes_the_connection(more: bytes) -> None:
    """The answer counts; the bytes behind it cannot become part of the next one."""
    with serving(answering(lambda request, number: created(request, number) + more)) as server:
        assert verdicts(posted(local(server), text(1), text(2), text(3))) == [OK, OK, OK]
        assert server.connections == 3


def test_an_answer_before_the_question_is_none() -> None:
    """Who speaks first proves nothing: either nothing has left, or it is in doubt."""

    def serve(server: Server, client: Client) -> None:
        client.say(http(201, accepted("+14155550002", 1)))
        server.requests.append(client.request())

    with serving(serve) as server:
        (attempt,) = posted(local(server), text(1))
    assert attempt.verdict is (Verdict.UNKNOWN if any(server.requests) else Verdict.AGAIN)


NO_ANSWERS = [
    b"",
    b"\0" * 1000,
    b"HTTP/1.1 101 Switching\r\n\r\n",
    b"HTTP/1.1 200",
    b"HTTP/1.1 100 Go on\r\n\r\n",
    b"HTTP/1.1 201 So\r\nX: " + b"x" * 200_000,
    b"HTTP/1.1 201 So\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"HTTP/1.1 201 So\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    http(201, b"[" * 100_000),
]


@pytest.mark.parametrize("answer", NO_ANSWERS, ids=lambda answer: repr(answer[-20:]))
def test_what_is_no_answer_leaves_a_doubt(answer: bytes) -> None:
    """The request has been written: nobody knows."""

    def serve(server: Server, client: Client) -> None:
        client.request()
        client.say(answer)

    with serving(serve) as server:
        assert verdicts(posted(local(server), text(1))) == [DOUBT]


def packed(name: str, data: bytes) -> bytes:
    if name == "br":
        return bytes(importlib.import_module("brotli").compress(data))
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return {
        "gzip": gzip.compress(data),
        "X-GZIP": gzip.compress(data[:5]) + gzip.compress(data[5:]),
        "deflate": zlib.compress(data),
        "Deflate": raw.compress(data) + raw.flush(),
        "gzip, gzip": gzip.compress(gzip.compress(data)),
        "identity": data,
    }[name]


@pytest.mark.parametrize("name", ["gzip", "X-GZIP", "deflate", "Deflate", "gzip, gzip", "identity", "br"])
def test_an_answer_that_a_middlebox_has_packed_is_read(name: str) -> None:
    """Although nobody asked for it."""
    if name == "br":
        pytest.importorskip("brotli")

    def answer(request: bytes, number: int) -> bytes:
        assert b"accept-encoding: identity" in request.lower()
        content = packed(name, accepted(recipient(request), number))
        return http(201, content, f"Content-Encoding: {name}".encode())

    with serving(answering(answer)) as server:
        assert verdicts(posted(local(server), text(1))) == [OK]


BOMB = gzip.compress(b" " * (64 << 20))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gzip", BOMB, "too long"),
        ("gzip, gzip", gzip.compress(BOMB), "too long"),
        ("gzip", gzip.compress(b"{}" * 99)[:-9], "cut short"),
        ("gzip", b"plain", "not valid gzip data"),
        ("deflate", b"plain", "not valid deflate data"),
        ("gzip, gzip, gzip, gzip", b"x", "too many times"),
        ("compress", b"x", "not supported"),
    ],
    ids=["bomb", "bomb in a bomb", "cut", "not gzip", "not deflate", "onion", "unknown"],
)
def test_what_cannot_be_unpacked_is_in_doubt_with_the_reason(name: str, content: bytes, reason: str) -> None:
    """Within bounds of size; and a refusal is a refusal, whatever its content."""
    head = f"Content-Encoding: {name}".encode()
    with serving(answering(lambda request, number: http(201, content, head))) as server:
        (attempt,) = posted(local(server), text(1))
    assert attempt.verdict is DOUBT
    assert reason in (attempt.reason or "")
    with serving(answering(lambda request, number: http(429, content, head))) as server:
        assert verdicts(posted(local(server), text(1))) == [Verdict.AGAIN]
