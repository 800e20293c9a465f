"""The formats of inputs: JSON is read; what looks like something else is told as such once, not line by line."""

from __future__ import annotations

import csv
import re

from twiliodest.events.ahead import Blocks
from twiliodest.events.unpacking import BLOCK

LINES = 50  # that are looked at


def kind_of(blocks: Blocks) -> str | None:
    """What the text looks like, if it is nothing that is read."""
    first = next(blocks, b"")
    if not first or first[:1] in b"{[":
        blocks.give_back((first,))
        return None
    second = next(blocks, b"") if len(first) < BLOCK and not first.endswith(b"\n") else None
    blocks.give_back((first, second or b""))
    return _looks_like(first, is_all=second == b"")


def skip_to_json(blocks: Blocks) -> int:
    """Go to the next line on which an object begins; returns its number."""
    line, tail = 1, b"\n"
    for block in blocks:
        text = tail + block
        if found := _OBJECT.search(text):
            blocks.give_back((text[found.start() + 1 :],))
            return line + text.count(b"\n", len(tail), found.start() + 1)
        line += block.count(b"\n")
        tail = text[text.rfind(b"\n", -_MARGIN) :] if b"\n" in text[-_MARGIN:] else b" "
    return line


def _looks_like(head: bytes, *, is_all: bool) -> str | None:
    """What a text is that begins like this; `None` where it may be JSON, or nobody can tell. `is_all`: it ends so."""
    text = head.decode(errors="replace").lstrip("\ufeff\r\n\t ")
    if found := _MARKUP.match(text):
        return "an HTML page" if found[1] else "XML"
    lines = text.split("\n")
    lines = [line.rstrip("\r") for line in (lines if is_all else lines[:-1]) if line.strip()][:LINES]
    if len(lines) < 2 or any(map(_LIKE_JSON.match, lines)):
        return None
    if all(map(_EVENT_STREAM.match, lines)) and any(line.startswith("data:") for line in lines):
        return "an event stream: take what follows data:"
    if sum(map(bool, map(_LOG.match, lines))) * 2 > len(lines) and _LOG.match(lines[0]):
        return "a log"
    if _is_table(lines):
        return "CSV"
    if all(map(_YAML.match, lines)) and any(map(_KEY.match, lines)):
        return "YAML"
    if len(lines) > 2 and all(map(_TEXT.match, lines)) and any(_WORD.match(line) for line in lines):
        return "plain text"
    return None


def _is_table(lines: list[str]) -> bool:
    """Whether every line has the same number of columns, two or more."""
    for delimiter in ",;\t|":
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        has_words = any(_WORD.match(cell) for cell in rows[0])
        if (
            has_words
            and len(rows[0]) > 1
            and len({len(row) for row in rows}) == 1
            and sum(map(bool, rows[0])) > 1
        ):
            return True
    return False


_MARKUP = re.compile(r"<(?:(!doctype html|html\b)|[?!A-Za-z])", re.IGNORECASE)
_LOG = re.compile(
    r"[\[(<]?(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|\d{1,3}>|"
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b|[0-9a-fA-F.:]+ \S+ \S+ \[)"
)
_LIKE_JSON = re.compile(r'\s*(?:\x1e|\{|\[(?!\d{4}-\d\d|[A-Z][A-Za-z]+\])|[}\]]|"[^"]*"\s*:|\S{0,2}\x00)')
_EVENT_STREAM = re.compile(r"(?:data|event|id|retry):|:")
_KEY = re.compile(r"(?:- +)?[A-Za-z_][\w .-]*:(?:\s|$)")
_YAML = re.compile(rf"---|\.\.\.|%YAML|#|\s|- |{_KEY.pattern}")
_WORD = re.compile(r"\s*(?!(?:true|false|null|NaN|Infinity)\s*$)[^\W\d_]")
_TEXT = re.compile(rf"{_WORD.pattern}|\s*[#*>=~_|-](?!\d)")
_OBJECT = re.compile(rb'\n\{\s*"')
_MARGIN = 64  # bytes of a line's beginning in which an object may begin, where a block ends in it
