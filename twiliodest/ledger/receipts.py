"""What became of what Twilio took: receipts, one for each message that it was asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from twiliodest.ledger.rows import Damaged

TABLE = (
    """CREATE TABLE receipt (
        "key" BLOB NOT NULL PRIMARY KEY,
        sid TEXT NOT NULL,
        status TEXT NOT NULL,
        code INTEGER,
        price TEXT,
        currency TEXT,
        asked_at REAL NOT NULL
    ) WITHOUT ROWID""",
)
UNDER_WAY = ("accepted", "scheduled", "queued", "sending", "sent")
ARRIVED = ("delivered", "read")
NOT_ARRIVED = ("undelivered", "failed")
FINAL = (*ARRIVED, *NOT_ARRIVED, "canceled", "deleted")
STATUSES = (*UNDER_WAY, *FINAL)  # Twilio's for what is sent, and `deleted` for what it has no more
SILENT = 4 * 86400.0  # seconds after which `sent` stays forever: not every carrier tells more

FINAL_LIST = ", ".join(f"'{status}'" for status in FINAL)
JOIN = 'LEFT JOIN receipt ON receipt."key" = message."key" AND receipt.sid = message.sid'
SCOPE = """state = 'sent' AND message.sid IS NOT NULL AND claimed_at >= :since
    AND (:run IS NULL OR run = :run)"""
OPEN = f"""SELECT message."key", message.sid, claimed_at FROM message {JOIN}
    WHERE {SCOPE} AND (receipt.status IS NULL
        OR receipt.status NOT IN ({FINAL_LIST}) AND NOT (receipt.status = 'sent' AND claimed_at < :silent))
    ORDER BY claimed_at LIMIT :limit"""  # noqa: S608 -- names of ours
RECORD = """INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT ("key") DO UPDATE SET
    sid = excluded.sid, status = excluded.status, code = excluded.code, price = excluded.price,
    currency = excluded.currency, asked_at = excluded.asked_at"""
GROUPS = f"""SELECT receipt.status, receipt.code, receipt.currency, count(*), sum(abs(receipt.price))
    FROM message {JOIN}
    WHERE {SCOPE} GROUP BY receipt.status, receipt.code, receipt.currency ORDER BY count(*) DESC"""  # noqa: S608 -- ours
FORGET = 'DELETE FROM receipt WHERE "key" NOT IN (SELECT "key" FROM message)'
EXISTS = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'receipt'"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What Twilio said of a message at `asked_at` (unix seconds). `price` is Twilio's text, below 0 for a cost."""

    sid: str
    status: str
    code: int | None = None
    price: str | None = None
    currency: str | None = None
    asked_at: float


class Unanswered(NamedTuple):
    """A message whose receipt is not final; `claimed_at` in unix seconds."""

    key: bytes
    sid: str
    claimed_at: float


class Ended(NamedTuple):
    """How many messages ended with a status and a code, and what they cost; `None` where nobody was asked yet."""

    status: str | None
    code: int | None
    currency: str | None
    messages: int
    cost: float | None


def receipt_of(values: Sequence[object]) -> Receipt | None:
    """The receipt of these columns, the fields in order; `None` where there is none. Raises `Damaged`."""
    if values[0] is None:
        return None
    try:
        return msgspec.convert(dict(zip(Receipt.__struct_fields__, values, strict=True)), Receipt)
    except (msgspec.ValidationError, ValueError) as error:
        raise Damaged(f"a receipt cannot be read ({error})") from None
