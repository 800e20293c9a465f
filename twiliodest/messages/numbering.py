"""What the numbering plans of the world say about digits: phonenumbers' metadata, asked in one place."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

is_e164 = re.compile(r"\+[1-9][0-9]{1,14}").fullmatch


class Reading(NamedTuple):
    """A number in its canonical form, and what is known of it. `is_possible`: by its length, at least."""

    number: str
    is_possible: bool = False
    is_valid: bool = False
    may_be_mobile: bool = False


class Readings(NamedTuple):
    """What digits without a plus sign may be; all are valid but `unknown`."""

    national: Reading | None = None
    own: Reading | None = None  # begins with the region's country code
    unknown: Reading | None = (
        None  # the same, where its range is not known; only if `national` is not a mobile
    )
    foreign: Reading | None = None  # begins with another country code
    dialled: Reading | None = None  # behind the international prefix of the region
    elsewhere: Reading | None = None  # behind that of most others, 00 or 011


# What `canonical` may change: a zero behind the country code, and a few plans' trunk prefixes and carriers.
_CODE = r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
_LONG_CODE = r"(?:2[1-689]|3[578]|42|5[09]|6[789]|8[0578]|9[679])[0-9]"
_OTHERS = (
    r"11|78|54[^9]|5590|44180020|6118|861[127]|29810|35215|3708|3758|4231001|50619|6921|9938|261|378|672"
)
is_canonical = re.compile(rf"\+(?!(?:{_CODE}|{_LONG_CODE})0|{_OTHERS})[1-9][0-9]{{1,14}}").fullmatch


def canonical(number: str) -> str:
    """The one form of a number in E.164: without a trunk prefix behind the country code.

    The plans say what that is: `+4407911…` is `+447911…`, and `+3906…` stays. So does what they do not know.
    """
    return number if is_canonical(number) else by_plan(number)


def read_international(digits: str) -> Reading | None:
    """The reading of digits that begin with a country code."""
    if not is_e164(f"+{digits}"):
        return None
    return _reading(canonical(f"+{digits}"))


def readings(digits: str, region: str) -> Readings:
    """Every valid reading of digits without a plus sign, for a person in that region."""
    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        return Readings()
    code = str(phonenumbers.country_code_for_region(region))
    own = digits.startswith(code)
    national, dialled = _dialled(digits, region, code)
    if national and national.may_be_mobile and not own and not dialled:
        return Readings(national)  # as nearly all are: no need to look abroad
    abroad = read_international(digits)
    is_known = abroad is not None and abroad.is_valid
    may_be = (
        own and not is_known and abroad and abroad.is_possible and not (national and national.may_be_mobile)
    )
    other = next((digits[len(it) :] for it in ("00", "011") if digits.startswith(it)), "")
    return Readings(
        national=national,
        own=abroad if own and is_known else None,
        unknown=abroad if may_be else None,
        foreign=abroad if is_known and not own else None,
        dialled=dialled,
        elsewhere=_valid(read_international(other)),
    )


def has_extension(text: str, region: str) -> bool:
    """Whether a text is a number with an extension."""
    import phonenumbers

    try:
        return bool(phonenumbers.parse(text, region).extension)
    except phonenumbers.NumberParseException:
        return False


@functools.lru_cache(maxsize=4096)
def by_plan(number: str) -> str:
    """`canonical` without its short cut: shortened until it stays the same."""
    for shorter in _shortened(number):
        number = shorter
    return number


def _shortened(number: str) -> Iterator[str]:
    """A number with ever less before it that is none of its own."""
    while shorter := _shorter(number):
        yield shorter
        number = shorter


def _shorter(number: str) -> str | None:
    import phonenumbers

    found = parsed(number)
    if not found:
        return None
    code, form = found.country_code or 0, _form(found)
    national = number[1 + len(str(code)) :]
    if _is_valid(_unread(code, national)):
        return None  # what looks like a trunk prefix belongs to it
    trunk = phonenumbers.ndd_prefix_for_region(phonenumbers.region_code_for_country_code(code), True)
    plain = f"+{code}{national.removeprefix(trunk)}" if trunk and national.startswith(trunk) else ""
    if is_e164(plain) and _reading(plain).is_valid:
        return plain  # without a trunk prefix; `form` may lack a carrier's digits, too
    if form == number or not is_e164(form):
        return None
    return form if _is_valid(found) else plain if is_e164(plain) else None


def _dialled(digits: str, region: str, code: str) -> tuple[Reading | None, Reading | None]:
    """The national reading, and that behind the region's international prefix."""
    import phonenumbers

    found = None
    with contextlib.suppress(phonenumbers.NumberParseException):
        found = phonenumbers.parse(digits, region, keep_raw_input=True)
    kind = found and found.country_code_source
    if found and kind == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY:
        number = _form(found)
        return _valid(_known(number, found) if is_canonical(number) else _read(number)), None
    national = _valid(_read(f"+{code}{digits}"))
    if found and kind == phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_IDD:
        return national, _valid(_read(_form(found)))
    return national, None


def _read(number: str) -> Reading | None:
    return _reading(canonical(number)) if is_e164(number) else None


def _valid(reading: Reading | None) -> Reading | None:
    return reading if reading and reading.is_valid else None


def _reading(number: str) -> Reading:
    found = parsed(number)
    return _known(number, found) if found else Reading(number)


def _known(number: str, found: PhoneNumber) -> Reading:
    import phonenumbers

    kind, kinds = phonenumbers.number_type(found), phonenumbers.PhoneNumberType
    if kind != kinds.UNKNOWN:
        may_be_mobile = kind in (kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE)
        return Reading(number, is_possible=True, is_valid=True, may_be_mobile=may_be_mobile)
    reason = phonenumbers.is_possible_number_with_reason(found)
    return Reading(number, is_possible=reason == phonenumbers.ValidationResult.IS_POSSIBLE)


def parsed(number: str) -> PhoneNumber | None:
    """phonenumbers' own value for a number in E.164; `None` where it has none."""
    import phonenumbers

    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None


def _unread(code: int, national: str) -> PhoneNumber:
    """The number of these digits, all of which are its own."""
    import phonenumbers

    zeros = min(len(national) - len(national.lstrip("0")), len(national) - 1)
    return phonenumbers.PhoneNumber(
        country_code=code,
        national_number=int(national),
        italian_leading_zero=bool(zeros),
        number_of_leading_zeros=zeros or None,
    )


def _form(number: PhoneNumber) -> str:
    import phonenumbers

    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_valid(number: PhoneNumber) -> bool:
    import phonenumbers

    return phonenumbers.is_valid_number(number)
