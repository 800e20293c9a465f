"""The action "Send message" of Segment's Twilio Messaging destination."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from twiliodest.guards.durations import spell
from twiliodest.messages.parameters import PARAMETERS
from twiliodest.messages.phones import SenderKind, sender, sender_kind
from twiliodest.segment.directives import directive, path_of, read_phrase
from twiliodest.segment.drafts import NOTHING, Draft, checked
from twiliodest.segment.media import add_media
from twiliodest.segment.moustaches import UnsaidError, read_tokens
from twiliodest.segment.phrases import Phrase, Text, Value, needed
from twiliodest.segment.recipients import check_recipient, check_text, plain_text

FIELDS = ("toPhoneNumber", "toMessengerUserId", "inlineBody", "contentSid", "senderType", "channel")
_CHANNELS = {"sms": None, "mms": None, "rcs": None, "whatsapp": "whatsapp", "messenger": "messenger"}
_IN_BRACKETS = re.compile(r"\[(.*?)\]")
_VALIDITY = 14400  # seconds, the most that Segment takes
_TAG = re.compile(r"[a-zA-Z0-9 _-]{1,128}")
_TAGS = 10


def add_message(draft: Draft, fields: Mapping[str, Any]) -> None:
    """Write all of its keys."""
    channel = (plain_text(fields.get("channel")) or "").lower()
    is_messenger = channel == "messenger"
    to = fields.get("toMessengerUserId" if is_messenger else "toPhoneNumber")
    draft.field("to", to, check=None if is_messenger else check_recipient, instead=NOTHING)
    if channel not in _CHANNELS and "channel" in fields:
        draft.fail(
            "channel", "Segment does not know this channel, or it depends on the event", fields["channel"]
        )
    elif named := _CHANNELS.get(channel):
        draft.add("channel", named)
    template = plain_text(fields.get("contentTemplateType")) or (
        "Inline" if "contentSid" not in fields else ""
    )
    if template == "Inline":
        _add_inline(draft, fields)
    else:
        _add_content(draft, fields)
    is_service = _add_sender(draft, fields, is_messenger=is_messenger)
    _add_validity(draft, fields.get("validityPeriod"))
    if is_service and fields.get("sendAt") not in (None, ""):
        draft.field("send_at", fields["sendAt"])
        draft.add("late", "skip", "Segment does not send what would be too late")
    _add_tags(draft, fields.get("tags"))


def _add_inline(draft: Draft, fields: Mapping[str, Any]) -> None:
    body, variables, media = (fields.get(f"inline{name}") for name in ("Body", "Variables", "MediaUrls"))
    if isinstance(body, str) and isinstance(variables, dict) and variables:
        both = {"inlineBody": body, "inlineVariables": variables}
        draft.field("body", both, read=_read_inline, check=check_text, instead=NOTHING)
    elif body or not media:
        draft.field("body", body, check=check_text, instead=NOTHING)
    add_media(draft, media)


def _read_inline(both: Any, notes: list[str]) -> Phrase:
    body, variables = both["inlineBody"], both["inlineVariables"]
    if not any(name.startswith("@") for name in variables):
        return read_tokens(
            body, {name: read_phrase(value, notes) for name, value in variables.items()}, notes
        )
    name, path = directive(variables)
    if name != "@path":
        raise UnsaidError(f"its inlineVariables are a {name}")
    steps = path_of(path).steps
    return read_tokens(
        body, {each: Value((*steps, each)) for each in re.findall(r"\{\{(.*?)\}\}", body)}, notes
    )


def _add_content(draft: Draft, fields: Mapping[str, Any]) -> None:
    sid, variables = _bracketed(fields.get("contentSid")), fields.get("contentVariables")
    if not sid or not re.fullmatch(r"HX[0-9a-fA-F]{32}", sid):
        draft.fail("content_sid", "it is not the SID of a content template", fields.get("contentSid"))
        draft.add("body", NOTHING)
    else:
        draft.add("content_sid", sid)
        if "content_sid" not in draft.known:
            draft.add("body", NOTHING)
    if not variables:
        return
    notes: list[str] = []
    try:
        if not isinstance(variables, dict) or any(name.startswith("@") for name in variables):
            raise UnsaidError("they depend on the event as a whole")
        phrases = {name: read_phrase(value, notes) for name, value in variables.items()}
        if any(_is_empty(phrase) for phrase in phrases.values()):
            raise UnsaidError("one of them is empty")
        texts = {name: checked(needed(phrase)) for name, phrase in phrases.items() if phrase}
    except UnsaidError as unsaid:
        draft.fail("content_variables", str(unsaid), variables)
        return
    draft.warnings += notes
    if texts:
        draft.add("content_variables", texts, *notes)


def _is_empty(phrase: Phrase | None) -> bool:
    return phrase is None or (isinstance(phrase, Text) and not phrase.text.strip())


def _add_sender(draft: Draft, fields: Mapping[str, Any], *, is_messenger: bool) -> bool:
    """Write who sends; whether it is a Messaging Service."""
    kind = re.sub(r"[^a-z]", "", (plain_text(fields.get("senderType")) or "").lower())
    is_service = kind.startswith("messagingservice") or (not kind and "messagingServiceSid" in fields)
    name = (
        "messagingServiceSid" if is_service else "fromFacebookPageId" if is_messenger else "fromPhoneNumber"
    )
    value = fields.get(name)
    text = _bracketed(value) if is_service else plain_text(value)
    spelled = f"messenger:{text}" if is_messenger and not is_service and text else text
    found = sender(spelled, None) if spelled else None
    wanted = SenderKind.MESSAGING_SERVICE if is_service else SenderKind.NUMBER
    wanted = SenderKind.CHANNEL if is_messenger and not is_service else wanted
    if not found or sender_kind(found) is not wanted:
        draft.fail("number", f"{name} is not a sender, or it depends on the event", value)
    else:
        draft.add("number", found)
    return is_service


def _add_validity(draft: Draft, value: Any) -> None:
    text = plain_text(value)
    if value in (None, "", 0):
        return
    if text is None or not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= _VALIDITY:
        draft.fail("validity_period", f"it is not a number of seconds up to {_VALIDITY}", value)
        return
    draft.add("validity_period", spell(int(text)))


def _add_tags(draft: Draft, tags: Any) -> None:
    if not tags:
        return
    if not isinstance(tags, dict) or any(isinstance(value, dict | list) for value in tags.values()):
        draft.fail("twilio", "tags that depend on the event have no counterpart here", tags)
        return
    texts = {name: text for name, value in tags.items() if (text := plain_text(value))}
    if len(texts) > _TAGS or not all(_TAG.fullmatch(text) for pair in texts.items() for text in pair):
        draft.fail("twilio", "Segment refuses these tags", tags)
    elif texts and "Tags" in PARAMETERS:
        draft.add("twilio", {"Tags": json.dumps(texts)})
    elif texts:
        draft.leave_out("twilio", "the tags are left out: Twilio no longer documents them", tags)


def _bracketed(value: Any) -> str | None:
    """A SID, alone or behind a name in brackets."""
    text = plain_text(value)
    found = _IN_BRACKETS.search(text) if text else None
    return found[1] if found else text
