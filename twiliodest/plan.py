"""What a configuration makes of an event: the messages of every action whose trigger matches. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Union

import msgspec

from twiliodest.actions import SendSms
from twiliodest.exact import exact_number, text_of
from twiliodest.fields import Path
from twiliodest.model import Event, Outcome, Rendering
from twiliodest.triggers import compile_trigger, keys, paths

ID_LIMIT = 255  # characters of an event's own identity; a longer one is replaced by its digest

Decode = Callable[[bytes], dict[str, Any]]


class Planned(msgspec.Struct, frozen=True):
    """An event and what each matching action makes of it, in the order of the configuration."""

    event: Event
    renderings: Sequence[Rendering]


Step = Planned | Outcome  # the outcome of a line that is no event


class Plan:
    """Compiled actions. `look` decodes only what triggers look at; on a match, what the action's fields need."""

    def __init__(self, actions: Sequence[SendSms], event_id: Path) -> None:
        looked_at = {path for action in actions for path in paths(action.trigger)}
        self.look = view({("type",), ("event",), ("batch",), *looked_at})
        self._identify = event_id.find
        self._index = _index(actions, event_id)
        self._other = self._index[None]

    def __call__(self, source: str, line: int, raw: bytes, seen: Mapping[str, Any]) -> Planned | None:
        """The renderings for the event in `raw`, of which `look` has seen `seen`; `None` if nothing matches.

        Raises what msgspec raises where the event holds something that cannot be decoded.
        """
        kind, name = seen.get("type"), seen.get("event")
        by_name = self._index.get(kind, self._other) if kind.__class__ is str else self._other
        candidates = by_name.get(name, by_name[None]) if name.__class__ is str else by_name[None]
        if not candidates:
            return None
        planned: list[Rendering] = []
        for action, matches, take in candidates:
            if matches(seen):
                data = take(raw)
                event = planned[0].event if planned else self._event(source, line, raw, name, data)
                planned.append(Rendering(event, action.name, action.render(data, lambda: _WHOLE(raw))))
        return Planned(planned[0].event, planned) if planned else None

    def _event(self, source: str, line: int, raw: bytes, name: Any, data: Mapping[str, Any]) -> Event:
        values = self._identify(data)
        identity = values[0] if len(values) == 1 else None
        if identity.__class__ is not str or not 0 < len(identity) <= ID_LIMIT or identity.isspace():
            identity = _identity(identity, raw)
        return Event(source, line, raw, name if name.__class__ is str else None, identity)


def view(wanted: Iterable[tuple[str, ...]]) -> Decode:
    """A decoder of JSON objects that keeps only what stands at these paths; `()` keeps everything.

    Raises `msgspec.DecodeError` (or `RecursionError`); numbers stay exact.
    """
    tree: dict[str, Any] = {}
    for path in sorted(wanted, key=len):
        if not path:
            return _WHOLE
        branch: Any = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
            if branch is Any:
                break
        else:
            branch.setdefault(path[-1], Any)
    return _decoder(_shape(tree))


_Candidate = tuple[SendSms, Callable[[Mapping[str, Any]], bool], Decode]
_Index = dict[str | None, dict[str | None, list[_Candidate]]]


def _index(actions: Sequence[SendSms], event_id: Path) -> _Index:
    """The actions that may match, by an event's type and name; `None` stands for every other one."""
    needs = [(action, compile_trigger(action.trigger), keys(action.trigger)) for action in actions]
    pairs = {pair for _, _, some in needs for pair in some}
    types = {None, *(kind for kind, _ in pairs)}
    names = {None, *(name for _, name in pairs)}
    index: _Index = {kind: {name: [] for name in names} for kind in types}
    for action, matches, some in needs:
        take = view({event_id.prefix, *action.prefixes})
        cells = {
            (kind, name)
            for wanted_kind, wanted_name in some
            for kind in (types if wanted_kind is None else (wanted_kind,))
            for name in (names if wanted_name is None else (wanted_name,))
        }
        for kind, name in cells:
            index[kind][name].append((action, matches, take))
    return index


def _shape(tree: Mapping[str, Any]) -> Any:
    """A type for msgspec that skips, without building it, whatever `tree` does not name."""
    members = {
        name: Any if branch is Any else Union[_shape(branch), str, int, float, bool, list[Any], None]  # noqa: UP007 -- built at run time
        for name, branch in tree.items()
    }
    return TypedDict("_Shape", members, total=False)  # type: ignore[operator] # built at run time


def _decoder(shape: Any) -> Decode:
    decode: Decode = msgspec.json.Decoder(shape, float_hook=exact_number).decode
    return decode


def _written(number: Any) -> msgspec.Raw:
    return msgspec.Raw((text_of(number) or "").encode())


_WHOLE = _decoder(dict[str, Any])
_CANONICAL = msgspec.json.Encoder(order="sorted", decimal_format="number", enc_hook=_written)


def _identity(value: Any, raw: bytes) -> str:
    """The identity of an event that has no handy one: a digest of its content, or of an overlong identity.

    White space and the order of keys do not change it.
    """
    text = text_of(value)
    if text and text.isspace():
        text = None
    content = text.encode() if text else _CANONICAL.encode(_WHOLE(raw))
    if text and len(text) <= ID_LIMIT:
        return text
    return f"digest:{hashlib.blake2b(content, digest_size=16).hexdigest()}"
