"""Reconciliation: a match in Twilio's list proves that a message was accepted; nothing less does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from twins import ACCOUNT, SENDER, MemoryLedger, Shelf, text

from twiliodest.delivery.claims import TRIAL_PREFIX, claim_of
from twiliodest.delivery.reconcile import EARLY, WINDOW, prove
from twiliodest.ledger.rows import Row, State
from twiliodest.messages.segments import smart_encode
from twiliodest.model import FOUND
from twiliodest.twilio.faults import LookUpError
from twiliodest.twilio.messages import Listed

TO = "+15557654321"
SERVICE = "MG" + "1" * 32
NOW = 1000.0


class Twilio:
    """A list that is what a test says."""

    def __init__(self, *listed: Listed, ahead: float | None = 0.0) -> None:
        self.listed = listed
        self.ahead: float | None = None
        self._ahead = ahead

    def reached(self, to: str) -> str:
        return to

    async def sent_to(self, to: str, since: float) -> Sequence[Listed]:
        self.ahead = self._ahead
        return [it for it in self.listed if it.created >= since]


def listed(sid: str = "SM1", **changes: object) -> Listed:
    usual = Listed(
        sid=sid, to=TO, senders=frozenset({SENDER}), body="Order shipped", created=NOW + 1, refused=False
    )
    return msgspec.structs.replace(usual, **changes)


def doubtful(ledger: MemoryLedger, number: int = 1, body: str = "Order shipped", sender: str = SENDER) -> Row:
    """An unknown row of the ledger."""
    claim = claim_of(ACCOUNT, text(number, to=TO, body=body, sender=sender))
    asyncio.run(ledger.claim(claim, lambda row: True))
    asyncio.run(ledger.settle(claim.key, State.UNKNOWN, attempts=1))
    row = ledger.get(claim.key)
    assert row
    return row


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(Shelf(NOW))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"body": TRIAL_PREFIX + "Order shipped"},
        {"body": "Order shipped "},
        {"senders": frozenset({SENDER, SERVICE})},
        {"created": NOW - EARLY},
        {"created": NOW + WINDOW},
    ],
)
def test_a_match_is_proof(ledger: MemoryLedger, change: dict[str, Any]) -> None:
    """The same recipient, sender and text at about that time: the row becomes sent, with the SID."""
    row = doubtful(ledger)
    assert asyncio.run(prove(row, Twilio(listed(**change)), ledger)) == "SM1"
    after = ledger.get(row.key)
    assert after
    assert (after.state, after.sid, after.reason, after.attempts) == (State.SENT, "SM1", FOUND, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"to": "+15550000000"},
        {"senders": frozenset({"+15550000000"})},
        {"senders": frozenset[str]()},
        {"body": "Order lost"},
        {"body": ""},
        {"refused": True},
        {"created": NOW - EARLY - 1},
        {"created": NOW - 60},
        {"created": NOW + WINDOW + 1},
    ],
)
def test_less_than_a_match_proves_nothing(ledger: MemoryLedger, change: dict[str, Any]) -> None:
    """Another recipient, sender, text or time, and what Twilio refused: the row stays in doubt."""
    row = doubtful(ledger)
    assert asyncio.run(prove(row, Twilio(listed(**change)), ledger)) is None
    assert ledger.get(row.key) == row


def test_a_service_is_a_sender(ledger: MemoryLedger) -> None:
    """A Messaging Service may not have chosen a number yet; its own SID counts."""
    row = doubtful(ledger, sender=SERVICE)
    assert asyncio.run(prove(row, Twilio(listed(senders=frozenset({SERVICE}))), ledger)) == "SM1"


def test_smart_encoding_is_allowed_for(ledger: MemoryLedger) -> None:
    """A service that replaces typographic characters lists another text than was posted."""
    body = "“Your order” – it’s on its way…"
    assert smart_encode(body) != body
    row = doubtful(ledger, body=body)
    assert asyncio.run(prove(row, Twilio(listed(body=smart_encode(body))), ledger)) == "SM1"


def test_a_known_message_proves_nothing(ledger: MemoryLedger) -> None:
    """The SID of another row's message is that row's proof."""
    known = doubtful(ledger, 1)
    asyncio.run(ledger.settle(known.key, State.SENT, sid="SM1"))
    row = doubtful(ledger, 2)
    assert asyncio.run(prove(row, Twilio(listed()), ledger)) is None


@pytest.mark.parametrize("ahead", [0.0, 1200.0, -1200.0])
@pytest.mark.parametrize(
    ("created", "proves"), [(-60, False), (-EARLY, True), (1, True), (WINDOW + 1, False)]
)
def test_the_server_tells_the_time(
    ledger: MemoryLedger, ahead: float, created: float, *, proves: bool
) -> None:
    """However wrong our clock is, what another ledger sent a minute before the claim proves nothing."""
    row = doubtful(ledger)
    twilio = Twilio(listed(created=NOW + ahead + created), ahead=ahead)
    assert (asyncio.run(prove(row, twilio, ledger)) is not None) is proves


def test_a_clock_that_was_set_since_is_allowed_for(ledger: MemoryLedger) -> None:
    """What a run measured counts for what it claimed: our clock was 20 minutes behind, and is right now."""
    row = doubtful(ledger)
    ledger.note_ahead(1200.0)
    later = MemoryLedger(ledger.shelf)
    minute_before, right = listed("SM1", created=NOW + 1140), listed("SM2", created=NOW + 1201)
    assert asyncio.run(prove(row, Twilio(listed("SM0")), later)) is None
    assert asyncio.run(prove(row, Twilio(minute_before, right), later)) == "SM2"


def test_a_server_that_tells_no_time_is_taken_at_our_word(ledger: MemoryLedger) -> None:
    """Without a `Date` the two clocks are taken for the same."""
    row = doubtful(ledger)
    assert asyncio.run(prove(row, Twilio(listed(created=NOW - 60), ahead=None), ledger)) is None
    assert asyncio.run(prove(row, Twilio(listed(), ahead=None), ledger)) == "SM1"


def test_an_old_message_of_ours_proves_nothing(ledger: MemoryLedger) -> None:
    """A SID is known whatever the age of its row: it was claimed while our clock was far behind."""
    known = doubtful(ledger, 1)
    asyncio.run(ledger.settle(known.key, State.SENT, sid="SM1"))
    ledger.shelf.now += 86400
    row = doubtful(ledger, 2)
    assert asyncio.run(prove(row, Twilio(listed(created=ledger.shelf.now + 1)), ledger)) is None


def test_identical_texts_count(ledger: MemoryLedger) -> None:
    """Two rows, one message: nobody can tell which. Two rows, two messages: each is proved, in order."""
    first, second = doubtful(ledger, 1), doubtful(ledger, 2)
    one, two = listed("SM1", created=NOW), listed("SM2", created=NOW + 5)
    for row in (first, second):
        assert asyncio.run(prove(row, Twilio(one), ledger)) is None
        assert asyncio.run(prove(row, Twilio(one, two, listed("SM3")), ledger)) is None
    assert asyncio.run(prove(second, Twilio(two, one), ledger)) == "SM2"
    assert asyncio.run(prove(first, Twilio(two, one), ledger)) == "SM1"


def test_a_text_that_somebody_is_sending_counts(ledger: MemoryLedger) -> None:
    """The only match may be the message that another run is just sending: the row stays in doubt."""
    row = doubtful(ledger, 1)
    other = MemoryLedger(ledger.shelf)
    asyncio.run(other.claim(claim_of(ACCOUNT, text(2, to=TO, body="Order shipped")), lambda row: True))
    assert asyncio.run(prove(row, Twilio(listed()), ledger)) is None


def test_a_list_that_cannot_be_read_is_an_error(ledger: MemoryLedger) -> None:
    """The caller learns that nothing was learnt, and the row stays as it is."""

    class Away(Twilio):
        async def sent_to(self, to: str, since: float) -> Sequence[Listed]:
            raise LookUpError("it took too long")

    row = doubtful(ledger)
    with pytest.raises(LookUpError):
        asyncio.run(prove(row, Away(), ledger))
    assert ledger.get(row.key) == row
