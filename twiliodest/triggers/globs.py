"""Globs, as `match` takes them, become regular expressions that no text can slow down."""

from __future__ import annotations

import functools
import re

from twiliodest.errors import ExpressionError

LONGEST = 1_000  # characters of a pattern: with a text of 1 MiB, a second's work at most


@functools.lru_cache(maxsize=256)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """Translate `*`, `?`, `[a-z]`, `[^a-z]` and escapes, for `fullmatch`; raises `ExpressionError`.

    Matching takes at most the product of both lengths: what is between two stars has one length, so the
    leftmost place is as good as any, and an atomic group keeps it.
    """
    if len(pattern) > LONGEST:
        message = f"the pattern is longer than {LONGEST:,} characters"
        raise ExpressionError(message, LONGEST, "use only the part that tells texts apart")
    parts = [""]
    for found in _ELEMENT.finditer(pattern):
        match found.lastgroup, found[0]:
            case "star", _:
                parts.append("")
            case "one", _:
                parts[-1] += "."
            case "list", _:
                parts[-1] += f"[{found['not']}{_ranges(found['list'], found.start())}]"
            case "stray", character:
                message = "this [ is not closed" if character == "[" else "nothing follows this backslash"
                hint = f"for the character itself, write \\{character}"
                raise ExpressionError(message + " in the pattern", found.start(), hint)
            case _, text:
                parts[-1] += re.escape(text[-1])
    if len(parts) == 1:
        return re.compile("(?s)" + parts[0])
    head, *middle, tail = parts
    return re.compile("(?s)" + head + "".join(f"(?>.*?{part})" for part in middle) + ".*" + tail)


_ITEM = r"(?:\\.|[^\]\\])"
_ELEMENT = re.compile(
    rf"(?s)(?P<star>\*+)|(?P<one>\?)|\[(?P<not>\^?)(?P<list>(?:{_ITEM}-{_ITEM}|{_ITEM})++)\]"
    r"|\\.|[^\\\[]|(?P<stray>.)"
)


def _ranges(text: str, offset: int) -> str:
    chosen = ""
    for first, last in re.findall(rf"(?s)({_ITEM})(?:-({_ITEM}))?", text):
        if last and first[-1] > last[-1]:
            message = f"the range {first}-{last} in the pattern is empty"
            raise ExpressionError(message, offset, f"write {last}-{first}")
        chosen += re.escape(first[-1]) + ("-" + re.escape(last[-1]) if last else "")
    return chosen
