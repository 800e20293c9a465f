"""Twilio's messages: one POST or GET at a time, every answer taken for what it proves.

Twilio has no idempotency key: a POST that may have arrived is never repeated here.
"""

from __future__ import annotations

import base64
import email.utils
import ssl
from typing import Any
from urllib.parse import urlencode

import msgspec

from twiliodest.answers import UNREADABLE, classify
from twiliodest.connection import READ_TIMEOUT, Connection, NeverLeft, NoAnswer
from twiliodest.model import Account, Attempt, Message, Verdict

PAGES = 20  # of 50 messages, when looking for one


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A message as Twilio lists it. `created` is in unix seconds; `sender` is a number or a service's SID."""

    sid: str
    to: str
    senders: frozenset[str]
    body: str
    created: float
    refused: bool


class LookUpError(Exception):
    """Twilio's list of messages could not be read; nothing is known."""


class Lane:
    """One connection to Twilio, for one request at a time; lanes share nothing but the TLS settings."""

    def __init__(self, account: Account, tls: ssl.SSLContext, read_timeout: float = READ_TIMEOUT) -> None:
        self._account = account
        self._path = f"/2010-04-01/Accounts/{account.sid}/Messages.json"
        self._connection = Connection(account, tls, read_timeout)

    async def post(self, message: Message) -> Attempt:
        """Post a message once and say what the answer, or its absence, means. Never raises."""
        try:
            answer = await self._connection.request("POST", self._path, urlencode(message.form).encode())
        except NeverLeft as error:
            return Attempt(verdict=Verdict.AGAIN, reason=f"Twilio cannot be reached: {error}")
        except NoAnswer as error:
            return Attempt(verdict=Verdict.UNKNOWN, reason=f"no answer from Twilio: {error}")
        attempt = classify(*answer)
        return (
            msgspec.structs.replace(attempt, reason=self._masked(attempt.reason))
            if attempt.reason
            else attempt
        )

    async def sent_to(self, to: str, since: float) -> list[Listed]:
        """What Twilio has for a recipient, newest first, created at `since` (unix seconds) or later.

        Raises `LookUpError`.
        """
        found: list[Listed] = []
        target = f"{self._path}?{urlencode({'To': to, 'PageSize': '50'})}"
        for _ in range(PAGES):
            try:
                status, _, content = await self._connection.request("GET", target)
                page = _LIST.decode(content) if status == 200 else None
            except (NeverLeft, NoAnswer) as error:
                raise LookUpError(str(error)) from None
            except UNREADABLE:
                raise LookUpError("an answer that cannot be read") from None
            if page is None:
                raise LookUpError(f"HTTP status {status}")
            listed = [message for item in page.messages if (message := _listed(item))]
            found.extend(message for message in listed if message.created >= since)
            following = page.next_page_uri
            if not following or not following.startswith("/") or any(item.created < since for item in listed):
                break
            target = following
        return found

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()

    def _masked(self, reason: str) -> str:
        token = self._account.token.reveal()
        login = base64.b64encode(f"{self._account.user}:{token}".encode()).decode()
        return reason.replace(token, "********").replace(login, "********")


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
