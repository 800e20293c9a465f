"""What a configuration makes of an event: the messages of every action whose trigger matches. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from twiliodest.actions import SendSms
from twiliodest.decoding import WHOLE, Decode, view
from twiliodest.exact import text_of
from twiliodest.model import Event, Message, Outcome, Status
from twiliodest.paths import Path
from twiliodest.triggers import compile_trigger, keys, paths

ID_LIMIT = 255  # characters of an event's own identity; a longer one is replaced by its digest

Candidate = tuple[SendSms, Callable[[Mapping[str, Any]], bool] | None, Decode]
"""An action, its trigger unless type and name of the event have decided already, and what decodes for its fields."""


class Plan:
    """Compiled actions. `look` decodes what triggers look at; `take`, at once, also what fields need.

    What `look` can decode is an event; of one that matches nothing, `take` may refuse more. Without `keeps_texts`,
    its events do without their JSON texts. `envelopes` are members whose presence makes a line more than an event.
    """

    def __init__(
        self,
        actions: Sequence[SendSms],
        event_id: Path,
        *,
        keeps_texts: bool = True,
        envelopes: Iterable[str] = ("batch",),
    ) -> None:
        self.keeps_texts = keeps_texts
        looked_at = {("type",), ("event",), *((name,) for name in envelopes)}.union(
            *(paths(action.trigger) for action in actions)
        )
        self.look = view(looked_at)
        self.take = view(looked_at.union(event_id.prefixes, *(action.prefixes for action in actions)))
        self._identify = _identifier(event_id)
        self._named = view(event_id.prefixes)
        self._index = _index(actions, event_id)

    def identify(self, raw: bytes) -> str:
        """The identity of the event in a text."""
        return self._identify(self._named(raw), raw)

    def select(self, data: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Sequence[Candidate]]]:
        """Of what was decoded, the places of all that may match, each with the actions that are in question."""
        index, other = self._index, self._index[None]
        for place, seen in enumerate(data):
            try:
                by_name = index.get(seen.get("type"), other)
                candidates = by_name.get(seen.get("event"), by_name[None])
            except TypeError:  # a list or an object
                kind, name = (it if isinstance(it, str) else None for it in map(seen.get, ("type", "event")))
                by_name = index.get(kind, other)
                candidates = by_name.get(name, by_name[None])
            if candidates:
                yield place, candidates

    def outcomes(
        self,
        source: str,
        line: int,
        raw: bytes,
        seen: Mapping[str, Any],
        candidates: Sequence[Candidate],
        taken: bool,
    ) -> Sequence[Outcome]:
        """What each matching action makes of the event in `raw`: a message that is planned, or why there is none.

        `seen` is what `look` has decoded of it; or `take`, if it is `taken`. Raises what msgspec raises where the
        event holds something that cannot be decoded.
        """
        event: Event | None = None
        outcomes: list[Outcome] = []
        planned, invalid = Status.PLANNED, Status.INVALID  # an enum's own look-up is slow until Python 3.12
        for action, matches, take in candidates:
            if matches and not matches(seen):
                continue
            data = seen if taken else take(raw)
            if event is None:
                name = seen.get("event")
                event = Event(
                    source,
                    line,
                    raw if self.keeps_texts else b"",
                    name if isinstance(name, str) else None,
                    self._identify(data, raw),
                )
            made = action.render(data, raw, WHOLE)
            if isinstance(made, Message):
                outcome = Outcome(event, action.name, planned, made)
            else:
                outcome = Outcome(event, action.name, invalid, None, made.reason, made.kind)
            outcomes.append(outcome)
        return outcomes


_Index = dict[str | None, dict[str | None, list[Candidate]]]


def _index(actions: Sequence[SendSms], event_id: Path) -> _Index:
    """The actions that may match, by an event's type and name; `None` stands for every other one.

    Where type and name decide all, there is nothing left to ask of the trigger.
    """
    needs = [(action, compile_trigger(action.trigger), keys(action.trigger)) for action in actions]
    pairs = {pair for _, _, some in needs for pair in some}
    types = {None, *(kind for kind, _ in pairs)}
    names = {None, *(name for _, name in pairs)}
    index: _Index = {kind: {name: [] for name in names} for kind in types}
    for action, matches, some in needs:
        take = view({*event_id.prefixes, *action.prefixes})
        cells = {
            (kind, name)
            for wanted_kind, wanted_name in some
            for kind in (types if wanted_kind is None else (wanted_kind,))
            for name in (names if wanted_name is None else (wanted_name,))
        }
        decided = paths(action.trigger) <= {("type",), ("event",)}
        for kind, name in cells:
            if kind is None or name is None or not decided:
                index[kind][name].append((action, matches, take))
            elif matches({"type": kind, "event": name}):
                index[kind][name].append((action, None, take))
    return index


def _written(number: Any) -> msgspec.Raw:
    return msgspec.Raw((text_of(number) or "").encode())


_CANONICAL = msgspec.json.Encoder(order="sorted", decimal_format="number", enc_hook=_written)


def _identifier(path: Path) -> Callable[[Mapping[str, Any], bytes], str]:
    """Gives the identity of an event: the text at the path, if there is one of a handy length; else a digest.

    `raw` is its JSON text.
    """
    find = path.find

    def identify(data: Mapping[str, Any], raw: bytes) -> str:
        values = find(data)
        value = values[0] if len(values) == 1 else None
        if isinstance(value, str) and 0 < len(value) <= ID_LIMIT and not value.isspace():
            return value
        return _identity(value, raw)

    return identify


def _identity(value: Any, raw: bytes) -> str:
    """The identity of an event that has no handy one: a digest of its content, or of an overlong identity.

    White space and the order of keys do not change it.
    """
    text = text_of(value)
    if text and text.isspace():
        text = None
    content = text.encode() if text else _CANONICAL.encode(WHOLE(raw))
    if text and len(text) <= ID_LIMIT:
        return text
    return f"digest:{hashlib.blake2b(content, digest_size=16).hexdigest()}"
