"""Pictures of a mapping: one that may be missing, or a list of them."""

from __future__ import annotations

from typing import Any

from twiliodest.messages.send_sms import MEDIA_LIMIT
from twiliodest.segment.directives import directive, path_of, read_phrase
from twiliodest.segment.drafts import Draft, checked
from twiliodest.segment.moustaches import UnsaidError
from twiliodest.segment.paths import variable, whole
from twiliodest.segment.phrases import Phrase, Text, Value, source

KEY = "media_url"
_NEEDED = "an event that has none of these is invalid here, and sent without media at Segment"


def add_picture(draft: Draft, mapping: Any) -> None:
    """One picture, without which the text is sent all the same."""
    if mapping not in (None, ""):
        draft.field(KEY, mapping, spell=_spelled, check=_check)


def add_media(draft: Draft, mapping: Any) -> None:
    """What `inlineMediaUrls` holds: a list of pictures, or a directive that gives one."""
    if not isinstance(mapping, dict | list):
        add_picture(draft, mapping)
        return
    try:
        if isinstance(mapping, dict):
            name, value = directive(mapping)
            if name in ("@path", "@arrayPath"):
                path = _array_path(value) if name == "@arrayPath" else whole(path_of(value).steps)
                draft.add(KEY, checked(path), _NEEDED)
            else:
                add_picture(draft, mapping)
            return
        notes: list[str] = []
        phrases = [phrase for item in mapping if (phrase := _read(item, notes)) not in (None, Text(""))]
        if len(phrases) > MEDIA_LIMIT:
            raise UnsaidError(f"Segment refuses more than {MEDIA_LIMIT} of them")
        texts = [checked(_spelled(phrase)) for phrase in phrases if phrase]
    except UnsaidError as unsaid:
        draft.fail(KEY, str(unsaid), mapping)
        return
    draft.warnings += notes
    if texts:
        draft.add(KEY, texts if len(texts) > 1 else texts[0], *notes)


def _read(mapping: Any, notes: list[str]) -> Phrase | None:
    phrase = read_phrase(mapping, notes)
    if phrase:
        _check(phrase)
    return phrase


def _spelled(phrase: Phrase) -> str:
    return (
        f'{{{{ {variable(phrase.steps)} | default: "" }}}}' if isinstance(phrase, Value) else source(phrase)
    )


def _array_path(value: Any) -> str:
    """The path that selects what `@arrayPath` does. Raises `UnsaidError`."""
    items = value if isinstance(value, list) else [value]
    if not 0 < len(items) <= 2:
        raise UnsaidError("Segment refuses an @arrayPath that is not a path and a shape")
    root = items[0]
    if isinstance(root, dict):
        name, root = directive(root)
        if name != "@path":
            raise UnsaidError(f"an @arrayPath of {name} has no counterpart here")
    path = whole(path_of(root).steps)
    shape = items[1] if len(items) == 2 else None
    if not isinstance(shape, dict) or not shape:
        return path
    name, inner = directive(shape)
    if name != "@path":
        raise UnsaidError(f"an @arrayPath with {name} has no counterpart here")
    return f"{path}[*]{whole(path_of(inner).steps)[1:]}"


def _check(phrase: Phrase) -> None:
    if (
        isinstance(phrase, Text)
        and phrase.text.strip()
        and not phrase.text.strip().lower().startswith(("https://", "http://"))
    ):
        raise UnsaidError("it is not an address that begins with https:// or http://")
