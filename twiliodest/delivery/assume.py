"""What was sent by another program, or by a run whose ledger is lost: written down as sent, and never posted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from twiliodest.delivery.claims import claim_of, standing, text_digest
from twiliodest.delivery.reconcile import Doubts, Lister
from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus
from twiliodest.ledger.rows import Claim, Row, State
from twiliodest.model import Outcome, Planned, Status
from twiliodest.twilio.faults import LookUpError

ASSUMED = "assumed to be sent: nothing was posted"
NOT_SHOWN = "not shown as sent: a send would post it"
_EVERYTHING = -float("inf")  # since when


class Shown(NamedTuple):
    """What there is to say of a message's fate."""

    state: State
    sid: str | None = None
    code: int | None = None


Evidence: TypeAlias = Callable[[Planned, Claim], Awaitable[Shown | None]]


class Ledger(Doubts, Protocol):
    """See `deliver.Ledger`."""

    def get(self, key: bytes) -> Row | None: ...
    async def claim(self, claim: Claim, may_claim: Callable[[Row], bool]) -> Row | None: ...


class Assumption:
    """A finisher that writes rows, at most `limit`, and has nothing with which it could post.

    A run that dies between the claim and what settles it leaves the row unknown: it is never sent by itself.
    """

    def __init__(
        self, account: str, ledger: Ledger, evidence: Evidence, stop: Stop, limit: int | None = None
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._evidence = evidence
        self._stop = stop
        self._left = limit

    async def finish(self, worker: int, planned: Planned) -> Outcome | None:
        """See `Finisher`. What the ledger knows stays, but what is unknown may be known now."""
        claim = claim_of(self._account, planned)
        row = self._ledger.get(claim.key)
        if row and row.state not in (State.UNKNOWN, State.FAILED):
            return standing(planned, row)
        try:
            shown = await self._evidence(planned, claim)
        except LookUpError as error:
            self._stop.now(ExitStatus.INCOMPLETE, f"Twilio's list cannot be read: {error}")
            return None
        if shown is None and row and row.state is State.UNKNOWN:
            return standing(planned, row)
        if shown is None:
            return planned.outcome(Status.PLANNED, reason=NOT_SHOWN, kind=NOT_SHOWN)
        if self._stop or not self._pay():
            return None
        if row is None or row.state is State.FAILED:
            row = None
            if other := await self._ledger.claim(claim, lambda row: row.state is State.FAILED):
                return standing(planned, other)
        await self._ledger.settle(
            claim.key, shown.state, sid=shown.sid, code=shown.code, reason=ASSUMED, expected=row
        )
        status = Status.ALREADY if shown.state is State.SENT else Status(shown.state.value)
        return planned.outcome(status, sid=shown.sid, code=shown.code, reason=ASSUMED, kind=ASSUMED)

    async def ask_again(self, worker: int, doubts: Sequence[tuple[Planned, Outcome]]) -> Sequence[Outcome]:
        """See `Finisher`. Nothing more is known at the end."""
        return [outcome for _, outcome in doubts]

    def _pay(self) -> bool:
        if self._left == 0:
            self._stop.enough(ExitStatus.OK, "")
            return False
        self._left = None if self._left is None else self._left - 1
        return True


async def everything(planned: Planned, claim: Claim) -> Shown:
    """The user's word for it."""
    return Shown(State.SENT)


def in_the_list(lister: Lister, ledger: Doubts) -> Evidence:
    """What Twilio's list shows: the same text from the same sender to the same person, each once.

    What it shows may raise `LookUpError`.
    """
    taken: set[str] = set()

    async def shown(planned: Planned, claim: Claim) -> Shown | None:
        listed = await lister.sent_to(claim.to, _EVERYTHING)
        for message in sorted(listed, key=lambda message: (message.created, message.sid)):
            if (
                message.to == claim.to
                and not message.refused
                and claim.sender in message.senders
                and text_digest(claim.key, message.body) == claim.text
                and message.sid not in taken
                and not ledger.knows(message.sid)
            ):
                taken.add(message.sid)
                return Shown(State.SENT, message.sid)
        return None

    return shown
