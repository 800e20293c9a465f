"""What a send would do with each message now. It writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from twiliodest.claims import claim_of, may_claim, standing
from twiliodest.ledger import Row, State
from twiliodest.model import Event, Message, Outcome, Rendering, Status
from twiliodest.outcomes import outcome_of
from twiliodest.plan import Step

REMEMBERED = 100_000  # messages among which a repeated event is noticed; the ledger of a send remembers all


def preview(
    steps: Iterable[Step],
    account: str,
    find: Callable[[bytes], Row | None] | None,
    retry: Collection[State],
    finished: Callable[[Event, Sequence[Outcome]], None],
) -> Iterator[Outcome]:
    """The outcome of everything, in order. `find` looks into the ledger; `None` where there is none.

    `finished` hears of an event once all its outcomes are out.
    """
    seen: dict[tuple[str, str], str] = {}
    for step in steps:
        if isinstance(step, Outcome):
            yield step
            continue
        outcomes = [_outcome(rendering, account, find, retry, seen) for rendering in step.renderings]
        yield from outcomes
        finished(step.event, outcomes)


def _outcome(
    rendering: Rendering,
    account: str,
    find: Callable[[bytes], Row | None] | None,
    retry: Collection[State],
    seen: dict[tuple[str, str], str],
) -> Outcome:
    if not isinstance(rendering.result, Message):
        return outcome_of(rendering, Status.INVALID)
    event = rendering.event
    identity = (event.id, rendering.action)
    if first := seen.get(identity):
        return outcome_of(rendering, Status.ALREADY, reason=f"the same event as {first}")
    seen[identity] = f"{event.source}:{event.line}"
    if len(seen) > REMEMBERED:
        del seen[next(iter(seen))]
    if find:
        claim = claim_of(account, rendering)
        row = find(claim.key)
        if row and not may_claim(claim, row, retry):
            return standing(rendering, row)
    return outcome_of(rendering, Status.PLANNED)
