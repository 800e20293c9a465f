"""A YAML file as nodes, so that every problem has its line and column, and no secret gets into an excerpt."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import yaml

from twiliodest.errors import ExpressionError, Place, Problem, UsageError

Node = yaml.Node


class Document:
    """A parsed file. `problem` makes problems of it; `root` is `None` where it is empty."""

    def __init__(self, path: Path, public: Collection[str]) -> None:
        """Read and parse a file; only the settings named `public` may be shown. Raises `UsageError`."""
        self.name = str(path)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            hint = "name another file with --config, or write one with: twiliodest init"
            raise UsageError([Problem(message=f"there is no file {self.name}", hint=hint)]) from None
        except OSError as error:
            raise UsageError([Problem(message=f"cannot read {self.name}: {error.strerror}")]) from None
        except UnicodeDecodeError:
            raise UsageError([Problem(message=f"{self.name} is not UTF-8 text")]) from None
        self._lines = text.splitlines()
        self._shown = _redacted(self._lines, public)
        try:
            self.root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise UsageError([self._unreadable(error)]) from None
        except RecursionError:
            raise UsageError([Problem(message=f"{self.name} is nested too deeply")]) from None

    def problem(
        self,
        node: Node,
        message: str,
        hint: str | None = None,
        *,
        offset: int | None = None,
        warning: bool = False,
    ) -> Problem:
        """A problem at a node, or at a character of its value."""
        line, column = node.start_mark.line, node.start_mark.column
        if offset is not None and isinstance(node, yaml.ScalarNode):
            line, column = self._position(node, offset)
        return self._at(line, column, message, hint, warning=warning)

    def expression_problem(self, node: Node, error: ExpressionError) -> Problem:
        """A problem inside a value that has a syntax of its own."""
        return self.problem(node, error.message, error.hint, offset=error.offset)

    def comment_behind(self, node: Node) -> str:
        """What YAML took for a comment behind an unquoted value."""
        if not isinstance(node, yaml.ScalarNode) or node.style is not None:
            return ""
        rest = self._lines[node.end_mark.line][node.end_mark.column :] if self._lines else ""
        return rest.strip() if rest.lstrip().startswith("#") else ""

    def _position(self, node: yaml.ScalarNode, offset: int) -> tuple[int, int]:
        start, end = node.start_mark, node.end_mark
        if start.line == end.line:
            source = self._lines[start.line][start.column : end.column]
            return start.line, start.column + _source_offset(source, node.style, offset)
        if node.style == "|":
            before = node.value[:offset]
            line = min(start.line + 1 + before.count("\n"), len(self._lines) - 1)
            indent = len(self._lines[line]) - len(self._lines[line].lstrip(" "))
            return line, indent + len(before) - (before.rfind("\n") + 1)
        return start.line, start.column

    def _at(
        self, line: int, column: int, message: str, hint: str | None, *, warning: bool = False
    ) -> Problem:
        excerpt = self._shown[line] if line < len(self._shown) else None
        place = Place(self.name, line + 1, column + 1)
        return Problem(message=message, place=place, hint=hint, excerpt=excerpt, warning=warning)

    def _unreadable(self, error: yaml.YAMLError) -> Problem:
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            return Problem(message=f"{self.name} is not YAML: it holds a character that YAML forbids")
        line = min(mark.line, max(len(self._lines) - 1, 0))
        text = self._lines[line] if self._lines else ""
        if self._shown and self._shown[line] != text:
            return self._at(line, 0, "this setting is not YAML", "put its value in double quotes")
        hint = None
        if re.search(r":\s*\{\{", text):
            hint = "put a value that begins with {{ in double quotes"
        elif re.search(r":\s*!", text):
            hint = "put a value that begins with ! in double quotes"
        elif "\t" in text[: len(text) - len(text.lstrip())]:
            hint = "indent with spaces, not tabs"
        elif re.search(r":\s+[^\"'\s].*:\s", text):
            hint = "put a value that holds a colon in double quotes"
        return self._at(line, mark.column, f"not YAML: {getattr(error, 'problem', error)}", hint)


def members(
    document: Document, node: Node, problems: list[Problem]
) -> Iterator[tuple[yaml.ScalarNode, Node]]:
    """The keys and values of a mapping; a key that comes twice is a problem."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: Mapping[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            hint = "put a value that begins with { in double quotes"
            problems.append(document.problem(key, "a key must be a plain text", hint))
        elif key.value in seen:
            first = seen[key.value]
            problems.append(
                document.problem(key, f'"{key.value}" is there twice', f"it is first in line {first}")
            )
        else:
            seen = {**seen, key.value: key.start_mark.line + 1}
            yield key, value


def _redacted(lines: list[str], public: Collection[str]) -> list[str]:
    """The lines as they may be shown: only values that are certainly no secret."""
    shown, hidden = [], False
    for line in lines:
        top = _TOP_LEVEL.match(line)
        if top:
            hidden = top[2] not in public and not _REFERENCE.fullmatch(top[3])
        if hidden and top:
            line = f"{top[1]} ********" if top[3].strip() else line
        elif hidden and line.strip() and not line.lstrip().startswith("#"):
            line = "  ********"
        line = _LABELLED_SECRET.sub(r"\1********", line)
        shown.append(_BARE_SECRET.sub("********", line))
    return shown


_TOP_LEVEL = re.compile(r"""(\s{0,1}["']?([A-Za-z_][\w-]*)["']?\s*:)(.*)""")
_REFERENCE = re.compile(r"""\s*["']?\$\{[A-Z0-9_]+\}["']?\s*(?:#.*)?""")
_LABELLED_SECRET = re.compile(
    r"""((?:token|secret|passw\w*|auth\w*|api_?key|account)["']?\s*[:=]\s*)(?!\s*\$\{)[^\s,}].*""",
    re.IGNORECASE,
)
_BARE_SECRET = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{32}(?![0-9A-Za-z])")
_ESCAPE = re.compile(r"\\(?:x..|u....|U........|.)|.", re.DOTALL)


def _source_offset(source: str, style: str | None, offset: int) -> int:
    """Where in the source of a one-line scalar the character at `offset` of its value stands."""
    if style is None:
        return offset
    units = _ESCAPE.findall(source[1:]) if style == '"' else re.findall("''|.", source[1:])
    return 1 + sum(map(len, units[:offset]))
