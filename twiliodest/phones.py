"""Recipients in E.164 and the kinds of senders; never a guess."""

from __future__ import annotations

import enum
import functools
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


def country(address: str) -> str | None:
    """The ISO country that a number belongs to, by its first seven digits; `None` where there is none.

    In +1 the area code is enough. A number that nobody can have belongs to the largest country of its code.
    """
    number = address[len(channel(address)) :].removeprefix(":")
    start = number[: 5 if number.startswith("+1") else 8]
    return _country(start, len(number)) if _is_e164(number) else None


@functools.lru_cache(maxsize=1024)
def time_zones(address: str) -> tuple[str, ...]:
    """The tz database's names of the zones where a number may be, by its prefix; none if nobody can tell."""
    import phonenumbers
    from phonenumbers import timezone

    number = address[len(channel(address)) :].removeprefix(":")
    if not _is_e164(number):
        return ()
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


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


@functools.lru_cache(maxsize=16384)
def _country(start: str, length: int) -> str | None:
    import phonenumbers

    for digits in (1, 2, 3):
        regions = phonenumbers.region_codes_for_country_code(int(start[1 : digits + 1]))
        if len(regions) > 1:
            alike = start.ljust(max(length, 8), "2")
            return phonenumbers.region_code_for_number(phonenumbers.parse(alike)) or str(regions[0])
        if regions:
            return None if regions[0] == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else str(regions[0])
    return None


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
