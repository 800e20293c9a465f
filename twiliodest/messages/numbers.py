"""One number, in one canonical form, of what people write; or why it is refused. Never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable

from twiliodest.messages.numbering import (
    Reading,
    canonical,
    has_extension,
    is_e164,
    read_international,
    readings,
)
from twiliodest.messages.spellings import Spelling, read_spelling

_is_decimal = re.compile(r"\d+\.0+").fullmatch
_LONGEST = 250  # characters
_SHOWN = 40  # characters of a value that a reason quotes


class PhoneError(ValueError):
    """A value that is not a recipient. `reason` quotes it for a person; `kind` groups, and holds none of it."""

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


def read_number(text: str, region: str | None) -> str:
    """The number in its canonical form. Raises PhoneError."""
    if is_e164(text):
        return canonical(text)
    shown = quote(text)
    if not text:
        raise PhoneError("the recipient is empty", "recipient is empty")
    if len(text) > _LONGEST:
        raise PhoneError(f"{shown} is too long for a phone number", "recipient is not a phone number")
    if _holds_several(text):
        raise PhoneError(
            f"{shown} has several numbers; a message goes to one", "recipient has several numbers"
        )
    if _is_decimal(text):
        raise PhoneError(
            f"{shown} is a decimal number; write a phone number as a string", "recipient is a decimal number"
        )
    if not region:
        raise PhoneError(
            f"{shown} is not in E.164 form: write + and the country code, then digits only, "
            "like +14155550100, or set default_region in the configuration",
            "recipient is not in E.164 form",
        )
    spelling = read_spelling(text.rstrip(",;: "))
    if spelling is None:
        raise _unreadable(text, region)
    return _international(text, spelling, region) if spelling.plus else _without_plus(text, spelling, region)


def _international(text: str, spelling: Spelling, region: str) -> str:
    """The number behind a plus sign, which no numbering plan has to know."""
    found = [read_international(digits) for digits in _variants(spelling)]
    numbers = {it.number: it for it in found if it}
    if len(numbers) > 1:
        numbers = {number: it for number, it in numbers.items() if it.is_valid} or numbers
    if not numbers:
        raise _invalid(text, region)
    return _only(text, numbers, "write it without the parentheses")


def _without_plus(text: str, spelling: Spelling, region: str) -> str:
    """The one number that digits can be: of the region, with its country code, or dialled from there."""
    found = [readings(digits, region) for digits in _variants(spelling)]
    national = found[0].national if spelling.zero is None else None  # nobody writes (0) behind an area code
    dialled = _numbers(it for one in found for it in (one.dialled, one.elsewhere))
    if dialled and not (national and national.may_be_mobile and not found[0].dialled):
        if not any(one.dialled for one in found):
            raise _ambiguous(text, dialled, "write it with + and the country code")
        return _only(text, dialled | _numbers([national]), "write it with + and the country code")
    advice = (
        "write the + in front" if spelling.zero is None else "write it with + and without the parentheses"
    )
    if own := _numbers(one.own for one in found):
        return _only(text, own | _numbers([national]), advice)
    if unknown := _numbers(one.unknown for one in found):
        raise _ambiguous(text, unknown | _numbers([national]), advice)
    foreign = _numbers(
        one.foreign for one in found if one.foreign and not (national and not one.foreign.may_be_mobile)
    )
    if national and (national.may_be_mobile or not foreign):
        return national.number
    if foreign:
        raise _ambiguous(text, foreign | _numbers([national]), advice)
    raise _invalid(text, region)


def _variants(spelling: Spelling) -> list[str]:
    """The digits; before them, without the zero in parentheses, if there is one."""
    digits, zero = spelling.digits, spelling.zero
    return [digits] if zero is None else [digits[:zero] + digits[zero + 1 :], digits]


def _numbers(found: Iterable[Reading | None]) -> dict[str, Reading]:
    return {it.number: it for it in found if it}


def _only(text: str, numbers: Iterable[str], advice: str) -> str:
    first, *others = numbers
    if others:
        raise _ambiguous(text, [first, *others], advice)
    return first


def _unreadable(text: str, region: str) -> PhoneError:
    """What is wrong with a text that holds more than a number."""
    if has_extension(text, region):
        return PhoneError(
            f"{quote(text)} has an extension, which texts cannot reach", "recipient has an extension"
        )
    if any(map(str.isalpha, text)) and sum(map(str.isdecimal, text)) > 1:
        return PhoneError(
            f"{quote(text)} has letters; write the number in digits (default_region is {region})",
            "recipient has letters",
        )
    return _invalid(text, region)


def _invalid(text: str, region: str) -> PhoneError:
    return PhoneError(
        f"{quote(text)} is not a valid phone number (default_region is {region})",
        "recipient is not a valid number",
    )


def _ambiguous(text: str, numbers: Iterable[str], advice: str) -> PhoneError:
    return PhoneError(f"{quote(text)} may be {' or '.join(numbers)}; {advice}", "recipient is ambiguous")


def _holds_several(value: str) -> bool:
    """Two parts with seven digits or more each, or two plus signs."""
    parts = re.split(r"[,;/|\n]", value)
    return value.count("+") > 1 or sum(len(re.findall(r"\d", part)) >= 7 for part in parts) > 1


def quote(value: str) -> str:
    """A value as a reason shows it: shortened."""
    return f'"{value}"' if len(value) <= _SHOWN else f'"{value[:_SHOWN]}…"'
