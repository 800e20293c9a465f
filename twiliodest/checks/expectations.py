"""What triggers expect of events, held against what events have: other types, other spellings. Memory is bounded."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from twiliodest.checks.findings import Mismatch
from twiliodest.messages.send_sms import SendSms
from twiliodest.triggers.expressions import Compare, Expression, Field, Literal, Value
from twiliodest.triggers.functions import typeof
from twiliodest.triggers.scope import Key, choices, keys, walk

PAIRS = 1_000  # types and names of events for which it is remembered what is expected of them
SPELLINGS = 100  # other spellings of a text that are counted one by one
ARTICLES = {"bool": "a boolean", "null": "null", "list": "a list", "object": "an object"}
LIKE = 0.85  # how alike two names of events must be, from 0 to 1


class Expectations:
    """Hears of every event; tells where a trigger compares a field with what it never, or rarely, is."""

    def __init__(self, actions: Sequence[SendSms]) -> None:
        self._all = [
            _Expectation(action.name, subject.path, values, keys(action.trigger))
            for action in actions
            for subject, values in dict.fromkeys(_comparisons(action.trigger))
        ]
        self._names = [
            (action.name, value)
            for action in actions
            for subject, values in _comparisons(action.trigger, _EVENT)
            for value in values
            if isinstance(value, str)
        ]
        self._by_pair: dict[Key, Sequence[_Expectation]] = {}

    def add(self, event: Mapping[str, Any]) -> None:
        """Take an event, of which all that triggers look at is decoded."""
        kind, name = (it if isinstance(it := event.get(key), str) else None for key in ("type", "event"))
        expected = self._by_pair.get((kind, name))
        if expected is None:
            expected = [it for it in self._all if it.concerns(kind, name)]
            if len(self._by_pair) < PAIRS:
                self._by_pair[kind, name] = expected
        for it in expected:
            it.look(event)

    def mismatches(self, unmatched: Iterable[tuple[str | None, int]]) -> list[Mismatch]:
        """What does not fit, in the order of the actions; `unmatched` are names of events that match nothing."""
        named = [*self._near_names(unmatched)]
        found = [mismatch for it in self._all if (mismatch := it.mismatch())]
        return sorted([*named, *found], key=lambda it: self._order.index(it.action))

    @property
    def _order(self) -> list[str]:
        return list(dict.fromkeys([*(it.action for it in self._all), *(name for name, _ in self._names)]))

    def _near_names(self, unmatched: Iterable[tuple[str | None, int]]) -> Iterator[Mismatch]:
        wanted = {value for _, value in self._names}
        for name, count in unmatched:
            if name is None or name in wanted:
                continue
            for action, value in self._names:
                if _folded(name) == _folded(value) or _are_alike(name, value):
                    shown = str(Literal(value))
                    yield Mismatch(action, "event", shown, str(Literal(name)), count, count)
                    break


class _Expectation:
    """One comparison of a field with literals, and what the field was in the events that it concerns."""

    def __init__(
        self, action: str, path: tuple[str, ...], values: tuple[Value, ...], pairs: frozenset[Key]
    ) -> None:
        self.action = action
        self.path = path
        self._values = values
        self._types = {typeof(value) for value in values}
        self._texts = {_folded(value): value for value in values if isinstance(value, str)}
        self._pairs = pairs
        self._found: Counter[str] = Counter()  # by type
        self._spellings: Counter[str] = Counter()  # of texts that are nearly one of the values

    def concerns(self, kind: str | None, name: str | None) -> bool:
        return any(a in (None, kind) and b in (None, name) for a, b in self._pairs)

    def look(self, event: Mapping[str, Any]) -> None:
        value: Any = event
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            return
        kind = typeof(value)
        self._found[kind] += 1
        if kind == "string" and value not in self._values and len(value) <= 80:
            folded = _folded(value)
            if folded in self._texts and (value in self._spellings or len(self._spellings) < SPELLINGS):
                self._spellings[value] += 1

    def mismatch(self) -> Mismatch | None:
        total = self._found.total()
        field, wanted = str(Field(self.path)), ", ".join(str(Literal(value)) for value in self._values[:5])
        others = [(kind, count) for kind, count in self._found.most_common() if kind not in self._types]
        if others and 2 * others[0][1] >= total:
            kind, count = others[0]
            return Mismatch(self.action, field, wanted, ARTICLES.get(kind, f"a {kind}"), count, total)
        if self._spellings:
            text, count = self._spellings.most_common(1)[0]
            return Mismatch(self.action, field, wanted, str(Literal(text)), count, total)
        return None


_EVENT = Field(("event",))
_DECIDED = (Field(("type",)), _EVENT)  # what does not fit these is listed as unmatched


def _comparisons(trigger: Expression, only: Field | None = None) -> Iterator[tuple[Field, tuple[Value, ...]]]:
    """The fields that are compared with literals, and these; of `type` and `event` only if asked."""
    for node in walk(trigger):
        match node:
            case Compare(left, "!=", right):
                found = choices(Compare(left, "=", right))
            case Compare(left, "<" | "<=" | ">" | ">=", right):
                found = choices(Compare(left, "=", right)) if Literal in (type(left), type(right)) else None
            case Compare():
                found = choices(node)
            case _:
                continue
        match found:
            case Field() as field, values if field == only if only else field not in _DECIDED:
                if known := tuple(value for value in values if value is not None):
                    yield field, known


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _are_alike(name: str, other: str) -> bool:
    pair = difflib.SequenceMatcher(None, name[:80].casefold(), other[:80].casefold())
    return pair.quick_ratio() >= LIKE and pair.ratio() >= LIKE
