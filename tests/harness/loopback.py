"""Servers on loopback that do as they are told, byte by byte, and proxies that open real tunnels; each in threads."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

SILENCE = 30.0  # seconds, after which a server gives up


@dataclass
class Client:
    """One connection, as a server sees it."""

    socket: socket.socket
    unread: bytes = b""

    def request(self) -> bytes:
        """The next request, head and body; nothing at the end."""
        while b"\r\n\r\n" not in self.unread:
            if not self._more():
                return b""
        head, _, rest = self.unread.partition(b"\r\n\r\n")
        length = int((head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) or 0)
        while len(rest) < length and self._more():
            rest = self.unread.partition(b"\r\n\r\n")[2]
        self.unread = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    def exactly(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        while len(self.unread) < size and self._more():
            pass
        data, self.unread = self.unread[:size], self.unread[size:]
        return data

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """End it with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _more(self) -> bool:
        data = self.socket.recv(1 << 16)
        self.unread += data
        return bool(data)


@dataclass
class Server:
    """Where it listens, and what it was asked."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def posted(self) -> list[str]:
        """The recipients of all that was posted."""
        return [recipient(it) for it in self.requests if it.startswith(b"POST")]


@contextlib.contextmanager
def serving(
    serve: Callable[[Server, Client], object], *, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """A server; `serve` gets each connection, in a thread of its own."""
    clients: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening.getsockname()[1])

        def attend(raw: socket.socket) -> None:
            raw.settimeout(SILENCE)
            with (
                contextlib.suppress(OSError, ValueError, IndexError),
                tls.wrap_socket(raw, server_side=True) if tls else raw as secured,
            ):
                serve(server, Client(secured))

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    raw, _ = listening.accept()
                    server.connections += 1
                    clients.append(raw)
                    threading.Thread(target=attend, args=(raw,), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(SILENCE)
            for client in clients:
                client.close()


def answering(answer: Callable[[bytes, int], bytes]) -> Callable[[Server, Client], None]:
    """Answers each request with what `answer` makes of it and of its number, from 1 on; at nothing, it hangs up."""

    def serve(server: Server, client: Client) -> None:
        while request := client.request():
            server.requests.append(request)
            data = answer(request, len(server.requests))
            if not data:
                return
            client.say(data)

    return serve


def recipient(request: bytes) -> str:
    """Whom a POST texts."""
    return dict(parse_qsl(request.partition(b"\r\n\r\n")[2].decode())).get("To", "")


def sid(number: int) -> str:
    return f"SM{number:032x}"


def http(status: int, content: bytes, *headers: bytes) -> bytes:
    """A whole answer."""
    lines = (b"HTTP/1.1 %d So" % status, b"Content-Length: %d" % len(content), *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def accepted(to: str, number: int, **more: object) -> bytes:
    """The JSON of an acceptance."""
    return json.dumps({"sid": sid(number), "to": to, "status": "queued", **more}).encode()


def created(request: bytes, number: int, *headers: bytes) -> bytes:
    """Twilio's usual answer; an empty list to a GET."""
    if request.startswith(b"GET"):
        return http(200, b'{"messages": [], "next_page_uri": null}')
    return http(201, accepted(recipient(request), number), *headers)


def tunnel(target: int, *, prelude: bytes = b"") -> Callable[[Server, Client], None]:
    """An HTTP proxy, all of whose tunnels end at one port of this machine."""

    def serve(server: Server, client: Client) -> None:
        server.requests.append(client.request())
        client.say(b"HTTP/1.1 200 Connection established\r\n\r\n" + prelude)
        _pour(client, target)

    return serve


def socks(target: int, login: tuple[bytes, bytes] | None = None) -> Callable[[Server, Client], None]:
    """A SOCKS5 proxy, all of whose tunnels end at one port of this machine; it speaks a byte at a time."""

    def say(client: Client, data: bytes) -> None:
        for place in range(len(data)):
            client.say(data[place : place + 1])

    def serve(server: Server, client: Client) -> None:
        methods = client.exactly(client.exactly(2)[1])
        say(client, b"\x05\x02" if login else b"\x05\x00")
        if login:
            user = client.exactly(client.exactly(2)[1])
            password = client.exactly(client.exactly(1)[0])
            say(client, b"\x01\x00" if (user, password) == login else b"\x01\x01")
            if (user, password) != login:
                return
        kind = client.exactly(4)[3]
        host = client.exactly(client.exactly(1)[0] if kind == 3 else 4 if kind == 1 else 16)
        server.requests.append(methods + b" " + host + b":%d" % int.from_bytes(client.exactly(2)))
        say(client, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
        _pour(client, target)

    return serve


def _pour(client: Client, target: int) -> None:
    with socket.create_connection(("127.0.0.1", target), SILENCE) as there:
        there.sendall(client.unread)

        def back() -> None:
            with contextlib.suppress(OSError):
                while data := there.recv(1 << 16):
                    client.say(data)
                client.socket.shutdown(socket.SHUT_RDWR)

        pouring = threading.Thread(target=back, daemon=True)
        pouring.start()
        with contextlib.suppress(OSError):
            while data := client.socket.recv(1 << 16):
                there.sendall(data)
        with contextlib.suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)
        pouring.join(SILENCE)


def local(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"
