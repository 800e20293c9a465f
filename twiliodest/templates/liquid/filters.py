"""Liquid's filters: pure, exact and bounded. A value that does not work with one is a `ValueError` that says why.

They follow liquidjs. What a reason says holds nothing of the value.
"""

from __future__ import annotations

import base64
import math
import re
import urllib.parse
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from twiliodest.templates.liquid.dates import DEFAULT_FORMAT, format_date, parse_date, time_zone
from twiliodest.templates.liquid.figures import DIGITS, as_number, figure, number, rounded
from twiliodest.templates.liquid.lists import (
    Number,
    end,
    find,
    in_order,
    joined,
    matching,
    order,
    reject,
    total,
    uniq,
    where,
)
from twiliodest.templates.liquid.markup import escape, escape_once, strip_html
from twiliodest.templates.liquid.operands import NAME_LIMIT, bounded, items, property_of, text, whole


def _date(value: Any, form: Any = DEFAULT_FORMAT, zone: Any = None) -> str:
    if len(text(form)) > NAME_LIMIT:
        raise ValueError("the format is too long")
    return format_date(parse_date(value, None if zone is None else time_zone(text(zone))), text(form))


def _divided_by(value: Any, by: Any, integer: Any = False) -> Number:
    dividend, divisor = number(value), number(by)
    if not divisor:
        raise ValueError("it cannot be divided by zero")
    return dividend // divisor if integer else figure(dividend / divisor)


def _modulo(value: Any, by: Any) -> Number:
    dividend, divisor = number(value), number(by)
    if not divisor:
        raise ValueError("it cannot be divided by zero")
    return figure(dividend % divisor)


def _round(value: Any, digits: Any = 0) -> int | Decimal:
    places = whole(digits)
    if abs(places) > DIGITS:
        raise ValueError("it cannot be rounded to that many digits")
    return rounded(number(value), places)


def _abs(value: Any) -> Number:
    exact = as_number(value)
    if number(value) > 0:
        return exact
    return exact.copy_abs() if isinstance(exact, Decimal) else -exact


def _at_least(value: Any, least: Any) -> Number:
    return as_number(value if number(value) >= number(least) else least)


def _at_most(value: Any, most: Any) -> Number:
    return as_number(value if number(value) <= number(most) else most)


def _replace(value: Any, old: Any, new: Any = "", count: int = -1) -> str:
    said, old, new = text(value), text(old), text(new)
    bounded(len(said) + said.count(old) * max(0, len(new) - len(old)))
    return said.replace(old, new, count)


def _replace_last(value: Any, old: Any, new: Any = "") -> str:
    said, old = text(value), text(old)
    before, found, after = said.rpartition(old) if old else (said, "", "")
    return before + text(new) + after if found or not old else said


def _slice(value: Any, start: Any, length: Any = 1) -> Any:
    found = items(value) if isinstance(value, list | range) else text(value)
    begin = whole(start) + (len(found) if whole(start) < 0 else 0)
    end = begin + whole(length)
    return found[begin:end] if 0 <= begin <= end else found[:0]


def _split(value: Any, by: Any) -> list[str]:
    said, separator = text(value), text(by)
    bounded(said.count(separator))
    if separator == " ":  # as in Ruby, any white space of ASCII
        return [part for part in re.split(r"[ \t\n\v\f\r\0]+", said) if part]
    parts = said.split(separator) if separator else list(said)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _truncate(value: Any, length: Any = 50, end: Any = "...") -> str:
    said, most, end = text(value), whole(length), text(end)
    return said if len(said) <= most else said[: max(0, most - len(end))] + end


def _truncatewords(value: Any, count: Any = 15, end: Any = "...") -> str:
    words, most = text(value).split(), max(1, whole(count))
    return " ".join(words[:most]) + (text(end) if len(words) > most else "")


def _base64_decode(value: Any) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode()
    except UnicodeDecodeError:
        raise ValueError("what it encodes is not UTF-8") from None
    except ValueError:
        raise ValueError("it is not base64") from None


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | range):
        return len(items(value))
    raise ValueError("it is not a list or text")


def _url_decode(value: Any) -> str:
    try:
        return urllib.parse.unquote_plus(text(value), errors="strict")
    except UnicodeDecodeError:
        raise ValueError("what it encodes is not UTF-8") from None


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": _abs,
    "append": lambda value, end: text(value) + text(end),
    "at_least": _at_least,
    "at_most": _at_most,
    "base64_decode": _base64_decode,
    "base64_encode": lambda value: base64.b64encode(text(value).encode()).decode(),
    "capitalize": lambda value: text(value).capitalize(),
    "ceil": lambda value: math.ceil(number(value)),
    "compact": lambda value: [item for item in items(value) if item is not None],
    "concat": lambda value, more: [*items(value), *items(more)],
    "date": _date,
    "divided_by": _divided_by,
    "downcase": lambda value: text(value).lower(),
    "escape": lambda value: escape(text(value)),
    "escape_once": lambda value: escape_once(text(value)),
    "find": find,
    "first": lambda value: end(value, 0),
    "floor": lambda value: math.floor(number(value)),
    "has": lambda value, name, target=None: any(fits for _, fits in matching(value, name, target)),
    "join": joined,
    "last": lambda value: end(value, -1),
    "lstrip": lambda value: text(value).lstrip(),
    "map": lambda value, name: [property_of(item, name) for item in items(value)],
    "minus": lambda value, other: figure(number(value) - number(other)),
    "modulo": _modulo,
    "newline_to_br": lambda value: re.sub(r"\r?\n", "<br />\n", text(value)),
    "plus": lambda value, other: figure(number(value) + number(other)),
    "prepend": lambda value, start: text(start) + text(value),
    "reject": reject,
    "remove": lambda value, old: _replace(value, old),
    "remove_first": lambda value, old: _replace(value, old, "", 1),
    "remove_last": lambda value, old: _replace_last(value, old),
    "replace": lambda value, old, new="": _replace(value, old, new),
    "replace_first": lambda value, old, new="": _replace(value, old, new, 1),
    "replace_last": _replace_last,
    "reverse": lambda value: items(value)[::-1],
    "round": _round,
    "rstrip": lambda value: text(value).rstrip(),
    "size": _size,
    "slice": _slice,
    "sort": lambda value, name=None: in_order(value, name, order),
    "sort_natural": lambda value, name=None: in_order(value, name, lambda item: text(item).casefold()),
    "split": _split,
    "squish": lambda value: " ".join(text(value).split()),
    "strip": lambda value: text(value).strip(),
    "strip_html": lambda value: strip_html(text(value)),
    "strip_newlines": lambda value: re.sub(r"\r?\n", "", text(value)),
    "sum": total,
    "times": lambda value, other: figure(number(value) * number(other)),
    "truncate": _truncate,
    "truncatewords": _truncatewords,
    "uniq": uniq,
    "upcase": lambda value: text(value).upper(),
    "url_decode": _url_decode,
    "url_encode": lambda value: urllib.parse.quote_plus(text(value), safe="!~*'()"),
    "where": where,
}
