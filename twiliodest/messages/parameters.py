"""Parameters of Twilio's Messages resource that have no key of their own here, and what each takes.

From the description of the API that Twilio publishes (`CreateMessageRequest`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twiliodest.errors import ExpressionError

URL_LIMIT = 4000  # characters of a callback's address, Twilio's error 21609
CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")


class UnusableError(Exception):
    """An event gives a value that cannot be used; `kind` groups like reasons and holds nothing from an event."""

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Parameter:
    """`read` gives a value as Twilio takes it; raises `ExpressionError`. Some want a Messaging Service."""

    read: Callable[[str], str]
    needs_service: bool = False
    most: int = 1  # values


def content_sid(text: str) -> str:
    """The SID of a content template. Raises `ExpressionError`."""
    if CONTENT_SID.fullmatch(text):
        return text
    raise ExpressionError("a content template's SID is HX and 32 hexadecimal digits")


def callback(text: str) -> str:
    """An address that Twilio can call. Raises `ExpressionError`."""
    if len(text) > URL_LIMIT:
        raise ExpressionError(f"a callback's address can have at most {URL_LIMIT:,} characters")
    found = _URL.fullmatch(text)
    if found is None:
        raise ExpressionError(
            "a callback's address must begin with https:// or http:// and contain no spaces"
        )
    if "_" in found[1]:
        raise ExpressionError("Twilio does not call host names with an underscore")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in words:
            return text
        raise ExpressionError(f"it must be {' or '.join(words)}")

    return read


def _switch(text: str) -> str:
    word = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}.get(
        text.lower()
    )
    if word is None:
        raise ExpressionError("it must be true or false")
    return word


def _matching(pattern: str, message: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII):
            return text
        raise ExpressionError(message)

    return read


def _text(text: str) -> str:
    return text


_URL = re.compile(
    r"https?://(?:[^\s/?#@]*@)?([^\s/?#@:]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?:[/?#]\S*)?", re.I
)

PARAMETERS: Mapping[str, Parameter] = {
    "AddressRetention": Parameter(_one_of("retain", "obfuscate")),
    "ApplicationSid": Parameter(
        _matching("AP[0-9a-fA-F]{32}", "an application's SID is AP and 32 hexadecimal digits")
    ),
    "Attempt": Parameter(_matching("[1-9][0-9]{0,8}", "it must be a whole number, 1 or more")),
    "ContentRetention": Parameter(_one_of("retain", "discard")),
    "FallbackFrom": Parameter(_text, needs_service=True),
    "ForceDelivery": Parameter(_switch),
    "MaxPrice": Parameter(_matching(r"[0-9]{1,6}(\.[0-9]{1,6})?", "it must be an amount of money")),
    "PersistentAction": Parameter(_text, most=10),
    "ProvideFeedback": Parameter(_switch),
    "RiskCheck": Parameter(_one_of("enable", "disable")),
    "SendAsMms": Parameter(_switch),
    "ShortenUrls": Parameter(_switch, needs_service=True),
    "TrafficType": Parameter(_one_of("free")),
}
KEYS: Mapping[str, str] = {
    "To": "to",
    "From": "number",
    "MessagingServiceSid": "number",
    "Body": "body",
    "MediaUrl": "media_url",
    "ContentSid": "content_sid",
    "ContentVariables": "content_variables",
    "StatusCallback": "status_callback",
    "ValidityPeriod": "validity_period",
    "SendAt": "send_at",
    "ScheduleType": "send_at",
    "SmartEncoded": "smart_encoding",
}  # parameters that a key of a configuration stands for
