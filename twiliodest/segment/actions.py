"""The actions "Send SMS" and "Send message" of Segment's Twilio destinations become actions of the configuration."""

from __future__ import annotations

import re
from collections.abc import Collection

from twiliodest.segment.answers import Mapped
from twiliodest.segment.drafts import NOTHING, Draft
from twiliodest.segment.media import add_picture
from twiliodest.segment.messages import FIELDS as MESSAGE_FIELDS
from twiliodest.segment.messages import add_message
from twiliodest.segment.phrases import needed, source
from twiliodest.segment.recipients import check_recipient, check_text
from twiliodest.segment.triggers import read_trigger

SMS, MESSAGE = "Send SMS", "Send message"
_SLUGS = {"sendsms": SMS, "sendmessage": MESSAGE}
_SMS_FIELDS = ("To", "Body", "MediaUrl")


def kind_of(mapped: Mapped) -> str | None:
    """Which of the two actions a mapping is for; `None` for another one."""
    slug = re.sub(r"[^a-z]", "", mapped.action.lower())
    if slug and slug not in _SLUGS:
        return None
    if any(name in mapped.fields for name in MESSAGE_FIELDS):
        return MESSAGE
    return SMS if any(name in mapped.fields for name in _SMS_FIELDS) else _SLUGS.get(slug)


def draft_of(mapped: Mapped, kind: str, name: str, known: Collection[str]) -> Draft:
    """The action for a mapping; `known` are the keys that the configuration knows."""
    draft = Draft(name=name, enabled=mapped.enabled, known=known)
    trigger = read_trigger(mapped.trigger)
    if trigger.fault:
        draft.fail_wholly(trigger.fault)
    draft.add("trigger", trigger.text, *trigger.notes)
    if "__segment_internal_directive" in mapped.fields:
        draft.fail_wholly("a directive around the whole mapping has no counterpart here")
    if kind == MESSAGE:
        add_message(draft, mapped.fields)
        return draft
    draft.field("to", mapped.fields.get("To"), check=check_recipient, instead=NOTHING)
    media = mapped.fields.get("MediaUrl")
    spell = source if media in (None, "") else needed
    draft.field("body", mapped.fields.get("Body"), spell=spell, check=check_text, instead=NOTHING)
    add_picture(draft, media)
    return draft
