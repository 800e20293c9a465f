"""Text becomes YAML nodes; and what is wrong with text that is not YAML."""

from __future__ import annotations

import itertools
import re

import yaml


def parse(text: str) -> yaml.Node | None:
    """The root of a document. Raises `yaml.YAMLError` as PyYAML's own parser words it, which libyaml's outruns."""
    fast = getattr(yaml, "CSafeLoader", None)  # not in every build of PyYAML
    if text.lstrip().startswith(
        "{"
    ):  # as JSON, it may be indented with tabs, and its texts hold no line ends
        text = _INDENT.sub(lambda indent: " " * len(indent[0]), text)
    if _PAIR.search(text):
        root = _slowly(text)  # libyaml refuses what PyYAML's own parser reads as two halves
        _join_pairs(root)
        return root
    if fast:
        try:
            return fast(text).get_single_node()  # type: ignore[no-any-return] # the stubs do not know it by this name
        except yaml.YAMLError:
            if len(text) > _WORDED:
                raise
    return _slowly(text)


def _join_pairs(root: yaml.Node | None) -> None:
    """JSON writes characters beyond U+FFFF as two escapes, which are one character here, too."""
    pending, seen = [root], set[int]()
    while pending:
        node = pending.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            pending += itertools.chain(*node.value)
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.ScalarNode) and node.style == '"':
            node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _slowly(text: str) -> yaml.Node | None:
    loader = yaml.SafeLoader(text)
    try:
        return loader.get_single_node()
    except RecursionError:
        fault = "this is nested too deeply"
    except (ValueError, OverflowError):  # a number after a backslash that is not a character
        fault = "there is no such character"
    raise yaml.MarkedYAMLError(problem=fault, problem_mark=loader.get_mark())


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Where a character is; both count from 0."""
    lines = f"{text[:index]}.".splitlines()
    return len(lines) - 1, len(lines[-1]) - 1


def quote(mark: str) -> str:
    """What to do where a mark of YAML begins a value."""
    return f"put a value that begins with {mark} in double quotes"


def in_words(error: yaml.MarkedYAMLError) -> str:
    """What PyYAML found, without what it quotes."""
    problem = error.problem or ""
    if "single document" in (error.context or ""):
        return "a second document begins here"
    if problem.startswith(("expected <block end>", "could not find expected")):
        return "this does not fit what comes before it"
    return re.sub(r" '[^']{2,}'", "", problem)


def hint_at(line: str) -> str | None:
    """What is probably wrong with a line that is not YAML."""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return "indent with spaces, not tabs"
    if found := re.search(r"(?:^|[:-])\s+(\{\{|[!*&%@`])", line):
        return quote(found[1])
    if re.search(r":\s+[^\"'\s].*:\s", line):
        return "put a value that contains a colon in double quotes"
    return None


_WORDED = 256 * 1024  # characters, beyond which PyYAML's own parser takes seconds
_INDENT = re.compile(r"^[ \t]*\t[ \t]*", re.MULTILINE)
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
