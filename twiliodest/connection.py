"""Requests to a server and its answers, none endlessly long or slow. httpx and httpcore stay inside.

The two kinds of failure say all that matters here: whether a request may have arrived.
"""

from __future__ import annotations

import asyncio
import base64
import platform
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
import msgspec

from twiliodest import __version__
from twiliodest.answers import UNREADABLE
from twiliodest.model import Account
from twiliodest.wire import Network

READ_TIMEOUT = 40.0  # seconds; Twilio's own is about 30, and an answer beats a guess
IDLE_LIMIT = 4.0  # seconds; an older idle connection may be dead, and a POST into it would be an unknown
ANSWER_LIMIT = 1 << 20  # bytes


class NeverLeft(Exception):  # noqa: N818 -- says what is certain
    """Nothing of a request has reached the server."""


class NoAnswer(Exception):  # noqa: N818 -- says what is missing
    """A request may have arrived, and nothing that can be read has come back."""


class Unreachable(Exception):  # noqa: N818 -- says what is the matter with the server
    """There is no server, or none that answers as Twilio does."""


class Connection:
    """One connection, for one request at a time. Connections share nothing but the TLS settings.

    It speaks through httpcore, which httpx is made of: of what httpx adds (cookies, redirects, a client's defaults)
    nothing is wanted here, and it costs a third of a request.
    """

    def __init__(self, account: Account, tls: ssl.SSLContext, read_timeout: float = READ_TIMEOUT) -> None:
        self._pool = _pool(account.api_base, tls)
        self._base = httpcore.URL(account.api_base)
        login = f"{account.user}:{account.token.reveal()}".encode()
        said = {
            **_HEADERS,
            "Host": urlsplit(account.api_base).netloc.rpartition("@")[2],
            "Authorization": f"Basic {base64.b64encode(login).decode()}",
        }
        self._headers = [(name.encode(), value.encode()) for name, value in said.items()]
        self._patience = read_timeout + 20.0
        self._more = {"timeout": {"connect": 10.0, "read": read_timeout, "write": 10.0, "pool": 10.0}}

    async def request(
        self, method: str, target: str, form: bytes | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (none of a success) and body of the answer; a redirect is one.

        Raises `NeverLeft` and `NoAnswer`.
        """
        request = httpcore.Request(
            method,
            httpcore.URL(
                scheme=self._base.scheme,
                host=self._base.host,
                port=self._base.port,
                target=self._base.target.rstrip(b"/") + target.encode(),
            ),
            headers=self._headers if form is None else [*self._headers, *_form_headers(form)],
            content=form,
            extensions=self._more,
        )
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._pool.handle_async_request(request)
                try:
                    content = b""
                    async for block in answer.aiter_stream():
                        content += block
                        if len(content) > ANSWER_LIMIT:
                            raise NoAnswer("the answer is too long")
                finally:
                    await answer.aclose()
        except _NEVER_LEFT as error:
            raise NeverLeft(_why(error)) from None
        except _BROKEN as error:
            raise NoAnswer(_why(error)) from None
        return answer.status, {} if answer.status < 300 else httpx.Headers(answer.headers), content

    async def close(self) -> None:
        """Hang up."""
        await self._pool.aclose()


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
        """Hang up."""
        self._client.close()


def tls_context(api_base: str) -> ssl.SSLContext:
    """TLS settings for every connection: certificates are verified, always."""
    return httpx.create_ssl_context(trust_env=not is_loopback(api_base))


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


_USER_AGENT = (
    f"twiliodest/{__version__} ({platform.system()} {platform.machine()}) Python/{platform.python_version()}"
)
_HEADERS = {"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
_NEVER_LEFT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
)
_BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError, OSError)


def _form_headers(form: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Content-Length", b"%d" % len(form)),
    ]


def _pool(base: str, tls: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
    """A pool of one, through the proxy that the environment names for this server, if any."""
    parts = urlsplit(base)
    proxies = {} if is_loopback(base) or proxy_bypass(parts.netloc) else getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    options: dict[str, Any] = {
        "ssl_context": tls,
        "max_connections": 1,
        "keepalive_expiry": IDLE_LIMIT,
        "network_backend": Network(),
    }
    if not address:
        return httpcore.AsyncConnectionPool(**options)
    proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    kind = httpcore.AsyncSOCKSProxy if proxy.url.scheme.startswith("socks") else httpcore.AsyncHTTPProxy
    return kind(proxy_url=str(proxy.url), proxy_auth=proxy.raw_auth, **options)


def _sibling(api_base: str, product: str) -> str:
    """Another product's host beside Twilio's `api` host; any other server is all products at once."""
    parts = urlsplit(api_base)
    host = parts.hostname or ""
    if not host.startswith("api.") or not host.endswith(".twilio.com"):
        return api_base
    return f"https://{product}.{host.removeprefix('api.')}"


def _why(error: Exception) -> str:
    """A network error in a few words; its own text where it has one, and never a header."""
    match type(error).__name__:  # of httpx or of httpcore, whose names are the same
        case "ConnectTimeout" | "PoolTimeout":
            return "connecting took too long"
        case "ReadTimeout" | "WriteTimeout" | "TimeoutError":
            return "it took too long"
        case "ConnectError" | "ReadError" | "RemoteProtocolError":
            return str(error)[:200] or "the connection broke"
    return "the connection broke"
