"""A stand-in for Twilio in bad weather: it accepts, refuses, loses answers, echoes, hangs; and it keeps the truth.

What it has accepted is known by the text itself, which begins with the event's identity. It also stands in for an
HTTP proxy, since it takes requests for absolute addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import gzip
import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

FAULTS = (
    "none",
    *("busy", "error_accepted", "error", "unavailable", "reset", "reset_accepted", "truncated"),
    *("slow", "gzip", "twice", "echo", "echo_accepted", "html", "hang_accepted", "close_after", "close_idle"),
)
CALM = {"none": 1.0}
OPTED_OUT = "+1415555"  # and an even last digit: refused, as by STOP


@dataclass
class Sky:
    """The weather, and what was accepted: texts by event, with their SIDs."""

    seed: int
    weights: dict[str, float] = field(default_factory=lambda: dict(CALM))
    accepted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    posts: int = 0
    faults: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    messages: list[dict[str, object]] = field(default_factory=list)
    lag: float = 0.0  # seconds until a message is in the list

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 -- weather, not a secret

    def storm(self) -> None:
        """Other weather: some faults are frequent for a while."""
        chosen = self._random.sample(FAULTS[1:], 5)
        self.weights = {"none": self._random.choice((2.0, 5.0, 20.0))} | dict.fromkeys(chosen, 1.0)
        self.lag = self._random.choice((0.0, 0.0, 0.5, 2.0))

    def fault(self) -> str:
        """What happens to the next request."""
        (chosen,) = self._random.choices([*self.weights], [*self.weights.values()])
        self.faults[chosen] += 1
        return chosen

    def accept(self, form: dict[str, list[str]]) -> dict[str, object]:
        """Take a message, as Twilio does: from now on somebody has been texted."""
        sid = f"SM{self._random.getrandbits(128):032x}"
        body = form["Body"][0]
        self.accepted[body.split(" ", 1)[0]].append(sid)
        message: dict[str, object] = {
            "sid": sid,
            "to": form["To"][0],
            "from": form.get("From", [None])[0],
            "messaging_service_sid": form.get("MessagingServiceSid", [None])[0],
            "body": body,
            "status": "queued",
            "direction": "outbound-api",
            "error_code": None,
            "date_created": email.utils.formatdate(usegmt=True),
            "at": time.time(),
        }
        self.messages.append(message)
        return message


async def serve(sky: Sky, host: str = "127.0.0.1") -> tuple[asyncio.Server, str]:
    """Start serving on a free port; the server, and its address."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            while await _answer(sky, reader, writer):
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    server = await asyncio.start_server(connected, host, 0)
    return server, f"http://{host}:{server.sockets[0].getsockname()[1]}"


async def _answer(sky: Sky, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One request; whether the connection goes on."""
    head = await reader.readuntil(b"\r\n\r\n")
    line, *headers = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in headers)}
    content = await reader.readexactly(int(fields.get("content-length", 0)))
    method, target, _ = line.split(" ")
    if method == "GET":
        writer.write(_json(200, _listed(sky, parse_qs(urlsplit(target).query))))
        return True
    sky.posts += 1
    fault = sky.fault()
    if fault == "reset":
        return _reset(writer)
    form = parse_qs(content.decode())
    if fault in ("busy", "error", "unavailable"):
        status, code = {"busy": (429, 20429), "error": (500, 20500), "unavailable": (503, 20503)}[fault]
        writer.write(_json(status, {"code": code, "message": "no", "status": status}, "Retry-After: 0\r\n"))
        return True
    if fault == "echo":
        writer.write(b"HTTP/1.1 200 OK\r\nBad " + head.replace(b"\r\n", b" ") + b"\r\n\r\n")
        return False
    if form["To"][0].startswith(OPTED_OUT) and int(form["To"][0][-1]) % 2 == 0:
        writer.write(_json(400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"}))
        return True
    message = sky.accept(form)
    whole = _json(201, {name: value for name, value in message.items() if name != "at"})
    match fault:
        case "reset_accepted":
            return _reset(writer)
        case "error_accepted":
            writer.write(_json(500, {"code": 20500, "message": "no", "status": 500}))
        case "truncated":
            writer.write(whole[: len(whole) - 20])
            return False
        case "slow":
            await asyncio.sleep(0.5)
            writer.write(whole)
        case "hang_accepted":
            await asyncio.sleep(10)
            return False
        case "gzip":
            text = gzip.compress(json.dumps({**message, "at": None}).encode())
            writer.write(_head(201, len(text), "Content-Encoding: gzip\r\n") + text)
        case "twice":
            writer.write(whole + whole)
        case "echo_accepted":
            writer.write(b"HTTP/1.1 201 " + fields.get("authorization", "").encode() + b"\0\r\n\r\n")
            return False
        case "html":
            writer.write(_head(200, 13, "") + b"<html></html>")
        case "close_after":
            writer.write(whole)
            return False
        case "close_idle":
            writer.write(whole)
            await writer.drain()
            await asyncio.sleep(0.01)
            return False
        case _:
            writer.write(whole)
    return True


def _listed(sky: Sky, query: dict[str, list[str]]) -> dict[str, object]:
    to, now = query.get("To", [""])[0], time.time()
    shown = [
        {name: value for name, value in message.items() if name != "at"}
        for message in reversed(sky.messages)
        if message["to"] == to and now - float(str(message["at"])) >= sky.lag
    ]
    return {"messages": shown[:1000], "next_page_uri": None}


def _reset(writer: asyncio.StreamWriter) -> bool:
    writer.transport.abort()
    return False


def _json(status: int, value: object, more: str = "") -> bytes:
    text = json.dumps(value).encode()
    return _head(status, len(text), more) + text


def _head(status: int, length: int, more: str) -> bytes:
    date = email.utils.formatdate(usegmt=True)
    return (
        f"HTTP/1.1 {status} Because\r\nDate: {date}\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {length}\r\n\r\n"
    ).encode()
