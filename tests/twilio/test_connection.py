"""A connection carries each request once, to the right server, and knows whether one may have arrived."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trustme

from twiliodest.addresses import read_address
from twiliodest.model import Account, Secret
from twiliodest.twilio.connection import Connection
from twiliodest.twilio.faults import NeverLeft, NoAnswer
from twiliodest.twilio.http1 import ANSWER_LIMIT
from twiliodest.twilio.network import Proxy, Route, route_to
from twiliodest.twilio.wire import Wire, connect

NAME = "api.twilio.test"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
FORM = b"To=%2B14155550100"
PATH = "/2010-04-01/Messages.json"
CLOSED_PORT = "http://127.0.0.1:9"


def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(CREATED)


async def one_by_one(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read requests, and have each answered."""
    while not writer.is_closing():
        head = await reader.readuntil(b"\r\n\r\n")
        server.requests.append(head + await reader.readexactly(len(FORM) * head.startswith(b"POST")))
        if waits := server.answer(reader, writer):
            await waits


@dataclass
class Server:
    """On loopback. `answer` says what becomes of each request, or `serve` what becomes of a connection."""

    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None] = answered
    serve: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] = one_by_one
    requests: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    port: int = 0

    @property
    def connections(self) -> int:
        return len(self.writers)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            await self.serve(self, reader, writer)
        writer.close()

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def connected(
    base: str, tls: ssl.SSLContext | None = None, proxy: Proxy | None = None
) -> AsyncIterator[Connection]:
    account = Account(sid="AC1", user="AC1", token=Secret("token"), api_base=base)
    route = Route(tls=tls, proxy=proxy) if tls else route_to(base, {})
    connection = Connection(account, route, read_timeout=5.0)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME, "localhost").configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_requests_go_over_one_connection_with_tls(authority: trustme.CA) -> None:
    """The login, the form and its length, as they are; the handshake is made once."""

    async def run() -> None:
        async with (
            Server().running(serving(authority)) as server,
            connected(f"https://localhost:{server.port}/base/", trusting(authority)) as connection,
        ):
            for _ in range(3):
                answer = await connection.request("POST", PATH, FORM)
                assert (answer.status, answer.content) == (201, b"{}")
            assert server.connections == 1
            assert len(set(server.requests)) == 1
            head, _, body = server.requests[0].partition(b"\r\n\r\n")
            login = base64.b64encode(b"AC1:token")
            assert head.startswith(f"POST /base{PATH} HTTP/1.1\r\n".encode())
            assert b"\r\nAuthorization: Basic " + login in head
            assert f"\r\nHost: localhost:{server.port}\r\n".encode() in head
            assert body == FORM

    asyncio.run(run())


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(authority: trustme.CA) -> None:
    """Nothing has left, so that it is safe to try again; and the token stays here."""

    async def run() -> None:
        async with Server().running(serving(authority)) as server:
            async with connected(f"https://localhost:{server.port}") as connection:
                with pytest.raises(NeverLeft, match="certificate"):
                    await connection.request("POST", PATH, FORM)
            assert server.requests == []

    asyncio.run(run())


@pytest.mark.parametrize("login", [None, ("user", "pass")])
def test_a_proxy_is_used(authority: trustme.CA, login: tuple[str, str] | None) -> None:
    """It is asked for a tunnel, and sees nothing of what goes through it."""

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")

        async def pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(1 << 16):
                target.write(data)
            target.close()

        await asyncio.gather(pour(reader, back), pour(there, writer))
        await back.wait_closed()

    async def run() -> None:
        async with server.running(serving(authority)), proxy.running():
            address = read_address(f"http://127.0.0.1:{proxy.port}")
            named = Proxy(address=address, login=login, variable="HTTPS_PROXY", resolves=True)
            async with connected(f"https://{NAME}", trusting(authority), named) as connection:
                assert (await connection.request("POST", PATH, FORM)).status == 201

    server, proxy = Server(), Server(tunnel)
    asyncio.run(run())
    (asked,) = proxy.requests
    assert asked.startswith(f"CONNECT {NAME}:443 HTTP/1.1\r\n".encode())
    assert (b"Proxy-Authorization: Basic " + base64.b64encode(b"user:pass") in asked) == bool(login)
    assert b"AC1" not in asked
    assert len(server.requests) == 1


@pytest.mark.parametrize("unasked", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_a_connection_that_the_server_has_ended_is_not_used_again(unasked: bytes) -> None:
    """Nor one on which something came unasked; the next request has a new one, and no doubt arises."""

    def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def hang_up() -> None:
            writer.write(unasked)
            writer.close()

        writer.write(CREATED)
        asyncio.get_running_loop().call_later(0.05, hang_up)

    async def run() -> None:
        async with (
            Server(end).running() as server,
            connected(f"http://127.0.0.1:{server.port}") as connection,
        ):
            for number in range(1, 4):
                assert (await connection.request("POST", PATH, FORM))[0] == 201
                assert len(server.requests) == server.connections == number
                await asyncio.sleep(0.1)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "cut short"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (3 * ANSWER_LIMIT), "the answer is too long"),
        (b"", "without an answer"),
        (b"\0" * 1000, "cannot be read as HTTP"),
    ],
    ids=["cut short", "endless", "nothing", "noise"],
)
def test_half_an_answer_is_none(answer: bytes, reason: str) -> None:
    """The request may have arrived, and is not made again."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def run() -> None:
        async with (
            Server(say).running() as server,
            connected(f"http://127.0.0.1:{server.port}") as connection,
        ):
            with pytest.raises(NoAnswer, match=reason):
                await connection.request("POST", PATH, FORM)
            assert len(server.requests) == 1

    asyncio.run(run())


async def wire_to(server: Server) -> Wire:
    return await connect("127.0.0.1", server.port)


def test_an_end_before_anything_was_written_is_no_doubt() -> None:
    """The server hangs up just before a request: nothing has left."""

    async def hang_up(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pass

    async def run() -> None:
        async with Server(serve=hang_up).running() as server:
            wire = await wire_to(server)
            while not wire.is_readable:
                await asyncio.sleep(0.01)
            with pytest.raises(BrokenPipeError):
                await wire.write(b"POST")
            wire.close()

    asyncio.run(run())


def test_a_server_that_takes_nothing_is_waited_for_so_long_and_no_longer() -> None:
    """A full connection holds up the writer; when the server reads on, so does it."""

    async def run() -> None:
        async def slowly(_: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reads.wait()
            while await reader.read(1 << 20):
                pass

        reads = asyncio.Event()
        async with Server(serve=slowly).running() as server:
            wire = await wire_to(server)
            with pytest.raises(TimeoutError):
                await wire.write(b"x" * (32 << 20), timeout=0.1)
            reads.set()
            await wire.write(b"y", timeout=20.0)
            with pytest.raises(TimeoutError):
                await wire.read(timeout=0.1)
            wire.close()

    asyncio.run(run())


def test_nobody_at_the_other_end_means_that_nothing_left() -> None:
    """No server, no such name."""

    async def run(base: str) -> None:
        async with connected(base) as connection:
            with pytest.raises(NeverLeft):
                await connection.request("POST", PATH, FORM)

    for base in (CLOSED_PORT, "http://localhost:9"):
        asyncio.run(run(base))
