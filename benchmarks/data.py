"""Seeded events of about 700 bytes, configurations and ledgers, made on the spot and kept in a cache folder."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEED = 20261123
EVENT_BYTES = 700  # about
TEMPLATES = 1000  # different events; identity and recipient differ in each line
SENDER = "+15551234567"
BODY = "Your order #{{$.properties.order_id}} has been confirmed! Estimated delivery: {{$.properties.delivery_date}}"


def event_file(folder: Path, count: int, share: float, *, names: int = 1, start: int = 0) -> Path:
    """A JSON Lines file with `count` events, of which a share is an order with one of `names` event names.

    Identities count up from `start`; every recipient is another one.
    """
    path = folder / f"events-{count}-{share:g}-{names}-{start}.jsonl"
    if not path.exists():
        with _finished(path) as part, part.open("wb") as file:
            file.writelines(_lines(count, share, names, start))
    return path


def config_file(folder: Path, actions: int = 1) -> Path:
    """A configuration with so many actions; each waits for an event name of its own."""
    blocks = [
        f"  - name: order {number}\n"
        f'    trigger: type = "track" and event = "{order_name(number)}"\n'
        f'    to: $.properties.phone\n    body: "{BODY}"\n'
        for number in range(actions)
    ]
    head = f'account: ${{TWILIO_ACCOUNT_SID}}\ntoken: ${{TWILIO_AUTH_TOKEN}}\nnumber: "{SENDER}"\nactions:\n'
    path = folder / f"config-{actions}.yaml"
    path.write_text(head + "".join(blocks))
    return path


def order_name(number: int) -> str:
    """The event name that the action of this number waits for."""
    return f"Order Completed {number}" if number else "Order Completed"


def recipient(number: int) -> str:
    """Another E.164 number for each of the first eight thousand million."""
    return f"+1{2_000_000_000 + number * 7_919_999 % 8_000_000_000}"


def fill_ledger(ledger: Path, count: int) -> None:
    """Take a ledger, which `send` has made, to exactly `count` rows: messages that were sent long ago."""
    with contextlib.closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        for setting in ("synchronous = OFF", "cache_size = -1000000"):
            db.execute(f"PRAGMA {setting}")
        db.execute("DELETE FROM message WHERE rowid > ?", (count,))
        (there,) = db.execute("SELECT coalesce(max(rowid), 0) FROM message").fetchone()
        for start in range(there, count, _PAGE):
            db.execute("BEGIN")
            db.executemany(_INSERT, _rows(range(start, min(start + _PAGE, count))))
            db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


_PAGE = 100_000
_INSERT = """INSERT INTO message ("key", event_id, action, "to", sender, "text", state, run, sid, attempts,
        claimed_at, settled_at)
    VALUES (?, ?, 'order 0', ?, ?, ?, 'sent', '0123456789abcdef', ?, 1, ?, ?)"""


def _rows(numbers: range) -> Iterator[tuple[object, ...]]:
    chance = random.Random(SEED + numbers.start)  # noqa: S311 -- no secret
    for number in numbers:
        to, sid, at = recipient(number), f"SM{number:032x}", 1.7e9 + number
        yield chance.randbytes(16), f"old-{number:012}", to, SENDER, chance.randbytes(16), sid, at, at + 0.1


@contextlib.contextmanager
def _finished(path: Path) -> Iterator[Path]:
    """A file that has its name only once it is whole."""
    part = path.with_suffix(".part")
    yield part
    part.rename(path)


def _lines(count: int, share: float, names: int, start: int) -> Iterator[bytes]:
    chance = random.Random(SEED)  # noqa: S311 -- no secret
    orders = [_template(chance, order_name(number % names)) for number in range(max(TEMPLATES, names))]
    others = [_template(chance, None) for _ in range(TEMPLATES)]
    for number in range(start, start + count):
        pool = orders if chance.random() < share else others
        yield pool[chance.randrange(len(pool))] % (number, recipient(number).encode())


def _template(chance: random.Random, order: str | None) -> bytes:
    """An event as analytics.js sends it, with places for its number and its recipient.

    JavaScript writes JSON as plain UTF-8: of these, one in fifty is not pure ASCII.
    """
    first = chance.choice(("Anna", "Ben", "Carla", "David", "Emma", "Frank", "Grace", "Henry", "Ida", "Jack"))
    last = "Müller" if chance.random() < 0.02 else chance.choice(("Smith", "Jones", "Miller", "Lee", "Brown"))
    page = chance.choice(("pricing", "products/shoes", "products/coats", "checkout", "blog/how-to-wash-wool"))
    event: dict[str, Any] = {
        "messageId": "ajs-next-%012d",
        "type": "track",
        "event": order or chance.choice(("Page Viewed", "Product Viewed", "Product Added", "Cart Viewed")),
        "userId": f"user-{chance.randrange(10**6)}",
        "anonymousId": f"{chance.randrange(16**12):012x}",
        "timestamp": f"2026-11-{chance.randrange(1, 29):02}T{chance.randrange(24):02}:15:30.123Z",
        "context": {
            "library": {"name": "analytics.js", "version": "next-1.70.0"},
            "ip": f"203.0.113.{chance.randrange(256)}",
            "locale": "en-US",
            "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/142.0.0",
            "page": {"path": f"/{page}", "title": "The Shop", "url": f"https://shop.example.com/{page}"},
            "traits": {"first_name": first, "last_name": last},
        },
        "properties": {
            "order_id": str(chance.randrange(10**5, 10**6)),
            "total": chance.randrange(500, 50000) / 100,
            "currency": "USD",
            "delivery_date": f"Dec {chance.randrange(1, 29)}",
            "phone": "%b",
            "products": [{"sku": f"S-{chance.randrange(10**4)}", "price": 12.5, "quantity": 1}],
        },
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
