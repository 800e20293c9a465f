"""The frozen values that travel through the river: events become planned messages, these become outcomes.

`array_like` ones may pass from process to process, which is faster without the names of their fields.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec


class Status(enum.StrEnum):
    """Where a message stands."""

    PLANNED = "planned"  # dry run: a send would post it now
    ALREADY = "already"  # the ledger has it as sent
    SENT = "sent"  # Twilio accepted it
    INVALID = "invalid"  # not an event, or it could not be rendered; it never left
    REJECTED = "rejected"  # Twilio said no, for good
    FAILED = "failed"  # certainly not accepted; the next run tries again
    UNKNOWN = "unknown"  # may have been accepted
    HELD = "held"  # not now: quiet hours, or a cooldown; a later run sends it
    SUPPRESSED = "suppressed"  # the recipient is on the list of numbers that are never texted
    EXPIRED = "expired"  # too late for it to be of use; it is never sent

    __hash__ = str.__hash__  # an Enum's own is slow, and statuses are counted for every message


FOUND = "found in Twilio's list"  # why a message that was in doubt is sent after all


class Verdict(enum.StrEnum):
    """What an answer of Twilio, or the lack of one, means for the next step."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # no, for good, because of this message or recipient
    DOUBTFUL = "doubtful"  # rejected; many alike in a row are not the recipients' fault
    SENDER = "sender"  # rejected; the sender's fault, unless it has worked before
    FORBIDDEN = "forbidden"  # account or sender: nothing will pass
    DELAYED = "delayed"  # certainly not accepted, and trying again at once is pointless
    AGAIN = "again"  # certainly not accepted; try again with backoff
    UNKNOWN = "unknown"  # may have been accepted


class Event(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One item of an input, whose JSON text is `raw`: an event, or a line that is none.

    `raw` is left empty where nobody will ask for it. `id` is the event's identity, the same in every run; it is empty
    if the line is not an event. `original` is what is fed in again instead of `raw`, where that is not the same:
    bytes, or a `Tape` of them.
    """

    source: str
    line: int
    raw: bytes
    name: str | None = None
    id: str = ""
    original: Any = None


class Extras(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What few messages have beyond text and media. Times are unix seconds, spans are seconds.

    `content_variables` is a JSON text; `parameters` are further ones, by Twilio's names. A message is meant to arrive
    when it is `due`, else at once; one that `skips_late` is of no use later. Neither is one whose event `happened`
    longer than `max_age` ago. `is_one_of_many` where an action texts several people about one event.
    """

    content_sid: str | None = None
    content_variables: str | None = None
    status_callback: str | None = None
    validity_period: int | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    due: float | None = None
    skips_late: bool = False
    happened: float | None = None
    max_age: int | None = None
    is_one_of_many: bool = False

    @property
    def form(self) -> Iterator[tuple[str, str]]:
        """Its part of the form that is posted."""
        named = (
            ("ContentSid", self.content_sid),
            ("ContentVariables", self.content_variables),
            ("StatusCallback", self.status_callback),
            ("ValidityPeriod", self.validity_period),
        )
        yield from ((name, str(value)) for name, value in named if value is not None)
        yield from self.parameters


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """One text, ready to be posted. `sender` is a number, a sender ID or a Messaging Service SID.

    `send_at` (`2026-11-24T13:00:00Z`) has Twilio keep it until then; only a Messaging Service can.
    With `smart_encoded`, Twilio replaces look-alikes of GSM-7 characters in `body`; `encoding` and `segments`
    are those after that. What Twilio makes of a content template nobody knows here: it counts as one segment.
    """

    to: str
    sender: str
    body: str
    media_urls: tuple[str, ...] = ()
    encoding: str
    segments: int
    send_at: str | None = None
    smart_encoded: bool = False
    extras: Extras | None = None

    @property
    def form(self) -> Sequence[tuple[str, str]]:
        """The form that is posted to Twilio's Messages resource, in order, `MediaUrl` repeated."""
        sender = "MessagingServiceSid" if is_messaging_service(self.sender) else "From"
        fields = [("To", self.to), (sender, self.sender)]
        if self.body:
            fields.append(("Body", self.body))
        fields.extend(("MediaUrl", url) for url in self.media_urls)
        fields.extend(self.parameters)
        return fields

    @property
    def parameters(self) -> Sequence[tuple[str, str]]:
        """What the form has beside recipient, sender, text and media."""
        fields = list(self.extras.form) if self.extras else []
        if self.smart_encoded:
            fields.append(("SmartEncoded", "true"))
        if self.send_at:
            fields += [("ScheduleType", "fixed"), ("SendAt", self.send_at)]
        return fields


class Invalid(msgspec.Struct, frozen=True):
    """Why something was never sent. `kind` groups like reasons and holds nothing from an event."""

    reason: str
    kind: str


class Planned(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=1):
    """A message that an action makes of an event, and that is still to be sent."""

    event: Event
    action: str
    message: Message

    def outcome(
        self,
        status: Status,
        *,
        reason: str | None = None,
        kind: str | None = None,
        sid: str | None = None,
        code: int | None = None,
        attempts: int = 0,
    ) -> Outcome:
        """What came of it."""
        message = self.message
        if message.send_at and status in (Status.PLANNED, Status.SENT):
            why = "send_at" if message.extras and message.extras.due is not None else "the end of quiet hours"
            reason, kind = f"scheduled for {message.send_at}", f"scheduled for {why}"
        return Outcome(self.event, self.action, status, message, reason, kind, sid, code, attempts)


class Outcome(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=0):
    """What came of one action's message of an event, or would come of it now; or why there is no message.

    A line that is not an event has one, too, without an action. `kind` groups like reasons, and holds nothing from an
    event; `attempts` counts POSTs.
    """

    event: Event
    action: str
    status: Status
    message: Message | None = None
    reason: str | None = None
    kind: str | None = None
    sid: str | None = None
    code: int | None = None
    attempts: int = 0

    @property
    def is_change(self) -> bool:
        """Whether this very run has posted it, or found out about it; or would post it now."""
        return self.status is Status.PLANNED or self.attempts > 0 or self.reason == FOUND


Step = Sequence[Planned | Outcome]
"""What is planned for one event, and why nothing else is; for a line that is not an event, its outcome."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one POST. `busy` marks a 429; `retry_after` is its header."""

    verdict: Verdict
    sid: str | None = None
    code: int | None = None
    reason: str | None = None
    busy: bool = False
    retry_after: str | None = None


class Secret:
    """A text that no repr, format or traceback shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(********)"

    __str__ = __repr__


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose messages are sent, and as whom the requests log in: the account itself, or one of its API keys."""

    sid: str
    user: str
    token: Secret
    api_base: str


def is_messaging_service(sender: str) -> bool:
    """Whether `sender` is a Messaging Service SID: `MG` and 32 hexadecimal digits, nothing shorter."""
    return (
        len(sender) == 34 and sender.startswith("MG") and not set(sender[2:]) - set("0123456789abcdefABCDEF")
    )
