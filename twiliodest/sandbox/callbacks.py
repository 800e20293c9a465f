"""Status callbacks: tells a message's `StatusCallback` of each status after the first, as Twilio does."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

import h11

from twiliodest.sandbox.messages import Text
from twiliodest.sandbox.settings import Settings
from twiliodest.sandbox.signature import signature
from twiliodest.sandbox.store import Store

MOST = 10_000  # messages that are watched at a time
_AT_ONCE = 32  # callbacks under way
_PATIENCE = 15.0  # seconds, as Twilio's
_NAP = 60.0  # seconds, after which a sleeper looks whether its message is still there
_KEPT = "!#$%&'()*+,/:;=?@[]~"  # of a URL, beside letters, digits, - . _


class Callbacks:
    """One task for each message that wants callbacks. Nobody waits for them, and a failure is only logged."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._watched: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = {}

    def watch(self, text: Text, token: str) -> None:
        """Tell of a new message, from within the server's loop, signed with the token that it was posted with."""
        url = dict(text.form).get("StatusCallback")
        if not url:
            return
        if len(self._watched) >= MOST:
            self._log(f"no status callbacks of {text.sid}: {MOST} messages are waiting for theirs")
            return
        changed = asyncio.Event()
        task = asyncio.create_task(self._tell(text.sid, url, token, changed))
        self._watched[text.sid] = task, changed
        task.add_done_callback(lambda _: self._watched.pop(text.sid, None))

    def wake(self, sid: str) -> None:
        """A message was changed: what comes next may be due at once."""
        if sid in self._watched:
            self._watched[sid][1].set()

    async def _tell(self, sid: str, url: str, token: str, changed: asyncio.Event) -> None:
        told = 0
        while (text := self._store.get(sid)) and told + 1 < len(text.steps):
            wait = text.steps[told + 1][0] - self._settings.clock()
            if wait <= 0:
                told += 1
                await self._post(url, form_of(text, told), token)
                continue
            changed.clear()
            try:
                await asyncio.wait_for(changed.wait(), min(wait, _NAP))
            except TimeoutError:
                continue

    async def _post(self, url: str, form: Mapping[str, str], token: str) -> None:
        try:
            async with self._free, asyncio.timeout(_PATIENCE):
                sent, login = as_sent(url)
                status = await _request(sent, login, urlencode(form).encode(), signature(sent, form, token))
            if status >= 300:
                self._log(f"status callback of {form['MessageSid']} to {_shown(url)}: answered {status}")
        except (OSError, TimeoutError, ValueError, h11.ProtocolError) as error:
            reason = str(error) or f"no answer within {_PATIENCE:g} seconds"
            self._log(f"status callback of {form['MessageSid']} to {_shown(url)}: {reason}")

    def _log(self, line: str) -> None:
        if self._settings.heard:
            at = time.localtime(self._settings.clock())
            self._settings.heard(f"{time.strftime('%H:%M:%S', at)}  {line}")


def _shown(url: str) -> str:
    """Without the password that it may have."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def form_of(text: Text, step: int) -> dict[str, str]:
    """What Twilio posts when a message reaches a step."""
    at, status = text.steps[step]
    form = {
        "AccountSid": text.account,
        "ApiVersion": "2010-04-01",
        "MessageSid": text.sid,
        "MessageStatus": status,
        "SmsSid": text.sid,
        "SmsStatus": status,
        "To": text.to,
    }
    if text.sender or status != "canceled":
        form["From"] = text.sender or text.chosen
    if text.service:
        form["MessagingServiceSid"] = text.service
    if ":" in text.to:
        form["ChannelPrefix"] = text.to.partition(":")[0]
        form["ChannelToAddress"] = text.to.partition(":")[2]
    if status in ("failed", "undelivered") and text.ends:
        form["ErrorCode"] = str(text.ends.code)
        form["ErrorMessage"] = text.ends.message
    if status in ("delivered", "undelivered") and ":" not in text.to:
        form["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime(at))
    return form


def as_sent(url: str) -> tuple[str, str]:
    """A URL as it is asked for, and `name:password` if it has them.

    It is in ASCII, and without its fragment, which is for Twilio itself.
    """
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    path, query = quote(parts.path or "/", _KEPT), quote(parts.query, _KEPT)
    return urlunsplit((parts.scheme, host, path, query, "")), unquote(login)


async def _request(url: str, login: str, body: bytes, signed: str) -> int:
    """POST a form; the status of the answer. OSError, ValueError or h11.ProtocolError if there is none."""
    parts = urlsplit(url)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if context else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    connection = h11.Connection(h11.CLIENT)
    head = h11.Request(
        method="POST",
        target=urlunsplit(("", "", parts.path, parts.query, "")),
        headers=[
            ("Host", parts.netloc),
            ("User-Agent", "TwilioProxy/1.1"),
            ("Accept", "*/*"),
            ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
            ("Content-Length", str(len(body))),
            ("X-Twilio-Signature", signed),
            ("Connection", "close"),
            *([("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")] if login else []),
        ],
    )
    try:
        for part in (head, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(part) or b"")
        while not isinstance(event := connection.next_event(), h11.Response):
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(1 << 16))
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("closed without an answer")
        return event.status_code
    finally:
        writer.transport.abort()
