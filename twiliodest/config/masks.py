"""What of a configuration's text may be shown: nothing that could be a secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from math import inf


def is_reference(value: str) -> bool:
    """Whether a value is an environment variable and nothing else, written as such names are."""
    return bool(_REFERENCE.fullmatch(value))


def is_plain(key: str) -> bool:
    """Whether a key that nobody knows may be named: it does not look as if a secret had slipped into it."""
    return len(key) <= 40 and not _SLIPPED.search(key)


def masked(line: str, spans: Iterable[tuple[int, int]]) -> str:
    """A line with asterisks for the spans, and for all else that looks like a secret; columns stay the same."""
    for start, end in spans:
        colon = _COLON.match(line, start, end)
        start = colon.end() if colon else start
        line = line[:start] + re.sub(r"\S", "*", line[start:end]) + line[end:]
    for secret in _SECRETS:
        line = secret.sub(lambda found: found[1] + "*" * len(found[2]), line)
    return line


def is_shown(lines: Sequence[str], at: int, public: Collection[str]) -> bool:
    """Whether a line of a file that is not YAML may be shown: it surely belongs to keys that are `public`."""
    if at >= len(lines):
        return False
    level: float = inf
    shown = False
    for line in lines[: at + 1]:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = _KEY.match(line)
        indent = len(key[1]) if key else len(line) - len(line.lstrip(" \t-"))
        if indent <= level or (shown and key):
            level, shown = indent, bool(key and key[2] in public)
    line = lines[at]
    inner = {found[1] for found in _INNER_KEY.finditer(line)}
    return shown and not line.lstrip().startswith("#") and inner <= {*public} and not _SENSITIVE.search(line)


_REFERENCE = re.compile(r"\s*\$\{[A-Z_][A-Z0-9_]*\}\s*")
_COLON = re.compile(r"\s*:(?=\s|$)")
_SLIPPED = re.compile(r"[:=]|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{8,}")
_KEY = re.compile(r"""([ \t-]*)["']?([\w-]+)["']?[ \t]*:(?=\s|$)""")
_INNER_KEY = re.compile(r"""[{,][ \t]*["']?([\w-]+)["']?[ \t]*:""")
_SENSITIVE = re.compile(
    r"tok\w{0,3}n|secret|passw|auth|key|(?<![0-9A-Za-z])[0-9A-Za-z]{32}(?![0-9A-Za-z])", re.I
)
_SECRETS = (
    re.compile(r"""((?:token|secret|passw\w*|api_?key)["']?\s*[:=]\s*)(?!\s*\$\{)([^\s,}]+)""", re.I),
    re.compile(r"((?:^|\s)#)(.*(?:tok\w{0,3}n|secret|passw|auth|key).*)", re.I),
    re.compile(r"(//)([^/\s]*@)"),
    re.compile(r"()(?<![0-9A-Za-z])([0-9A-Za-z]{32})(?![0-9A-Za-z])"),
)
