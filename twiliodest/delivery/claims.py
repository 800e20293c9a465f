"""What the ledger is asked about a message, and what its answer means for it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Sequence

from twiliodest.ledger.rows import Claim, Row, State, key
from twiliodest.messages.segments import smart_encode
from twiliodest.model import Message, Outcome, Planned, Status

TRIAL_PREFIX = "Sent from your Twilio trial account - "  # Twilio puts it before a trial account's texts


def claim_of(account: str, planned: Planned) -> Claim:
    """The claim for a message that is planned. Its key never depends on the text."""
    message, event = planned.message, planned.event
    identity = key(account, event.id, planned.action, *persons(message))
    return Claim(
        key=identity,
        event_id=event.id,
        action=planned.action,
        to=message.to,
        sender=message.sender,
        text=digest_of(identity, message),
    )


def persons(message: Message) -> Sequence[str]:
    """What the identity of a message has beside event and action: the recipient, if it is one of several."""
    return (message.to,) if message.extras and message.extras.is_one_of_many else ()


def may_claim(claim: Claim, row: Row, retry: Collection[State]) -> bool:
    """Whether a message that the ledger knows may be posted: what failed, what the user wants tried once more,
    and what was rejected when recipient or sender were others.
    """
    if row.state is State.REJECTED and (row.to, row.sender) != (claim.to, claim.sender):
        return True
    return row.state is State.FAILED or row.state in retry


def standing(planned: Planned, row: Row) -> Outcome:
    """The outcome of a message that may not be posted."""
    if row.state is State.SENT:
        sent = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.settled_at))
        message = planned.message
        differs = difference(message.to == row.to, digest_of(row.key, message) == row.text)
        return planned.outcome(Status.ALREADY, sid=row.sid, reason=f"sent at {sent}{differs}")
    if row.state is State.SENDING:
        return planned.outcome(Status.UNKNOWN, reason="another run is sending it, or died while sending it")
    return planned.outcome(Status(row.state.value), sid=row.sid, code=row.code, reason=row.reason)


def difference(same_recipient: bool, same_text: bool) -> str:
    """How what was sent, or comes first, differs from a message of the same event; to be put behind a reason.

    Two events that share an identity by mistake differ so; and so does one event after a change of the template.
    """
    parts = [
        *([] if same_recipient else ["to another recipient"]),
        *([] if same_text else ["with another text"]),
    ]
    return ", " + " and ".join(parts) if parts else ""


def digest_of(identity: bytes, message: Message) -> bytes:
    """What the ledger keeps of a message. That of a content template is nobody's text: Twilio lists what it has made
    of the template, which nobody here knows.
    """
    if content := content_of(message):
        return hashlib.blake2b(
            content.encode(), key=identity, digest_size=16, person=b"content template"
        ).digest()
    return text_digest(identity, message.body)


def content_of(message: Message) -> str:
    """The content template of a message with its variables; an empty text if it has none."""
    extras = message.extras
    return f"{extras.content_sid} {extras.content_variables or ''}" if extras and extras.content_sid else ""


def text_digest(identity: bytes, body: str) -> bytes:
    """What the ledger keeps of a text: salted with its key, and the same after Twilio's Smart Encoding."""
    text = smart_encode(body.removeprefix(TRIAL_PREFIX)).strip()
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=identity, digest_size=16).digest()
