"""What one action makes of all events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from twiliodest.checks.findings import ActionUse, Longest, Unicode
from twiliodest.checks.path_survey import PathSurvey
from twiliodest.checks.reasons import Reasons
from twiliodest.messages.segments import describe, first_outside_gsm7, utf16_length
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Message, Outcome, Status


class ActionSurvey:
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
        self._paths = [PathSurvey(kind, path) for (kind, _), path in found.items()]
        self._statuses: Counter[Status] = Counter()
        self._reasons = Reasons()
        self._segments: Counter[int] = Counter()
        self._mms = 0
        self._longest: Longest | None = None
        self._unicode: Unicode | None = None
        self._unicode_texts = 0

    def add(self, outcome: Outcome, place: str, data: Mapping[str, Any], raw: bytes) -> None:
        """Take an outcome of the action, what is decoded of its event, and the event's text."""
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
        """The result so far."""
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
