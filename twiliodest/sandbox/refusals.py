"""A refusal as Twilio words it."""

from __future__ import annotations

from typing import Any

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    code: int
    message: str
    status: int = 400


def error_body(refused: Refusal) -> dict[str, Any]:
    """Twilio's error shape."""
    more_info = f"https://www.twilio.com/docs/errors/{refused.code}"
    return {
        "code": refused.code,
        "message": refused.message,
        "more_info": more_info,
        "status": refused.status,
    }


def not_found(path: str) -> Refusal:
    return Refusal(20404, f"The requested resource {path} was not found", 404)


def invalid(name: str, value: str) -> Refusal:
    return Refusal(20001, f"Invalid parameter: {name}={value[:200]}")
