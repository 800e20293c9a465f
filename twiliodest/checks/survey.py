"""What real events would come to, with every place where they do not fit the actions. Pure; its memory is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from twiliodest.checks.expectations import Expectations
from twiliodest.checks.findings import (
    ActionUse,
    Findings,
    Longest,
    PathUse,
    Reason,
    Recipients,
    Saving,
    Unicode,
    Unmatched,
)
from twiliodest.checks.unidentified import Unidentified
from twiliodest.events.decoding import REFUSALS, WHOLE, tolerant, view
from twiliodest.events.halves import HALF, Half, replaced
from twiliodest.messages.phones import country
from twiliodest.messages.savings import Savings
from twiliodest.messages.segments import describe, first_outside_gsm7, utf16_length
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Message, Outcome, Status
from twiliodest.planning.identity import Identity
from twiliodest.templates.bounds import TOO_MUCH, TooMuch
from twiliodest.templates.paths.compiler import Path, elsewhere
from twiliodest.triggers.matching import paths

RECIPIENTS = 100_000  # distinct recipients that are counted one by one
NAMES = 1_000  # distinct reasons, and distinct types and names of events, that are counted one by one
SEARCHES = 100  # failures of a path after which its nearest path is no longer looked for
SHOWN = 20  # types and names of events that match nothing, in a result


class Survey:
    """Hears of every outcome of a preview, and of every event that matches nothing."""

    def __init__(self, actions: Sequence[SendSms], identity: Identity, members: Collection[str] = ()) -> None:
        self.savings = Savings()
        self._actions = {action.name: _Action(action) for action in actions}
        self._expectations = Expectations(actions)
        self._members = {*members}
        self._identity = identity
        self._unidentified = Unidentified(identity)
        self._take = tolerant(
            view(
                {("type",), ("event",)}.union(
                    identity.prefixes, *(it.prefixes | paths(it.trigger) for it in actions)
                )
            )
        )
        self._raw: bytes | None = None
        self._data: Mapping[str, Any] = {}
        self._matched = self._missed = 0
        self._unmatched: Counter[tuple[str | None, str | None]] = Counter()
        self._not_events = _Reasons()
        self._texts: Counter[int] = Counter()  # by recipient
        self._countries: Counter[str] = Counter()
        self._most: str | None = None
        self._most_texts = 0
        self._exact = True

    def add(self, outcome: Outcome) -> None:
        """Take an outcome."""
        event = outcome.event
        place = f"{event.source}:{event.line}"
        if not outcome.action:  # it is no event
            self._not_events.add(outcome.kind or "", place)
            return
        if event.raw is not self._raw:
            self._raw, self._data = event.raw, self._take(event.raw)
            self._matched += 1
            self._meet(self._data)
            if not self._identity.own(self._data):
                self._unidentified.add(_whole(event.raw))
        self._actions[outcome.action].add(outcome, place, self._data, event.raw)
        if outcome.status is Status.PLANNED and outcome.message:
            self.savings.add(outcome.message)
            self._count(outcome.message.to)

    def passed(self, seen: Mapping[str, Any]) -> None:
        """Take what was decoded of an event that matches nothing."""
        self._missed += 1
        self._meet(seen)
        key = (_short(seen.get("type")), _short(seen.get("event")))
        if key in self._unmatched or len(self._unmatched) < NAMES:
            self._unmatched[key] += 1

    def lacks(self, member: str) -> bool:
        """Whether no event had a member, one of those that were asked about, at its top."""
        return member in self._members

    def findings(self, per_segment: float | None, per_mms: float | None, currency: str) -> Findings:
        """The result so far. A price that is not known counts nothing; without any there is no estimate."""
        actions = [action.use() for action in self._actions.values()]
        segments = sum(size * count for use in actions for size, count in use.segments.items())
        mms = sum(use.mms for use in actions)
        priced = per_segment is not None or per_mms is not None
        saved = self.savings
        top = self._unmatched.most_common(SHOWN)
        return Findings(
            events=self._matched + self._missed,
            matched=self._matched,
            messages=sum(use.to_send for use in actions),
            segments=segments,
            mms=mms,
            cost=segments * (per_segment or 0) + mms * (per_mms or 0) if priced else None,
            currency=currency,
            recipients=Recipients(
                len(self._texts),
                self._exact,
                dict(self._countries.most_common()),
                self._most,
                self._most_texts,
            ),
            smart_encoding=Saving(saved.texts, saved.before, saved.after, saved.characters, str(saved))
            if saved.texts
            else None,
            not_events=self._not_events.most_common(),
            unmatched=[Unmatched(*pair, count) for pair, count in top],
            unmatched_other=self._missed - sum(count for _, count in top),
            no_identity=self._unidentified.found(self._matched),
            mismatches=self._expectations.mismatches(
                (name, count) for (_, name), count in self._unmatched.items()
            ),
            actions=actions,
        )

    def _meet(self, event: Mapping[str, Any]) -> None:
        self._expectations.add(event)
        if self._members:
            self._members -= event.keys()

    def _count(self, to: str) -> None:
        person = hash(to)
        texts = self._texts[person] + 1
        if texts == 1:
            if len(self._texts) >= RECIPIENTS:
                self._exact = False
                return
            self._countries[country(to) or ""] += 1
        self._texts[person] = texts
        if texts > self._most_texts:
            self._most, self._most_texts = to, texts


class _Reasons:
    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, reason: str, place: str) -> None:
        if reason not in self._found and len(self._found) >= NAMES:
            reason = "other reasons"
        count, first = self._found.get(reason, (0, place))
        self._found[reason] = (count + 1, first)

    def most_common(self) -> list[Reason]:
        return sorted((Reason(reason, *it) for reason, it in self._found.items()), key=lambda it: -it.count)


class _Action:
    """What is known of one action so far."""

    def __init__(self, action: SendSms) -> None:
        self._name = action.name
        kinds = (
            ("to", action.to),
            ("body", [action.body] if action.body else ()),
            ("media_url", action.media),
        )
        found = {
            (kind, path.text): path for kind, fields in kinds for field in fields for path in field.paths
        }
        self._paths = [_Path(kind, path) for (kind, _), path in found.items()]
        self._statuses: Counter[Status] = Counter()
        self._reasons = _Reasons()
        self._segments: Counter[int] = Counter()
        self._mms = 0
        self._longest: Longest | None = None
        self._unicode: Unicode | None = None
        self._unicode_texts = 0

    def add(self, outcome: Outcome, place: str, data: Mapping[str, Any], raw: bytes) -> None:
        self._statuses[outcome.status] += 1
        for path in self._paths:
            path.look(data, raw, place, sent=outcome.message is not None)
        if outcome.status is Status.INVALID:
            self._reasons.add(outcome.kind or outcome.reason or "", place)
        elif outcome.status is Status.PLANNED and outcome.message:
            self._measure(outcome.message, place)

    def _measure(self, message: Message, place: str) -> None:
        if message.media_urls:
            self._mms += 1
            return
        self._segments[message.segments] += 1
        length = utf16_length(message.body)
        longest = self._longest
        if longest is None or (message.segments, length) > (longest.segments, longest.characters):
            self._longest = Longest(place, message.segments, length, message.encoding)
        if message.encoding != "GSM-7":
            self._unicode_texts += 1
            if self._unicode is None and (outside := first_outside_gsm7(message.body)):
                self._unicode = Unicode(1, place, describe(outside[1]))

    def use(self) -> ActionUse:
        unicode = self._unicode and msgspec.structs.replace(self._unicode, texts=self._unicode_texts)
        return ActionUse(
            action=self._name,
            matched=self._statuses.total(),
            to_send=self._statuses[Status.PLANNED],
            already=self._statuses[Status.ALREADY],
            invalid=self._statuses[Status.INVALID],
            reasons=self._reasons.most_common(),
            paths=[path.use() for path in self._paths],
            segments=dict(sorted(self._segments.items())),
            mms=self._mms,
            longest=self._longest,
            ucs2=unicode,
        )


class _Path:
    """How often there was something at one path of an action."""

    def __init__(self, kind: str, path: Path) -> None:
        self._kind = kind
        self._path = path
        self._resolved = self._missing = self._covered = 0
        self._first: tuple[str | None, str | None] = (None, None)
        self._nearest: Counter[str] = Counter()

    def look(self, data: Mapping[str, Any], raw: bytes, place: str, *, sent: bool) -> None:
        fault = _fault(self._path, data)
        if not fault:
            self._resolved += 1
            return
        self._missing += 1
        self._covered += sent
        if self._missing == 1:
            self._first = (place, fault)
        if self._missing <= SEARCHES:
            self._nearest.update(elsewhere(self._path, _whole(raw)))

    def use(self) -> PathUse:
        first, fault = self._first
        return PathUse(
            field=self._kind,
            path=self._path.text,
            resolved=self._resolved,
            missing=self._missing,
            covered=self._covered,
            first=first,
            fault=fault,
            nearest=next((path for path, _ in self._nearest.most_common(1)), None),
        )


def _whole(raw: bytes) -> Mapping[str, Any]:
    try:
        return WHOLE(raw)
    except REFUSALS:
        return {}  # nobody looked at the rest of the event, and it cannot be read


def _fault(path: Path, event: Mapping[str, Any]) -> str | None:
    """What is wrong with the values at a path, to follow "it"."""
    try:
        values = path.find(event)
    except TooMuch:
        return TOO_MUCH
    for value in values:
        if value is None:
            return "is null"
        if isinstance(value, Half):
            return HALF
        if value == "" or (isinstance(value, str) and value.isspace()):
            return "is empty"
        if value == []:
            return "is an empty list"
    return None if values else "is missing"


def _short(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return replaced(value if len(value) <= 80 else value[:79] + "…")
