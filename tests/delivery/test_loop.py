"""The loop: each recipient's messages in order, no more read than can be held, every event finished once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import pytest
from twins import step, text

from twiliodest.delivery.intake import EACH
from twiliodest.delivery.loop import AHEAD, Loop
from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus, LedgerError
from twiliodest.model import Event, Outcome, Planned, Status, Step

EVENTS = AHEAD // (EACH + len(text().event.raw)) + 1  # that are read ahead


class Script:
    """A finisher that does what it is told for each event, and notes what was under way."""

    def __init__(self, act: Callable[[Planned], Status | None] = lambda planned: Status.SENT) -> None:
        self.act = act
        self.gate: asyncio.Event | None = None
        self.begun: list[tuple[int, Planned]] = []
        self.busy: set[int] = set()
        self.most = 0
        self.under_way: set[str | None] = set()
        self.asked: list[tuple[int, Sequence[tuple[Planned, Outcome]]]] = []

    async def finish(self, worker: int, planned: Planned) -> Outcome | None:
        to = planned.message.to if planned.message else None
        assert worker not in self.busy
        assert to not in self.under_way
        self.busy.add(worker)
        self.under_way.add(to)
        self.most = max(self.most, len(self.busy))
        self.begun.append((worker, planned))
        await asyncio.sleep(0)
        if self.gate:
            await self.gate.wait()
        self.busy.remove(worker)
        self.under_way.remove(to)
        status = self.act(planned)
        return planned.outcome(status, attempts=1) if status else None

    async def ask_again(self, worker: int, doubts: Sequence[tuple[Planned, Outcome]]) -> Sequence[Outcome]:
        self.asked.append((worker, doubts))
        return [planned.outcome(Status.SENT) for planned, _ in doubts]


class Run:
    """One loop, and what it told."""

    def __init__(self, finisher: Script, workers: int = 3) -> None:
        self.stop = Stop()
        self.told: list[Outcome] = []
        self.finished: list[tuple[Event, Sequence[Outcome]]] = []
        self.loop = Loop(finisher, workers, self.stop, self.tell, self.finish)

    def tell(self, outcome: Outcome) -> None:
        self.told.append(outcome)

    def finish(self, event: Event, outcomes: Sequence[Outcome]) -> None:
        self.finished.append((event, list(outcomes)))

    async def go(self, steps: Iterable[Step]) -> None:
        await asyncio.wait_for(self.loop.run([step] for step in steps), 30)


def large(number: int) -> Planned:
    """A message whose event takes a hundredth of what is read ahead."""
    planned = text(number)
    event = msgspec.structs.replace(planned.event, raw=b" " * (AHEAD // 100 - EACH))
    return msgspec.structs.replace(planned, event=event)


def broken(line: int) -> Step:
    return (Outcome(Event("events.jsonl", line, b"{"), "", Status.INVALID, reason="not valid JSON"),)


def test_a_number_gets_its_messages_in_order_and_one_at_a_time() -> None:
    """In the order of the events, never two at once; and no worker is idle while there is something for it to do."""
    script = Script()
    texts = [text(number, to=f"+1555000{number % 20:04}") for number in range(200)]
    run = Run(script, workers=5)
    asyncio.run(run.go([step(it) for it in texts]))
    order: dict[str, list[int]] = {}
    for _, planned in script.begun:
        assert planned.message
        order.setdefault(planned.message.to, []).append(planned.event.line)
    assert all(numbers == sorted(numbers) for numbers in order.values())
    assert script.most == 5
    assert len(run.told) == 200


@pytest.mark.parametrize("lines", ["messages", "broken"])
def test_a_slow_network_holds_up_the_reader(lines: str) -> None:
    """Only so many events are read ahead, however long the input is, and it all goes on afterwards."""
    read = 0

    def steps() -> Iterator[Step]:
        nonlocal read
        for number in range(4 * EVENTS):
            read += 1
            yield step(text(number)) if lines == "messages" or number < EVENTS else broken(number)

    async def check() -> None:
        script.gate = asyncio.Event()
        going = asyncio.create_task(run.go(steps()))
        while len(script.busy) < 3 or read < EVENTS:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert read <= EVENTS + 1
        script.gate.set()
        await going

    script = Script()
    run = Run(script)
    asyncio.run(check())
    assert len(run.told) == read == 4 * EVENTS


def test_an_event_is_finished_once_when_all_its_messages_are() -> None:
    """Sent, invalid or unknown: an event is finished after its last message, with every outcome; so is a bad line."""
    statuses = [Status.SENT, Status.UNKNOWN, Status.REJECTED, Status.FAILED]
    script = Script(lambda planned: statuses[planned.event.line % 4])
    steps = []
    for number in range(40):
        made = [text(number, to=f"+1555000{number + place:04}", action=f"a{place}") for place in range(3)]
        steps.append([*step(*made), Outcome(made[0].event, "a3", Status.INVALID, reason="nothing at $.to")])
    run = Run(script)
    asyncio.run(run.go([broken(99), *steps]))
    assert sorted(event.line for event, _ in run.finished) == [*range(40), 99]
    for event, outcomes in run.finished:
        actions = ["a0", "a1", "a2", "a3"] if event.line < 99 else [""]
        assert sorted(outcome.action for outcome in outcomes) == actions
        assert {outcome.event.line for outcome in outcomes} == {event.line}
    assert len(run.told) == 161


def test_unknowns_are_asked_for_again_at_the_end() -> None:
    """By the worker that posted them, after everything else; and they do not hold up the reader until then."""
    script = Script(lambda planned: Status.UNKNOWN)
    run = Run(script)
    asyncio.run(run.go(step(large(number)) for number in range(300)))
    posted = {planned.event.line: worker for worker, planned in script.begun}
    asked = {planned.event.line: worker for worker, doubts in script.asked for planned, _ in doubts}
    assert asked == posted
    assert {outcome.status for outcome in run.told} == {Status.SENT}
    assert len(run.told) == len(run.finished) == 300


def test_a_stop_leaves_the_rest_untried_and_counted() -> None:
    """What is under way ends; what waits is counted; an event with anything left behind has no outcomes."""

    def act(planned: Planned) -> Status:
        run.stop.now(ExitStatus.INCOMPLETE, "enough")
        return Status.SENT

    async def check() -> None:
        script.gate = asyncio.Event()
        going = asyncio.create_task(run.go(steps))
        while not read.is_set():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)
        script.gate.set()
        await going

    read = threading.Event()

    def read_steps() -> Iterator[Step]:
        for number in range(10):
            yield step(text(number), text(number, action="other", to="+15559999999"))
        read.set()

    script = Script(act)
    run = Run(script, workers=1)
    steps = read_steps()
    asyncio.run(check())
    assert [outcome.status for outcome in run.told] == [Status.SENT]
    assert run.loop.untried == 19
    assert [outcomes for _, outcomes in run.finished] == [[]] * 10


def test_a_stop_does_not_wait_for_a_reader_that_waits() -> None:
    """A pipe on which nothing comes does not keep a run alive."""
    forever = threading.Event()

    def steps() -> Iterator[Step]:
        yield step(text(1))
        forever.wait(60)

    def act(planned: Planned) -> Status:
        run.stop.now(ExitStatus.INTERRUPTED, "interrupted")
        return Status.SENT

    run = Run(Script(act))
    asyncio.run(run.go(steps()))
    assert [outcome.status for outcome in run.told] == [Status.SENT]
    forever.set()


def test_a_reader_that_fails_fails_the_run() -> None:
    """What was read before is finished first, and the fault reaches the caller."""

    def steps() -> Iterator[Step]:
        yield from (step(text(number)) for number in range(20))
        raise KeyError("the reader broke")

    run = Run(Script())
    with pytest.raises(KeyError, match="the reader broke"):
        asyncio.run(run.go(steps()))
    assert len(run.told) == len(run.finished) == 20


def test_an_output_that_fails_ends_the_run_in_good_order() -> None:
    """Nobody hangs, what is under way ends, and the fault reaches the caller, whoever tells it."""

    def tell(outcome: Outcome) -> None:
        raise OSError("no space left")

    for first in (step(text(1)), broken(1)):
        script = Script()
        run = Run(script)
        loop = Loop(script, 3, run.stop, tell, run.finish)
        with pytest.raises(OSError, match="no space left"):
            asyncio.run(
                asyncio.wait_for(
                    loop.run([it] for it in (first, *(step(text(n)) for n in range(3 * EVENTS)))), 30
                )
            )
        assert run.stop
        assert script.busy == set()


def test_a_ledger_that_fails_stops_the_run() -> None:
    """Nothing more is tried, and the reason is the ledger's."""

    def act(planned: Planned) -> Status:
        raise LedgerError("the disk is full")

    run = Run(Script(act), workers=1)
    asyncio.run(run.go([step(text(number)) for number in range(10)]))
    assert (run.stop.status, run.stop.reason, run.told) == (ExitStatus.USAGE, "the disk is full", [])
