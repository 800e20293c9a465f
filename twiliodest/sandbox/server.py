"""The sandbox on a port: beside a run or a test in a thread of its own, or alone in the foreground."""

from __future__ import annotations

import asyncio
import functools
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import ServerState

from twiliodest.sandbox.api import TwilioApi
from twiliodest.sandbox.app import create_app
from twiliodest.sandbox.messages import Text
from twiliodest.sandbox.settings import Settings
from twiliodest.sandbox.store import Request

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as HttpProtocol  # httptools where it is there


class Sandbox:
    """A sandbox that serves as long as the context is open.

    `port` 0 takes a free one. OSError if the address cannot be had. Closing does not wait for anybody: open
    pages and hanging requests are cut off.
    """

    def __init__(self, settings: Settings | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        app = create_app(settings or Settings())
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=2048)
        # Connections inherit it; without it every answer waits for the client's delayed acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address, bound_port = self._socket.getsockname()[:2]
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - not bound here
        self.url = f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{bound_port}"
        self.api: TwilioApi = app.state.api
        self._connections = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(app,), name="sandbox", daemon=True)
        self._thread.start()
        self._ready.wait()

    def messages(self) -> list[Text]:
        """What was accepted, oldest first (the newest `Settings.keep`); also after closing."""
        return [text for text in self.api.store.texts() if text.accepted]

    def requests(self) -> list[Request]:
        """Every request to the Twilio API, oldest first, whatever became of it."""
        return self.api.store.requests()

    @property
    def accepted(self) -> int:
        """How many messages were accepted so far, kept or not; also after closing."""
        return self.api.store.accepted

    @property
    def connections(self) -> int:
        """How many connections were opened so far, pages included."""
        return self._connections

    def wait(self) -> None:
        """Until it is closed."""
        self._thread.join()

    def close(self) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _run(self, app: Starlette) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        config.load()
        try:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(self._serve(config))
        finally:
            self._ready.set()

    async def _serve(self, config: uvicorn.Config) -> None:
        self._loop = asyncio.get_running_loop()
        state = ServerState()
        server = await self._loop.create_server(
            functools.partial(_Connection, config, state, self._count), sock=self._socket, backlog=2048
        )
        self._ready.set()
        await self._closing.wait()
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)

    def _count(self) -> int:
        self._connections += 1
        return self._connections


class _Connection(HttpProtocol):
    """Shows each request its connection: the transport, to cut it off, and its number."""

    def __init__(self, config: uvicorn.Config, state: ServerState, count: Callable[[], int]) -> None:
        super().__init__(config, state, {})
        self._count = count

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn has TCP only
        super().connection_made(transport)
        self.app_state = {"transport": transport, "connection": self._count()}


def serve(settings: Settings, host: str, port: int, ready: Callable[[str], None] = lambda url: None) -> None:
    """Serve until KeyboardInterrupt, which passes through; `ready` gets the URL once it can be opened."""
    with Sandbox(settings, host=host, port=port) as sandbox:
        ready(sandbox.url)
        sandbox.wait()
