"""Answers in Twilio's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from twiliodest.sandbox.chaos import Answer, Form
from twiliodest.sandbox.refusals import Refusal, error_body

NOTHING = Answer(status=204, body=b"")


def error(refused: Refusal, headers: Form = ()) -> Answer:
    body = msgspec.json.encode(error_body(refused))
    return Answer(accept=False, status=refused.status, body=body, headers=headers)


def of(value: Mapping[str, Any] | Refusal, status: int = 200, sid: str = "") -> Answer:
    """`sid` is that of the message that the request has made."""
    if isinstance(value, Refusal):
        return error(value)
    headers = (("Twilio-Request-Id", f"RQ{sid[2:]}"),) if sid else ()
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def combine(usual: Answer, fate: Answer) -> Answer:
    """The usual answer, as far as `fate` leaves it."""
    if fate.status is not None:
        return fate
    return msgspec.structs.replace(usual, then=fate.then, delay=fate.delay)


def body_of(answer: Answer) -> bytes:
    if answer.body is not None:
        return answer.body
    status = answer.status or 500
    return msgspec.json.encode(error_body(Refusal(answer.code or 20000 + status, answer.message, status)))
