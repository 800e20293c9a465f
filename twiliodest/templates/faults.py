"""All faults of a template at once: what is at fault is taken for something harmless, and the rest is read again."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from twiliodest.errors import ExpressionError
from twiliodest.templates.fields import compile_field, compile_template, is_path
from twiliodest.templates.liquid.parts import UNREAD, Part, parts
from twiliodest.templates.liquid.syntax import CLOSED, SOURCE_LIMIT, read_parts
from twiliodest.templates.liquid.tags import TAGS

MOST = 20  # faults of one template; whoever has mended them is told of the next
_WITHIN = ("else", "elsif", "when")


def faults_of(source: str) -> Sequence[ExpressionError]:
    """Every fault of a path or a template, in the order of the text.

    What only follows from another fault is not among them.
    """
    try:
        compile_field(source)
    except ExpressionError as error:
        if is_path(source) or len(source) > SOURCE_LIMIT:
            return [error]
        found = {each.offset: each for each in (*_Mending(source).faults(), error)}
        return sorted(found.values(), key=lambda each: each.offset)
    return []


class _Mending:
    """The parts of a template, of which each that is at fault gives way to something harmless."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._unpaired = False  # after a tag that nobody knows: what an `else` or an end belongs to
        self._torn = False  # after half a tag: whether a block was closed
        self._unknown: list[str] = []  # tags that there are not, whose ends there are not, either
        self._parts: list[Part] = []

    def faults(self) -> Iterator[ExpressionError]:
        yield from self._part()
        for _ in range(MOST):
            try:
                compile_template(self._source, read_parts(self._parts))
                return
            except ExpressionError as error:
                fault = error
            at = self._at(fault.offset)
            if at is None:
                yield fault
                return
            if not self._follows(self._parts[at], fault.offset):
                yield fault
            before = list(self._parts)
            self._mend(at, fault.offset)
            if self._parts == before:
                return

    def _part(self) -> Iterator[ExpressionError]:
        """Part the template; braces that are never closed are passed over."""
        text = self._source
        while True:
            try:
                self._parts = list(parts(text))
                return
            except ExpressionError as error:
                yield error
                at = error.offset
            if text.startswith(UNREAD, at):
                text = text[: text.rindex("{%", 0, at)]  # all that follows is comment, or raw
                continue
            opening = max(text.rfind("{{", 0, at + 2), text.rfind("{%", 0, at + 2))
            if text[opening : opening + 2] == "{%":
                self._unpaired = self._torn = True
            text = f"{text[:opening]}  {text[opening + 2 :]}"

    def _at(self, offset: int) -> int | None:
        """Which part a character stands in."""
        begun = [at for at, part in enumerate(self._parts) if _start(part) <= offset]
        return begun[-1] if begun else None

    def _follows(self, part: Part, offset: int) -> bool:
        """Whether a fault is only what another one leads to."""
        if part.kind != "tag" or offset != part.start:
            return False
        if part.name in CLOSED:
            return self._torn
        if part.name[:3] == "end" and part.name[3:] in self._unknown:
            return True
        return self._unpaired and (part.name in _WITHIN or part.name.startswith("end"))

    def _mend(self, at: int, offset: int) -> None:
        part = self._parts[at]
        opened = _opened(self._parts[:at])
        if part.kind == "tag" and part.name not in TAGS and offset == part.start:
            self._unknown.append(part.name)
        nearest = [*(f"end{name}" for name in opened[-1:]), *CLOSED]
        if part.kind != "tag":
            self._parts[at] = _nothing(part)
        elif offset != part.start:
            self._parts[at] = part._replace(text=_harmless(part, offset))
        elif part.name in CLOSED:
            end = len(self._source)
            self._parts += [Part("tag", end, "", f"end{name}", end) for name in _opened(self._parts)[-1:]]
        elif part.name.startswith("end") and part.name[3:] in opened:
            self._parts.insert(at, part._replace(text="", name=f"end{opened[-1]}"))
        elif part.name not in TAGS and (near := difflib.get_close_matches(part.name, nearest, 1)):
            self._parts[at] = part._replace(name=near[0], text=_ARGUMENTS.get(near[0], ""))
        else:
            self._unpaired |= part.name not in TAGS
            self._parts[at] = _nothing(part)


_ARGUMENTS = {  # what each tag can stand with
    **dict.fromkeys(("if", "unless", "elsif", "echo", "case", "when", "cycle"), " x "),
    "for": " x in x ",
    "assign": " x = x ",
    "capture": " x ",
    "increment": " x ",
    "decrement": " x ",
}
_NAMING = ("for", "assign", "capture", "increment", "decrement")
_SINGLE = ("assign", "cycle", "echo", "increment", "decrement")


def _harmless(tag: Part, offset: int) -> str:
    """What a tag can say without a fault: it keeps the name that it gives, and a `liquid` its other lines."""
    if tag.name == "liquid":
        begin = tag.text.rfind("\n", 0, max(offset - tag.at, 0)) + 1
        line, _, _ = tag.text[begin:].partition("\n")
        is_single = (line.split() or [""])[0] in _SINGLE
        return f"{tag.text[:begin]}{' ' * len(line)}{tag.text[begin + len(line) :]}" if is_single else ""
    said = _ARGUMENTS.get(tag.name, "")
    name = re.match(r"\s*([^\W\d][\w-]*)", tag.text)
    names = name and tag.name in _NAMING and not tag.at <= offset <= tag.at + name.end()
    return said.replace("x", name[1], 1) if name and names else said


def _opened(parts: Sequence[Part]) -> Sequence[str]:
    """The blocks that are open behind these parts, the innermost last."""
    names: list[str] = []
    for part in parts:
        if part.kind == "tag" and part.name in CLOSED:
            names.append(part.name)
        elif part.kind == "tag" and names and part.name == f"end{names[-1]}":
            names.pop()
    return names


def _start(part: Part) -> int:
    return part.start if part.kind == "tag" else part.at


def _nothing(part: Part) -> Part:
    return Part("text", _start(part), "")
