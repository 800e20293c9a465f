"""What real events would come to, with every place where they do not fit the actions. Pure; its memory is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from twiliodest.checks.action_survey import ActionSurvey
from twiliodest.checks.expectations import Expectations
from twiliodest.checks.findings import Findings, Recipients, Saving, Unmatched
from twiliodest.checks.path_survey import whole
from twiliodest.checks.reasons import Reasons
from twiliodest.checks.unidentified import Unidentified
from twiliodest.events.decoding import tolerant, view
from twiliodest.events.halves import replaced
from twiliodest.messages.phones import country
from twiliodest.messages.savings import Savings
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Outcome, Status
from twiliodest.planning.identity import Identity
from twiliodest.triggers.scope import paths

RECIPIENTS = 100_000  # distinct recipients that are counted one by one
NAMES = 1_000  # distinct types and names of events that are counted one by one
SHOWN = 20  # types and names of events that match nothing, in a result


class Survey:
    """Hears of every outcome of a preview, and of every event that matches nothing."""

    def __init__(self, actions: Sequence[SendSms], identity: Identity, members: Collection[str] = ()) -> None:
        self.savings = Savings()
        self._actions = {action.name: ActionSurvey(action) for action in actions}
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
        self._not_events = Reasons()
        self._texts: Counter[int] = Counter()  # by recipient
        self._countries: Counter[str] = Counter()
        self._most: str | None = None
        self._most_texts = 0
        self._exact = True

    def add(self, outcome: Outcome) -> None:
        """Take an outcome."""
        event = outcome.event
        place = f"{event.source}:{event.line}"
        if not outcome.action:  # it is not an event
            self._not_events.add(outcome.kind or "", place)
            return
        if event.raw is not self._raw:
            self._raw, self._data = event.raw, self._take(event.raw)
            self._matched += 1
            self._meet(self._data)
            if not self._identity.own(self._data):
                self._unidentified.add(whole(event.raw))
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


def _short(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return replaced(value if len(value) <= 80 else value[:79] + "…")
