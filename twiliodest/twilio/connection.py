"""Requests to a server and its answers, none endlessly long or slow, each answer to the request before it."""

from __future__ import annotations

import asyncio
import base64
import platform
import time
from collections import deque

from twiliodest import __version__
from twiliodest.addresses import read_address
from twiliodest.model import Account
from twiliodest.twilio.dialing import dial
from twiliodest.twilio.faults import NeverLeft, NoAnswer
from twiliodest.twilio.http1 import ANSWER_LIMIT, Answer, Talk
from twiliodest.twilio.network import Route
from twiliodest.twilio.redaction import redaction

READ_TIMEOUT = 40.0  # seconds; Twilio's own is about 30, and an answer beats a guess
IDLE_LIMIT = 4.0  # seconds; an older idle connection may be dead, and a POST into it would be an unknown
REMEMBERED = 16  # answers of a connection that are known again


class Connection:
    """One connection, for one request at a time, and a new one after each failure."""

    def __init__(
        self,
        account: Account,
        route: Route,
        read_timeout: float = READ_TIMEOUT,
        largest: int = ANSWER_LIMIT,
    ) -> None:
        self._server = read_address(account.api_base)
        self._route = route
        self._read_timeout = read_timeout
        self._largest = largest
        self._talk: Talk | None = None
        self._idle_since = 0.0
        self._answered: deque[str] = deque(maxlen=REMEMBERED)
        login = (account.user, account.token.reveal())
        basic = base64.b64encode(":".join(login).encode()).decode()
        said = {**_HEADERS, "Host": self._server.netloc, "Authorization": f"Basic {basic}"}
        self._headers = [(name.encode(), value.encode()) for name, value in said.items()]
        proxy = route.proxy
        self.redact = redaction([login, *([proxy.login] if proxy and proxy.login else [])])

    async def request(self, method: str, target: str, form: bytes | None = None) -> Answer:
        """The answer to a request; a redirect is one. Raises `NeverLeft` and `NoAnswer`, and nothing else."""
        try:
            headers = self._headers if form is None else [*self._headers, *_form_headers(form)]
            path = f"{self._server.path}{target}".encode()
            if (talk := self._kept()) is None or not await talk.wire.is_quiet():
                self.drop()
                talk = self._talk = Talk(await dial(self._server, self._route), self._largest)
            async with asyncio.timeout(self._read_timeout + 20.0):
                answer = await talk.ask(method.encode(), path, headers, form, self._read_timeout)
        except (NeverLeft, NoAnswer):
            self.drop()
            raise
        except Exception as error:
            has_left = self._talk is not None and self._talk.has_left
            self.drop()
            if isinstance(error, TimeoutError):
                raise (NoAnswer if has_left else NeverLeft)("it took too long") from None
            raise (NoAnswer if has_left else NeverLeft)(
                f"something unexpected happened ({type(error).__name__})"
            ) from None
        except BaseException:
            self.drop()
            raise
        self._check(answer, talk)
        return answer

    def drop(self) -> None:
        """Hang up; the next request has a connection of its own."""
        if self._talk:
            self._talk.wire.close()
        self._talk = None
        self._answered.clear()

    async def close(self) -> None:
        """Hang up, and be done."""
        self.drop()
        await asyncio.sleep(0)

    def _kept(self) -> Talk | None:
        """The connection of the request before, if it may still be used."""
        return self._talk if time.monotonic() - self._idle_since < IDLE_LIMIT else None

    def _check(self, answer: Answer, talk: Talk) -> None:
        """Keep the connection only if nobody can mistake an answer for a later one's. Raises `NoAnswer`.

        Twilio gives each answer an id. One that has come before is not this request's; a refusal without one names
        nobody, so that nothing would tell it from its own repetition.
        """
        number = answer.headers.get("Twilio-Request-Id", "")
        if number and number in self._answered:
            self.drop()
            raise NoAnswer("the answer belongs to another request")
        if talk.is_done() and (number or answer.status < 300):
            self._idle_since = time.monotonic()
            if number:
                self._answered.append(number)
        else:
            self.drop()


_USER_AGENT = (
    f"twiliodest/{__version__} ({platform.system()} {platform.machine()}) Python/{platform.python_version()}"
)
_HEADERS = {"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}


def _form_headers(form: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Content-Length", b"%d" % len(form)),
    ]
