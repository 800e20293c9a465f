"""HTML as Liquid's filters know it."""

from __future__ import annotations

import html
import re


def escape(said: str) -> str:
    """The signs of HTML, written so that they are none."""
    return said.translate(_ESCAPES)


def escape_once(said: str) -> str:
    """The same, leaving what is escaped already."""
    return html.unescape(said).translate(_ESCAPES)


def strip_html(said: str) -> str:
    """Without tags and comments, and without scripts and styles and what is in them."""
    kept: list[str] = []
    endless: set[str] = set()
    at = 0
    while (start := said.find("<", at)) >= 0:
        kept.append(said[at:start])
        opening = _HIDDEN.match(said, start)
        hidden = opening.lastgroup if opening else None
        end = _past(said, start, hidden, endless) if hidden else None
        end = end or _past(said, start, "tag", endless)
        if end is None:
            return "".join(kept) + said[start:]
        at = end
    return "".join(kept) + said[at:]


_HIDDEN = re.compile(r"<(?:(?P<script>script)|(?P<style>style)|(?P<comment>!--))", re.IGNORECASE)
_ENDS = {
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
    "comment": re.compile("-->"),
    "tag": re.compile(">"),
}


def _past(said: str, start: int, kind: str, endless: set[str]) -> int | None:
    """Where what begins at `start` has ended; `endless` are the kinds that are known to end nowhere from here on."""
    end = None if kind in endless else _ENDS[kind].search(said, start)
    if not end:
        endless.add(kind)
    return end.end() if end else None


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
