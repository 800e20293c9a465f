"""An automaton that goes through a text once, whatever it was made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_REMEMBERED = 10_000  # states that are kept for the next text

TAKE, JUMP, START, END = range(4)
Op = tuple[int, Any]  # a test of a character; where to go on, relative to here; nothing; nothing
_States = frozenset[int]
_Key = tuple[
    _States, str, bool, bool
]  # the states before a character, it, whether it is the last, and `whole`


class Pattern:
    """A nondeterministic automaton that is in all of its states at once; transitions are remembered."""

    def __init__(self, ops: list[Op]) -> None:
        self._ops = ops
        self._seen: dict[_Key, _States] = {}
        self._room = _REMEMBERED

    def matches(self, text: str, spend: Callable[[int], None], *, whole: bool) -> bool:
        """Whether all of a text matches, or else any part of it; `spend` is told how many steps it takes."""
        seen, accepting, end = self._seen, len(self._ops), len(text) - 1
        spend(1 + accepting // 10)
        states = self._closure([0], is_start=True, is_end=not text)
        for place, character in enumerate(text):
            if accepting in states and not whole:
                return True
            if not states:
                return False
            key = (states, character, place == end, whole)
            after = seen.get(key)
            if after is None:
                spend(len(states))
                after = self._after(states, character, place == end, whole)
                spend(len(after))
                self._remember(key, after)
            spend(1)
            states = after
        return accepting in states

    def _after(self, states: _States, character: str, is_end: bool, whole: bool) -> _States:
        taken = [0] if not whole else []
        for state in states:
            if state < len(self._ops):
                kind, takes = self._ops[state]
                if kind == TAKE and takes(character):
                    taken.append(state + 1)
        return self._closure(taken, is_start=False, is_end=is_end)

    def _closure(self, todo: list[int], *, is_start: bool, is_end: bool) -> _States:
        """The states that are reached without a further character."""
        found = set(todo)
        while todo:
            state = todo.pop()
            if state == len(self._ops):
                continue
            kind, jumps = self._ops[state]
            if kind == JUMP:
                after = [state + jump for jump in jumps]
            else:
                after = [state + 1] if (kind == START and is_start) or (kind == END and is_end) else []
            todo += [each for each in after if each not in found]
            found.update(after)
        return frozenset(found)

    def _remember(self, key: _Key, after: _States) -> None:
        self._room -= len(key[0]) + len(after) + 1
        if self._room < 0:
            self._seen.clear()
            self._room = _REMEMBERED
        self._seen[key] = after
