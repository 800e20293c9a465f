"""The second wall: whatever a server says back, secrets that were sent to it are taken out before anybody sees it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "********"
_PIECE = 8  # characters of a secret that are masked wherever they are: a server may have cut it
_LEAST = 4  # characters of a whole secret: a shorter one would be found in every text
_LONGEST = 4000  # characters of a text that are looked at; nobody is shown more

Redact = Callable[[str], str]


def redaction(logins: Iterable[tuple[str, str]]) -> Redact:
    """What masks the secrets of logins (user and secret) and pieces of them, be they plain, encoded, or in base64."""
    pieces: dict[int, set[str]] = {}
    for form in {form.lower() for user, secret in logins for form in _forms(user, secret)}:
        size = min(len(form), _PIECE)
        if size >= _LEAST:
            found = pieces.setdefault(size, set())
            found.update(form[at : at + size] for at in range(len(form) - size + 1))

    def redact(text: str) -> str:
        text = text[:_LONGEST]
        lower = text.lower()
        if len(lower) != len(text):  # a few letters beyond ASCII are two in lower case
            text = lower
        secret = bytearray(len(text))
        for size, known in pieces.items():
            for at in range(len(text) - size + 1):
                if lower[at : at + size] in known:
                    secret[at : at + size] = b"\1" * size
        return _masked(text, secret) if any(secret) else text

    return redact


def _masked(text: str, secret: bytearray) -> str:
    """A text with one mask for each run of what is secret."""
    shown = ""
    for at, character in enumerate(text):
        if not secret[at]:
            shown += character
        elif not at or not secret[at - 1]:
            shown += MASK
    return shown


def _forms(user: str, secret: str) -> Iterator[str]:
    """How a server may write a secret; of a login, which names the account, only what hides the name."""
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (html.escape(secret), json.dumps(secret)[1:-1], json.dumps(secret).replace("/", r"\/")[1:-1])
    yield secret.encode().hex()
    yield from _in_base64(secret.encode())
    yield from _in_base64(f"{user}:{secret}".encode())


def _in_base64(data: bytes) -> Iterator[str]:
    """What base64 makes of something wherever it is within a longer text."""
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        yield code(data).decode()
        yield quote(code(data), safe="")
        for before in range(3):
            first, last = -(-8 * before // 6), (8 * (before + len(data))) // 6
            yield code(b"\0" * before + data).decode()[first:last]
