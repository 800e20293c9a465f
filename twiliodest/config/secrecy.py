"""Which parts of a YAML file may be secret: every value that its keys do not make public."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from twiliodest.config.masks import is_plain, is_reference
from twiliodest.config.synonyms import meant

Public = Mapping[
    str, Any
]  # keys that may be shown, each with those below it that may be; `ANY` stands for all
ANY = "*"
NEAR = 0.8  # how alike a mistyped key is to the one that was meant, from 0 to 1
SECRETS = ("account", "token", "api_key")  # what is meant by one of these is not shown
_SECRET = re.compile(r"tok|secret|pass|auth|key|sid|pin", re.I)
_TIME = r"[0-9]{1,2}(?:[:.h][0-9]{2})?\s*(?:[ap]m)?"
_SPAN = re.compile(rf"\s*{_TIME}(?:\s*(?:-|–|—|to|until|/)\s*{_TIME})?\s*", re.I)
Spans = Mapping[int, Sequence[tuple[int, int]]]  # columns by line, all from 0


def hidden(root: yaml.MappingNode, public: Public, lines: Sequence[str]) -> tuple[Spans, set[int]]:
    """The spans of a file that are not to be shown, and the ids of the nodes that an alias could take elsewhere.

    Every node is looked at once, however often aliases name it.
    """
    spans: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    nodes: set[int] = set()

    def hide(start: yaml.Mark, end: yaml.Mark, *, tail: bool) -> None:
        for number in range(start.line, min(end.line + 1, len(lines))):
            line = lines[number]
            last = number == end.line and not (tail and line[: end.column].strip())
            columns = (start.column if number == start.line else 0, end.column if last else len(line))
            spans[number].append(columns)

    for start, node, flow in _private(root, public):
        if _is_harmless(node):
            start = node.end_mark  # the comment behind it may be anything
        else:
            _mark_all(node, nodes)
            if node.start_mark.index < start.index:  # an alias: the value itself comes before
                hide(node.start_mark, node.end_mark, tail=False)
        end = node.end_mark if node.end_mark.index >= start.index else start
        hide(start, end, tail=not flow or end is start)
    return spans, nodes


def _private(root: yaml.MappingNode, public: Public) -> Iterator[tuple[yaml.Mark, yaml.Node, bool]]:
    """Where each value begins that is not public, with the space before it; and whether in flow style."""
    todo = [(root, public)]
    seen: set[int] = set()
    while todo:
        mapping, names = todo.pop()
        for key, value in mapping.value:
            name = _known(key.value, names) if isinstance(key, yaml.ScalarNode) else ""
            if name not in names and ANY not in names:
                told = isinstance(key, yaml.ScalarNode) and is_plain(name)
                yield key.end_mark if told else key.start_mark, value, mapping.flow_style
            elif id(value) not in seen:
                seen.add(id(value))
                below = names.get(name, {})
                items = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for item in {id(item): item for item in items}.values():
                    is_shown = isinstance(item, yaml.ScalarNode) and (not below or _is_span(item))
                    if _is_placeholder(item) or is_shown:
                        continue
                    if isinstance(item, yaml.MappingNode) and below:
                        todo.append((item, below))
                    else:
                        yield item.start_mark, item, True


def _known(name: str, names: Public) -> str:
    """The public key that a name is, or was meant to be, unless it could be that of a secret."""
    if name in names or ANY in names or _SECRET.search(name):
        return name
    near = difflib.get_close_matches(name[:40], names, 1, NEAR)
    return next(filter(None, (meant(name, [*names, *SECRETS]), *near)), name)


def _is_span(node: yaml.ScalarNode) -> bool:
    """Whether a text is a time of day, or two of them."""
    return bool(_SPAN.fullmatch(node.value))


def _is_harmless(node: yaml.Node) -> bool:
    """Whether a value is not a secret wherever it is: a variable's name or a JSONPath."""
    if not isinstance(node, yaml.ScalarNode):
        return False
    return is_reference(node.value) or (node.value.startswith(("$.", "$['")) and " " not in node.value)


def _is_placeholder(node: yaml.Node) -> bool:
    """Whether a mapping is an unquoted `{{…}}`."""
    match node:
        case yaml.MappingNode(flow_style=True, value=[(yaml.MappingNode() as key, _)]):
            return all(value.value == "" for _, value in key.value)
    return False


def _mark_all(node: yaml.Node, nodes: set[int]) -> None:
    """Add the ids of a node and all below it."""
    todo = [node]
    while todo:
        at = todo.pop()
        if id(at) in nodes:
            continue
        nodes.add(id(at))
        if isinstance(at, yaml.SequenceNode):
            todo.extend(at.value)
        elif isinstance(at, yaml.MappingNode):
            todo.extend(one for member in at.value for one in member)


def names_of(public: Public) -> Iterator[str]:
    """The names of all keys that may be shown, wherever they are."""
    for name, below in public.items():
        yield name
        yield from names_of(below)
