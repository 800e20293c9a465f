"""What a send would do with each message now. It writes nothing anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from twiliodest.delivery.claims import claim_of, difference, may_claim, standing
from twiliodest.guards.guards import Guards
from twiliodest.ledger.rows import Row, State
from twiliodest.model import Outcome, Status
from twiliodest.outcomes import outcome_of

REMEMBERED = 25_000  # messages, at least, among which a repeated event is noticed; a ledger knows them all


class _First(msgspec.Struct, frozen=True, gc=False):
    """Where a message came first, and a hash of its body."""

    source: str
    line: int
    to: str
    body: int


def preview(
    groups: Iterable[Sequence[Outcome]],
    account: str,
    find: Callable[[bytes], Row | None] | None,
    retry: Collection[State],
    *,
    guards: Guards | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Sequence[Outcome]]:
    """What would come of everything, in the same order and groups. `find` looks into the ledger, if there is one."""
    recent: dict[int, _First] = {}
    older = recent
    asks = bool(find or guards)

    def expected(planned: Outcome) -> Outcome:
        row = None
        if find:
            claim = claim_of(account, planned)
            row = find(claim.key)
            if row and not may_claim(claim, row, retry):
                return standing(planned, row)
        if guards:
            now = clock()
            guarded = guards(planned, now, row.claimed_at if row else None)
            if guarded.status is Status.PLANNED:
                guards.sent(planned, now)
                return outcome_of(guarded, Status.PLANNED)
            return guarded
        return planned

    going = Status.PLANNED  # an enum's own look-up is slow until Python 3.12
    for group in groups:
        outcomes: list[Outcome] = []
        for outcome in group:
            if outcome.status is going:
                event, message = outcome.event, outcome.message
                assert message, "what is planned is a message"  # noqa: S101 -- for the type checker
                identity = hash((event.id, outcome.action))
                if first := recent.get(identity) or older.get(identity):
                    differs = difference(first.to == message.to, first.body == hash(message.body))
                    reason = f"the same event as {first.source}:{first.line}{differs}"
                    outcome = outcome_of(outcome, Status.ALREADY, reason=reason)
                elif not asks or (outcome := expected(outcome)).status is going:
                    recent[identity] = _First(event.source, event.line, message.to, hash(message.body))
            outcomes.append(outcome)
        if len(recent) >= REMEMBERED:
            recent, older = {}, recent
        yield outcomes
