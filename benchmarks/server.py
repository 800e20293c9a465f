"""A server that answers every POST as Twilio does, and little else: `python server.py DELAY_SECONDS`.

It prints its address. A GET answers with the times at which POSTs have arrived since the last GET: a JSON array,
nanoseconds of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator
from itertools import count

_MESSAGE: dict[str, object] = {
    "account_sid": "AC" + "0" * 32,
    "api_version": "2010-04-01",
    "body": "Your order has been confirmed!",
    "date_created": "Mon, 23 Nov 2026 10:00:00 +0000",
    "date_sent": None,
    "date_updated": "Mon, 23 Nov 2026 10:00:00 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": "+15551234567",
    "messaging_service_sid": None,
    "num_media": "0",
    "num_segments": "1",
    "price": None,
    "price_unit": None,
    "sid": "SM" + "0" * 32,
    "status": "queued",
    "subresource_uris": {},
    "to": "+14155550100",
    "uri": "/2010-04-01/Accounts/AC/Messages/SM.json",
}
_TEXT = json.dumps(_MESSAGE).encode()
_BEFORE, _BETWEEN, _AFTER = re.split(rb"SM0{32}|(?<=\"to\": \")\+14155550100", _TEXT)
_NUMBERS = count(1)
_arrivals: list[int] = []


class _Connection(asyncio.Protocol):
    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- for the type checker
        self._write = transport.write

    def data_received(self, data: bytes) -> None:
        self._seen += data
        for request in self._requests():
            if request.startswith(b"GET"):
                self._write(_answer(b"200 OK", json.dumps(_arrivals).encode()))
                _arrivals.clear()
                continue
            _arrivals.append(time.monotonic_ns())
            to = request.rpartition(b"To=%2B")[2].partition(b"&")[0]
            text = b"%bSM%032x%b+%b%b" % (_BEFORE, next(_NUMBERS), _BETWEEN, to, _AFTER)
            answer = _answer(b"201 Created", text)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._write, answer)
            else:
                self._write(answer)

    def _requests(self) -> Iterator[bytes]:
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            length = self._seen[:end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            end += 4 + int(length or 0)
            if len(self._seen) < end:
                return
            request, self._seen = self._seen[:end], self._seen[end:]
            yield request


def _answer(status: bytes, content: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(content)) + content


async def _serve(delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(delay), "127.0.0.1", 0, backlog=1000
    )
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
