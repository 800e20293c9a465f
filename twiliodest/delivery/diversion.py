"""A rehearsal on one phone: what would go to everybody goes there, and nothing else is different.

Plan, guards, order and ledger know each message by the person that it is for; only a lane knows of the phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from twiliodest.delivery.reconcile import Lister
from twiliodest.messages.phones import channel
from twiliodest.model import Attempt, Message, Outcome, Planned, Status, Step, Verdict
from twiliodest.twilio.messages import Listed


class Lane(Lister, Protocol):
    """What posts a message, and looks messages up."""

    async def post(self, message: Message) -> Attempt: ...
    async def close(self) -> None: ...


class DivertedLane:
    """A lane by which every message goes to one phone, each in its own channel."""

    def __init__(self, lane: Lane, phone: str) -> None:
        self._lane = lane
        self._phone = phone

    @property
    def ahead(self) -> float | None:
        return self._lane.ahead

    def reached(self, to: str) -> str:
        """Where a text for somebody goes."""
        return diverted(to, self._phone)

    async def post(self, message: Message) -> Attempt:
        """Post to the phone. A refusal of its number is everybody's: many alike stop the run."""
        attempt = await self._lane.post(msgspec.structs.replace(message, to=self.reached(message.to)))
        if attempt.verdict is Verdict.REJECTED:
            return msgspec.structs.replace(attempt, verdict=Verdict.DOUBTFUL)
        return attempt

    async def sent_to(self, to: str, since: float) -> Sequence[Listed]:
        return await self._lane.sent_to(self.reached(to), since)

    async def close(self) -> None:
        await self._lane.close()


def diverted(to: str, phone: str) -> str:
    """The phone in the channel in which somebody would have been reached."""
    prefix = channel(to)
    return f"{prefix}:{phone}" if prefix else phone


def divertible(groups: Iterable[Sequence[Step]]) -> Iterator[Sequence[Step]]:
    """The same, but that nothing is planned which cannot go to a phone."""
    for group in groups:
        yield [[_refused(it) if _has_no_number(it) else it for it in step] for step in group]


def _has_no_number(it: Planned | Outcome) -> bool:
    return isinstance(it, Planned) and "+" not in it.message.to


def _refused(it: Planned | Outcome) -> Outcome:
    to = it.message.to if it.message else ""
    kind = "a recipient without a phone number cannot be diverted to one"
    return Outcome(it.event, it.action, Status.INVALID, None, f"{to}: {kind}", kind)
