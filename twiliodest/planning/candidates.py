"""The actions that may match an event, found at once by its type and name; their memory grows with their number."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from twiliodest.events.decoding import Decode, tolerant, view
from twiliodest.messages.send_sms import SendSms
from twiliodest.triggers.matching import compile_trigger
from twiliodest.triggers.scope import Key, keys, paths

ROOM = 200_000  # actions and names in all that is remembered of types and names, beyond which it is forgotten

Matches = Callable[[Mapping[str, Any]], bool]
Candidate = tuple[SendSms, Matches | None, Decode]
"""An action, its trigger unless type and name of the event have decided already, and what decodes for its fields."""

Names = dict[str | None, Sequence[Candidate]]
"""The candidates by an event's name; `None` stands for every name that is not there. `UNKNOWN` waits to be asked."""

UNKNOWN: Sequence[Candidate] = [(None, None, None)]  # type: ignore[list-item] # compared by identity, and not empty


class Candidates:
    """The candidates by type (`None`: every other one) and name; `names` of a type are empty until it is asked for.

    Where type and name decide all, there is nothing left to ask of the trigger.
    """

    def __init__(
        self, actions: Iterable[SendSms], looked_at: Iterable[tuple[str, ...]], room: int = ROOM
    ) -> None:
        """What decodes for an action decodes what is `looked_at`, too."""
        self.names: dict[str | None, Names] = {}
        self._pairs = defaultdict[Key, list[int]](list)  # numbers of actions, in their order
        self._of_type = defaultdict[str | None, list[str]](
            list
        )  # names that are in a pair with a type, or alone
        self._actions: list[tuple[Candidate, bool]] = []  # with whether type and name decide all
        self._filled = 0
        self._room = room
        views = functools.cache(lambda wanted: _once_asked(wanted))
        for number, action in enumerate(actions):
            test, take = compile_trigger(action.trigger), views(action.prefixes.union(looked_at))
            decided = paths(action.trigger) <= {("type",), ("event",)}
            self._actions.append(((action, test, take), decided))
            for kind, name in keys(action.trigger):
                self._pairs[kind, name].append(number)
                self.names[kind] = {}
                if name is not None:
                    self._of_type[kind].append(name)
        self.names[None] = {}

    def of_type(self, kind: str | None) -> Names:
        """The candidates of a type that is in `names`."""
        if self._filled > self._room:
            self._filled = 0
            self.names.update({known: {} for known in self.names})
        names: Names = dict.fromkeys(self._of_type.get(None, ()), UNKNOWN)
        names |= dict.fromkeys(self._of_type.get(kind, ()), UNKNOWN)
        names[None] = self._merged(kind, None)
        self._filled += len(names) + len(names[None])
        self.names[kind] = names
        return names

    def of_name(self, names: Names, kind: str | None, name: str | None) -> Sequence[Candidate]:
        """The candidates of a name that is `UNKNOWN` so far."""
        names[name] = self._merged(kind if kind in self.names else None, name)
        self._filled += len(names[name])
        return names[name]

    def _merged(self, kind: str | None, name: str | None) -> Sequence[Candidate]:
        pairs = {(kind, name), (kind, None), (None, name), (None, None)}
        numbers = sorted({number for pair in pairs for number in self._pairs.get(pair, ())})
        merged: list[Candidate] = []
        for number in numbers:
            (action, test, take), decided = self._actions[number]
            if kind is None or name is None or not decided or test is None:
                merged.append((action, test, take))
            elif test({"type": kind, "event": name}):
                merged.append((action, None, take))
        return merged


def _once_asked(wanted: Iterable[tuple[str, ...]]) -> Decode:
    """A decoder that is made when it is first used: of thousands of actions, few have anything to do."""
    made: list[Decode] = []

    def decode(raw: bytes) -> dict[str, Any]:
        if not made:
            made.append(tolerant(view(wanted)))
        return made[0](raw)

    return decode
