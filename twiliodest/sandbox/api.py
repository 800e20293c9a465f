"""Twilio's API as far as sending texts needs it, in JSON, and what a script or chaos says instead."""

from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
import random
import re
import secrets
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from twiliodest.sandbox import answers, operations, routes, wire
from twiliodest.sandbox.callbacks import Callbacks
from twiliodest.sandbox.chaos import ACCEPT, Answer, Chaos, Form
from twiliodest.sandbox.journal import line_of
from twiliodest.sandbox.messages import resource
from twiliodest.sandbox.refusals import Refusal, not_found
from twiliodest.sandbox.settings import Settings
from twiliodest.sandbox.store import Request, Store

_USERNAME = re.compile(r"(?:AC|SK)[0-9a-fA-F]{32}")
_LARGEST_BODY = 1 << 16  # bytes; far more than ten media URLs and a body need
_BAD_CREDENTIALS = Refusal(20003, "Authenticate", 401)
_OF_TEST_CREDENTIALS = Refusal(20008, "Resource not accessible with Test Account Credentials", 403)


class TwilioApi:
    """An ASGI application; `store` holds what it was sent."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.keep)
        self.callbacks = Callbacks(settings, self.store)
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
        body = answers.body_of(answer)
        headers = self._headers(answer)
        if answer.status != 204:
            headers["Content-Length"] = str(len(body))
        if answer.then == "truncate":
            await wire.answer(answer.status or 201, headers.items(), body[: len(body) // 2], send, more=True)
            await wire.cut("close", scope, receive)
        else:
            await wire.answer(answer.status or 201, headers.items(), body, send)

    def _answer(self, scope: Scope, body: bytes | None) -> Answer:
        if body is None:
            return answers.error(Refusal(20413, "Request body too large", 413))
        try:
            request, password = self._log(scope, body)
        except ValueError:
            return answers.error(Refusal(20001, "The form cannot be read", 400))
        answer = self._route(request, password)
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

    def _log(self, scope: Scope, body: bytes) -> tuple[Request, str]:
        """The request as it is kept, and the password that it came with, which is not."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        name, password = _credentials(headers.pop("authorization", ""))
        request = Request(
            at=self.settings.clock(),
            connection=scope.get("state", {}).get("connection", 0),
            method=scope["method"],
            path=scope["path"],
            query=_pairs(scope["query_string"]),
            form=_pairs(body),
            headers=headers,
            authorized=self._lets_in(name, password),
        )
        self.store.log(request)
        return request, password

    def _lets_in(self, name: str, password: str) -> bool:
        settings = self.settings
        return (
            _USERNAME.fullmatch(name) is not None
            and password != ""
            and (settings.account is None or name in (settings.account, settings.api_key))
            and (settings.token is None or password == settings.token)
        )

    def _route(self, request: Request, password: str) -> Answer:
        if not request.authorized:
            return answers.error(_BAD_CREDENTIALS, (("WWW-Authenticate", 'Basic realm="Twilio API"'),))
        path = routes.read(request.path)
        if path and path["account"] != (self.settings.account or path["account"]):
            return answers.error(not_found(request.path))
        is_new = path and path["kind"] == "Messages" and not path["sid"]
        if path and is_new and request.method == "POST":
            return self._create(request.form, str(path["account"]), password)
        if request.method != "GET" and not (path and path["kind"] == "Messages" and path["sid"]):
            shown = routes.look_up(request, path, self.settings, self.store)
            is_unknown = isinstance(shown, Refusal) and shown.code == 20404
            return answers.error(not_found(request.path)) if is_unknown else _not_allowed()
        if self.settings.test_credentials:
            return answers.error(_OF_TEST_CREDENTIALS)
        if path and request.method != "GET":
            return self._change(request, path)
        scripted = self.settings.query_script and self.settings.query_script(request.query)
        if scripted and not scripted.accept:
            return scripted
        shown = routes.look_up(request, path, self.settings, self.store)
        return answers.combine(answers.of(shown), scripted or ACCEPT)

    def _create(self, form: Form, account: str, password: str) -> Answer:
        scripted = self.settings.script and self.settings.script(form)
        fate = scripted or self.settings.chaos.draw(self._dice)
        if not fate.accept:
            return fate
        text = operations.post(form, account, str(fate), self.settings, self.store)
        self.store.add(text)
        if text.refusal:
            return answers.error(text.refusal)
        self.callbacks.watch(text, password)
        return answers.combine(answers.of(resource(text, None), 201, text.sid), fate)

    def _change(self, request: Request, path: routes.Path) -> Answer:
        """Cancel, redact or delete a message, or take feedback of it."""
        text, now = routes.message(path, self.store), self.settings.clock()
        if text is None:
            return answers.error(not_found(request.path))
        match request.method, path["part"], path["media"]:
            case "POST", None, _:
                changed = operations.update(text, request.form, self.store, now)
                self.callbacks.wake(text.sid)
                return answers.of(changed)
            case "DELETE", None, _:
                refused = operations.delete(text, self.store, now)
                return answers.error(refused) if refused else answers.NOTHING
            case "DELETE", "Media", str(sid):
                refused = operations.delete_media(text, sid, self.store)
                return answers.error(refused) if refused else answers.NOTHING
            case "POST", "Feedback", None:
                return answers.of(operations.feedback(text, request.form, now), 201)
        return _not_allowed()


def _not_allowed() -> Answer:
    return answers.error(Refusal(20004, "Method not allowed", 405), (("Allow", "GET, POST"),))


def _credentials(authorization: str) -> tuple[str, str]:
    """The name and password of HTTP's basic authentication; empty if there is none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (name, password) if scheme.lower() == "basic" else ("", "")


def _pairs(encoded: bytes) -> Form:
    return tuple(parse_qsl(encoded.decode(), keep_blank_values=True, max_num_fields=1000))
