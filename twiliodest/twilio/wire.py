"""asyncio's own transports as a stream of bytes, which knows what was written to it and what came unasked."""

from __future__ import annotations

import asyncio
import select
import ssl

_AHEAD = 1 << 18  # bytes that are read ahead, about
_TURNS = 4  # of the event loop, in which what the system holds ready is read


async def connect(host: str, port: int) -> Wire:
    """A connection over TCP. Raises OSError."""
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(loop), host, port, happy_eyeballs_delay=0.25)
    return wire


class Wire(asyncio.Protocol):
    """One connection, read and written by one task at a time. All timeouts are seconds, and raise TimeoutError."""

    _transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._read = bytearray()
        self._ended = False
        self._fault: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None  # for something to read, or to be written
        self._congested = False
        self._ready = select.poll()

    @property
    def peer(self) -> str:
        """The IP address at its other end; empty where the system does not tell."""
        return str((self._transport.get_extra_info("peername") or ("",))[0])

    @property
    def is_readable(self) -> bool:
        """Whether something has come, be it data or the end."""
        return self._ended or bool(self._read)

    @property
    def unwritten(self) -> int:
        """Bytes that were given to it, and that the system has not taken yet."""
        return self._transport.get_write_buffer_size()

    async def is_quiet(self) -> bool:
        """Whether nothing has come unasked: neither data nor the end, not even such as the system still holds.

        What TLS says for itself (session tickets) does not count.
        """
        for _ in range(_TURNS):
            if self.is_readable or not self._ready.poll(0):
                break
            await asyncio.sleep(0)
        return not self.is_readable

    async def read(self, timeout: float | None = None) -> bytes:
        """What has come, as soon as anything has; nothing at the end. Raises OSError."""
        while not self.is_readable:
            await self._wait(timeout)
        if not self._read and self._fault:
            raise ConnectionResetError from self._fault
        data = bytes(self._read)
        self._read.clear()
        if not self._ended:
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes, timeout: float | None = None) -> None:
        """Give it to the system, as soon as that takes it. Raises BrokenPipeError if nothing of it has left.

        Where it is broken off after a part, reading tells: what the server said before that, then an OSError.
        """
        if self._ended or self._transport.is_closing():
            raise BrokenPipeError
        self._transport.write(data)
        if self._transport.is_closing():  # the system refused the very first byte
            raise BrokenPipeError
        while self._congested:
            await self._wait(timeout)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt from here on. Raises OSError, of which SSLError is one; then it is closed."""
        if not await self.is_quiet():
            self.close()
            raise ConnectionResetError
        try:
            transport = await self._loop.start_tls(self._transport, self, context, server_hostname=host)
        except BaseException:
            self.close()
            raise
        if transport is None:
            raise ConnectionResetError
        self._transport = transport

    def close(self) -> None:
        """Close it at once; nothing is on its way that anybody waits for."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio, as all that follow."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- for the type checker
        self._transport = transport
        self._ready.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

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

    async def _wait(self, timeout: float | None) -> None:
        """Wait for whatever happens next."""
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(timeout, self._expire) if timeout is not None else None
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _expire(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(TimeoutError())
