"""What can be done with messages: post them, cancel, redact and delete them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from twiliodest.messages.segments import measure, smart_encode
from twiliodest.sandbox import life
from twiliodest.sandbox.chaos import Form
from twiliodest.sandbox.messages import POOL, Text, media_sids, resource, rfc2822
from twiliodest.sandbox.parameters import due, is_on, validity
from twiliodest.sandbox.refusals import Refusal, invalid, not_found
from twiliodest.sandbox.rules import Draft, draft, refusal
from twiliodest.sandbox.settings import Settings
from twiliodest.sandbox.store import Store

_DROPPED = 21610
_LINK = re.compile(r"https?://[^\s<>\"']+")


def post(form: Form, account: str, answered: str, settings: Settings, store: Store) -> Text:
    """The next text, which a form makes, refused or not. `answered`: what its sender is told if it is not."""
    message = draft(form, settings)
    refused = refusal(message, settings, store.optouts)
    fields, at, body = message.fields, settings.clock(), message.body or ""
    if is_on(fields, "SmartEncoded"):
        body = smart_encode(body)
    if not refused and is_on(fields, "ShortenUrls"):
        body = _LINK.sub(lambda link: f"https://twil.io/{secrets.token_hex(4)}", body)
    encoding, segments = measure(body)
    is_mms = bool(message.media) or (not refused and is_on(fields, "SendAsMms"))
    steps, ends = life.refused(at), None
    if not refused:
        steps, ends = life.steps(
            at,
            settings.pace,
            service=bool(message.service),
            due=due(fields),
            ends=_end(message, settings, store),
            validity=validity(fields),
        )
    return Text(
        seq=store.last + 1,
        sid=("MM" if is_mms else "SM") + secrets.token_hex(16),
        account=account,
        at=at,
        form=form,
        to=message.to,
        sender=message.sender,
        service=message.service,
        body=body,
        media=message.media,
        encoding=encoding,
        segments=1 if is_mms else segments,
        accepted=refused is None,
        steps=steps,
        refusal=refused,
        ends=ends,
        chosen=_choice(message.to, settings),
        answered=str(refused.status) if refused else answered,
    )


def _choice(recipient: str, settings: Settings) -> str:
    """The number that any Messaging Service sends from."""
    channel, colon, _ = recipient.rpartition(":")
    owned = sorted(it for it in settings.senders or () if it.startswith("+"))
    return f"{channel}{colon}{owned[0] if owned else POOL}"


def _end(message: Draft, settings: Settings, store: Store) -> life.End | None:
    if message.to in store.optouts:
        return life.end(_DROPPED)
    return message.ends or life.end_of(message.to, settings.undelivered)


def update(text: Text, form: Form, store: Store, now: float) -> Mapping[str, Any] | Refusal:
    """Cancel (`Status=canceled`) or redact (`Body=`) a text."""
    fields = dict(form)
    if "Status" in fields:
        if fields["Status"] != "canceled":
            return invalid("Status", fields["Status"])
        if text.status(now) != "scheduled":
            return Refusal(30409, "This message cannot be canceled", 409)
        text = msgspec.structs.replace(text, steps=life.canceled(text.steps, now))
    if "Body" in fields:
        if fields["Body"]:
            return invalid("Body", fields["Body"])
        if text.status(now) not in life.FINAL:
            return _unfinished("redact")
        text = msgspec.structs.replace(text, body="")
    store.replace(text)
    return resource(text, now)


def delete(text: Text, store: Store, now: float) -> Refusal | None:
    if text.status(now) not in life.FINAL:
        return _unfinished("delete")
    store.remove(text.sid)
    return None


def delete_media(text: Text, sid: str, store: Store) -> Refusal | None:
    kept = tuple(url for url, it in zip(text.media, media_sids(text), strict=True) if it != sid)
    if len(kept) == len(text.media):
        return not_found(f"Media/{sid}")
    store.replace(msgspec.structs.replace(text, media=kept))
    return None


def feedback(text: Text, form: Form, now: float) -> Mapping[str, Any] | Refusal:
    """What Twilio answers when it is told whether a message did what it was for (`Outcome`)."""
    outcome = dict(form).get("Outcome", "confirmed")
    if outcome not in ("confirmed", "unconfirmed"):
        return invalid("Outcome", outcome)
    date = rfc2822(int(now))
    uri = f"/2010-04-01/Accounts/{text.account}/Messages/{text.sid}/Feedback.json"
    made = {"account_sid": text.account, "message_sid": text.sid, "outcome": outcome, "uri": uri}
    return {**made, "date_created": date, "date_updated": date}


def _unfinished(what: str) -> Refusal:
    return Refusal(20009, f"Cannot {what} this resource before it is complete.", 409)
