"""Events that have no identity of their own, and what they do have that could serve as one. Memory is bounded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from twiliodest.checks.findings import NoIdentity
from twiliodest.planning.identity import Identity, compile_identity

NAMES = (
    "messageid",
    "uuid",
    "eventid",
    "eventuuid",
    "id",
    "insertid",
    "guid",
    "uid",
)  # the likelier ones first
WITHIN = ("properties", "context", "metadata")  # where the name `id` alone is that of something else
CLOUD_EVENT = "{{source}}/{{id}}"  # which CloudEvents promises to be unique
DISTINCT = 10_000  # values of a member that are compared with each other
REPEATS = 0.1  # the share of events that may have come twice


class Unidentified:
    """Hears of events without an identity by a rule."""

    def __init__(self, rule: Identity) -> None:
        self._rule = rule
        self._events = 0
        self._found: Counter[str] = Counter()
        self._values: dict[str, set[int]] = {}
        self._repeats: Counter[str] = Counter()

    def add(self, event: Mapping[str, Any]) -> None:
        """Take an event, all of it."""
        self._events += 1
        for source in _sources(event):
            if value := _OWN[source](event):
                self._found[source] += 1
                values = self._values.setdefault(source, set())
                if hash(value) in values:
                    self._repeats[source] += 1
                elif len(values) < DISTINCT:
                    values.add(hash(value))

    def found(self, matched: int) -> NoIdentity | None:
        """What there is to say when so many events have matched."""
        if not self._events:
            return None
        fit = [it for it, count in self._found.items() if self._repeats[it] <= count * REPEATS]
        best = max(fit, key=lambda it: (self._found[it], -_ORDER.index(it)), default=None)
        rule = self._rule.text if self._events < matched else ""
        return NoIdentity(
            self._events,
            self._rule.text,
            best,
            self._found[best] if best else 0,
            _written(rule, best) if best else None,
        )


def _written(rule: str, best: str) -> str:
    """The setting that takes what the rule takes, if there is any, and then the best."""
    if not rule:
        return best if _PLAIN.fullmatch(best) else msgspec.json.encode(best).decode()
    rules = msgspec.json.decode(rule) if rule.startswith("[") else [rule]
    return msgspec.json.encode([*rules, best]).decode().replace('","', '", "')


def _sources(event: Mapping[str, Any]) -> Iterator[str]:
    """Paths and templates that may tell this event from others."""
    if "specversion" in event:
        yield CLOUD_EVENT
    yield from (source for name, source in _TOP.items() if name in event)
    for outer in WITHIN:
        inner = event.get(outer)
        if isinstance(inner, dict):
            yield from (source for name, source in _INNER[outer].items() if name in inner)


def _spellings(name: str) -> list[str]:
    """How programs write a name of two words, or of one."""
    for end in ("id", "uuid"):
        start = name.removesuffix(end)
        if start and start != name and start not in ("u", "gu"):
            camel = [start + end.capitalize(), start + end.upper()]
            return [f"{start}_{end}", *camel, f"${start}_{end}", f"{start}-{end}", name]
    return [name, name.upper(), name.capitalize(), f"_{name}"]


def _path(*names: str) -> str:
    return "$" + "".join(f".{name}" if name.isidentifier() else f"['{name}']" for name in names)


_PLAIN = re.compile(r"[$.\w]+", re.ASCII)
_ALL = [spelling for name in NAMES for spelling in _spellings(name)]
_TOP = {name: _path(name) for name in _ALL}
_INNER = {
    outer: {name: _path(outer, name) for name in _ALL if name.lower().strip("_") not in ("id", "uid")}
    for outer in WITHIN
}
_ORDER = [CLOUD_EVENT, *_TOP.values(), *(source for inner in _INNER.values() for source in inner.values())]
_OWN = {source: compile_identity([source]).own for source in _ORDER}
