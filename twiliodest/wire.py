"""asyncio's own transports under httpcore, in place of anyio's streams: these take a third of a request's time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

_AHEAD = 1 << 18  # bytes that are read ahead, about


class Network(httpcore.AsyncNetworkBackend):
    """Connects over TCP. All timeouts are seconds."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See `httpcore`. Raises `ConnectError` and `ConnectTimeout`."""
        loop = asyncio.get_running_loop()
        local = (local_address, 0) if local_address else None
        try:
            async with asyncio.timeout(timeout):
                _, wire = await loop.create_connection(
                    lambda: Wire(loop), host, port, local_addr=local, happy_eyeballs_delay=0.25
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in socket_options or ():
            wire.get_extra_info("socket").setsockopt(*option)
        return wire

    async def sleep(self, seconds: float) -> None:
        """See `httpcore`."""
        await asyncio.sleep(seconds)


class Wire(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection. What comes unasked, be it an end or data, makes it readable, and so not to be used again."""

    _transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._read = bytearray()
        self._ended = False
        self._fault: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None  # for something to read, or to be written
        self._congested = False
        self._asked = False  # whether anything was written since something was read

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, as soon as anything has; nothing at the end. Raises `ReadError` and `ReadTimeout`."""
        while not self._read and not self._ended:
            await self._wait(timeout, httpcore.ReadTimeout)
        if not self._read and self._fault:
            raise httpcore.ReadError(str(self._fault)) from self._fault
        self._asked = False
        data = bytes(self._read[:max_bytes])
        del self._read[:max_bytes]
        if not self._ended and len(self._read) < _AHEAD:
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Give it to the system, as soon as that takes it. Raises `WriteError` and `WriteTimeout`.

        `ConnectError`, where the connection has ended before anything of a request left: an idle one may.
        """
        if self._ended:
            raise (httpcore.WriteError if self._asked else httpcore.ConnectError)("the connection was closed")
        self._asked = True
        self._transport.write(buffer)
        while self._congested:
            await self._wait(timeout, httpcore.WriteTimeout)
        if self._fault:
            raise httpcore.WriteError(str(self._fault)) from self._fault

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt from here on. Raises `ConnectError` and `ConnectTimeout`."""
        try:
            async with asyncio.timeout(timeout):
                transport = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:  # an SSLError is one
            await self.aclose()
            raise httpcore.ConnectError(str(error)) from error
        if transport is None:
            raise httpcore.ConnectError("the connection was closed")
        self._transport = transport
        return self

    async def aclose(self) -> None:
        """Close it at once; nothing is on its way that anybody waits for."""
        self._transport.abort()
        await asyncio.sleep(0)

    def get_extra_info(self, info: str) -> Any:
        """See `httpcore`."""
        if info == "is_readable":
            return self._ended or bool(self._read)
        name = {"client_addr": "sockname", "server_addr": "peername"}.get(info, info)
        return self._transport.get_extra_info(name)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio, as all that follow."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        if len(self._read) >= _AHEAD:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._fault, self._congested = True, exc, False
        self._wake()

    def pause_writing(self) -> None:
        self._congested = True

    def resume_writing(self) -> None:
        self._congested = False
        self._wake()

    async def _wait(self, timeout: float | None, late: type[Exception]) -> None:
        """Wait for whatever happens next."""
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(timeout, self._expire, late) if timeout is not None else None
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _expire(self, late: type[Exception]) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(late("it took too long"))
