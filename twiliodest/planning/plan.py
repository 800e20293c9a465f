"""What a configuration makes of an event: the messages of every action whose trigger matches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from twiliodest.events.decoding import tolerant, view
from twiliodest.events.halves import Damaged, HalfError, Watched, replaced
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Event, Invalid, Message, Outcome, Planned, Status, Step
from twiliodest.planning.candidates import UNKNOWN, Candidate, Candidates
from twiliodest.planning.identity import Identity
from twiliodest.triggers.scope import paths

WIDE = 200  # paths of all actions: msgspec compares each name of an event with all that are wanted


class Plan:
    """Compiled actions. `look` decodes what triggers look at; `take`, at once, also what fields need.

    What `look` can decode is an event; of one that matches nothing, `take` may refuse more. `takes_fast` tells if it
    is worth while. `envelopes` are members whose presence makes a line more than an event.
    """

    def __init__(
        self,
        actions: Sequence[SendSms],
        identity: Identity,
        *,
        envelopes: Iterable[str] = ("batch",),
    ) -> None:
        looked_at = {("type",), ("event",), *((name,) for name in envelopes)}.union(
            *(paths(action.trigger) for action in actions)
        )
        self.look = view(looked_at)
        needed = looked_at.union(identity.prefixes, *(action.prefixes for action in actions))
        self.take = view(needed)
        self.takes_fast = len(needed) <= WIDE
        self._identify = identity.of
        self._named = tolerant(view(identity.prefixes))
        self._candidates = Candidates(actions, identity.prefixes)

    def identify(self, raw: bytes) -> str:
        """The identity of the event in a text."""
        return self._identify(self._named(raw), raw)

    def select(self, data: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Sequence[Candidate]]]:
        """Of what was decoded, the places of all that may match, each with the actions that are in question."""
        types, of_type = self._candidates.names, self._candidates.of_type
        other = types[None] or of_type(None)
        for place, seen in enumerate(data):
            kind, name = seen.get("type"), seen.get("event")
            try:
                names = types.get(kind, other) or of_type(kind)
                candidates = names.get(name, names[None])
            except TypeError:  # a list or an object
                kind, name = (it if isinstance(it, str) else None for it in (kind, name))
                names = types.get(kind, other) or of_type(kind)
                candidates = names.get(name, names[None])
            if candidates is UNKNOWN:
                candidates = self._candidates.of_name(names, kind, name)
            if candidates:
                yield place, candidates

    def step(
        self,
        source: str,
        line: int,
        raw: bytes,
        kept: bytes,
        seen: Mapping[str, Any],
        candidates: Sequence[Candidate],
        taken: bool,
    ) -> Step:
        """What each matching action makes of the event in `raw`: a message that is planned, or why there is none.

        Of its text, the event keeps `kept`. `seen` is what `look` has decoded of it; or `take`, if it is `taken`.
        Raises what msgspec raises where the event holds something that cannot be decoded.
        """
        event: Event | None = None
        made_of_it: list[Planned | Outcome] = []
        invalid = Status.INVALID  # an enum's own look-up is slow until Python 3.12
        looked_at = Watched(seen) if isinstance(seen, Damaged) else seen
        for action, matches, take in candidates:
            broken: Invalid | None = None
            try:
                if matches and not matches(looked_at):
                    continue
            except HalfError as error:
                broken = Invalid(str(error), str(error))
            data = seen if taken else take(raw)
            if event is None:
                name = seen.get("event")
                shown = replaced(name) if isinstance(name, str) else None
                event = Event(source, line, kept, shown, self._identify(data, raw))
            if broken or not action.to_all:
                all_made: Sequence[Message | Invalid] = (broken or action.render(data, raw),)
            else:
                all_made = action.render_all(data, raw)
            for made in all_made:
                if isinstance(made, Message):
                    made_of_it.append(Planned(event, action.name, made))
                else:
                    made_of_it.append(Outcome(event, action.name, invalid, None, made.reason, made.kind))
        return made_of_it
