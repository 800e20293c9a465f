"""What the inbox page and a test's control need: the texts, live, and the switches."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from twiliodest.sandbox import wire
from twiliodest.sandbox.api import TwilioApi
from twiliodest.sandbox.chaos import Chaos
from twiliodest.sandbox.messages import Text, resource
from twiliodest.sandbox.refusals import error_body

_ON_PAGE = 10_000  # texts a page holds
_BATCH = 500  # texts an event carries
_BATCH_SIZE = 1 << 20  # characters of texts, after which an event ends
_PAUSE = 0.1  # seconds between events: what comes meanwhile goes together
_HEARTBEAT = 15.0  # seconds of silence at most
_STALLED = 10.0  # seconds a client may take to read an event
_MOST_CLIENTS = 32
_MOST_OPTOUTS = 10_000
_LARGEST_BODY = 1 << 16


class Optout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: Annotated[str, msgspec.Meta(max_length=100)]
    opted_out: bool = True


class Inbox:
    """The routes under `/sandbox`."""

    def __init__(self, api: TwilioApi) -> None:
        self.api = api
        self.store = api.store

    def routes(self) -> Sequence[Route]:
        return [
            Route("/sandbox/messages", self.messages, methods=["GET"]),
            Route("/sandbox/messages", self.clear, methods=["DELETE"]),
            Route("/sandbox/messages/{sid}", self.message, methods=["GET"]),
            Route("/sandbox/chaos", self.chaos, methods=["GET"]),
            Route("/sandbox/chaos", self.set_chaos, methods=["PUT"]),
            Route("/sandbox/optouts", self.optout, methods=["POST"]),
            Route("/sandbox/events", Events(self)),
        ]

    async def messages(self, request: Request) -> Response:
        """What was accepted, oldest first, each with the form as received."""
        return _json([text for text in self.store.texts() if text.accepted])

    async def message(self, request: Request) -> Response:
        """One text: its form, how it was answered, and how Twilio would answer it (`status`, `response`)."""
        text = self.store.get(request.path_params["sid"])
        if text is None:
            return _json({"error": "no such message"}, 404)
        refused = not text.accepted and text.refusal
        first = error_body(refused) if refused else resource(text, None)
        status = refused.status if refused else 201
        return _json({"form": text.form, "answered": text.answered, "status": status, "response": first})

    async def clear(self, request: Request) -> Response:
        self.store.clear()
        return Response(status_code=204)

    async def chaos(self, request: Request) -> Response:
        return _json(self.api.settings.chaos)

    async def set_chaos(self, request: Request) -> Response:
        try:
            chaos = msgspec.json.decode(await _body(request), type=Chaos)
        except ValueError as error:  # msgspec's errors and Chaos's own
            return _json({"error": str(error)}, 400)
        self.api.set_chaos(chaos)
        return _json(chaos)

    async def optout(self, request: Request) -> Response:
        """`{"to": "+15557654321", "opted_out": true}`: STOP; with false: START."""
        try:
            asked = msgspec.json.decode(await _body(request), type=Optout)
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        if asked.opted_out and len(self.store.optouts) >= _MOST_OPTOUTS:
            return _json({"error": f"more than {_MOST_OPTOUTS} opted out"}, 400)
        (self.store.optouts.add if asked.opted_out else self.store.optouts.discard)(asked.to)
        self.store.notify()
        return _json(asked)

    def state(self) -> dict[str, Any]:
        store = self.store
        return {
            "first": store.first,
            "dropped": store.dropped,
            "optouts": sorted(store.optouts),
            "chaos": self.api.settings.chaos,
            "open": self.api.settings.account is None,
        }


class Events:
    """Server-sent events: `state` when it changed, `texts` (a list), `changes` of texts that were told of
    before, `settled` when all there was is sent.

    A client holds only its place in the store, so a slow one costs nothing; one that does not read is
    dropped. An event's id is that place: who reconnects goes on where they were.
    """

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.store = inbox.store
        self.run = secrets.token_hex(4)  # tells a restarted sandbox from this one

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self.store.watchers) >= _MOST_CLIENTS:
            await _json({"error": "too many pages are open"}, 503)(scope, receive, send)
            return
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        changed = asyncio.Event()
        self.store.watchers.add(changed)
        gone = asyncio.create_task(wire.gone(receive))
        try:
            await self._stream(Request(scope).headers.get("last-event-id", ""), changed, gone, send)
        except TimeoutError:
            await wire.cut("reset", scope, receive)
        finally:
            self.store.watchers.discard(changed)
            gone.cancel()

    def _id(self, place: int, heard: int) -> bytes:
        return f"{self.run}-{place}-{heard}".encode()

    def _resume(self, last_id: str) -> tuple[int, int]:
        """The text and the change that a page has heard of; none, and all changes, for one that is new."""
        found = re.fullmatch(rf"{self.run}-([0-9]{{1,15}})-([0-9]{{1,15}})", last_id)
        return (int(found[1]), int(found[2])) if found else (0, self.store.changed)

    async def _stream(
        self, last_id: str, changed: asyncio.Event, gone: asyncio.Task[None], send: Send
    ) -> None:
        place, heard = self._resume(last_id)
        told: bytes | None = None
        settled = False
        await _send(send, b"retry: 1000\n\n")
        while not gone.done():
            changed.clear()
            state = msgspec.json.encode({"run": self.run, **self.inbox.state()})
            if state != told:
                await _send(send, b"event: state\ndata: " + state + b"\n\n")
                told = state
            texts = self.store.texts(after=place)[-_ON_PAGE:]
            changed_texts, gone_texts = self.store.changes(after=heard)
            heard = self.store.changed
            for batch in _batches(texts):
                place = batch[-1].seq
                data = msgspec.json.encode([_row(text) for text in batch])
                await _send(send, b"id: %b\nevent: texts\ndata: %b\n\n" % (self._id(place, heard), data))
            if changed_texts or gone_texts:
                data = msgspec.json.encode({"texts": list(map(_row, changed_texts)), "gone": gone_texts})
                await _send(send, b"id: %b\nevent: changes\ndata: %b\n\n" % (self._id(place, heard), data))
            if not settled:
                await _send(send, b"event: settled\ndata: {}\n\n")
                settled = True
            await asyncio.sleep(_PAUSE)
            if not await _wait(changed, gone):
                await _send(send, b": still here\n\n")


def _batches(texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
    """Texts in events that are not too large: each page is sent one at a time."""
    batch: list[Text] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text.body) + sum(map(len, text.media))
        if len(batch) == _BATCH or size > _BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _row(text: Text) -> dict[str, Any]:
    return {
        "seq": text.seq,
        "sid": text.sid,
        "to": text.to,
        "sender": text.sender or text.service,
        "body": text.body,
        "media": text.media,
        "at": text.at,
        "encoding": text.encoding,
        "segments": text.segments,
        "steps": text.steps,
        "refusal": text.refusal or text.ends,
        "accepted": text.accepted,
        "answered": text.answered,
    }


async def _send(send: Send, data: bytes) -> None:
    await asyncio.wait_for(send({"type": "http.response.body", "body": data, "more_body": True}), _STALLED)


async def _wait(changed: asyncio.Event, gone: asyncio.Task[None]) -> bool:
    """Until something changed or the client left; False after a long silence."""
    waiting = asyncio.create_task(changed.wait())
    try:
        done, _ = await asyncio.wait((waiting, gone), timeout=_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return bool(done)


async def _body(request: Request) -> bytes:
    """ValueError if it is too large."""
    body = await wire.read(request.receive, _LARGEST_BODY)
    if body is None:
        raise ValueError("too large")
    return body


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
