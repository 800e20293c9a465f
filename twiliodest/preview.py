"""What a send would do with each message now. It writes nothing anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from twiliodest.claims import claim_of, may_claim, standing
from twiliodest.guards import Guards
from twiliodest.ledger import Row, State
from twiliodest.model import Event, Message, Outcome, Rendering, Status
from twiliodest.outcomes import outcome_of
from twiliodest.plan import Step

REMEMBERED = 25_000  # messages, at least, among which a repeated event is noticed; a ledger knows them all


def preview(
    steps: Iterable[Step],
    account: str,
    find: Callable[[bytes], Row | None] | None,
    retry: Collection[State],
    finished: Callable[[Event, Sequence[Outcome]], None],
    *,
    guards: Guards | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Outcome]:
    """The outcome of everything, in order. `find` looks into the ledger; `None` where there is none.

    `finished` hears of an event once all its outcomes are out.
    """
    recent: dict[tuple[str, str], tuple[str, int]] = {}
    older = recent

    def outcome(rendering: Rendering) -> Outcome:
        nonlocal recent, older
        if not isinstance(rendering.result, Message):
            return outcome_of(rendering, Status.INVALID)
        event, row = rendering.event, None
        identity = (event.id, rendering.action)
        if first := recent.get(identity) or older.get(identity):
            source, line = first
            return outcome_of(rendering, Status.ALREADY, reason=f"the same event as {source}:{line}")
        if find:
            claim = claim_of(account, rendering)
            row = find(claim.key)
            if row and not may_claim(claim, row, retry):
                return standing(rendering, row)
        if guards:
            now = clock()
            guarded = guards(rendering, now, row.claimed_at if row else None)
            if isinstance(guarded, Outcome):
                return guarded
            guards.sent(rendering, now)
            rendering = guarded
        recent[identity] = (event.source, event.line)
        if len(recent) >= REMEMBERED:
            recent, older = {}, recent
        return outcome_of(rendering, Status.PLANNED)

    for step in steps:
        if isinstance(step, Outcome):
            yield step
            continue
        outcomes = list(map(outcome, step.renderings))
        yield from outcomes
        finished(step.event, outcomes)
