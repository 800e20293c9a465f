"""Segment's `@template`: a text with paths in two or three braces, which knows nothing else."""

from __future__ import annotations

import re

from twiliodest.segment.paths import steps_of
from twiliodest.segment.phrases import Phrase, Text, Value, joined

_TRIPLE = re.compile(r"\{\{\{([^}]+)\}\}\}")
_DOUBLE = re.compile(r"\{\{([^}]+)\}\}")
_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_ODD = re.compile(r"\s*[#/^&>!]|.*[|{}\"'`=]", re.DOTALL)


class UnsaidError(ValueError):
    """A part of a mapping that has no counterpart here; the sentence says which, and why."""


def read_template(text: str, notes: list[str]) -> Phrase:
    """What a template says. What is odd in it is told in `notes`. Raises `UnsaidError`."""
    parts: list[Phrase] = []
    at = 0
    for found in _TRIPLE.finditer(text):
        parts += _doubles(text[at : found.start()], notes)
        parts.append(_value(found[1], notes))
        at = found.end()
    parts += _doubles(text[at:], notes)
    if at and any(isinstance(part, Text) and "{{" in part.text for part in parts):
        raise UnsaidError("there are braces within braces")
    return joined(parts)


def read_tokens(text: str, variables: dict[str, Phrase | None], notes: list[str]) -> Phrase:
    """An inline text whose placeholders name variables of the mapping."""
    parts: list[Phrase] = []
    at = 0
    for found in _TOKEN.finditer(text):
        parts.append(Text(text[at : found.start()]))
        name = found[1] if found[1] in variables else found[1].strip()
        if variable := variables.get(name):
            parts.append(variable)
        else:
            notes.append(f"{found[0]} is not one of its inlineVariables, so nothing is output there")
        at = found.end()
    return joined([*parts, Text(text[at:])])


def _doubles(text: str, notes: list[str]) -> list[Phrase]:
    parts: list[Phrase] = []
    at = 0
    for found in _DOUBLE.finditer(text):
        parts += [Text(text[at : found.start()]), _value(found[1], notes)]
        at = found.end()
    return [*parts, Text(text[at:])]


def _value(name: str, notes: list[str]) -> Value:
    name = name.strip()
    if _ODD.match(re.sub(r"\[(?:\"[^\"]*\"|'[^']*')\]", "", name)):
        raise UnsaidError(f"{{{{{name}}}}} is not a path, and Segment outputs nothing there")
    steps = steps_of(name)
    if steps[:1] == ("$",):
        steps = steps[1:]
        note = "Segment's engine does not support $ in braces and outputs nothing there; here it is the event"
        notes += [note] if note not in notes else []
    if not steps:
        raise UnsaidError(f"{{{{{name}}}}} is the whole event")
    return Value(steps)
