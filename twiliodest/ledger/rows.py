"""What a ledger knows of a message, and by which key."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence

import msgspec

KEY_SIZE = 16  # bytes
TIME_ENDS = 253402300800.0  # the year 10000, in unix seconds: no calendar goes further


class State(enum.StrEnum):
    """Where a claimed message stands."""

    SENDING = "sending"  # claimed: its run is at it, or has died
    SENT = "sent"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"  # may have been accepted


class Damaged(ValueError):  # noqa: N818 -- says what is the matter with a ledger
    """What is in a ledger is not what was written there."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to claim a message. `text` is a salted digest of the body, never the body."""

    key: bytes
    event_id: str
    action: str
    to: str
    sender: str
    text: bytes


class Row(Claim, frozen=True, kw_only=True):
    """What the ledger knows of one message. Times are unix seconds; `attempts` are the POSTs of all runs."""

    state: State
    run: str
    sid: str | None
    code: int | None
    reason: str | None
    attempts: int
    claimed_at: float
    settled_at: float | None


class Group(msgspec.Struct, frozen=True):
    """How many rows an action has with a status, a receipt's status, and a code: the receipt's, if it has one."""

    action: str
    status: State
    receipt: str | None
    code: int | None
    rows: int


def key(account: str, event_id: str, action: str, *person: str) -> bytes:
    """The identity of one action on one event, and of one `person` where it texts several: 16 bytes.

    The parts' lengths go in, so that no two of them meet.
    """
    parts = (part.encode("utf-8", "surrogatepass") for part in (account, event_id, action, *person))
    return hashlib.blake2b(
        b"".join(b"%d:%b" % (len(part), part) for part in parts), digest_size=KEY_SIZE
    ).digest()


def row_of(values: Sequence[object]) -> Row:
    """The row of these columns, which are the fields in order. Raises `Damaged`."""
    if len(values) != len(Row.__struct_fields__):
        raise Damaged("its rows have different columns")
    try:
        row = msgspec.convert(
            dict(zip(Row.__struct_fields__, values, strict=True)), Row, builtin_types=(bytes,)
        )
    except msgspec.ValidationError as error:
        raise Damaged(f"a row cannot be read ({error})") from None
    moments = (row.claimed_at, row.claimed_at if row.settled_at is None else row.settled_at)
    if len(row.key) != KEY_SIZE or row.attempts < 0 or not all(0 <= it < TIME_ENDS for it in moments):
        raise Damaged("a row has an impossible key, count or time")
    if (row.settled_at is None) != (row.state is State.SENDING):
        raise Damaged("a row is both settled and not")
    return row


def group_of(values: Sequence[object]) -> Group:
    """The group of these columns, which are the fields in order. Raises `Damaged`."""
    try:
        return msgspec.convert(dict(zip(Group.__struct_fields__, values, strict=True)), Group)
    except msgspec.ValidationError as error:
        raise Damaged(f"a row cannot be read ({error})") from None
