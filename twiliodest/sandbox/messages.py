"""One text that was posted, and how Twilio shows it."""

from __future__ import annotations

import functools
import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec

from twiliodest.sandbox.chaos import Form
from twiliodest.sandbox.life import End, Steps, price
from twiliodest.sandbox.refusals import Refusal

POOL = "+15005550006"  # the number of a Messaging Service where no senders are set
_DISCARDED, _OBFUSCATED = ("ContentRetention", "discard"), ("AddressRetention", "obfuscate")
_UNCHOSEN = ("accepted", "scheduled", "canceled")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One posted message.

    `refusal`: why it was refused; `ends`: why it does not arrive although it was accepted.
    """

    seq: int  # 1, 2, 3 … in the order of arrival
    sid: str
    account: str
    at: float  # seconds since the epoch
    form: Form
    to: str
    sender: str  # empty with a Messaging Service alone
    service: str
    body: str
    media: tuple[str, ...]
    encoding: str
    segments: int
    accepted: bool
    steps: Steps
    refusal: Refusal | None = None
    ends: End | None = None
    chosen: str = ""  # the sender that a Messaging Service takes, once it is queued
    answered: str = "201"  # what the caller saw

    @property
    def is_mms(self) -> bool:
        return self.sid.startswith("MM")

    def at_step(self, now: float) -> int:
        """Which of its steps it has reached."""
        return max((place for place, (at, _) in enumerate(self.steps) if at <= now), default=0)

    def status(self, now: float) -> str:
        return self.steps[self.at_step(now)][1]

    def sender_in(self, status: str) -> str | None:
        """The sender that Twilio shows: none until a Messaging Service has chosen one."""
        return self.sender or (self.chosen if status not in _UNCHOSEN else "") or None


def resource(text: Text, now: float | None) -> dict[str, Any]:
    """The text as Twilio's Message resource shows it at the time `now`; None: when it was created."""
    reached = text.steps[: 1 if now is None else text.at_step(now) + 1]
    since, status = reached[-1]
    sent = next((at for at, step in reached if step == "sent"), None)
    error = (text.refusal or text.ends) if status in ("failed", "undelivered") else None
    uri = f"/2010-04-01/Accounts/{text.account}/Messages/{text.sid}"
    is_channel = ":" in text.to
    return {
        "account_sid": text.account,
        "api_version": "2010-04-01",
        "body": "" if sent and _DISCARDED in text.form else text.body,
        "date_created": rfc2822(int(text.at)),
        "date_sent": None if sent is None else rfc2822(int(sent)),
        "date_updated": rfc2822(int(since)),
        "direction": "outbound-api",
        "error_code": error.code if error else None,
        "error_message": error.message or None if error else None,
        "from": text.sender_in(status),
        "messaging_service_sid": text.service or None,
        "num_media": str(len(text.media)),
        "num_segments": "0" if status in ("accepted", "scheduled") else str(text.segments),
        "price": None if sent is None else price(text.segments, mms=text.is_mms, channel=is_channel),
        "price_unit": "USD",
        "sid": text.sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        "to": f"{text.to[:-4]}XXXX" if sent and _OBFUSCATED in text.form else text.to,
        "uri": f"{uri}.json",
    }


def media_sids(text: Text) -> list[str]:
    return [f"ME{hashlib.sha256(f'{text.sid} {url}'.encode()).hexdigest()[:32]}" for url in text.media]


@functools.lru_cache(maxsize=64)
def rfc2822(at: int) -> str:
    """`Thu, 24 Aug 2023 05:01:45 +0000`."""
    return format_datetime(datetime.fromtimestamp(at, UTC))
