"""Where a number is from, by its prefix: a country, time zones."""

from __future__ import annotations

import functools
import re

from twiliodest.messages.numbering import parsed


@functools.lru_cache(maxsize=16384)
def country_of(start: str, length: int) -> str | None:
    """The ISO country of a number of that length which starts so; `None` where there is none.

    A number that nobody can have belongs to the largest country of its code.
    """
    import phonenumbers

    for digits in (1, 2, 3):
        regions = phonenumbers.region_codes_for_country_code(int(start[1 : digits + 1]))
        if len(regions) > 1:
            alike = start.ljust(max(length, 8), "2")
            return phonenumbers.region_code_for_number(phonenumbers.parse(alike)) or str(regions[0])
        if regions:
            return None if regions[0] == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else str(regions[0])
    return None


@functools.lru_cache(maxsize=1024)
def zones_of(number: str) -> tuple[str, ...]:
    """The tz database's names of the zones where a number in E.164 may be, by its prefix; none if nobody can tell.

    A number in no known range of its country may be anywhere in it.
    """
    import phonenumbers
    from phonenumbers import timezone
    from phonenumbers.tzdata import TIMEZONE_DATA

    found = parsed(number)
    if not found:
        return ()
    zones = timezone.time_zones_for_number(found)
    if phonenumbers.number_type(found) == phonenumbers.PhoneNumberType.UNKNOWN:
        zones = TIMEZONE_DATA.get(str(found.country_code), ())
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


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
    return "write a country's two-letter ISO code, such as US or GB"
