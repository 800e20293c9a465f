"""Recipients in E.164 and the kinds of senders; never a guess."""

from __future__ import annotations

import enum
import re

from twiliodest.model import is_messaging_service

_is_e164 = re.compile(r"\+[1-9][0-9]{1,14}").fullmatch
_is_short_code = re.compile(r"[1-9][0-9]{4,5}").fullmatch
_is_alphanumeric = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}").fullmatch
_is_channel_id = re.compile(r"[A-Za-z0-9_.\-]{1,100}").fullmatch
_is_decimal = re.compile(r"\d+\.0+").fullmatch
_CHANNELS = ("whatsapp", "messenger", "rcs")
_LONGEST = 250  # characters; what phonenumbers itself would look at
_SHOWN = 40  # characters of a value that a reason quotes


class PhoneError(ValueError):
    """A value that is no recipient. `reason` quotes it for a person; `kind` groups, and holds none of it."""

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


class SenderKind(enum.StrEnum):
    """What a message can be sent from."""

    NUMBER = "number"
    SHORT_CODE = "short code"
    ALPHANUMERIC = "alphanumeric sender ID"
    MESSAGING_SERVICE = "Messaging Service"
    CHANNEL = "channel address"


def recipient(value: str, default_region: str | None) -> str:
    """The recipient as Twilio takes it: E.164, `whatsapp:` or `rcs:` with E.164, or `messenger:` with an id.

    National and punctuated numbers are read only with a `default_region` (ISO country, upper case).
    Raises PhoneError.
    """
    if _is_e164(value):
        return value
    value = value.strip()
    prefix = channel(value)
    if not prefix:
        return _e164(value, default_region)
    address = value[len(prefix) + 1 :].strip()
    if prefix != "messenger":
        return f"{prefix}:{_e164(address, default_region)}"
    if not _is_channel_id(address):
        raise PhoneError(f"{_quote(value)} holds no Messenger user id", "recipient is no Messenger user id")
    return f"messenger:{address}"


def channel(address: str) -> str:
    """`whatsapp`, `messenger`, `rcs` or an empty string; sender and recipient must agree in it."""
    prefix, colon, _ = address.partition(":")
    return prefix if colon and prefix in _CHANNELS else ""


def sender_kind(value: str) -> SenderKind | None:
    """What kind of sender `value` is by its form alone; None if it is none."""
    if is_messaging_service(value):
        return SenderKind.MESSAGING_SERVICE
    if _is_e164(value):
        return SenderKind.NUMBER
    if _is_short_code(value):
        return SenderKind.SHORT_CODE
    if _is_alphanumeric(value):
        return SenderKind.ALPHANUMERIC
    prefix = channel(value)
    is_address = _is_e164 if prefix == "whatsapp" else _is_channel_id
    return SenderKind.CHANNEL if prefix and is_address(value[len(prefix) + 1 :]) else None


def check_region(code: str) -> str | None:
    """None if `code` can be a `default_region`, else a hint at what to write."""
    import phonenumbers

    if code in phonenumbers.SUPPORTED_REGIONS:
        return None
    name = code.strip().upper()
    region = {"UK": "GB", "GBR": "GB", "USA": "US", "CAN": "CA", "AUS": "AU", "DEU": "DE", "FRA": "FR"}.get(
        name, name
    )
    if re.fullmatch(r"\+?[0-9]{1,3}", name):
        region = phonenumbers.region_code_for_country_code(int(name))
    if region in phonenumbers.SUPPORTED_REGIONS:
        return f'did you mean "{region}"?'
    return "write a country as its two ISO letters, such as US or GB"


def _e164(value: str, default_region: str | None) -> str:
    if _is_e164(value):
        return value
    shown = _quote(value)
    if not value:
        raise PhoneError("the recipient is empty", "recipient is empty")
    if len(value) > _LONGEST:
        raise PhoneError(f"{shown} is too long for a phone number", "recipient is not a phone number")
    if _holds_several(value):
        raise PhoneError(
            f"{shown} holds several numbers; a message goes to one", "recipient holds several numbers"
        )
    if _is_decimal(value):
        raise PhoneError(
            f"{shown} is a decimal number; write a phone number as a string", "recipient is a decimal number"
        )
    if not default_region:
        raise PhoneError(
            f"{shown} is not in E.164 form: write + and the country code, then digits only, "
            "like +14155550100, or set default_region in the configuration",
            "recipient is not in E.164 form",
        )
    return _parse(value, default_region)


def _parse(value: str, region: str) -> str:
    import phonenumbers

    shown = _quote(value)
    invalid = PhoneError(
        f"{shown} is not a valid phone number (default_region is {region})", "recipient is not a valid number"
    )
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        raise invalid from None
    if number.extension:
        raise PhoneError(f"{shown} has an extension; no text can reach it", "recipient has an extension")
    if any(char.isalpha() for char in value):
        raise PhoneError(
            f"{shown} has letters; write the number in digits (default_region is {region})",
            "recipient has letters",
        )
    result = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number) or not _is_e164(result):
        raise invalid
    return result


def _holds_several(value: str) -> bool:
    """Two parts with seven digits or more each, or two plus signs."""
    parts = re.split(r"[,;/|\n]", value)
    return value.count("+") > 1 or sum(len(re.findall(r"\d", part)) >= 7 for part in parts) > 1


def _quote(value: str) -> str:
    return f'"{value}"' if len(value) <= _SHOWN else f'"{value[:_SHOWN]}…"'
