"""What the sandbox was sent: the newest texts and requests, in memory."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable

import msgspec

from twiliodest.sandbox.chaos import Form
from twiliodest.sandbox.messages import Text

ROOM = 64 << 20  # bytes, about, for the texts that are kept, and as many for the requests
_EACH = 1 << 10  # bytes that a text or a request takes beside its contents
_PAIR = 200  # bytes that a field or a header takes beside its contents
_CHANGES = 10_000  # the newest changes of texts that are remembered


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
        self._by_recipient: dict[str, dict[str, Text]] = {}
        self._requests: deque[Request] = deque()
        self._text_bytes = self._request_bytes = 0
        self._changes: deque[tuple[int, str]] = deque(maxlen=_CHANGES)
        self.changed = 0  # texts that were changed or deleted, since the start
        self._lock = threading.Lock()

    def add(self, text: Text) -> None:
        """Keep a text whose `seq` is `last + 1`."""
        with self._lock:
            self._texts[text.sid] = text
            self._by_recipient.setdefault(text.to, {})[text.sid] = text
            self.last = text.seq
            self.accepted += text.accepted
            self._text_bytes += _size(text.form)
            while len(self._texts) > self.keep or (self._text_bytes > self.room and len(self._texts) > 1):
                self._drop_oldest()
        self.notify()

    def replace(self, text: Text) -> None:
        """Keep what has become of a text, if it is still kept."""
        with self._lock:
            if text.sid in self._texts:
                self._texts[text.sid] = self._by_recipient[text.to][text.sid] = text
                self._note(text)
        self.notify()

    def remove(self, sid: str) -> None:
        """Forget a text as if it had never been."""
        with self._lock:
            if text := self._texts.get(sid):
                self._forget(text)
                self._note(text)
        self.notify()

    def changes(self, after: int) -> tuple[list[Text], list[int]]:
        """What became of texts since there were `after` changes: the changed ones, and which were removed."""
        with self._lock:
            newest = dict(list(self._changes)[after - self.changed :]) if after < self.changed else {}
            changed = [self._texts[sid] for sid in newest.values() if sid in self._texts]
            return changed, [seq for seq, sid in newest.items() if sid not in self._texts]

    def _note(self, text: Text) -> None:
        self._changes.append((text.seq, text.sid))
        self.changed += 1

    def _drop_oldest(self) -> None:
        self._forget(next(iter(self._texts.values())))
        self.dropped += 1

    def _forget(self, text: Text) -> None:
        del self._texts[text.sid]
        others = self._by_recipient[text.to]
        del others[text.sid]
        if not others:
            del self._by_recipient[text.to]
        self._text_bytes -= _size(text.form)
        oldest = next(iter(self._texts.values()), None)
        self.first = oldest.seq if oldest else self.last + 1

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
            self._changes.clear()
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
            return list(self._by_recipient.get(recipient, {}).values())

    def requests(self) -> list[Request]:
        with self._lock:
            return list(self._requests)


def _size(fields: Iterable[tuple[str, str]]) -> int:
    """The bytes of memory that fields take, about."""
    return _EACH + sum(_PAIR + sys.getsizeof(name) + sys.getsizeof(value) for name, value in fields)


def _size_of(request: Request) -> int:
    fields = (request.form, request.query, request.headers.items(), (("", request.path),))
    return sum(map(_size, fields))
