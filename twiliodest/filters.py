"""Liquid's filters: pure, exact and bounded. A value that does not suit one is a `ValueError` that says why.

They follow liquidjs. What a reason says holds nothing of the value.
"""

from __future__ import annotations

import base64
import decimal
import html
import re
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from twiliodest.dates import DEFAULT_FORMAT, format_date, parse_date
from twiliodest.operands import DIGITS, NAME_LIMIT, bounded, equal, items, number, property_of, text, whole

_EXACT = decimal.Context(prec=100)
_QUOTIENT = decimal.Context(prec=16)  # as many as JavaScript has


def _figure(value: Decimal) -> int | Decimal:
    """The result of a calculation, without zeros behind the point."""
    return int(value) if value == value.to_integral_value() else value.normalize(_EXACT)


def _date(value: Any, form: Any = DEFAULT_FORMAT) -> str:
    if len(text(form)) > NAME_LIMIT:
        raise ValueError("the format is too long")
    return format_date(parse_date(value), text(form))


def _divided_by(value: Any, by: Any, integer: Any = False) -> int | Decimal:
    dividend, divisor = number(value), number(by)
    if not divisor:
        raise ValueError("it would be divided by zero")
    quotient = _QUOTIENT.divide(dividend, divisor)
    return (
        int(_EXACT.divide(dividend, divisor).to_integral_value(decimal.ROUND_FLOOR))
        if integer
        else _figure(quotient)
    )


def _modulo(value: Any, by: Any) -> int | Decimal:
    dividend, divisor = number(value), number(by)
    if not divisor:
        raise ValueError("it would be divided by zero")
    rest = _EXACT.remainder(dividend, divisor)
    return _figure(rest + divisor if rest and (rest < 0) != (divisor < 0) else rest)


def _rounded(mode: str) -> Callable[[Any], int | Decimal]:
    return lambda value: _figure(number(value).to_integral_value(mode))


def _round(value: Any, digits: Any = 0) -> int | Decimal:
    places = whole(digits)
    if not 0 <= places <= DIGITS:
        raise ValueError("it cannot be rounded to so many digits")
    return _figure(number(value).quantize(Decimal(1).scaleb(-places), decimal.ROUND_HALF_UP, _EXACT))


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
    parts = list(said) if not separator else said.split(None if separator == " " else separator)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _truncate(value: Any, length: Any = 50, end: Any = "...") -> str:
    said, most, end = text(value), whole(length), text(end)
    return said if len(said) <= most else said[: max(0, most - len(end))] + end


def _truncatewords(value: Any, count: Any = 15, end: Any = "...") -> str:
    words, most = text(value).split(), max(1, whole(count))
    return " ".join(words[:most]) + (text(end) if len(words) > most else "")


def _strip_html(value: Any) -> str:
    kept: list[str] = []
    inside = ""
    for part in re.split(r"(<[^<>]*>)", text(value)):
        tag = re.match(r"</?(script|style)\b", part, re.IGNORECASE)
        if tag:
            inside = "" if part[1] == "/" else tag[1]
        elif not inside and not (part.startswith("<") and part.endswith(">")):
            kept.append(part)
    return "".join(kept)


def _join(value: Any, by: Any = " ") -> str:
    texts = [text(item) for item in items(value)]
    bounded(sum(map(len, texts)) + len(texts) * len(text(by)))
    return text(by).join(texts)


def _sorted(value: Any, name: Any, key: Callable[[Any], Any]) -> list[Any]:
    pairs = [(item if name is None else property_of(item, name), item) for item in items(value)]
    known = [(key(found), item) for found, item in pairs if found is not None]
    if len({isinstance(found, str) for found, _ in known}) > 1:
        raise ValueError("its items cannot be sorted: they are not of one kind")
    return [item for _, item in sorted(known, key=lambda pair: pair[0])] + [
        i for found, i in pairs if found is None
    ]


def _order(value: Any) -> Any:
    if isinstance(value, bool | list | dict):
        raise ValueError("its items cannot be sorted: they are not texts or numbers")
    return value


def _matching(value: Any, name: Any, target: Any) -> Iterable[tuple[Any, bool]]:
    for item in items(value):
        found = property_of(item, name)
        yield item, found not in (None, False) if target is None else equal(found, target)


def _where(value: Any, name: Any, target: Any = None) -> list[Any]:
    return [item for item, fits in _matching(value, name, target) if fits]


def _reject(value: Any, name: Any, target: Any = None) -> list[Any]:
    return [item for item, fits in _matching(value, name, target) if not fits]


def _find(value: Any, name: Any, target: Any = None) -> Any:
    return next((item for item, fits in _matching(value, name, target) if fits), None)


def _uniq(value: Any, name: Any = None) -> list[Any]:
    kept: dict[Any, Any] = {}
    for item in items(value):
        kept.setdefault(_identity(item if name is None else property_of(item, name)), item)
    return list(kept.values())


def _identity(value: Any) -> Any:
    if isinstance(value, dict):
        return dict, tuple((key, _identity(item)) for key, item in sorted(value.items()))
    if isinstance(value, list):
        return list, tuple(map(_identity, value))
    return isinstance(value, bool), value


def _sum(value: Any, name: Any = None) -> int | Decimal:
    total = Decimal(0)
    for item in items(value):
        found = item if name is None else property_of(item, name)
        total = total if found is None else _EXACT.add(total, number(found))
    return _figure(total)


def _end(value: Any, place: int) -> Any:
    found: Sequence[Any] = value if isinstance(value, str | list | range) else items(value)
    return found[place] if found else None


def _base64_decode(value: Any) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode()
    except ValueError:
        raise ValueError("it is not base64") from None


def _size(value: Any) -> int:
    return (
        len(value)
        if isinstance(value, str | list | dict)
        else len(items(value))
        if isinstance(value, range)
        else 0
    )


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})

FILTERS: dict[str, Callable[..., Any]] = {
    "abs": lambda value: _figure(abs(number(value))),
    "append": lambda value, end: text(value) + text(end),
    "at_least": lambda value, least: _figure(max(number(value), number(least))),
    "at_most": lambda value, most: _figure(min(number(value), number(most))),
    "base64_decode": _base64_decode,
    "base64_encode": lambda value: base64.b64encode(text(value).encode()).decode(),
    "capitalize": lambda value: text(value).capitalize(),
    "ceil": _rounded(decimal.ROUND_CEILING),
    "compact": lambda value: [item for item in items(value) if item is not None],
    "concat": lambda value, more: [*items(value), *items(more)],
    "date": _date,
    "divided_by": _divided_by,
    "downcase": lambda value: text(value).lower(),
    "escape": lambda value: text(value).translate(_ESCAPES),
    "escape_once": lambda value: html.unescape(text(value)).translate(_ESCAPES),
    "find": _find,
    "first": lambda value: _end(value, 0),
    "floor": _rounded(decimal.ROUND_FLOOR),
    "has": lambda value, name, target=None: any(fits for _, fits in _matching(value, name, target)),
    "join": _join,
    "last": lambda value: _end(value, -1),
    "lstrip": lambda value: text(value).lstrip(),
    "map": lambda value, name: [property_of(item, name) for item in items(value)],
    "minus": lambda value, other: _figure(_EXACT.subtract(number(value), number(other))),
    "modulo": _modulo,
    "newline_to_br": lambda value: re.sub(r"\r?\n", "<br />\n", text(value)),
    "plus": lambda value, other: _figure(_EXACT.add(number(value), number(other))),
    "prepend": lambda value, start: text(start) + text(value),
    "reject": _reject,
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
    "sort": lambda value, name=None: _sorted(value, name, _order),
    "sort_natural": lambda value, name=None: _sorted(value, name, lambda item: text(item).casefold()),
    "split": _split,
    "squish": lambda value: " ".join(text(value).split()),
    "strip": lambda value: text(value).strip(),
    "strip_html": _strip_html,
    "strip_newlines": lambda value: re.sub(r"\r?\n", "", text(value)),
    "sum": _sum,
    "times": lambda value, other: _figure(_EXACT.multiply(number(value), number(other))),
    "truncate": _truncate,
    "truncatewords": _truncatewords,
    "uniq": _uniq,
    "upcase": lambda value: text(value).upper(),
    "url_decode": lambda value: urllib.parse.unquote_plus(text(value)),
    "url_encode": lambda value: urllib.parse.quote_plus(text(value), safe="!~*'()"),
    "where": _where,
}
