"""What a send reads: begun before it is known whether it is sent, where a pipe is to be asked about."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from twiliodest.cli.preview import seen
from twiliodest.cli.run import Run
from twiliodest.delivery.intake import Intake
from twiliodest.delivery.preview import preview
from twiliodest.delivery.stop import Stop
from twiliodest.model import Message, Status, Step
from twiliodest.planning.planner import steps
from twiliodest.planning.progress import Progress

FIRST = 3  # messages that are shown before the question
AHEAD = 1000  # outcomes without a message, after which the question comes all the same


class Reading:
    """The events of a run, in order, each read once; `stop` ends it."""

    def __init__(self, run: Run) -> None:
        self.stop = Stop()
        self.progress = Progress()
        self.intake = Intake(lambda: self.stop)
        self._run = run
        self._advance: Callable[[int], object] = lambda size: None
        self._begun: list[Sequence[Step]] = []
        self._groups = self._all()

    def groups(self, advance: Callable[[int], object]) -> Iterator[Sequence[Step]]:
        """All that is planned; `advance` is told how many bytes more were read."""
        self._advance = advance
        return itertools.chain(self._begun, self._groups)

    def first(self) -> Sequence[Message] | None:
        """The first messages that would be sent, as soon as there are any; `None` if there are none at all."""
        run, ahead = self._run, 0
        with seen(run) as ledger, run.bar() as bar:
            self._advance = bar.advance
            expected = preview(
                self._noted(),
                run.config.account or "",
                ledger.get if ledger else None,
                run.retry,
                guards=run.guards(ledger),
                clock=run.environment.clock,
            )
            for group in expected:
                outcomes = [outcome for step in group for outcome in step]
                if found := [it.message for it in outcomes if it.status is Status.PLANNED and it.message]:
                    return found[:FIRST]
                ahead += len(outcomes)
                if ahead > AHEAD:
                    return []
        return None

    def _noted(self) -> Iterator[Sequence[Step]]:
        for group in self._groups:
            self._begun.append(group)
            yield group

    def _all(self) -> Iterator[Sequence[Step]]:
        planner = self._run.planner(keeps_texts=True, intake=self.intake)
        read = steps(planner, self.progress, lambda size: self._advance(size))
        yield from self._run.planned(read)
