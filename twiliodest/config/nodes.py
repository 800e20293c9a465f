"""A YAML file as nodes, whose faults are collected with line and column; no secret gets into an excerpt."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import yaml

from twiliodest.config.masks import is_plain, is_shown, masked
from twiliodest.config.parsing import hint_at, in_words, line_and_column, parse, quote
from twiliodest.config.scalars import source_index
from twiliodest.config.secrecy import Public, Spans, hidden, names_of
from twiliodest.config.synonyms import Keys, likely
from twiliodest.errors import ExpressionError, Place, Problem, UsageError

Node = yaml.Node
LARGEST = 4 * 1024 * 1024  # bytes; what is larger is not a configuration but the wrong file
MOST = 300_000  # values; it would take seconds to read more of them
MANY = 100  # errors, after which reading ends
WIDEST = 1000  # characters of a line, behind which nothing of it is shown


class Document:
    """A parsed file, a mapping at its `root`, and its `problems`; `mode` are the file's mode bits."""

    def __init__(self, path: Path, public: Public) -> None:
        """Read and parse a file; only what is `public` is ever shown. Raises `UsageError`."""
        self.name = str(path)
        self.problems: list[Problem] = []
        self._text = self._read(path)
        self._lines = self._text.splitlines()
        self._errors = 0
        self._keys = Keys()
        self._likely: set[tuple[Node, str | None]] = set()
        self._spans: Spans = {}
        self.root = self._compose(public)
        self._spans, self._secrets = hidden(self.root, public, self._lines)

    def complain(
        self,
        node: Node,
        message: str,
        hint: str | None = None,
        *,
        offset: int | None = None,
        warning: bool = False,
        member: str | None = None,
    ) -> None:
        """Note a problem at a node, or at a character of its value. Raises `UsageError` when it is enough."""
        self._note(*self._position(node, offset), message, hint, warning=warning, member=member)

    def fault(self, node: Node, error: ExpressionError) -> None:
        """Note a problem inside a value that has a syntax of its own."""
        self.complain(node, error.message, error.hint, offset=error.offset)

    def conclude(self) -> Sequence[Problem]:
        """All warnings in the order of the file. Raises `UsageError` with them if there is an error, too."""
        self.problems.sort(key=self._order)
        if not all(problem.warning for problem in self.problems):
            raise UsageError(self.problems)
        return tuple(self.problems)

    def members(self, node: Node, names: Collection[str]) -> tuple[dict[str, Node], Sequence[Node]]:
        """The values of a mapping by key, and the keys that are not in `names`. Each key may be there once."""
        found: dict[str, Node] = {}
        unknown: list[Node] = []
        lines: dict[str, int] = {}
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                self.complain(key, "a key must be plain text", quote("{"))
            elif key.value in lines:
                first = f"the first is on line {lines[key.value]}"
                self.complain(key, f"{_named(key) or 'a key'} appears twice", first)
            else:
                lines[key.value] = key.start_mark.line + 1
                if key.value in names:
                    found[key.value] = value
                else:
                    unknown.append(key)
                    self._likely.add((node, likely(key.value, names)))
        return found, unknown

    def lacks(self, node: Node, names: Collection[str], *words: str, warning: bool = False) -> None:
        """Note, in these words, that none of the keys is there; unless an unknown one was meant as one of them."""
        if not any((node, name) in self._likely for name in names):
            self.complain(node, *words, warning=warning)

    def pairs(self, node: Node) -> Sequence[tuple[str, Node]]:
        """The names and values of a mapping in which any name will do. Each may be there once."""
        names = (
            [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if self.is_mapping(node)
            else []
        )
        found, _ = self.members(node, names)
        return list(found.items())

    def complain_of_unknown(
        self, keys: Sequence[Node], names: Sequence[str], what: str, where: str = ""
    ) -> None:
        """Note keys that are not in `names`, each with the name that is nearest."""
        for key in keys:
            if key.value == "<<":
                hint = "write the keys out; an alias (*name) can stand for a whole value"
                self.complain(key, "YAML's merge key << is not supported", hint)
                continue
            message = " ".join(filter(None, ("unknown", what, _named(key), where)))
            self.complain(key, message, self._keys.hint(key.value, names))

    def is_mapping(self, node: Node) -> bool:
        """Whether a node has keys."""
        return isinstance(node, yaml.MappingNode)

    def items(self, node: Node) -> Sequence[Node] | None:
        """The nodes of a list; `None` if it is none."""
        return node.value if isinstance(node, yaml.SequenceNode) else None

    def text(self, node: Node, what: str, *, secret: bool = False) -> str | None:
        """The text of a scalar, as written: `+15551234567` keeps its plus, `no` stays `no`; else a problem."""
        if not isinstance(node, yaml.ScalarNode):
            hint = quote("{") if isinstance(node, yaml.MappingNode) and node.flow_style else None
            self.complain(node, f"{what} must be text", hint)
        elif not node.tag.startswith("tag:yaml.org,2002:"):
            self.complain(node, f"{what} begins with !, which YAML reads as a tag", quote("!"))
        elif node.tag.endswith(":null") or not node.value.strip():
            self.complain(node, f"{what} has no value")
        elif id(node) in self._secrets and not secret:
            self.complain(node, f"{what} repeats a value that may be a secret", "write it out")
        elif _SURROGATE.search(node.value):
            self.complain(
                node,
                f"{what} contains half of a character",
                r"\ud800 to \udfff are not characters by themselves",
            )
        else:
            return str(node.value)
        return None

    def comment_behind(self, node: Node) -> str:
        """What YAML took for a comment behind an unquoted value."""
        if not isinstance(node, yaml.ScalarNode) or node.style:
            return ""
        found = _COMMENT.match(self._text, node.end_mark.index)
        return found[1] if found else ""

    def complain_of_comment(self, node: Node, what: str) -> None:
        """Note that a value ends at a comment that was meant as text."""
        place = self._text.index("#", node.end_mark.index)
        message = f"{what} ends at this #: YAML reads the rest as a comment"
        self._note(*line_and_column(self._text, place), message, "put it in double quotes")

    def _read(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                self.mode = os.fstat(file.fileno()).st_mode
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            hint = "name another file with --config, or write one with: twiliodest init"
            raise UsageError([Problem(message=f"there is no file {self.name}", hint=hint)]) from None
        except OSError as error:
            raise UsageError([Problem(message=f"cannot read {self.name}: {error.strerror}")]) from None
        if len(content) > LARGEST:
            message = f"{self.name} is larger than {LARGEST >> 20} MiB: this is not a configuration"
            raise UsageError([Problem(message=message)])
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = Place(self.name, content.count(b"\n", 0, error.start) + 1)
            raise UsageError([Problem(message=f"{self.name} is not UTF-8 text", place=place)]) from None

    def _compose(self, public: Public) -> yaml.MappingNode:
        if sum(map(self._text.count, "\n,:")) > MOST:
            message = f"{self.name} has more than {MOST:,} values: this is not a configuration"
            raise UsageError([Problem(message=message)])
        try:
            root = parse(self._text)
        except yaml.reader.ReaderError as error:
            line, column = line_and_column(self._text, error.position)
            raise self._unreadable(line, column, "this character is forbidden", public) from None
        except yaml.MarkedYAMLError as error:
            unclosed = error.context_mark if "stream" in (error.problem or "") else None
            mark = unclosed or error.problem_mark or error.context_mark
            message = "this is never closed" if unclosed else in_words(error)
            line, column = (mark.line, mark.column) if mark else (0, 0)
            raise self._unreadable(line, column, message, public) from None
        if isinstance(root, yaml.MappingNode):
            return root
        hint = "twiliodest init writes one to start from"
        raise UsageError([Problem(message=f"{self.name} has no settings", hint=hint)])

    def _unreadable(self, line: int, column: int, message: str, public: Public) -> UsageError:
        text = self._lines[line] if line < len(self._lines) else ""
        names = {*names_of(public)}
        excerpt = self._excerpt(line, column) if is_shown(self._lines, line, names) else None
        hint = hint_at(text)
        place = Place(self.name, line + 1, column + 1)
        return UsageError([Problem(message=f"not YAML: {message}", place=place, hint=hint, excerpt=excerpt)])

    def _position(self, node: Node, offset: int | None) -> tuple[int, int]:
        start = node.start_mark
        if offset is None or not isinstance(node, yaml.ScalarNode):
            return start.line, start.column
        source = self._text[start.index : node.end_mark.index]
        line, column = line_and_column(source, source_index(source, node.style, node.value, offset))
        return start.line + line, column if line else start.column + column

    def _order(self, problem: Problem) -> tuple[bool, int, int]:
        place = problem.place or Place(self.name)
        return place.source != self.name, place.line, place.column

    def _note(
        self,
        line: int,
        column: int,
        message: str,
        hint: str | None,
        *,
        warning: bool = False,
        member: str | None = None,
    ) -> None:
        place = Place(self.name, line + 1, column + 1)
        excerpt = self._excerpt(line, column)
        problem = Problem(
            message=message, place=place, hint=hint, excerpt=excerpt, warning=warning, member=member
        )
        self.problems.append(problem)
        self._errors += not warning
        if self._errors >= MANY:
            self.problems.sort(key=self._order)
            self.problems.append(Problem(message=f"there may be more; these are the first {MANY} errors"))
            raise UsageError(self.problems)

    def _excerpt(self, line: int, column: int) -> str | None:
        if line >= len(self._lines) or column > WIDEST:
            return None
        text = self._lines[line]
        shown = masked(text[: WIDEST + 100], self._spans.get(line, ()))
        return shown if len(text) <= WIDEST else f"{shown[:WIDEST]}…"


def _named(key: Node) -> str:
    return f'"{key.value}"' if is_plain(key.value) else ""


_COMMENT = re.compile(r"[ \t]*(#.*)")
_SURROGATE = re.compile("[\ud800-\udfff]")
