"""An action of the configuration as it is being written: its keys with remarks, and why it cannot be enabled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field

from twiliodest.errors import ExpressionError
from twiliodest.segment.directives import excerpt, read_phrase
from twiliodest.segment.moustaches import UnsaidError
from twiliodest.segment.phrases import NOBODY_HAS, Phrase, source
from twiliodest.segment.yaml_text import Scalars
from twiliodest.templates.fields import compile_field

NOTHING = f"$.{NOBODY_HAS}"  # stands where a text is missing: no event has it, so nothing can be sent
Read: TypeAlias = Callable[[Any, list[str]], "Phrase | None"]


class Entry(Struct, frozen=True):
    """A key and its value, or only the remarks that stand where it would be. `quoted`: always in quotes."""

    key: str
    value: Scalars | None
    remarks: Sequence[str] = ()
    quoted: bool = False


class Draft(Struct):
    """One action; `known` are the keys that the configuration knows.

    `faults` are why it is not enabled, `unplaced` those of them that no remark tells, `warnings` what will differ.
    """

    name: str
    enabled: bool
    known: Collection[str]
    entries: list[Entry] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, key: str, value: Scalars, *remarks: str, quoted: bool = False) -> None:
        """Write a key, or a remark where the configuration does not know it."""
        if key in self.known:
            self.entries.append(Entry(key, value, remarks, quoted))
        else:
            self.fail(key, f"this version does not know {key}", value)

    def fail(self, key: str, reason: str, mapping: Any, value: str | None = None) -> None:
        """A key cannot be said; `value` keeps the configuration complete."""
        told = f"{key}: {reason}"
        self.faults.append(told)
        self.entries.append(Entry(key, value, (f"{told}: {excerpt(mapping)}",)))

    def leave_out(self, key: str, reason: str, mapping: Any) -> None:
        """Something is not taken over that changes no text."""
        self.warnings.append(reason)
        self.entries.append(Entry(key, None, (f"{reason}: {excerpt(mapping)}",)))

    def fail_wholly(self, reason: str) -> None:
        """The action cannot be said for a reason that belongs to no key."""
        self.faults.append(reason)
        self.unplaced.append(reason)

    def field(
        self,
        key: str,
        mapping: Any,
        *,
        read: Read = read_phrase,
        spell: Callable[[Phrase], str] = source,
        check: Callable[[Phrase], None] | None = None,
        instead: str | None = None,
    ) -> None:
        """Write what a field of the mapping says, if it says anything; `instead` stands for what cannot be said."""
        notes: list[str] = []
        try:
            phrase = read(mapping, notes)
            if phrase is None and instead is None:
                return
            if phrase is None:
                raise UnsaidError("nothing is mapped to it")
            if check:
                check(phrase)
            text = checked(spell(phrase))
        except UnsaidError as unsaid:
            self.fail(key, str(unsaid), mapping, instead)
        else:
            self.warnings += notes
            self.add(key, text, *notes, quoted=key == "body")


def checked(text: str) -> str:
    """A field that can be read here. Raises `UnsaidError`."""
    try:
        compile_field(text)
    except ExpressionError as error:
        raise UnsaidError(error.message) from None
    return text
