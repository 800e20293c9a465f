"""What a field of a mapping says, and how a field of ours says the same in Liquid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from twiliodest.segment.paths import Steps, variable, whole


class Text(Struct, frozen=True):
    """A text that is the same for every event."""

    text: str


class Value(Struct, frozen=True):
    """What is at a path of the event."""

    steps: Steps


class Joined(Struct, frozen=True):
    """Phrases one behind the other; what is missing is nothing."""

    parts: tuple[Phrase, ...]


class Choice(Struct, frozen=True):
    """One of two phrases, by the value at a path; `None` where nothing is said."""

    tested: Steps
    blank: bool  # whether false, 0 and what is empty count as missing
    then: Phrase | None
    other: Phrase | None


class Changed(Struct, frozen=True):
    """A phrase with filters of Liquid behind it. `texts_only`: other types than texts stay as they are."""

    phrase: Value | Joined | Liquid
    filters: tuple[str, ...]
    texts_only: bool = False


class Liquid(Struct, frozen=True):
    """A template that means the same in both languages."""

    source: str


Phrase: TypeAlias = Text | Value | Joined | Choice | Changed | Liquid


def source(phrase: Phrase) -> str:
    """The field: a path where the phrase is one, else a template."""
    if isinstance(phrase, Value):
        return whole(phrase.steps)
    template = _template(phrase)
    if _LIKE_A_PATH.match(template):
        return template.replace("$", '{{ "$" }}', 1)
    return template


def needed(phrase: Phrase) -> str:
    """A field without which nothing may be sent: where nothing is said, it is what no event has."""
    return source(_without_gaps(phrase))


def quoted(text: str) -> str:
    """A text within a placeholder. Raises `ValueError` where it has both kinds of quotes, or braces."""
    if any(end in text for end in ("}}", "%}", "{{", "{%")) or ('"' in text and "'" in text):
        raise ValueError("it has quotes or braces that cannot be used within a placeholder")
    return f"'{text}'" if '"' in text else f'"{text}"'


def _without_gaps(phrase: Phrase | None) -> Phrase:
    if isinstance(phrase, Choice):
        return Choice(phrase.tested, phrase.blank, *map(_without_gaps, (phrase.then, phrase.other)))
    return phrase if phrase not in (None, Text("")) else Value((NOBODY_HAS,))


NOBODY_HAS = "not_taken_over"  # the name of a member that no event has
_LIKE_A_PATH = re.compile(r"\s*\$(?=[.\[]|\s*\Z)")
_BRACE = re.compile(r"\{(?=[{%]|\Z)")
_CAPTURED = "segment_text"


def _template(phrase: Phrase) -> str:
    match phrase:
        case Text(text):
            return _BRACE.sub('{{ "{" }}', text)
        case Value(steps):
            return f"{{{{{variable(steps)}}}}}"
        case Joined(parts):
            return "".join(map(_template, parts))
        case Choice(tested, blank, then, other):
            then_template, other_template = (_template(each) if each else "" for each in (then, other))
            otherwise = f"{{% else %}}{other_template}" if other_template else ""
            return f"{{% if {_test(tested, blank=blank)} %}}{then_template}{otherwise}{{% endif %}}"
        case Changed():
            return _changed(phrase)
        case Liquid(text):
            return text


def _test(steps: Steps, *, blank: bool) -> str:
    name = variable(steps)
    return f"{name} and {name} != 0 and {name}.size != 0" if blank else f"{name} != nil"


def _changed(changed: Changed) -> str:
    filters = "".join(f" | {each}" for each in changed.filters)
    if not isinstance(changed.phrase, Value):
        inner = _template(changed.phrase)
        return f"{{% capture {_CAPTURED} %}}{inner}{{% endcapture %}}{{{{ {_CAPTURED}{filters} }}}}"
    name = variable(changed.phrase.steps)
    said = f"{{{{ {name}{filters} }}}}"
    if not changed.texts_only or "upcase" not in changed.filters:  # in lower case, true is true
        return said
    return f"{{% if {name} == true or {name} == false %}}{{{{ {name} }}}}{{% else %}}{said}{{% endif %}}"


def joined(parts: Sequence[Phrase]) -> Phrase:
    """Phrases one behind the other, as few as say it."""
    flat: list[Phrase] = []
    for part in parts:
        flat += part.parts if isinstance(part, Joined) else [part]
    merged: list[Phrase] = []
    for part in flat:
        last = merged[-1] if merged else None
        if isinstance(part, Text) and isinstance(last, Text):
            merged[-1] = Text(last.text + part.text)
        elif part != Text(""):
            merged.append(part)
    if not merged:
        return Text("")
    only = merged[0]
    return only if len(merged) == 1 and isinstance(only, Text) else Joined(tuple(merged))
