"""Reads Liquid: tags and what stands between them, strictly, with every fault at its character and in plain words."""

from __future__ import annotations

from collections.abc import Iterable

from twiliodest.errors import ExpressionError
from twiliodest.templates.liquid.grammar import placeholder
from twiliodest.templates.liquid.hints import tag_hint
from twiliodest.templates.liquid.nodes import Assign, Block, Capture, Case, Count, For, If, Node, Output, Text
from twiliodest.templates.liquid.parts import UNREAD, Part, parts
from twiliodest.templates.liquid.tags import TAGS, alone

SOURCE_LIMIT = 10_000  # characters of a template
NESTING_LIMIT = 30  # blocks within blocks


def read(source: str) -> Block:
    """A template as it was written; raises `ExpressionError`."""
    if len(source) > SOURCE_LIMIT:
        raise ExpressionError(f"a template can have at most {SOURCE_LIMIT:,} characters", SOURCE_LIMIT)
    half = next((at for at, char in enumerate(source) if "\ud800" <= char <= "\udfff"), None)
    if half is not None and not source.isascii():
        raise ExpressionError("this is half of a character", half, "write the character itself")
    return read_parts(parts(source))


def read_parts(parts: Iterable[Part]) -> Block:
    """A template of these parts; raises `ExpressionError`."""
    return _Reader(parts).whole()


def assigned(block: Block) -> set[str]:
    """The names that a template gives values of its own, anywhere."""
    names: set[str] = set()
    for node in block.nodes:
        if isinstance(node, Assign | Capture | For | Count):
            names.add(node.name)
        for inner in _blocks(node):
            names |= assigned(inner)
    return names


def _blocks(node: Node) -> Iterable[Block]:
    match node:
        case Block():
            yield node
        case If() | Case():
            yield from (block for _, block in node.branches)
            yield node.other
        case For():
            yield node.body
            yield node.other or Block()
        case Capture():
            yield node.body


_INNER: dict[str, tuple[str, ...]] = {
    "if": ("elsif", "else"),
    "unless": ("elsif", "else"),
    "case": ("when", "else"),
    "for": ("else",),
    "capture": (),
    **dict.fromkeys(("comment", "raw", "doc"), ()),
}  # the tags that are closed, and what may stand within
CLOSED = tuple(name for name in _INNER if name not in UNREAD)  # of these, those whose content is a template
_SINGLE = ("assign", "break", "continue", "cycle", "decrement", "echo", "increment", "liquid", "#")
_ABSENT = (
    *("include", "render", "layout", "block", "extends", "import", "section"),
    *("tablerow", "ifchanged", "style", "schema", "form", "paginate", "javascript", "stylesheet"),
)


class _Reader:
    """The parts of a template, one after the other."""

    def __init__(self, parts: Iterable[Part], depth: int = 0) -> None:
        self.parts = iter(parts)
        self.depth = depth

    def whole(self) -> Block:
        """Everything; no tag may be left that closes something."""
        return self.block(None)[0]

    def deeper(self, tag: Part) -> int:
        """One more level; raises `ExpressionError` where there are too many."""
        if self.depth >= NESTING_LIMIT:
            raise ExpressionError(f"tags can be nested at most {NESTING_LIMIT} deep", tag.start)
        return self.depth + 1

    def block(self, opened: Part | None, stops: tuple[str, ...] = ()) -> tuple[Block, Part]:
        """The nodes up to one of these tags, and that tag; without an opened one, all of them."""
        nodes: list[Node] = []
        for part in self.parts:
            if part.kind == "text":
                nodes.append(Text(part.text))
            elif part.kind == "output":
                nodes.append(Output(placeholder(part.text, part.at)))
            elif part.name in stops:
                return Block(tuple(nodes)), part
            else:
                nodes.append(self.node(part, opened))
        if opened:
            raise ExpressionError(
                f"this {{% {opened.name} %}} is never closed",
                opened.start,
                f"close it with {{% end{opened.name} %}}",
            )
        return Block(tuple(nodes)), Part("text", 0, "")

    def inner(self, opened: Part, *stops: str) -> tuple[Block, Part]:
        """The nodes of an opened block, up to one of these tags or its end."""
        self.depth = self.deeper(opened)
        block, stop = self.block(opened, (*stops, f"end{opened.name}"))
        self.depth -= 1
        if stop.name == "else" or stop.name.startswith("end"):
            alone(stop)
        return block, stop

    def within(self, tag: Part, parts: Iterable[Part]) -> Block:
        """The nodes of a template within the template: what it opens, it closes."""
        return _Reader(parts, self.deeper(tag)).whole()

    def node(self, tag: Part, opened: Part | None) -> Node:
        """What a tag is, with all that belongs to it."""
        if tag.name not in TAGS:
            raise _misplaced(tag, opened)
        return TAGS[tag.name](self, tag)


def _misplaced(tag: Part, opened: Part | None) -> ExpressionError:
    name, at, inner = tag.name, tag.start, opened.name if opened else ""
    if name in _ABSENT:
        return ExpressionError(
            f"the tag {name} is not available here", at, "a template cannot include other files"
        )
    if name in _INNER.get(inner, ()):
        return ExpressionError(f"this {{% {name} %}} comes after the {{% else %}} of its {inner}", at)
    if name in ("else", "elsif", "when"):
        return ExpressionError(f"this {{% {name} %}} is not in a block that can have one", at)
    if name == "end" and inner:
        return ExpressionError('there is no tag "end"', at, f"close the {inner} with {{% end{inner} %}}")
    if name.startswith("end") and name[3:] in _INNER:
        hint = f"close the {{% {inner} %}} first" if inner else None
        return ExpressionError(f"this {{% {name} %}} closes nothing", at, hint)
    return ExpressionError(f'there is no tag "{name}"', at, tag_hint(name, (*_INNER, *_SINGLE)))
