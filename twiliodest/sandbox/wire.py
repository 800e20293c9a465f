"""A request's body in, an answer out: whole, cut short, broken off, or never."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Literal

from starlette.types import Receive, Scope, Send


async def read(receive: Receive, largest: int) -> bytes | None:
    """The whole body; None if it has more bytes than `largest`, or the client left."""
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if event["type"] == "http.disconnect" or len(body) > largest:
            return None
        if not event.get("more_body", False):
            return bytes(body)


async def answer(
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    send: Send,
    *,
    more: bool = False,
) -> None:
    """Send an answer; with `more`, it is not ended."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def cut(how: Literal["reset", "hang", "close"], scope: Scope, receive: Receive) -> None:
    """End without an answer, or without its end: reset the connection, close it, or wait for the client to go."""
    transport = connection(scope)
    if transport and how == "close":
        transport.close()
    elif transport and how == "reset":
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:  # without lingering, the kernel sends RST, not FIN
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def connection(scope: Scope) -> asyncio.Transport | None:
    """The connection a request came on, if the server tells (see `server.py`)."""
    transport: asyncio.Transport | None = scope.get("state", {}).get("transport")
    return transport
