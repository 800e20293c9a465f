"""What a terminal would obey rather than show, in texts that others have written."""

from __future__ import annotations

import re

TURNING = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # of lines and of directions
_OBEYED = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{TURNING}\ud800-\udfff]")
_ENDS = re.compile(f"[\x00-\x1f\x7f-\x9f{TURNING}\ud800-\udfff]")
_IN_JSON = re.compile(f"[\x7f-\x9f{TURNING}]")
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def safe(text: str) -> str:
    """A text without anything that a terminal would obey, but for tabs and the ends of lines."""
    return _OBEYED.sub(_escaped, text)


def one_line(text: str) -> str:
    """As `safe`, on one line: what it quotes cannot look like a line of its own."""
    return _ENDS.sub(_escaped, text)


def safe_json(text: bytes) -> bytes:
    """JSON, which has no control characters in its strings but these, with them as its own escapes."""
    if text.isascii() and b"\x7f" not in text:
        return text
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _NAMES.get(found[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
