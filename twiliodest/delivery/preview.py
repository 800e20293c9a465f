"""What a send would do with each message now. It writes nothing anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from twiliodest.delivery.claims import claim_of, content_of, difference, may_claim, persons, standing
from twiliodest.guards.guards import Guards
from twiliodest.ledger.rows import Row, State
from twiliodest.model import Outcome, Planned, Status, Step

REMEMBERED = 25_000  # messages, at least, among which a repeated event is noticed; a ledger knows them all


class _First(msgspec.Struct, frozen=True, gc=False):
    """Where a message came first, and a hash of its body."""

    source: str
    line: int
    to: str
    body: int


def preview(
    groups: Iterable[Sequence[Step]],
    account: str,
    find: Callable[[bytes], Row | None] | None,
    retry: Collection[State],
    *,
    guards: Guards | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Sequence[Sequence[Outcome]]]:
    """What would come of everything, in the same order and groups. `find` looks into the ledger, if there is one."""
    recent: dict[int, _First] = {}
    older = recent
    asks = bool(find or guards)
    going, repeated = Status.PLANNED, Status.ALREADY  # an enum's own look-up is slow until Python 3.12

    def expected(planned: Planned) -> Outcome:
        event, action, message = planned.event, planned.action, planned.message
        identity = hash((event.id, action, *persons(message)))
        if first := recent.get(identity) or older.get(identity):
            differs = difference(
                first.to == message.to, first.body == hash(content_of(message) or message.body)
            )
            reason = f"the same event as {first.source}:{first.line}{differs}"
            return planned.outcome(repeated, reason=reason)
        outcome = asked(planned) if asks else Outcome(event, action, going, message)
        if outcome.status is going:
            recent[identity] = _First(
                event.source, event.line, message.to, hash(content_of(message) or message.body)
            )
        return outcome

    def asked(planned: Planned) -> Outcome:
        row = None
        if find:
            claim = claim_of(account, planned)
            row = find(claim.key)
            if row and not may_claim(claim, row, retry):
                return standing(planned, row)
        if guards:
            now = clock()
            guarded = guards(planned, now, row.claimed_at if row else None)
            if isinstance(guarded, Outcome):
                return guarded
            guards.sent(guarded, now)
            planned = guarded
        return planned.outcome(going)

    for group in groups:
        yield [[expected(it) if isinstance(it, Planned) else it for it in step] for step in group]
        if len(recent) >= REMEMBERED:
            recent, older = {}, recent
