"""What Twilio wants of a message's parameters beside recipient, sender and contents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from twiliodest.sandbox.refusals import Refusal, invalid

PLAIN = frozenset({"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "ContentSid", "ContentVariables"})
SOONEST = 300.0  # seconds ahead that a text can be scheduled; more than that
LATEST = 35 * 86_400.0
LONGEST_VALIDITY = 36_000  # seconds
_LONGEST_CALLBACK = 4_000  # characters
_SWITCHES = ("SmartEncoded", "SendAsMms", "ShortenUrls", "ProvideFeedback", "ForceDelivery")
_CHOICES = {
    "RiskCheck": ("enable", "disable"),
    "ContentRetention": ("retain", "discard"),
    "AddressRetention": ("retain", "obfuscate"),
    "TrafficType": ("free",),
    **dict.fromkeys(_SWITCHES, ("true", "false")),
}
_SHAPES = {
    "ApplicationSid": re.compile(r"AP[0-9a-fA-F]{32}"),
    "Attempt": re.compile(r"[0-9]{1,9}"),
    "MaxPrice": re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?"),
}
_HOST = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}\.?|[0-9A-Fa-f:.]+", re.ASCII)
_URL = re.compile(r"[!-~]+|[^\x00-\x20\x7f-\xa0]+")


def bad_parameter(fields: Mapping[str, str], now: float, *, has_service: bool) -> Refusal | None:
    """The first parameter that Twilio would not take."""
    if fields.keys() <= PLAIN:
        return None
    for name, choices in _CHOICES.items():
        if (value := fields.get(name)) and value.lower() not in choices:
            return invalid(name, value)
    for name, shape in _SHAPES.items():
        if (value := fields.get(name)) and not shape.fullmatch(value):
            return invalid(name, value)
    return (
        _bad_validity(fields.get("ValidityPeriod"))
        or _bad_callback(fields.get("StatusCallback"))
        or _bad_schedule(fields, now, has_service=has_service)
        or (None if has_service else _without_service(fields))
    )


def is_on(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "").lower() == "true"


def due(fields: Mapping[str, str]) -> float | None:
    """When a message is to be sent, in seconds since the epoch; None for now. The parameters must be right."""
    return _moment(fields.get("SendAt", "")) if fields.get("ScheduleType") else None


def validity(fields: Mapping[str, str]) -> float | None:
    """Seconds after which Twilio gives up."""
    return float(fields["ValidityPeriod"]) if fields.get("ValidityPeriod") else None


def _bad_validity(value: str | None) -> Refusal | None:
    if not value or (re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= LONGEST_VALIDITY):
        return None
    return Refusal(
        21624, f"The ValidityPeriod {value[:200]} is not between 1 and {LONGEST_VALIDITY} seconds."
    )


def _bad_callback(url: str | None) -> Refusal | None:
    """A web address whose host name is one: Twilio takes no underscore there."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", 0
    good = len(url) <= _LONGEST_CALLBACK and _URL.fullmatch(url) and _HOST.fullmatch(host) and port != 0
    if good and url.lower().startswith(("http://", "https://")):
        return None
    return Refusal(21609, f"The StatusCallback URL {url[:200]} is not a valid URL.")


def _bad_schedule(fields: Mapping[str, str], now: float, *, has_service: bool) -> Refusal | None:
    kind, at = fields.get("ScheduleType", ""), fields.get("SendAt", "")
    if not kind:
        return None
    if kind != "fixed":
        return Refusal(35126, f"The ScheduleType {kind[:200]} is not supported.")
    if not has_service:
        return Refusal(35118, "MessagingServiceSid is required to schedule a message")
    if not at:
        return Refusal(35111, "SendAt timestamp is missing")
    moment = _moment(at)
    if moment is None:
        return Refusal(35114, "SendAt is not an ISO 8601 timestamp in UTC: YYYY-MM-DDTHH:MM:SSZ")
    if not SOONEST < moment - now <= LATEST:
        return Refusal(
            35115,
            "SendAt time must be more than 300 seconds and at most 35 days (3024000 seconds) in the future",
        )
    return None


def _without_service(fields: Mapping[str, str]) -> Refusal | None:
    if is_on(fields, "ShortenUrls"):
        return Refusal(20001, "Invalid parameter: ShortenUrls needs a MessagingServiceSid")
    if fields.get("FallbackFrom"):
        return Refusal(21664, "FallbackFrom needs a MessagingServiceSid with an RCS sender")
    return None


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
