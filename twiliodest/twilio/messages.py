"""Twilio's messages: one POST or GET at a time, every answer taken for what it proves.

Twilio has no idempotency key: a POST that may have arrived is never repeated here.
"""

from __future__ import annotations

import contextlib
import email.utils
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec

from twiliodest.model import Account, Attempt, Message, Verdict
from twiliodest.twilio.answers import classify, is_sid
from twiliodest.twilio.connection import READ_TIMEOUT, Connection
from twiliodest.twilio.faults import LookUpError, NeverLeft, NoAnswer
from twiliodest.twilio.http1 import Answer
from twiliodest.twilio.network import Route

PAGES = 20  # of 50 messages, when looking for one
LOOK_AGAIN = 1.0  # seconds between two looks at Twilio's clock
QUICK = 2.0  # seconds; what takes longer tells less of a clock
STALE = 300.0  # seconds after which it tells enough
REMEMBERED = 1 << 16  # SIDs that are known again, the newest; so that memory stays flat


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A message as Twilio lists it. `created` is in unix seconds; `sender` is a number or a service's SID."""

    sid: str
    to: str
    senders: frozenset[str]
    body: str
    created: float
    refused: bool


class Accepted:
    """The SIDs that the lanes of a run were given: no two messages have the same."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._order: deque[str] = deque()

    def is_new(self, sid: str) -> bool:
        """Whether a SID was not given before; from now on it was."""
        if sid in self._known:
            return False
        self._known.add(sid)
        self._order.append(sid)
        if len(self._order) > REMEMBERED:
            self._known.remove(self._order.popleft())
        return True


class Watch:
    """By how many seconds Twilio's clock is `ahead` of ours (`clock`, unix seconds), as the dates of answers tell."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.ahead: float | None = None
        self._clock = clock
        self._looked = -math.inf
        self._measured = -math.inf

    def look(self, date: str | None, took: float) -> None:
        """An answer of this date has come now, and took so many seconds; seldom looked at closely.

        It tells the least that Twilio's clock may be ahead: what is created later by Twilio's clock is never earlier.
        """
        now = time.monotonic()
        if not date or now - self._looked < LOOK_AGAIN:
            return
        self._looked = now
        if took > QUICK and now - self._measured < STALE:
            return
        with contextlib.suppress(ValueError, OverflowError):
            self.ahead = email.utils.parsedate_to_datetime(date).timestamp() - self._clock()
            self._measured = now


class Lane:
    """One connection to Twilio, for one request at a time; the lanes of a run share `accepted` and `watch`."""

    def __init__(
        self,
        account: Account,
        route: Route,
        read_timeout: float = READ_TIMEOUT,
        *,
        accepted: Accepted | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._path = f"/2010-04-01/Accounts/{account.sid}/Messages.json"
        self._connection = Connection(account, route, read_timeout)
        self._accepted = accepted or Accepted()
        self._watch = watch or Watch()

    @property
    def ahead(self) -> float | None:
        """By how many seconds Twilio's clock is ahead of ours; `None` before an answer has told."""
        return self._watch.ahead

    def reached(self, to: str) -> str:
        """The address to which a text for somebody goes: theirs."""
        return to

    async def post(self, message: Message) -> Attempt:
        """Post a message once and say what the answer, or its absence, means. Never raises.

        An answer proves something only for the recipient it names, and with a SID that is new: what comes late or
        twice on a connection is another message's.
        """
        redact = self._connection.redact
        try:
            answer = await self._request("POST", self._path, urlencode(message.form).encode())
            attempt = classify(*answer[:3], fault=answer.fault, to=message.to, redact=redact)
        except NeverLeft as error:
            return Attempt(verdict=Verdict.AGAIN, reason=redact(f"Twilio cannot be reached: {error}"))
        except NoAnswer as error:
            return Attempt(verdict=Verdict.UNKNOWN, reason=redact(f"no answer from Twilio: {error}"))
        except Exception as error:
            reason = f"something unexpected happened ({type(error).__name__})"
            return Attempt(verdict=Verdict.UNKNOWN, reason=reason)
        if attempt.sid and not self._accepted.is_new(attempt.sid):
            attempt = Attempt(
                verdict=Verdict.UNKNOWN,
                reason="Twilio's answer is about another message: its SID is already known",
            )
        if attempt.verdict is Verdict.UNKNOWN:
            self._connection.drop()
        return attempt

    async def sent_to(self, to: str, since: float) -> list[Listed]:
        """What Twilio has for a recipient, newest first, created at `since` (unix seconds) or later.

        Raises `LookUpError`.
        """
        found: list[Listed] = []
        target = f"{self._path}?{urlencode({'To': to, 'PageSize': '50'})}"
        for _ in range(PAGES):
            try:
                answer = await self._request("GET", target)
                page = _LIST.decode(answer.content) if answer.status == 200 else None
                listed = [message for item in page.messages if (message := _listed(item))] if page else []
            except (NeverLeft, NoAnswer) as error:
                raise LookUpError(self._connection.redact(str(error))) from None
            except Exception:  # whatever a server may say, nothing is proven by what cannot be read
                raise LookUpError("the answer cannot be read") from None
            if page is None:
                raise LookUpError(f"HTTP status {answer.status}")
            redact = self._connection.redact
            found.extend(it for it in listed if it.created >= since and is_sid(it.sid, redact))
            following = page.next_page_uri
            if not following or not following.startswith("/") or any(item.created < since for item in listed):
                break
            target = following
        return found

    async def _request(self, method: str, target: str, form: bytes | None = None) -> Answer:
        start = time.monotonic()
        answer = await self._connection.request(method, target, form)
        self._watch.look(answer.headers.get("Date"), time.monotonic() - start)
        return answer

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()


class _Item(msgspec.Struct):
    sid: str = ""
    to: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    messaging_service_sid: str | None = None
    direction: str | None = None
    body: str | None = None
    status: str | None = None
    error_code: Any = None
    date_created: str | None = None


class _Page(msgspec.Struct):
    messages: list[_Item] = []
    next_page_uri: str | None = None


_LIST = msgspec.json.Decoder(_Page)


def _listed(item: _Item) -> Listed | None:
    """A listed message, or `None` for one that came in or has no date."""
    if item.direction is not None and not item.direction.startswith("outbound"):
        return None
    try:
        created = email.utils.parsedate_to_datetime(item.date_created or "").timestamp()
    except (ValueError, OverflowError):
        return None
    # since April 2024 Twilio lists the creations that it refused, too: failed, with a code of the API's own range
    refused = item.status == "failed" and str(item.error_code).startswith("2")
    senders = frozenset(sender for sender in (item.from_, item.messaging_service_sid) if sender)
    return Listed(
        sid=item.sid,
        to=item.to or "",
        senders=senders,
        body=item.body or "",
        created=created,
        refused=refused,
    )
