"""What the sandbox was sent: the newest texts and requests, in memory, shown as Twilio would."""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec

from twiliodest.sandbox.chaos import Form
from twiliodest.sandbox.rules import Refusal

ROOM = 64 << 20  # bytes, about, for the texts that are kept, and as many for the requests
_EACH = 1 << 10  # bytes that a text or a request takes beside its contents
_PAIR = 200  # bytes that a field or a header takes beside its contents

DROPPED_LATER = Refusal(21610, "Attempt to send to unsubscribed recipient")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One posted message. `refusal` with `accepted` is a message that is taken and fails later."""

    seq: int  # 1, 2, 3 … in the order of arrival
    sid: str
    account: str
    at: float  # seconds since the epoch
    form: Form
    to: str
    sender: str  # empty with a Messaging Service alone
    service: str
    body: str
    media: tuple[str, ...]
    encoding: str
    segments: int
    accepted: bool
    refusal: Refusal | None = None
    answered: str = "201"  # what the caller saw

    @property
    def steps(self) -> tuple[tuple[float, str], ...]:
        """Its life: since when it has which status."""
        if not self.accepted:
            return ((self.at, "failed"),)
        start = (self.at, "accepted" if self.service else "queued")
        if self.refusal:
            return (start, (self.at + 1, "failed"))
        return (start, (self.at + 1, "sent"), (self.at + 3, "delivered"))


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the Twilio API, whatever became of it. Headers are lower-case, without credentials."""

    at: float
    connection: int  # 1, 2, 3 … in the order they were opened; 0 if the server does not tell
    method: str
    path: str
    query: Form
    form: Form
    headers: dict[str, str]
    authorized: bool


class Store:
    """The newest `keep` texts and requests, as far as there is room, the opt-outs, and who wants to hear of a change.

    Written in the server's thread, read from any.
    """

    def __init__(self, keep: int, room: int = ROOM) -> None:
        self.keep = keep
        self.room = room
        self.accepted = 0  # texts, since the start
        self.last = 0  # seq of the newest text
        self.first = 1  # seq from which texts are kept
        self.dropped = 0  # texts that made room for newer ones since the last clear
        self.optouts: set[str] = set()
        self.watchers: set[asyncio.Event] = set()
        self._texts: OrderedDict[str, Text] = OrderedDict()
        self._by_recipient: dict[str, deque[Text]] = {}
        self._requests: deque[Request] = deque()
        self._text_bytes = self._request_bytes = 0
        self._lock = threading.Lock()

    def add(self, text: Text) -> None:
        """Keep a text whose `seq` is `last + 1`."""
        with self._lock:
            self._texts[text.sid] = text
            self._by_recipient.setdefault(text.to, deque()).append(text)
            self.last = text.seq
            self.accepted += text.accepted
            self._text_bytes += _size(text.form)
            while len(self._texts) > self.keep or (self._text_bytes > self.room and len(self._texts) > 1):
                self._drop_oldest()
        self.notify()

    def _drop_oldest(self) -> None:
        _, text = self._texts.popitem(last=False)
        others = self._by_recipient[text.to]
        others.popleft()
        if not others:
            del self._by_recipient[text.to]
        self._text_bytes -= _size(text.form)
        self.dropped += 1
        self.first += 1

    def log(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)
            self._request_bytes += _size_of(request)
            while len(self._requests) > self.keep or (
                self._request_bytes > self.room and len(self._requests) > 1
            ):
                self._request_bytes -= _size_of(self._requests.popleft())

    def clear(self) -> None:
        """Forget texts and requests; opt-outs stay."""
        with self._lock:
            self._texts.clear()
            self._by_recipient.clear()
            self._requests.clear()
            self._text_bytes = self._request_bytes = 0
            self.first, self.dropped = self.last + 1, 0
        self.notify()

    def notify(self) -> None:
        for watcher in self.watchers:
            watcher.set()

    def get(self, sid: str) -> Text | None:
        return self._texts.get(sid)

    def texts(self, after: int = 0) -> list[Text]:
        """Oldest first, those with a greater `seq` than `after`."""
        with self._lock:
            found = []
            for text in reversed(self._texts.values()):
                if text.seq <= after:
                    break
                found.append(text)
        found.reverse()
        return found

    def texts_to(self, recipient: str) -> list[Text]:
        """Oldest first."""
        with self._lock:
            return list(self._by_recipient.get(recipient, ()))

    def requests(self) -> list[Request]:
        with self._lock:
            return list(self._requests)


def _size(fields: Iterable[tuple[str, str]]) -> int:
    """The bytes of memory that fields take, about."""
    return _EACH + sum(_PAIR + sys.getsizeof(name) + sys.getsizeof(value) for name, value in fields)


def _size_of(request: Request) -> int:
    fields = (request.form, request.query, request.headers.items(), (("", request.path),))
    return sum(map(_size, fields))


def resource(text: Text, now: float) -> dict[str, Any]:
    """The text as Twilio's Message resource shows it at the time `now`."""
    since, status = next((step for step in reversed(text.steps) if step[0] <= now), text.steps[0])
    sent = next((at for at, step in text.steps if step == "sent" and at <= now), None)
    error = text.refusal if status == "failed" else None
    uri = f"/2010-04-01/Accounts/{text.account}/Messages/{text.sid}"
    return {
        "account_sid": text.account,
        "api_version": "2010-04-01",
        "body": text.body,
        "date_created": rfc2822(int(text.at)),
        "date_sent": None if sent is None else rfc2822(int(sent)),
        "date_updated": rfc2822(int(since)),
        "direction": "outbound-api",
        "error_code": error.code if error else None,
        "error_message": error.message if error else None,
        "from": text.sender or None,
        "messaging_service_sid": text.service or None,
        "num_media": str(len(text.media)),
        "num_segments": "0" if status == "accepted" else str(text.segments),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


@functools.lru_cache(maxsize=64)
def rfc2822(at: int) -> str:
    """`Thu, 24 Aug 2023 05:01:45 +0000`."""
    return format_datetime(datetime.fromtimestamp(at, UTC))
