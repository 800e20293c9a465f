"""The sandbox as one ASGI application: Twilio's API, the inbox page, and a guard against other origins."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twiliodest.sandbox.api import TwilioApi
from twiliodest.sandbox.inbox import Inbox
from twiliodest.sandbox.settings import Settings

_LOCAL = ("127.0.0.1", "localhost", "[::1]")
# What no page of the open internet can be called: a container's name, or one of a private network.
_PRIVATE_NAME = re.compile(
    r"[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*(?:[A-Za-z0-9._-]*\.(?:local|internal|test))?(?::[0-9]{1,5})?"
)
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app(settings: Settings) -> Starlette:
    """The whole sandbox; `app.state.api` is its Twilio side, with the store."""
    api = TwilioApi(settings)
    routes: list[BaseRoute] = [
        Mount("/2010-04-01", api),  # first: it is asked thousands of times a second
        *(_static(file) for file in files(__package__).joinpath("page").iterdir()),
        *Inbox(api).routes(),
        Mount("/", api),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Guard)])
    app.state.api = api
    return app


class Guard:
    """Lets in only requests that a page of another origin cannot make, and adds the headers that keep it so.

    Against DNS rebinding the `Host` must be this machine or the very address that was connected to. Browsers
    tell where a request comes from (`Origin`, `Sec-Fetch-Site`); programs do not, and may pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
            await send(message)

        reason = _foreign(scope)
        app = JSONResponse({"error": reason}, 403) if reason else self.app
        await app(scope, receive, send_guarded)


def _foreign(scope: Scope) -> str | None:
    """Why a request is not let in."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    address, port = scope.get("server") or ("", 80)
    names = (*_LOCAL, f"[{address}]" if ":" in address else address)
    if (
        host not in [f"{name}:{port}" for name in names]
        and not (port == 80 and host in names)
        and not _PRIVATE_NAME.fullmatch(host)
    ):
        return f"unexpected Host header: open the sandbox at http://127.0.0.1:{port}"
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return "pages from another origin may not use the sandbox"
    opens_page = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not opens_page:
        return "pages from another origin may not use the sandbox"
    return None


def _static(file: Traversable) -> Route:
    """A file of the page under its name; the page itself at the root."""
    name, _, ending = file.name.partition(".")
    content = file.read_bytes()
    headers = {
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }

    async def show(request: Request) -> Response:
        return Response(content, media_type=_TYPES[ending], headers=headers)

    return Route("/" if ending == "html" else f"/{file.name}", show, name=name)
