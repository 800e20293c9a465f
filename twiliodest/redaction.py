"""The second wall: whatever a server says back, secrets that were sent to it are taken out before anybody sees it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "********"
_LEAST = 4  # characters of a secret by itself: a shorter one would be found in every text

Redact = Callable[[str], str]


def redaction(logins: Iterable[tuple[str, str]]) -> Redact:
    """What masks the secrets of logins (user and secret), be they plain, encoded, or within a text in base64."""
    forms = {form for user, secret in logins for form in _forms(user, secret)}
    pattern = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))) or r"(?!)", re.I)
    return lambda text: pattern.sub(MASK, text)


def _forms(user: str, secret: str) -> Iterator[str]:
    yield from _written(f"{user}:{secret}")
    if len(secret) >= _LEAST:
        yield from _written(secret)


def _written(text: str) -> Iterator[str]:
    yield from (text, quote(text, safe=""), quote(text), quote_plus(text))
    yield from (html.escape(text), json.dumps(text)[1:-1], json.dumps(text).replace("/", r"\/")[1:-1])
    data = text.encode()
    yield data.hex()
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        whole = code(data).decode()
        yield whole
        yield whole.rstrip("=")
        yield quote(whole, safe="")
        for before in range(3):  # what base64 makes of it wherever it stands within a longer text
            inner = code(b"\0" * before + data).decode().rstrip("=")
            first, last = -(-8 * before // 6), (8 * (before + len(data))) // 6
            if last - first >= 2 * _LEAST:
                yield inner[first:last]
