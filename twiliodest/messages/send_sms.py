"""The Send SMS action: what it looks at, and the message that it makes of an event."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from twiliodest.events.decoding import WHOLE
from twiliodest.events.halves import HALF
from twiliodest.messages.parameters import UnusableError
from twiliodest.messages.phones import PhoneError, channel, recipient
from twiliodest.messages.segments import measure, smart_encode, utf16_length
from twiliodest.model import Extras, Invalid, Message, is_messaging_service
from twiliodest.templates.fields import Field, Unresolved
from twiliodest.templates.paths.compiler import elsewhere
from twiliodest.triggers.expressions import Expression

if TYPE_CHECKING:
    from twiliodest.messages.options import Options

BODY_LIMIT = 1600  # Twilio's error 21617; counted in UTF-16 units, the safe reading of its documentation
MEDIA_LIMIT = 10  # Twilio's error 21623
RECIPIENTS_LIMIT = 100  # of one event
_SHORT = BODY_LIMIT // 2  # characters, which have two units at most


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSms:
    """One configured action. `to` lists alternatives: the first that resolves is the recipient; with `to_all`, there
    is one for each value of each.

    For `cooldown` seconds after it has texted somebody it does not text them again; `None`: as all actions. With
    `smart_encoding`, Twilio is told to replace look-alikes of GSM-7 characters. `channel` is what every recipient
    must be on; without, an address says it.
    """

    name: str
    trigger: Expression
    to: Sequence[Field]
    body: Field | None
    media: Sequence[Field]
    sender: str
    default_region: str | None = None
    smart_encoding: bool = False
    cooldown: int | None = None
    to_all: bool = False
    channel: str | None = None
    options: Options | None = None

    @property
    def fields(self) -> Sequence[Field]:
        """Every field, in the order of the configuration."""
        rest = self.options.fields if self.options else ()
        return (*self.to, *([self.body] if self.body else ()), *self.media, *rest)

    @property
    def prefixes(self) -> frozenset[tuple[str, ...]]:
        """The parts of an event that the fields look at."""
        return frozenset(prefix for field in self.fields for path in field.paths for prefix in path.prefixes)

    def render(self, event: Mapping[str, Any], raw: bytes) -> Message | Invalid:
        """The message for an event to its one recipient, or why there is none.

        `event` needs only what `prefixes` names; a reason may want more, and decodes it from the event's text `raw`.
        """
        try:
            return self._message(event, self._recipient(event))
        except Unresolved as nothing:
            return _unresolved(nothing, WHOLE(raw))
        except (PhoneError, UnusableError) as error:
            return Invalid(error.reason, error.kind)

    def render_all(self, event: Mapping[str, Any], raw: bytes) -> Sequence[Message | Invalid]:
        """As `render`, for an action that texts several: a message to each one, or why it gets none."""
        people: dict[str, None] = {}
        made: list[Message | Invalid] = []
        values: list[str] = []
        for field in self.to:
            try:
                values += field.texts(event)
            except Unresolved as nothing:
                made.append(_unresolved(nothing, WHOLE(raw)))
        if len(values) > RECIPIENTS_LIMIT:
            kind = f"there are more than {RECIPIENTS_LIMIT} recipients"
            return [
                Invalid(f"there are {len(values):,} recipients; at most {RECIPIENTS_LIMIT} are allowed", kind)
            ]
        for value in values:
            try:
                people[recipient(value, self.default_region, self.channel)] = None
            except PhoneError as error:
                made.append(Invalid(error.reason, error.kind))
        for to in people:
            try:
                message = self._message(event, to)
            except Unresolved as nothing:
                return [_unresolved(nothing, WHOLE(raw))]
            except UnusableError as error:
                return [Invalid(error.reason, error.kind)]
            if isinstance(message, Message):
                extras = msgspec.structs.replace(message.extras or Extras(), is_one_of_many=True)
                message = msgspec.structs.replace(message, extras=extras)
            made.append(message)
        return made

    def _message(self, event: Mapping[str, Any], to: str) -> Message | Invalid:
        body = self.body.render(event).strip() if self.body else ""
        media = (
            tuple(url for field in self.media for text in field.texts(event) if (url := text.strip()))
            if self.media
            else ()
        )
        extras = self.options.render(event) if self.options else None
        encoding, segments = measure(smart_encode(body) if self.smart_encoding else body)
        message = Message(
            to=to,
            sender=self.sender,
            body=body,
            media_urls=media,
            encoding=encoding,
            segments=1 if media or ":" in to or (extras and extras.content_sid) else segments,
            smart_encoded=self.smart_encoding,
            extras=extras,
        )
        is_plain = body and len(body) <= _SHORT and not media and ":" not in to and ":" not in self.sender
        return message if is_plain else _fault(message) or message

    def _recipient(self, event: Mapping[str, Any]) -> str:
        first: Unresolved | None = None
        for field in self.to:
            try:
                values = field.texts(event)
            except Unresolved as nothing:
                if nothing.fault == HALF:
                    raise
                first = first or nothing
                continue
            if len(values) == 1:
                return recipient(values[0], self.default_region, self.channel)
            people = {recipient(value, self.default_region, self.channel) for value in values}
            if len(people) > 1:
                raise PhoneError(
                    f"{field.source} gives {len(people)} different recipients; a message has one",
                    f"{field.source} gives several recipients",
                )
            return people.pop()
        assert first is not None, "the configuration demands at least one recipient field"  # noqa: S101 -- for the type checker
        raise first


def _fault(message: Message) -> Invalid | None:
    """Why Twilio would refuse the message; checked here, where it costs nothing."""
    if not message.body and not message.media_urls and not (message.extras and message.extras.content_sid):
        return Invalid("the body is empty and there is no media", "the body is empty")
    if (length := utf16_length(message.body)) > BODY_LIMIT:
        kind = f"the body is longer than {BODY_LIMIT:,} characters"
        return Invalid(f"the body has {length:,} characters; Twilio accepts at most {BODY_LIMIT:,}", kind)
    if len(message.media_urls) > MEDIA_LIMIT:
        kind = f"there are more than {MEDIA_LIMIT} media URLs"
        count = len(message.media_urls)
        return Invalid(f"there are {count} media URLs; Twilio accepts at most {MEDIA_LIMIT}", kind)
    for url in message.media_urls:
        if not _MEDIA_URL.fullmatch(url):
            shown = url if len(url) <= 80 else url[:79] + "…"
            kind = "a media URL is not an http or https address"
            return Invalid(f'the media URL "{shown}" is not an http:// or https:// address', kind)
    if (":" in message.to or ":" in message.sender) and not _share_a_channel(message):
        kind = "recipient and sender are on different channels"
        return Invalid(f"{message.to} cannot be reached from {message.sender}: {kind}", kind)
    return None


def _share_a_channel(message: Message) -> bool:
    return channel(message.to) == channel(message.sender) or is_messaging_service(message.sender)


def _unresolved(nothing: Unresolved, event: Mapping[str, Any]) -> Invalid:
    path = nothing.path
    kind = f"nothing at {path.text}" if nothing.fault == "is missing" else f"{path.text} {nothing.fault}"
    others = elsewhere(path, event)
    return Invalid(f"{kind} (this event has {' and '.join(others)})" if others else kind, kind)


_NOT_IN_URL = r"\x00-\x20\x7f-\xa0\"<>\\"
_MEDIA_URL = re.compile(
    rf"https?://[^{_NOT_IN_URL}/?#]+(?:[/?#][^{_NOT_IN_URL}]*)?", re.IGNORECASE | re.ASCII
)
