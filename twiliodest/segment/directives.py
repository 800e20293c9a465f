"""The directives of Segment's mapping kit (actions-core) become phrases, or the reason why one cannot be said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from twiliodest.segment.js import text_of
from twiliodest.segment.liquids import read_liquid
from twiliodest.segment.moustaches import UnsaidError, read_template
from twiliodest.segment.paths import event_path
from twiliodest.segment.phrases import Changed, Choice, Joined, Liquid, Phrase, Text, Value, quoted

LONGEST = 10  # characters of what @replace looks for and writes


def read_phrase(mapping: Any, notes: list[str]) -> Phrase | None:
    """What one field of a mapping says; `None` if nothing. Raises `UnsaidError`."""
    if not isinstance(mapping, dict | list):
        return None if mapping is None else Text(_whole(text_of(mapping)))
    if isinstance(mapping, list):
        if len(mapping) != 1:
            raise UnsaidError("there is a list where a text belongs")
        return read_phrase(mapping[0], notes)
    name, value = directive(mapping)
    if name not in _READERS:
        raise UnsaidError(f"{name} has no counterpart here")
    return _READERS[name](value, notes)


def directive(mapping: Mapping[str, Any]) -> tuple[str, Any]:
    """The name of the one directive in an object, and what it is given. Raises `UnsaidError`."""
    names = [name for name in mapping if name.startswith("@")]
    others = [name for name in mapping if not name.startswith("@") and name != "_metadata"]
    if not names:
        raise UnsaidError("there is an object where a text belongs")
    if len(names) > 1 or others:
        raise UnsaidError("Segment refuses an object with a directive and something else in it")
    return names[0], mapping[names[0]]


def excerpt(mapping: Any, longest: int = 300) -> str:
    """A mapping in one line, for a comment."""
    text = json.dumps(mapping, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def path_of(value: Any) -> Value:
    """What `@path` is given. Raises `UnsaidError`."""
    if not isinstance(value, str):
        raise UnsaidError("a path that depends on the event has no counterpart here")
    steps = event_path(_whole(value))
    if not steps:
        raise UnsaidError("the path is the whole event")
    if steps[0] == "$":
        raise UnsaidError(f"Segment looks for a member named $ at {value}, and finds nothing")
    return Value(steps)


def _path(value: Any, notes: list[str]) -> Phrase:
    return path_of(value)


def _template(value: Any, notes: list[str]) -> Phrase:
    if not isinstance(value, str):
        raise UnsaidError("a template that depends on the event has no counterpart here")
    return read_template(_whole(value), notes)


def _liquid(value: Any, notes: list[str]) -> Phrase:
    if not isinstance(value, str):
        raise UnsaidError("Segment refuses a @liquid that is not a text")
    return read_liquid(_whole(value))


def _if(value: Any, notes: list[str]) -> Phrase | None:
    options = _options(value, "@if")
    if not _is_truthy(options.get("exists")) and not _is_truthy(options.get("blank")):
        raise UnsaidError("Segment refuses an @if without exists or blank")
    blank = "exists" not in options
    tested: Any = options["blank" if blank else "exists"]
    then = read_phrase(options["then"], notes) if "then" in options else None
    other = read_phrase(options["else"], notes) if _is_truthy(options.get("else")) else None
    holds = _known(tested, blank=blank)
    if holds is not None:
        return then if holds else other
    name, inner = directive(tested)
    while name in ("@literal", "@excludeWhenNull", "@case"):
        tested = _options(inner, name).get("value") if name == "@case" else inner
        if (holds := _known(tested, blank=blank)) is not None:
            return then if holds else other
        name, inner = directive(tested)
    if name != "@path":
        raise UnsaidError(f"an @if that tests {name} has no counterpart here")
    return Choice(path_of(inner).steps, blank, then, other)


def _known(tested: Any, *, blank: bool) -> bool | None:
    """Whether a test holds for every event, or for none; `None` where the event decides."""
    if not isinstance(tested, dict):
        if isinstance(tested, list):
            raise UnsaidError("an @if that tests a list has no counterpart here")
        return tested is not None and not (blank and (tested in (0, False) or not str(tested)))
    if not blank and {"@template", "@replace", "@liquid", "@json"} & tested.keys():
        return True  # a text, even if it is empty
    return None


def _case(value: Any, notes: list[str]) -> Phrase | None:
    options = _options(value, "@case")
    operator = options.get("operator")
    if operator not in ("lower", "upper"):
        raise UnsaidError("Segment refuses a @case that is neither lower nor upper")
    if not _is_truthy(_text_or_directive(options, "@case")):
        return None
    change: Callable[[str], str] = str.lower if operator == "lower" else str.upper
    name = "downcase" if operator == "lower" else "upcase"
    inner = read_phrase(options["value"], notes)
    return _change(inner, lambda text: change(text), name, texts_only=True)


def _replace(value: Any, notes: list[str]) -> Phrase | None:
    options = _options(value, "@replace")
    phrase = read_phrase(options["value"], notes) if _text_or_directive(options, "@replace") else None
    if phrase is None:
        return None
    is_global, ignores_case = options.get("global"), options.get("ignorecase")
    if not all(flag is None or isinstance(flag, bool) for flag in (is_global, ignores_case)):
        raise UnsaidError("Segment refuses a @replace whose flags are not true or false")
    for old, new in (("pattern", "replacement"), ("pattern2", "replacement2")):
        if old == "pattern" or options.get(old):
            pattern, replacement = options.get(old), options.get(new)
            phrase = _replaced(
                phrase,
                pattern,
                "" if replacement is None else replacement,
                is_global is not False,
                bool(ignores_case),
            )
    return phrase


def _replaced(phrase: Phrase, old: Any, new: Any, is_global: bool, ignores_case: bool) -> Phrase:
    if (
        not isinstance(old, str)
        or not isinstance(new, str)
        or not 0 < len(old) <= LONGEST
        or len(new) > LONGEST
    ):
        raise UnsaidError(f"Segment refuses a @replace of anything but texts of 1 to {LONGEST} characters")
    if ignores_case and old.lower() != old.upper():
        raise UnsaidError("a @replace that ignores case has no counterpart here")
    if re.search(r"\$[`']", new):
        raise UnsaidError(f"a @replace with {new} has no counterpart here")
    new = re.sub(r"\$([$&])", lambda found: "$" if found[1] == "$" else old, new)
    count = -1 if is_global else 1
    suffix = "" if is_global else "_first"
    try:
        filter_ = (
            f"replace{suffix}: {quoted(old)}, {quoted(new)}" if new else f"remove{suffix}: {quoted(old)}"
        )
    except ValueError as error:
        raise UnsaidError(f"a @replace of {old} has no counterpart here: {error}") from None
    changed = _change(phrase, lambda text: text.replace(old, new, count), filter_)
    assert changed, "something was there"  # noqa: S101 -- for the type checker
    return changed


def _change(
    phrase: Phrase | None, change: Callable[[str], str], filter_: str, *, texts_only: bool = False
) -> Phrase | None:
    """A phrase as a filter leaves it: the filter goes to where the texts are."""
    match phrase:
        case None:
            return None
        case Text(text):
            return Text(change(text))
        case Choice(tested, blank, then, other):
            changed = [_change(each, change, filter_, texts_only=texts_only) for each in (then, other)]
            return Choice(tested, blank, *changed)
        case Changed(inner, filters, first_texts_only):
            if first_texts_only and not texts_only and isinstance(inner, Value) and "upcase" in filters:
                raise UnsaidError("a @replace of what @case has changed has no counterpart here")
            return Changed(inner, (*filters, filter_), first_texts_only and texts_only)
        case Value() | Joined() | Liquid():
            return Changed(phrase, (filter_,), texts_only)


def _literal(value: Any, notes: list[str]) -> Phrase | None:
    return read_phrase(value, notes)


def _options(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or any(key.startswith("@") for key in value):
        raise UnsaidError(f"Segment refuses a {name} that is not given an object")
    return value


def _text_or_directive(options: Mapping[str, Any], name: str) -> Any:
    """The value that a directive works on. Raises `UnsaidError`."""
    value = options.get("value")
    if value is not None and not isinstance(value, str | dict):
        raise UnsaidError(f"Segment refuses a {name} of anything but a text or a directive")
    return value


def _is_truthy(value: Any) -> bool:
    return isinstance(value, dict | list) or bool(value)


def _whole(text: str) -> str:
    if re.search(r"[\ud800-\udfff]", text):
        raise UnsaidError("it has half of a character")
    return text


_READERS: Mapping[str, Callable[[Any, list[str]], Phrase | None]] = {
    "@path": _path,
    "@template": _template,
    "@literal": _literal,
    "@excludeWhenNull": _literal,
    "@if": _if,
    "@case": _case,
    "@replace": _replace,
    "@liquid": _liquid,
}
