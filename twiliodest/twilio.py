"""Twilio's API: one POST or GET at a time, and no answer endlessly long or slow. httpx stays inside.

Twilio has no idempotency key: a POST that may have arrived is never repeated here.
"""

from __future__ import annotations

import asyncio
import base64
import email.utils
import platform
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from twiliodest import __version__
from twiliodest.answers import UNREADABLE, classify
from twiliodest.model import Account, Attempt, Message, Verdict

READ_TIMEOUT = 40.0  # seconds; Twilio's own is about 30, and an answer beats a guess
IDLE_LIMIT = 4.0  # seconds; an older idle connection may be dead, and a POST into it would be an unknown
ANSWER_LIMIT = 1 << 20  # bytes
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
        self._patience = read_timeout + 20.0
        self._path = f"/2010-04-01/Accounts/{account.sid}/Messages.json"
        self._client = httpx.AsyncClient(
            base_url=account.api_base,
            auth=(account.user, account.token.reveal()),
            headers=_HEADERS,
            timeout=httpx.Timeout(10.0, read=read_timeout),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=IDLE_LIMIT),
            verify=tls,
            trust_env=not is_loopback(account.api_base),
        )

    async def post(self, message: Message) -> Attempt:
        """Post a message once and say what the answer, or its absence, means. Never raises."""
        form: dict[str, Any] = {}
        for name, value in message.form:
            form.setdefault(name, []).append(value)
        try:
            answer = await self._request("POST", self._path, data=form)
        except _NEVER_LEFT as error:
            return Attempt(verdict=Verdict.AGAIN, reason=f"Twilio cannot be reached: {_why(error)}")
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            return Attempt(verdict=Verdict.UNKNOWN, reason=f"no answer from Twilio: {_why(error)}")
        attempt = classify(*answer)
        token = self._account.token.reveal()
        login = base64.b64encode(f"{self._account.user}:{token}".encode()).decode()
        reason = attempt.reason and attempt.reason.replace(token, "********").replace(login, "********")
        return msgspec.structs.replace(attempt, reason=reason) if reason != attempt.reason else attempt

    async def sent_to(self, to: str, since: float) -> list[Listed]:
        """What Twilio has for a recipient, newest first, created at `since` (unix seconds) or later.

        Raises `LookUpError`.
        """
        found: list[Listed] = []
        url: str = self._path
        params: dict[str, str] | None = {"To": to, "PageSize": "50"}
        for _ in range(PAGES):
            try:
                status, _, content = await self._request("GET", url, params=params)
                page = _LIST.decode(content) if status == 200 else None
            except (httpx.HTTPError, httpx.StreamError, TimeoutError, *UNREADABLE) as error:
                raise LookUpError(_why(error)) from None
            if page is None:
                raise LookUpError(f"HTTP status {status}")
            listed = [message for item in page.messages if (message := _listed(item))]
            found.extend(message for message in listed if message.created >= since)
            following = page.next_page_uri
            if not following or not following.startswith("/") or any(item.created < since for item in listed):
                break
            url, params = following, None  # an empty dict would take the query off the address
        return found

    async def close(self) -> None:
        await self._client.aclose()

    async def _request(self, method: str, url: str, **what: Any) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and body of an answer that is neither endlessly long nor endlessly slow."""
        async with asyncio.timeout(self._patience), self._client.stream(method, url, **what) as answer:
            content = b""
            async for block in answer.aiter_raw():
                content += block
                if len(content) > ANSWER_LIMIT:
                    raise httpx.ReadError("the answer is too long")
            return answer.status_code, answer.headers, content


class Unreachable(Exception):  # noqa: N818 -- says what is the matter with the server
    """There is no server, or none that answers as Twilio does."""


class Reader:
    """Read-only requests, one after another; `bases` are the addresses of the API and of the Messaging product."""

    def __init__(self, account: Account, read_timeout: float = READ_TIMEOUT) -> None:
        self._client = httpx.Client(
            auth=(account.user, account.token.reveal()),
            headers=_HEADERS,
            timeout=httpx.Timeout(10.0, read=read_timeout),
            verify=tls_context(account.api_base),
            trust_env=not is_loopback(account.api_base),
        )
        self.bases = (account.api_base, _sibling(account.api_base, "messaging"))

    def get(self, path: str, params: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, Any]]:
        """The status of an answer and its JSON object; `/v1/` paths are the Messaging product's.

        Raises `Unreachable`.
        """
        base = self.bases[path.startswith("/v1/")]
        try:
            with self._client.stream("GET", base + path, params=params or None) as answer:
                content = b""
                for block in answer.iter_bytes():
                    content += block
                    if len(content) > ANSWER_LIMIT:
                        raise Unreachable("an answer that is too long to be Twilio's")
            body = msgspec.json.decode(content) if content else {}
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise Unreachable(_why(error)) from None
        except UNREADABLE:
            body = {}
        if answer.status_code in (407, 429) or not 200 <= answer.status_code < 500 or answer.is_redirect:
            raise Unreachable(f"HTTP status {answer.status_code}")
        if not isinstance(body, dict) or (answer.status_code < 300 and not body):
            raise Unreachable("an answer that is not Twilio's")
        return answer.status_code, body

    def close(self) -> None:
        self._client.close()


def tls_context(api_base: str) -> ssl.SSLContext:
    """TLS settings for every lane: certificates are verified, always."""
    return httpx.create_ssl_context(trust_env=not is_loopback(api_base))


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


_USER_AGENT = (
    f"twiliodest/{__version__} ({platform.system()} {platform.machine()}) Python/{platform.python_version()}"
)

_HEADERS = {"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


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


def _sibling(api_base: str, product: str) -> str:
    """Another product's host beside Twilio's `api` host; any other server is all products at once."""
    parts = urlsplit(api_base)
    host = parts.hostname or ""
    if not host.startswith("api.") or not host.endswith(".twilio.com"):
        return api_base
    return f"https://{product}.{host.removeprefix('api.')}"


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


def _why(error: Exception) -> str:
    """A network error in a few words; its own text where it has one, and never a header."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "connecting took too long"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "it took too long"
    if isinstance(error, httpx.ConnectError | httpx.ReadError | httpx.RemoteProtocolError):
        return str(error)[:200] or "the connection broke"
    return "the connection broke" if isinstance(error, httpx.HTTPError) else "an answer that cannot be read"
