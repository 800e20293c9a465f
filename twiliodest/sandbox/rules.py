"""Why Twilio would refuse a message: the checks of a posted form, with the real error codes and wording."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

import msgspec

from twiliodest.messages.segments import utf16_length
from twiliodest.model import is_messaging_service
from twiliodest.sandbox.chaos import Form
from twiliodest.sandbox.contents import Content, content
from twiliodest.sandbox.life import End
from twiliodest.sandbox.parameters import bad_parameter
from twiliodest.sandbox.refusals import Refusal
from twiliodest.sandbox.settings import Settings

TRIAL_PREFIX = "Sent from your Twilio trial account - "
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_SHORT_CODE = re.compile(r"[1-9][0-9]{4,5}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")
_CHANNEL = re.compile(r"(?:whatsapp|rcs):\+[1-9][0-9]{1,14}|(?:messenger|rcs):[A-Za-z0-9_.-]{1,100}")


class Draft(msgspec.Struct, frozen=True):
    """The posted fields that matter. What is not given is empty; `body` is None then."""

    fields: dict[str, str]
    to: str
    sender: str
    service: str
    body: str | None
    media: tuple[str, ...]
    content: Content | Refusal | None = None

    @property
    def ends(self) -> End | None:
        return self.content.ends if isinstance(self.content, Content) else None


def draft(form: Form, settings: Settings) -> Draft:
    """Read a form. A Messaging Service SID in `From` counts as a service; a trial puts its prefix first."""
    fields = dict(form)
    sender, service = fields.get("From", ""), fields.get("MessagingServiceSid", "")
    if is_messaging_service(sender) and not service:
        sender, service = "", sender
    body = fields.get("Body")
    media = tuple(value for name, value in form if name == "MediaUrl") if "MediaUrl" in fields else ()
    made = content(fields, settings.templates)
    if isinstance(made, Content):
        body, media = made.body, (*made.media, *media)
    if body and settings.trial:
        body = TRIAL_PREFIX + body
    return Draft(fields, fields.get("To", "").strip(), sender.strip(), service.strip(), body, media, made)


def refusal(message: Draft, settings: Settings, optouts: Collection[str]) -> Refusal | None:
    """The first rule that the message breaks.

    A recipient who opted out is refused here only for a sender that is a number: through a Messaging Service
    the message is accepted and fails later.
    """
    return (
        _incomplete(message)
        or _bad_recipient(message.to)
        or (_bad_service if message.service else _bad_sender)(message, settings)
        or _bad_pair(message, optouts)
        or bad_parameter(message.fields, settings.clock(), has_service=bool(message.service))
    )


def _incomplete(message: Draft) -> Refusal | None:
    if not message.to:
        return Refusal(21604, "A 'To' phone number is required.")
    if not message.sender and not message.service:
        return Refusal(21603, "A 'From' phone number is required.")
    if len(message.media) > 10:
        return Refusal(21623, "Number of media files exceeds allowed limit.")
    if not all(_is_media_url(url) for url in message.media):
        return Refusal(21620, "Invalid media URL(s)")
    if isinstance(message.content, Refusal):
        return message.content
    if not message.body and not message.media and not message.content:
        if message.body is None:
            return Refusal(21619, "A text message body or media urls must be specified.")
        return Refusal(21602, "Message body is required.")
    if message.body and utf16_length(message.body) > 1600:
        return Refusal(21617, "The concatenated message body exceeds the 1600 character limit.")
    return None


def _bad_recipient(to: str) -> Refusal | None:
    match to:
        case "+15005550002":
            return Refusal(21612, f"The 'To' phone number: {to}, is not currently reachable using SMS.")
        case "+15005550003":
            return Refusal(
                21408,
                "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: "
                + to,
            )
        case "+15005550004":
            return Refusal(21610, "Attempt to send to unsubscribed recipient")
        case "+15005550009":
            return Refusal(21614, f"'To' number: {to}, is not a valid mobile number")
    if _SHORT_CODE.fullmatch(to):
        return Refusal(21265, f"'To' number cannot be a Short Code: {to}")
    if to == "+15005550001" or not (_E164.fullmatch(to) or _CHANNEL.fullmatch(to)):
        return Refusal(21211, f"Invalid 'To' Phone Number: {to}")
    return None


def _bad_sender(message: Draft, settings: Settings) -> Refusal | None:
    sender, known = message.sender, settings.senders
    not_owned = Refusal(
        21606,
        f"The 'From' phone number provided ({sender}) is not a valid message-capable Twilio phone number "
        "for this destination/account.",
    )
    if sender == "+15005550007":
        return not_owned
    if sender == "+15005550008":
        return Refusal(
            21611, f"This 'From' number has exceeded the maximum number of queued messages: {sender}"
        )
    is_number = bool(_E164.fullmatch(sender) or _SHORT_CODE.fullmatch(sender))
    if sender == "+15005550001" or not (
        is_number or _ALPHANUMERIC.fullmatch(sender) or _CHANNEL.fullmatch(sender)
    ):
        return Refusal(21212, f"Invalid From Number (caller ID): {sender}")
    if settings.trial and not is_number and ":" not in sender:
        return Refusal(21267, f"Alphanumeric Sender ID cannot be used on a trial account: {sender}")
    if settings.test_credentials:
        return None if sender == "+15005550006" else not_owned
    if known is None or sender in known:
        return None
    if is_number:
        return Refusal(21659, f"'From' {sender} is not a Twilio phone number or Short Code country mismatch")
    return not_owned


def _bad_service(message: Draft, settings: Settings) -> Refusal | None:
    if not is_messaging_service(message.service):
        return Refusal(21705, f"The Messaging Service Sid {message.service} is invalid.")
    if settings.senders is not None and message.service not in settings.senders:
        return Refusal(21701, "The Messaging Service does not exist.", 404)
    return _bad_sender(message, settings) if message.sender else None


def _bad_pair(message: Draft, optouts: Collection[str]) -> Refusal | None:
    if message.sender and _prefix(message.to) != _prefix(message.sender) and "rcs" not in message.sender:
        return Refusal(21910, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel")
    if message.to == message.sender:
        return Refusal(21266, f"'To' and 'From' number cannot be the same: {message.to}")
    if message.to in optouts and not message.service:
        return Refusal(21610, "Attempt to send to unsubscribed recipient")
    return None


def _prefix(address: str) -> str:
    return address.partition(":")[0] if ":" in address else ""


def _is_media_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
