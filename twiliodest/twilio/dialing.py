"""From an address to a wire that a request can be written to: through a proxy, and encrypted, where that is wanted.

Bytes that go to a proxy or into a handshake are not the request's: whatever fails here, nothing has left.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from twiliodest.addresses import Address, is_public
from twiliodest.twilio.faults import NeverLeft, NoAnswer, why_not_connected
from twiliodest.twilio.http1 import Talk
from twiliodest.twilio.network import Proxy, Route
from twiliodest.twilio.wire import Wire, connect


async def dial(server: Address, route: Route) -> Wire:
    """A new wire to a server. Raises `NeverLeft` alone."""
    proxy, wire = route.proxy, None
    first = proxy.address if proxy else server
    peer = f"the proxy {first.netloc}" if proxy else server.host
    try:
        async with _step(route, peer):
            wire = await connect(first.host, first.port)
        if server.scheme == "http" and not proxy:
            _refuse_public(server, wire.peer)
        if proxy:
            if first.scheme == "https":
                async with _step(route, peer):
                    await wire.start_tls(route.tls, first.host)
            async with _step(route, peer, f"{peer} did not open a tunnel in time"):
                await (_connect if first.scheme in ("http", "https") else _socks)(wire, proxy, server)
        if server.scheme == "https":
            async with _step(route, server.host, f"{server.host} did not complete the TLS handshake in time"):
                await wire.start_tls(route.tls, server.host)
    except BaseException:
        if wire:
            wire.close()
        raise
    return wire


def _refuse_public(server: Address, peer: str) -> None:
    """What is not encrypted goes to this machine or to a private network, whatever a name leads to by now."""
    try:
        public = is_public(peer)
    except ValueError:
        public = not server.is_loopback
    if public:
        raise NeverLeft(f"{server.host} leads to a public address, so the token would be sent in the clear")


@asynccontextmanager
async def _step(route: Route, peer: str, late: str = "") -> AsyncIterator[None]:
    """One step, which may take so long and no longer, and fails in words."""
    try:
        async with asyncio.timeout(route.patience):
            yield
    except NeverLeft:
        raise
    except Exception as error:  # whatever it is, the request has not been written
        if late and isinstance(error, TimeoutError):
            raise NeverLeft(late) from None
        raise NeverLeft(why_not_connected(error, peer)) from None


async def _connect(wire: Wire, proxy: Proxy, server: Address) -> None:
    """Have an HTTP proxy open a tunnel."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    target = f"{host}:{server.port}".encode()
    headers = [(b"Host", target)]
    if proxy.login:
        login = base64.b64encode(":".join(proxy.login).encode())
        headers.append((b"Proxy-Authorization", b"Basic " + login))
    talk, name = Talk(wire), f"the proxy {proxy.address.netloc}"
    try:
        answer = await talk.ask(b"CONNECT", target, headers, None)
    except (NeverLeft, NoAnswer) as error:
        raise NeverLeft(f"{name} did not open a tunnel: {error}") from None
    if answer.status == 407:
        advice = (
            "did not accept the user name and password in" if proxy.login else "requires a login: put it in"
        )
        raise NeverLeft(f"{name} {advice} {proxy.variable} (HTTP status 407)")
    if not 200 <= answer.status < 300:
        raise NeverLeft(f"{name} refused to open a tunnel (HTTP status {answer.status}); ask whoever runs it")
    if not talk.is_open():
        raise NeverLeft(f"{name} sent data through the tunnel before it was asked for any")


async def _socks(wire: Wire, proxy: Proxy, server: Address) -> None:
    """Have a SOCKS5 proxy open a tunnel (RFC 1928, 1929)."""
    socks = importlib.import_module("socksio.socks5")
    state, name = socks.SOCKS5Connection(), f"the proxy {proxy.address.netloc}"
    method = (
        socks.SOCKS5AuthMethod.USERNAME_PASSWORD if proxy.login else socks.SOCKS5AuthMethod.NO_AUTH_REQUIRED
    )
    host = server.host if proxy.resolves else await _resolved(server)
    received = bytearray()

    async def tell(message: Any, size: int, is_reply: bool = False) -> Any:
        state.send(message)
        await wire.write(state.data_to_send())
        await _fill(received, wire, size)
        if is_reply:  # how long it is depends on the kind of address in it
            size = {1: 10, 3: 7 + received[4], 4: 22}.get(received[3], size)
            await _fill(received, wire, size)
        if len(received) > size:
            raise NeverLeft(f"{name} sent data before it was asked for any")
        data = bytes(received)
        received.clear()
        return state.receive_data(data)

    try:
        if (await tell(socks.SOCKS5AuthMethodsRequest([method]), 2)).method != method:
            advice = "does not accept a login" if proxy.login else "requires a login"
            raise NeverLeft(f"{name} {advice}; see {proxy.variable}")
        if proxy.login:
            user, password = (text.encode() for text in proxy.login)
            if not (await tell(socks.SOCKS5UsernamePasswordRequest(user, password), 2)).success:
                raise NeverLeft(f"{name} did not accept the user name and password in {proxy.variable}")
        request = socks.SOCKS5CommandRequest.from_address(socks.SOCKS5Command.CONNECT, (host, server.port))
        reply = await tell(request, 5, is_reply=True)
    except importlib.import_module("socksio").ProtocolError:
        raise NeverLeft(f"{name} does not speak SOCKS5") from None
    if reply.reply_code != socks.SOCKS5ReplyCode.SUCCEEDED:
        cause = reply.reply_code.name.lower().replace("_", " ")
        raise NeverLeft(f"{name} cannot reach {server.host} ({cause})")


async def _fill(received: bytearray, wire: Wire, size: int) -> None:
    """Read until there are so many bytes."""
    while len(received) < size:
        data = await wire.read()
        if not data:
            raise ConnectionResetError
        received += data


async def _resolved(server: Address) -> str:
    """The first IP address of a server."""
    found = await asyncio.get_running_loop().getaddrinfo(server.host, server.port)
    return str(found[0][4][0])
