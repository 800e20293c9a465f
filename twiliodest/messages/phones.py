"""Recipients and senders in one canonical form; never a guess."""

from __future__ import annotations

import enum
import re

from twiliodest.messages import regions
from twiliodest.messages.numbering import is_canonical, is_e164
from twiliodest.messages.numbers import PhoneError, quote, read_number
from twiliodest.messages.regions import check_region
from twiliodest.messages.spellings import visible
from twiliodest.model import is_messaging_service

__all__ = [
    "CHANNELS",
    "PhoneError",
    "SenderKind",
    "canonical_address",
    "channel",
    "check_region",
    "country",
    "recipient",
    "sender",
    "sender_kind",
    "sender_on",
    "time_zones",
]

_is_short_code = re.compile(r"[1-9][0-9]{4,5}").fullmatch
_is_alphanumeric = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}").fullmatch
_is_channel_id = re.compile(r"[A-Za-z0-9_.\-]{1,100}").fullmatch
_CHANNELS = ("whatsapp", "messenger", "rcs")
SMS = "sms"
CHANNELS = (SMS, *_CHANNELS)
_SCHEMES = ("tel", "sms")  # of addresses that name a number, as in a link


class SenderKind(enum.StrEnum):
    """What a message can be sent from."""

    NUMBER = "number"
    SHORT_CODE = "short code"
    ALPHANUMERIC = "alphanumeric sender ID"
    MESSAGING_SERVICE = "Messaging Service"
    CHANNEL = "channel address"


def recipient(value: str, default_region: str | None, on: str | None = None) -> str:
    """The recipient as Twilio takes it: E.164, `whatsapp:` or `rcs:` with E.164, or `messenger:` with an id.

    Whatever is read as the same number gives the same text. National and punctuated numbers are read only with a
    `default_region` (ISO country, upper case). `on` is the channel that it must be on (one of `CHANNELS`); without,
    a prefix says it. Raises PhoneError.
    """
    if on in (None, SMS) and is_canonical(value):
        return value
    value = visible(value)
    prefix, address = _split(value)
    if on:
        if prefix in _CHANNELS and prefix != on:
            kind = f"recipient is not on the channel {on}"
            raise PhoneError(f"{quote(value)} is on a channel other than {on}", kind)
        prefix = "" if on == SMS else on
    if prefix == "messenger":
        if not _is_channel_id(address):
            raise PhoneError(
                f"{quote(value)} has no Messenger user ID", "recipient is not a Messenger user ID"
            )
        return f"messenger:{address}"
    number = read_number(address, default_region)
    return f"{prefix}:{number}" if prefix in _CHANNELS else number


def sender(value: str, default_region: str | None) -> str | None:
    """A sender in its canonical form, a number like a recipient's; `None` if it is none that Twilio knows."""
    value = visible(value)
    prefix, address = _split(value)
    if prefix in _CHANNELS:
        value = f"{prefix}:{address}"
    kind = sender_kind(value)
    if prefix in ("rcs", "messenger"):
        return value if kind else None
    if kind and kind is not SenderKind.NUMBER and prefix != "whatsapp":
        return value
    try:
        return recipient(value, default_region)
    except PhoneError:
        return None


def sender_on(on: str, sender: str) -> str | None:
    """A canonical sender as a channel of `CHANNELS` wants it; `None` if it cannot send there."""
    if is_messaging_service(sender):
        return sender
    prefix = channel(sender)
    if prefix or on == SMS:
        return sender if (prefix or SMS) == on else None
    return f"whatsapp:{sender}" if on == "whatsapp" and is_e164(sender) else None


def canonical_address(address: str) -> str:
    """The canonical form of an address that was read before, perhaps by an earlier version; what is none stays."""
    try:
        return recipient(address, None)
    except PhoneError:
        return address


def channel(address: str) -> str:
    """`whatsapp`, `messenger`, `rcs` or an empty string; sender and recipient must agree in it."""
    prefix, colon, _ = address.partition(":")
    return prefix if colon and prefix in _CHANNELS else ""


def country(address: str) -> str | None:
    """The ISO country that a number belongs to, by its first seven digits; `None` where there is none.

    In +1 the area code is enough. A number that nobody can have belongs to the largest country of its code.
    """
    number = _number_of(address)
    start = number[: 5 if number.startswith("+1") else 8]
    return regions.country_of(start, len(number)) if is_e164(number) else None


def time_zones(address: str) -> tuple[str, ...]:
    """The tz database's names of the zones where a number may be, by its prefix; none if nobody can tell.

    All of its country's where the number is in no range that is known.
    """
    number = _number_of(address)
    return regions.zones_of(number) if is_e164(number) else ()


def sender_kind(value: str) -> SenderKind | None:
    """What kind of sender `value` is by its form alone; None if it is none."""
    if is_messaging_service(value):
        return SenderKind.MESSAGING_SERVICE
    if is_e164(value):
        return SenderKind.NUMBER
    if _is_short_code(value):
        return SenderKind.SHORT_CODE
    if _is_alphanumeric(value):
        return SenderKind.ALPHANUMERIC
    prefix = channel(value)
    is_address = is_e164 if prefix == "whatsapp" else _is_channel_id
    return SenderKind.CHANNEL if prefix and is_address(value[len(prefix) + 1 :]) else None


def _number_of(address: str) -> str:
    return address[len(channel(address)) :].removeprefix(":")


def _split(value: str) -> tuple[str, str]:
    """The channel or scheme before a colon, in lower case, and what follows it; an empty one if there is none."""
    prefix, colon, address = value.partition(":")
    prefix = prefix.lower()
    return (prefix, address.strip()) if colon and prefix in (*_CHANNELS, *_SCHEMES) else ("", value)
