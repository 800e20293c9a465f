"""Twilio's API as far as sending texts needs it, in JSON, and what a script or chaos says instead."""

from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
import random
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from twiliodest.messages.segments import measure, smart_encode
from twiliodest.sandbox import listing, wire
from twiliodest.sandbox.chaos import ACCEPT, Answer, Chaos, Form
from twiliodest.sandbox.journal import line_of
from twiliodest.sandbox.messages import DROPPED_LATER, Request, Store, Text, resource
from twiliodest.sandbox.rules import Draft, Refusal, draft, refusal
from twiliodest.sandbox.settings import Settings

_PATH = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})(?:/(SMS/ShortCodes|\w+)(?:/(\w+))?)?\.json")
_SERVICE = re.compile(r"/v1/Services/(MG[0-9a-fA-F]{32})(?:/(PhoneNumbers|ShortCodes))?")
_READABLE = (None, "Messages", "IncomingPhoneNumbers", "SMS/ShortCodes")
_USERNAME = re.compile(r"(?:AC|SK)[0-9a-fA-F]{32}")
_LARGEST_BODY = 1 << 16  # bytes; far more than ten media URLs and a body need
_BAD_CREDENTIALS = Refusal(20003, "Authenticate", 401)


class TwilioApi:
    """An ASGI application; `store` holds what it was sent."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.keep)
        self._dice = random.Random(settings.chaos.seed)  # noqa: S311 -- dice, not secrets
        self._in_flight = 0

    def set_chaos(self, chaos: Chaos) -> None:
        """Another chaos from now on; its dice start anew."""
        self.settings = dataclasses.replace(self.settings, chaos=chaos)
        self._dice.seed(chaos.seed)
        self.store.notify()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._in_flight += 1
        try:
            await self._respond(scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer(scope, await wire.read(receive, _LARGEST_BODY))
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.then in ("reset", "hang"):
            await wire.cut(answer.then, scope, receive)
            return
        body = _body(answer)
        headers = {**self._headers(answer), "Content-Length": str(len(body))}
        if answer.then == "truncate":
            await wire.answer(answer.status or 201, headers.items(), body[: len(body) // 2], send, more=True)
            await wire.cut("close", scope, receive)
        else:
            await wire.answer(answer.status or 201, headers.items(), body, send)

    def _answer(self, scope: Scope, body: bytes | None) -> Answer:
        if body is None:
            return _error(Refusal(20413, "Request body too large", 413))
        try:
            request = self._log(scope, body)
        except ValueError:
            return _error(Refusal(20001, "The form cannot be read", 400))
        answer = self._route(request)
        if self.settings.heard:
            self.settings.heard(line_of(request, answer))
        return answer

    def _headers(self, answer: Answer) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "Twilio-Request-Id": f"RQ{secrets.token_hex(16)}",
            "Twilio-Request-Duration": f"{answer.delay:.3f}",
            "Twilio-Concurrent-Requests": str(self._in_flight),
            "X-Home-Region": "us1",
            "X-Powered-By": "AT-5000",
            **dict(answer.headers),
        }

    def _log(self, scope: Scope, body: bytes) -> Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(
            at=self.settings.clock(),
            connection=scope.get("state", {}).get("connection", 0),
            method=scope["method"],
            path=scope["path"],
            query=_pairs(scope["query_string"]),
            form=_pairs(body),
            headers=headers,
            authorized=self._lets_in(headers.pop("authorization", "")),
        )
        self.store.log(request)
        return request

    def _lets_in(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        settings = self.settings
        return (
            scheme.lower() == "basic"
            and _USERNAME.fullmatch(username) is not None
            and password != ""
            and (settings.account is None or username in (settings.account, settings.api_key))
            and (settings.token is None or password == settings.token)
        )

    def _route(self, request: Request) -> Answer:
        if not request.authorized:
            return _error(_BAD_CREDENTIALS, (("WWW-Authenticate", 'Basic realm="Twilio API"'),))
        found, service = _PATH.fullmatch(request.path), _SERVICE.fullmatch(request.path)
        if found and found[1] != (self.settings.account or found[1]):
            return _error(_not_found(request.path))
        if found and found[2] == "Messages" and not found[3] and request.method == "POST":
            return self._create(request.form, found[1])
        if not (service or (found and found[2] in _READABLE)):
            return _error(_not_found(request.path))
        if request.method != "GET":
            return _error(Refusal(20004, "Method not allowed", 405), (("Allow", "GET, POST"),))
        if self.settings.test_credentials:
            return _error(Refusal(20008, "Resource not accessible with Test Account Credentials", 403))
        scripted = self.settings.query_script and self.settings.query_script(request.query)
        if scripted and not scripted.accept:
            return scripted
        shown = self._show(request, *found.groups()) if found else self._show_service(request)
        usual = _error(shown) if isinstance(shown, Refusal) else _json(200, shown)
        return _combine(usual, scripted or ACCEPT)

    def _show(
        self, request: Request, account: str, kind: str | None, sid: str | None
    ) -> Mapping[str, Any] | Refusal:
        now = self.settings.clock()
        if kind is None:
            return listing.account(account, trial=self.settings.trial)
        if kind == "IncomingPhoneNumbers" and not sid:
            return listing.numbers(account, request.query, self.settings.senders)
        if kind == "SMS/ShortCodes" and not sid:
            return listing.short_codes(account, request.query, self.settings.senders)
        if kind == "Messages" and not sid:
            return listing.messages(account, request.query, self.store, now)
        text = self.store.get(sid or "")
        return resource(text, now) if text and text.account == account else _not_found(request.path)

    def _show_service(self, request: Request) -> Mapping[str, Any] | Refusal:
        found, senders = _SERVICE.fullmatch(request.path), self.settings.senders
        if not found or (senders is not None and found[1] not in senders):
            return _not_found(request.path)
        return listing.pool(found[2], senders) if found[2] else listing.service(found[1])

    def _create(self, form: Form, account: str) -> Answer:
        scripted = self.settings.script and self.settings.script(form)
        fate = scripted or self.settings.chaos.draw(self._dice)
        if not fate.accept:
            return fate
        message = draft(form, self.settings)
        refused = refusal(message, self.settings, self.store.optouts)
        text = self._keep(form, account, message, refused, str(refused.status) if refused else str(fate))
        if refused:
            return _error(refused)
        return _combine(_json(201, resource(text, text.at), text.sid), fate)

    def _keep(self, form: Form, account: str, message: Draft, refused: Refusal | None, answered: str) -> Text:
        is_smart = dict(form).get("SmartEncoded", "").lower() == "true"
        body = smart_encode(message.body or "") if is_smart else message.body or ""
        encoding, segments = measure(body)
        fails_later = message.service and message.to in self.store.optouts
        text = Text(
            seq=self.store.last + 1,
            sid=("MM" if message.media else "SM") + secrets.token_hex(16),
            account=account,
            at=self.settings.clock(),
            form=form,
            to=message.to,
            sender=message.sender,
            service=message.service,
            body=body,
            media=message.media,
            encoding=encoding,
            segments=1 if message.media else segments,
            accepted=refused is None,
            refusal=refused or (DROPPED_LATER if fails_later else None),
            answered=answered,
        )
        self.store.add(text)
        return text


def _not_found(path: str) -> Refusal:
    return Refusal(20404, f"The requested resource {path} was not found", 404)


def error_body(refused: Refusal) -> dict[str, Any]:
    """Twilio's error shape."""
    more_info = f"https://www.twilio.com/docs/errors/{refused.code}"
    return {
        "code": refused.code,
        "message": refused.message,
        "more_info": more_info,
        "status": refused.status,
    }


def _error(refused: Refusal, headers: Form = ()) -> Answer:
    body = msgspec.json.encode(error_body(refused))
    return Answer(accept=False, status=refused.status, body=body, headers=headers)


def _json(status: int, value: Mapping[str, Any], sid: str = "") -> Answer:
    headers = (("Twilio-Request-Id", f"RQ{sid[2:]}"),) if sid else ()
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def _combine(usual: Answer, fate: Answer) -> Answer:
    """The usual answer, as far as `fate` leaves it."""
    if fate.status is not None:
        return fate
    return msgspec.structs.replace(usual, then=fate.then, delay=fate.delay)


def _pairs(encoded: bytes) -> Form:
    return tuple(parse_qsl(encoded.decode(), keep_blank_values=True, max_num_fields=1000))


def _body(answer: Answer) -> bytes:
    if answer.body is not None:
        return answer.body
    status = answer.status or 500
    return msgspec.json.encode(error_body(Refusal(answer.code or 20000 + status, answer.message, status)))
