"""How far the reading of the inputs has come, and what a person had better know of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from twiliodest.events.sources import STDIN
from twiliodest.model import Event, Step

NAMES = 100  # of members that are counted
SHOWN = 5  # names of inputs, and of members, in a note
NOTHING: Mapping[str, tuple[int, int]] = {}


class Made(msgspec.Struct, frozen=True, gc=False):
    """What came of some lines, of which the first `events` were events by themselves; or of one value.

    `first` is the number of the first line; `broken` are no events after all.
    """

    events: int
    matched: int
    steps: Sequence[Step]
    first: int
    broken: int
    envelopes: Mapping[str, tuple[int, int]] = NOTHING


@dataclass(slots=True)
class Progress:
    """How far the reading has come: what was read, of which so many match an action, and so many are no events.

    `empty` are the inputs with nothing in them; `envelopes` how many objects, which match nothing, hold how many
    others under a name.
    """

    events: int = 0
    matched: int = 0
    broken: int = 0
    empty: list[str] = field(default_factory=list)
    envelopes: dict[str, tuple[int, int]] = field(default_factory=dict)
    _last: Made | None = field(default=None, compare=False)

    def take(self, made: Made) -> None:
        """Count what was made."""
        self.events += made.events or made.broken
        self.matched += made.matched
        self.broken += made.broken
        for name, (count, held) in made.envelopes.items():
            if name not in self.envelopes and len(self.envelopes) >= NAMES:
                continue
            objects, inner = self.envelopes.get(name, (0, 0))
            self.envelopes[name] = (objects + count, inner + held)
        self._last = made

    @property
    def notes(self) -> Iterator[str]:
        """What a person had better know of the inputs."""
        if self.empty:
            more = f" and {len(self.empty) - SHOWN:,} more" if len(self.empty) > SHOWN else ""
            holds = "holds" if len(self.empty) == 1 else "hold"
            names = ("standard input" if name == STDIN else name for name in self.empty[:SHOWN])
            yield f"empty     {', '.join(names)}{more} {holds} no events"
        for name, (count, held) in list(self.envelopes.items())[:SHOWN]:
            objects = f"{count:,} object{' holds' if count == 1 else 's hold'}"
            yield f'envelope  {objects} {held:,} object{"" if held == 1 else "s"} in "{name}": set events_at'

    def give_back(self, last: Event, steps: Iterable[Step]) -> None:
        """Of what was made last, nothing behind an event counts as read; `steps` are what follows."""
        assert self._last, "something was made"  # noqa: S101 -- for the type checker
        self.events -= max(self._last.first + self._last.events - 1 - last.line, 0)
        for step in steps:
            self.matched -= bool(step[0].action)
            self.broken -= not step[0].action
