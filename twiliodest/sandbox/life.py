"""A message's life at Twilio: which statuses it goes through, since when, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

Steps: TypeAlias = tuple[tuple[float, str], ...]  # since when (seconds since the epoch) it has which status

FINAL = frozenset({"delivered", "undelivered", "failed", "canceled"})
EXPIRED = 30036
_MAGIC = re.compile(r"(?:\w+:)?\+150055([36][0-9]{4})")
_BEFORE_SENDING = frozenset({21610, 30001, 30002, EXPIRED, 63027, 63028})  # the others come from a carrier
_PRICES = {"SMS": 0.0079, "MMS": 0.02, "channel": 0.005}  # US dollars: a segment, and a message
_ENDS = {
    21610: "Attempt to send to unsubscribed recipient",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30032: "Toll-Free Number Has Not Been Verified",
    30034: "US A2P 10DLC - Message from an Unregistered Number",
    EXPIRED: "Validity Period Expired",
    63016: "Failed to send freeform message because you are outside the allowed window. Please use a Template.",
    63024: "Invalid message recipient",
    63028: "Number of parameters provided does not match the expected number of parameters",
}


class End(msgspec.Struct, frozen=True):
    """Why an accepted message does not arrive."""

    code: int
    message: str

    @property
    def status(self) -> str:
        return "failed" if self.code in _BEFORE_SENDING else "undelivered"


def end(code: int) -> End:
    return End(code, _ENDS.get(code, ""))


def end_of(recipient: str, undelivered: Mapping[str, int]) -> End | None:
    """How texts to this recipient end: by a rule, or a magic number: `+150055` before the code."""
    if code := undelivered.get(recipient):
        return end(code)
    magic = _MAGIC.fullmatch(recipient)
    return end(int(magic[1])) if magic else None


def refused(at: float) -> Steps:
    return ((at, "failed"),)


def steps(
    at: float,
    pace: float,
    *,
    service: bool,
    due: float | None,
    ends: End | None,
    validity: float | None,
) -> tuple[Steps, End | None]:
    """The whole life of a message that was accepted at `at`, and how it ends.

    `pace`: seconds from the queue to the recipient. `due`: when Twilio is to send it. One that would be sent
    later than `validity` seconds after it was queued ends with 30036.
    """
    begin = at if due is None else due
    life = [(at, "scheduled")] if due is not None else []
    life += [(begin, "accepted"), (begin + pace / 12, "queued")] if service else [(begin, "queued")]
    sent = begin + pace / 3
    if validity is not None and validity < pace / 3:
        ends = end(EXPIRED)
        over = begin + validity
        return (*(step for step in life if step[0] < over), (over, ends.status)), ends
    if ends and ends.status == "failed":
        return (*life, (sent, "failed")), ends
    last = "undelivered" if ends else "delivered"
    return (*life, (begin + pace / 6, "sending"), (sent, "sent"), (begin + pace, last)), ends


def canceled(life: Steps, at: float) -> Steps:
    return (*(step for step in life if step[0] <= at), (at, "canceled"))


def price(segments: int, *, mms: bool, channel: bool) -> str:
    """What Twilio would charge, as it writes it: `-0.00790`."""
    each = _PRICES["channel" if channel else "MMS" if mms else "SMS"]
    return f"-{each * (1 if channel or mms else segments):.5f}"
