"""What a check has found, of events and at Twilio: values, and the keys of `check -o json`."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """Why something would not be sent, how often, and the first place (`file:line`)."""

    reason: str
    count: int
    first: str


class PathUse(msgspec.Struct, frozen=True, kw_only=True):
    """How often there was something at a path. `covered` of the `missing` had a default or an alternative.

    `first` is the first failure's place, `fault` what was wrong there, `nearest` where the name does stand.
    """

    field: str
    path: str
    resolved: int
    missing: int
    covered: int
    first: str | None
    fault: str | None
    nearest: str | None


class Longest(msgspec.Struct, frozen=True):
    """The text with the most segments. `characters` are UTF-16 units."""

    place: str
    segments: int
    characters: int
    encoding: str


class Unicode(msgspec.Struct, frozen=True):
    """How many texts are UCS-2, the first of them, and the character there that makes it so."""

    texts: int
    place: str
    character: str


class ActionUse(msgspec.Struct, frozen=True, kw_only=True):
    """What one action makes of the events. `segments` counts texts by their segments; an MMS has none."""

    action: str
    matched: int
    to_send: int
    already: int
    invalid: int
    reasons: Sequence[Reason]
    paths: Sequence[PathUse]
    segments: Mapping[int, int]
    mms: int
    longest: Longest | None
    ucs2: Unicode | None


class Unmatched(msgspec.Struct, frozen=True):
    """Events that match no action, by type and name."""

    type: str | None
    event: str | None
    count: int


class Mismatch(msgspec.Struct, frozen=True):
    """A field that a trigger compares with something else than events have there.

    `wanted` are the values in the trigger, as FQL; `found` is a text that is nearly one of them, or the type that the
    field has in `count` of the `of` events that have the field and that the trigger is about.
    """

    action: str
    field: str
    wanted: str
    found: str
    count: int
    of: int


class Recipients(msgspec.Struct, frozen=True):
    """Who would get texts. Beyond 100,000 people nobody new is counted, and `exact` is false.

    `countries` counts people by ISO country (`""`: none); `most` is who would get the most `texts`.
    """

    count: int
    exact: bool
    countries: Mapping[str, int]
    most: str | None
    texts: int


class Saving(msgspec.Struct, frozen=True):
    """Texts that `smart_encoding` would make cheaper: their segments now and then, and what it replaces."""

    texts: int
    segments: int
    with_smart_encoding: int
    characters: Sequence[str]
    sentence: str


class NoIdentity(msgspec.Struct, frozen=True):
    """How many matching events have no identity by the `rule` of `event_id`, and are known by their content.

    `found` of them have one at `nearest`, a path or a template; `event_id` is the setting that takes it, too.
    """

    events: int
    rule: str
    nearest: str | None
    found: int
    event_id: str | None


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The survey of all events.

    `not_events` are lines that are no events; `unmatched_other` counts what is not in the list `unmatched`.
    """

    events: int
    matched: int
    messages: int
    segments: int
    mms: int
    cost: float | None
    currency: str
    recipients: Recipients
    smart_encoding: Saving | None
    not_events: Sequence[Reason]
    unmatched: Sequence[Unmatched]
    unmatched_other: int
    no_identity: NoIdentity | None
    mismatches: Sequence[Mismatch]
    actions: Sequence[ActionUse]

    @property
    def is_fine(self) -> bool:
        """Whether everything that matches would be sent."""
        return not self.not_events and not any(action.invalid for action in self.actions)


class Grade(enum.StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"  # cannot be verified, or limits what is sent
    REFUSED = "refused"  # nothing will pass
    UNREACHABLE = "unreachable"  # nothing is known


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked, and what came of it. `subject` is `account` or a sender; `hint` says what to do."""

    subject: str
    grade: Grade
    message: str
    hint: str | None = None
