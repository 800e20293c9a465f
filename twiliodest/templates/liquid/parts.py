"""Parts a Liquid template into texts, placeholders and tags; every part knows where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from twiliodest.errors import ExpressionError

UNREAD = ("raw", "comment", "doc")  # what stands within is no part of the template


class Part(NamedTuple):
    """`kind` is text, output or tag. `text` is the text, or what stands in the braces, from `at` on.

    A tag's `name` stands at `start`.
    """

    kind: str
    at: int
    text: str
    name: str = ""
    start: int = 0


def parts(source: str) -> Iterator[Part]:
    """The parts of a template, without its comments; white space is stripped where a `-` says so.

    Raises `ExpressionError`.
    """
    at, strip = 0, False
    while opening := _OPENING.search(source, at):
        text = source[at : opening.start()]
        text = text.lstrip() if strip else text
        text = text.rstrip() if opening[0].endswith("-") else text
        if text:
            yield Part("text", at, text)
        part, at, strip = _braces(source, opening)
        if part.name in UNREAD:
            inner, at, strip = _unread(source, part, at, strip)
            if part.name == "raw" and inner.text:
                yield inner
        elif part.name != "#":
            yield part
    rest = source[at:].lstrip() if strip else source[at:]
    if rest:
        yield Part("text", at, rest)


def lines(tag: Part) -> Iterator[Part]:
    """The tags of a `{% liquid %}`, one a line, without comments."""
    closing = ""
    for line in re.finditer(r"[^\n]+", tag.text):
        part = _tag(line[0], tag.at + line.start())
        if closing:
            closing = "" if part.name == closing else closing
        elif part.name in ("comment", "doc"):
            closing, opened = f"end{part.name}", part
        elif part.name == "raw":
            raise ExpressionError("raw cannot be used within liquid", part.start)
        elif part.name != "#" and line[0].strip():
            yield part
    if closing:
        raise _unclosed(opened)


_OPENING = re.compile(r"\{\{-?|\{%-?")
_NAME = re.compile(r"\s*(#|(?:[^\W\d]\w*)?)\s*")
_STRAY = re.compile(r"""(?:[^"'{]|"[^"]*"|'[^']*'|\{(?![{%]))*\{[{%]""")


def _braces(source: str, opening: re.Match[str]) -> tuple[Part, int, bool]:
    """What stands in a pair of braces, where it ends, and whether white space behind it is stripped."""
    kind, closing = ("output", "}}") if opening[0][1] == "{" else ("tag", "%}")
    end = source.find(closing, opening.end())
    inner = source[opening.end() : end]
    if end < 0 or (_STRAY.match(inner) and not (kind == "tag" and inner.lstrip()[:1] == "#")):
        brace = opening[0][:2]
        raise ExpressionError(f"this {brace} is never closed", opening.start(), f"close it with {closing}")
    strip = inner.endswith("-")
    inner = inner.removesuffix("-")
    if kind == "output":
        return Part("output", opening.end(), inner), end + 2, strip
    tag = _tag(inner, opening.end())
    if not tag.name:
        raise ExpressionError(
            "a tag must begin with its name", tag.start, "write {% if properties.name %}…{% endif %}"
        )
    return tag, end + 2, strip


def _tag(inner: str, at: int) -> Part:
    _, name, rest = _NAME.split(inner, maxsplit=1)
    begin = len(inner) - len(inner.lstrip())
    return Part("tag", at + len(inner) - len(rest), rest, name, at + begin)


def _unread(source: str, opened: Part, at: int, strip: bool) -> tuple[Part, int, bool]:
    """The text up to the end of a block that is not read, and where the template goes on."""
    depth = 1
    for tag in re.finditer(
        rf"\{{%(-?)\s*(end)?{opened.name}\b(?:(?!%\}}).)*?(-?)%\}}", source[at:], re.DOTALL
    ):
        depth += -1 if tag[2] else opened.name == "comment"
        if not depth:
            text = source[at : at + tag.start()]
            text = text.lstrip() if strip else text
            text = text.rstrip() if tag[1] else text
            return Part("text", at, text), at + tag.end(), bool(tag[3])
    raise _unclosed(opened)


def _unclosed(tag: Part) -> ExpressionError:
    return ExpressionError(
        f"this {{% {tag.name} %}} is never closed", tag.start, f"close it with {{% end{tag.name} %}}"
    )
