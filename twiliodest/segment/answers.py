"""What Segment's Public API answers about a destination, read from files: its settings and its mappings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

SIZE_LIMIT = 1 << 24  # bytes of one answer
DEPTH = 100  # levels of JSON; an answer has about ten


class AnswerError(ValueError):
    """A file that is not such an answer; the sentence says what it is instead."""


class Mapped(NamedTuple):
    """One mapping (the API calls it a subscription) as it was answered; `fields` are what its action is given."""

    name: str
    action: str
    enabled: bool
    trigger: Any
    fields: Mapping[str, Any]


class Destination(NamedTuple):
    """The destination itself."""

    enabled: bool
    settings: Mapping[str, Any]


class Answers(NamedTuple):
    """All that was in one file, in its order."""

    destinations: Sequence[Destination]
    mappings: Sequence[Mapped]


def read_answers(data: bytes) -> Answers:
    """Read one file. Raises `AnswerError`."""
    answer = _decoded(data)
    body = answer
    while isinstance(body, dict) and isinstance(body.get("data"), dict | list):  # some clients wrap it twice
        body = body["data"]
    if isinstance(answer, dict) and isinstance(errors := answer.get("errors"), list) and errors:
        raise AnswerError("Segment answered with an error; ask it again")
    destinations, mappings = list(_destinations(body)), list(_mappings(body))
    if not destinations and not mappings:
        raise AnswerError(_foreign(body))
    return Answers(destinations, mappings)


def _decoded(data: bytes) -> Any:
    if not data.strip():
        raise AnswerError("it is empty")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AnswerError("it is not text in UTF-8") from None
    if "\0" in text:
        raise AnswerError("it is not text in UTF-8")
    try:
        answer = json.loads(text, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise AnswerError(
            f"it is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except (ValueError, RecursionError):
        raise AnswerError("it is not JSON as Segment writes it") from None
    if _is_deep(answer):
        raise AnswerError(f"it is nested more than {DEPTH} levels deep")
    return answer


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
        ]
        if not level:
            return False
    return True


def _destinations(body: Any) -> Iterator[Destination]:
    for found in _listed(body, "destination", "destinations"):
        settings = found.get("settings")
        yield Destination(_is_enabled(found), settings if isinstance(settings, dict) else {})


def _mappings(body: Any) -> Iterator[Mapped]:
    bare = [body] if isinstance(body, dict) else body if isinstance(body, list) else []
    found = [
        *_listed(body, "subscription", "subscriptions"),
        *(item for item in bare if isinstance(item, dict) and _is_subscription(item)),
    ]
    for item in found:
        fields = next(
            (value for key in ("settings", "mapping") if isinstance(value := item.get(key), dict)), {}
        )
        action = next((str(value) for key in ("actionSlug", "partnerAction") if (value := item.get(key))), "")
        trigger = item.get("trigger", item.get("subscribe"))
        yield Mapped(_text(item.get("name")), action, _is_enabled(item), trigger, fields)


def _is_subscription(item: Mapping[str, Any]) -> bool:
    has_action = "actionSlug" in item or "partnerAction" in item or "trigger" in item
    return has_action and ("settings" in item or "mapping" in item)


def _listed(body: Any, one: str, several: str) -> Iterator[Mapping[str, Any]]:
    """The objects under these names, in whatever of a list's items they stand."""
    for holder in body if isinstance(body, list) else [body]:
        if not isinstance(holder, dict):
            continue
        inner = holder.get("data")
        if isinstance(body, list) and isinstance(inner, dict):
            holder = inner
        some = holder.get(several)
        for item in (holder.get(one), *(some if isinstance(some, list) else ())):
            if isinstance(item, dict):
                yield item


def _is_enabled(item: Mapping[str, Any]) -> bool:
    return item.get("enabled", True) is True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _foreign(body: Any) -> str:
    expected = "Segment's answer has data with subscriptions, a subscription or a destination"
    if body in ({}, []):
        return f"it is empty; {expected}"
    if isinstance(body, dict) and body.get("subscriptions") == []:
        return "this destination has no mappings"
    if isinstance(body, dict) and {"type", "event"} <= body.keys():
        return f"it is an event; {expected}"
    kinds: Mapping[type, str] = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    kind = "null" if body is None else kinds.get(type(body), "a number")
    return (
        f"it is {kind} of something else; {expected}"
        if isinstance(body, dict | list)
        else f"it is {kind}; {expected}"
    )
