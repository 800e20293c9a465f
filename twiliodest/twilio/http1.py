"""One request and its answer over a wire, in HTTP/1.1; it knows whether anything of the request has left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import h11

from twiliodest.twilio.contents import UnreadableError, unpacked
from twiliodest.twilio.faults import NeverLeft, NoAnswer
from twiliodest.twilio.wire import Wire

ANSWER_LIMIT = 1 << 20  # bytes
_HEAD_LIMIT = 1 << 16  # bytes
_WRITE_TIMEOUT = 10.0  # seconds

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """Names of headers are written `Like-This`. `fault` says why a content that was packed is left out."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    fault: str = ""


class Talk:
    """What is said over one wire, one request at a time."""

    def __init__(self, wire: Wire, largest: int = ANSWER_LIMIT) -> None:
        """`largest` is the most that an answer may hold, in bytes."""
        self.wire = wire
        self._largest = largest
        self.has_left = False  # whether anything of the latest request has
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)

    async def ask(
        self,
        method: bytes,
        target: bytes,
        headers: Headers,
        content: bytes | None,
        timeout: float | None = None,
    ) -> Answer:
        """Make a request and read its answer; `timeout` is the longest silence, in seconds.

        Raises `NeverLeft` and `NoAnswer`; whatever it raises, `has_left` is right, and the wire is of no more use.
        """
        self.has_left = False
        data = self._state.send(h11.Request(method=method, target=target, headers=headers))
        if content is not None:
            data = (data or b"") + (self._state.send(h11.Data(data=content)) or b"")
        self._state.send(h11.EndOfMessage())
        if not await self.wire.is_quiet():
            raise NeverLeft("the connection was closed, or unexpected data arrived on it")
        self.has_left = True
        try:
            await self.wire.write(data or b"", _WRITE_TIMEOUT)
        except BrokenPipeError:
            self.has_left = False
            raise NeverLeft("the connection was closed") from None
        except TimeoutError:
            raise NoAnswer("the request could not be sent completely in time") from None
        try:
            return await self._answer(timeout, only_head=method == b"CONNECT")
        except TimeoutError:
            raise NoAnswer("it took too long") from None
        except OSError:
            raise NoAnswer("the connection broke") from None

    def is_done(self) -> bool:
        """Whether another request may follow: the answer has come to its end, and nothing after it."""
        done = self._state.our_state is h11.DONE and self._state.their_state is h11.DONE
        if not done or self._state.trailing_data[0] or self.wire.is_readable:
            return False
        self._state.start_next_cycle()
        return True

    def is_open(self) -> bool:
        """Whether the wire is ours, after a CONNECT: nothing has come through it yet."""
        return not self._state.trailing_data[0] and not self.wire.is_readable

    async def _answer(self, timeout: float | None, *, only_head: bool) -> Answer:
        head: h11.Response | None = None
        content = bytearray()
        while True:
            event = await self._next(timeout, head)
            if isinstance(event, h11.Response):
                head = event
                if only_head:
                    return Answer(head.status_code, {}, b"")
                if self.wire.unwritten and head.status_code < 300:
                    raise NoAnswer("an answer came before the request had been sent")
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > self._largest:
                    raise NoAnswer("the answer is too long")
            elif head and isinstance(event, h11.EndOfMessage):
                return _read(head, bytes(content), self._largest)
            elif not isinstance(event, h11.InformationalResponse):
                raise NoAnswer("the connection was closed without an answer")

    async def _next(self, timeout: float | None, head: h11.Response | None) -> object:
        """What comes next of the answer."""
        data = None
        while True:
            try:
                event = self._state.next_event()
            except h11.RemoteProtocolError:
                if data == b"":
                    what = "answer was cut short" if head else "connection was closed without an answer"
                    raise NoAnswer(f"the {what}") from None
                raise NoAnswer("the answer cannot be read as HTTP") from None
            if event is not h11.NEED_DATA:
                return event
            data = await self.wire.read(timeout)
            self._state.receive_data(data)


def _read(head: h11.Response, content: bytes, largest: int) -> Answer:
    headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in head.headers}
    if content and (packings := headers.get("Content-Encoding")):
        try:
            content = unpacked(content, packings, largest)
        except UnreadableError as error:
            return Answer(head.status_code, headers, b"", str(error))
    return Answer(head.status_code, headers, content)
