"""Delivery: nobody is texted twice and nothing is lost, whatever Twilio answers and whenever a run dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import (
    ACCEPTED,
    ACCOUNT,
    LATER,
    LOST,
    MemoryLedger,
    MemoryTwilio,
    Power,
    Shelf,
    step,
    text,
    time_of,
)

from twiliodest.delivery.breaker import IN_A_ROW
from twiliodest.delivery.budgets import Budget
from twiliodest.delivery.claims import claim_of
from twiliodest.delivery.deliver import BUSY_TRIES, OTHER_RUN, TRIES, Delivery
from twiliodest.delivery.loop import Loop
from twiliodest.delivery.pace import Pace
from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Row, State
from twiliodest.model import FOUND, Attempt, Message, Outcome, Planned, Status, Step, Verdict


class Bench:
    """A shelf and a Twilio that stay, and the runs on them."""

    def __init__(self, *fates: tuple[Attempt, bool]) -> None:
        self.shelf = Shelf()
        self.twilio = MemoryTwilio(self.shelf, fates)
        self.slept: list[float] = []
        self.stop = Stop()

    async def go(
        self,
        steps: Sequence[Step],
        *,
        retry: Collection[State] = (),
        budgets: Sequence[Budget] = (),
        lanes: int = 1,
        rate: float | None = None,
        power: Power | None = None,
    ) -> list[Outcome]:
        """One run to its end, or until the power fails."""
        self.shelf.now += 1
        power = power or Power()
        self.stop = Stop()
        ledger = MemoryLedger(self.shelf, power)
        outcomes: list[Outcome] = []
        delivery = Delivery(
            ACCOUNT,
            [self.twilio.lane(power) for _ in range(lanes)],
            ledger,
            Pace(rate),
            time_of(self.shelf, self.slept),
            self.stop,
            retry=frozenset(retry),
            budgets=budgets,
        )
        loop = Loop(delivery, delivery.workers, self.stop, outcomes.append, lambda *_: None)
        run = asyncio.create_task(loop.run([it] for it in steps))
        failed = asyncio.create_task(power.failed.wait())
        await asyncio.wait((run, failed), return_when=asyncio.FIRST_COMPLETED)
        failed.cancel()
        ledger.close()
        if not run.done():
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.wait([run])
        else:
            run.result()
        return outcomes

    def run(self, *planned: Planned, **options: object) -> list[Outcome]:
        return asyncio.run(self.go([step(it) for it in planned], **options))  # type: ignore[arg-type] # its own

    def state(self, planned: Planned) -> State | None:
        row = self.shelf.rows.get(claim_of(ACCOUNT, planned).key)
        return row.state if row else None


def answer(verdict: Verdict, code: int | None = None, **more: object) -> Attempt:
    return Attempt(verdict=verdict, code=code, reason=f"{verdict} {code}", **more)  # type: ignore[arg-type] # its fields


@pytest.mark.parametrize(
    ("attempt", "accepts", "status", "state"),
    [
        (ACCEPTED, True, Status.SENT, State.SENT),
        (answer(Verdict.REJECTED, 21610), False, Status.REJECTED, State.REJECTED),
        (answer(Verdict.DOUBTFUL, 29999), False, Status.REJECTED, State.REJECTED),
        (answer(Verdict.SENDER, 21606), False, Status.REJECTED, State.REJECTED),
        (answer(Verdict.FORBIDDEN, 20003), False, Status.FAILED, State.FAILED),
        (answer(Verdict.DELAYED, 21611), False, Status.FAILED, State.FAILED),
        (LOST, False, Status.UNKNOWN, State.UNKNOWN),
        (LOST, True, Status.SENT, State.SENT),
    ],
)
def test_every_answer_becomes_what_it_means(
    attempt: Attempt, accepts: bool, status: Status, state: State
) -> None:
    """One POST, one outcome, and the ledger says the same; an answer that was lost is found in Twilio's list."""
    bench = Bench((attempt, accepts))
    (outcome,) = bench.run(text())
    assert (outcome.status, outcome.attempts, bench.state(text())) == (status, 1, state)
    assert len(bench.twilio.posts) == 1
    assert outcome.code == attempt.code
    assert outcome.sid == (bench.twilio.accepted[0].sid if accepts else None)
    assert outcome.reason == (FOUND if accepts and attempt is LOST else attempt.reason)


def test_what_never_arrived_is_tried_again_with_backoff() -> None:
    """A server that cannot be reached is tried five times, at doubling distances, and then the message failed."""
    bench = Bench(*[(LATER, False)] * TRIES)
    (outcome,) = bench.run(text())
    assert (outcome.status, outcome.attempts, bench.state(text())) == (Status.FAILED, TRIES, State.FAILED)
    assert bench.slept == [0.1, 0.2, 0.4, 0.8]
    (outcome,) = bench.run(text())
    assert (outcome.status, outcome.attempts) == (Status.SENT, 1)
    assert bench.shelf.rows[claim_of(ACCOUNT, text()).key].attempts == TRIES + 1


def test_retry_after_is_kept() -> None:
    """After a 429 the next try waits as long as Twilio asks for, and there are more of them."""
    busy = answer(Verdict.AGAIN, 20429, busy=True, retry_after="7")
    bench = Bench(*[(busy, False)] * (BUSY_TRIES - 1))
    (outcome,) = bench.run(text())
    assert (outcome.status, outcome.attempts) == (Status.SENT, BUSY_TRIES)
    assert [seconds for seconds in bench.slept if seconds >= 7] == [7.0] * (BUSY_TRIES - 1)


def test_a_refused_account_stops_the_run_at_once() -> None:
    """What nobody can pass is asked once; the rest stays untried, and a later run sends everything."""
    bench = Bench((answer(Verdict.FORBIDDEN, 20003), False))
    texts = [text(number) for number in range(5)]
    assert [outcome.status for outcome in bench.run(*texts)] == [Status.FAILED]
    assert (bench.stop.status, bench.stop.reason) == (ExitStatus.REFUSED, "forbidden 20003")
    assert len(bench.twilio.posts) == 1
    assert {outcome.status for outcome in bench.run(*texts)} == {Status.SENT}


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.DOUBTFUL, ExitStatus.REFUSED),
        (Verdict.DELAYED, ExitStatus.INCOMPLETE),
        (Verdict.UNKNOWN, ExitStatus.INCOMPLETE),
        (Verdict.AGAIN, ExitStatus.INCOMPLETE),
    ],
)
def test_many_alike_in_a_row_stop_the_run(verdict: Verdict, status: ExitStatus) -> None:
    """Ten messages that end alike, with no success between, are not their recipients' fault."""
    tries = TRIES if verdict is Verdict.AGAIN else 1
    bench = Bench(*[(answer(verdict, 29999), False)] * 100)
    bench.run(*(text(number) for number in range(30)))
    assert len(bench.twilio.posts) == IN_A_ROW * tries
    assert bench.stop.status == status


def test_a_success_between_lets_the_run_go_on() -> None:
    """Nine alike, a success, nine alike: that is the recipients' fault. So are rejections for clear reasons."""
    doubtful = [(answer(Verdict.DOUBTFUL, 29999), False)] * (IN_A_ROW - 1)
    rejected = [(answer(Verdict.REJECTED, 21610), False)] * 12
    bench = Bench(*doubtful, (ACCEPTED, True), *doubtful, *rejected)
    assert len(bench.run(*(text(number) for number in range(31)))) == 31
    assert not bench.stop


@pytest.mark.parametrize("worked", [True, False])
def test_a_bad_sender_stops_the_run_unless_it_has_worked(worked: bool) -> None:
    """A sender that has texted somebody is only wrong for one destination; one that never has is just wrong."""
    bench = Bench(*[(ACCEPTED, True)] * worked, (answer(Verdict.SENDER, 21606), False))
    bench.run(*(text(number) for number in range(5)))
    assert bool(bench.stop) is not worked
    assert len(bench.twilio.posts) == (5 if worked else 1)


def test_a_recipient_gets_texts_in_order() -> None:
    """One at a time and in the order of the events, even where some are tried again."""
    bench = Bench(*[(LATER, False)] * 4)
    texts = [text(number, to=f"+1555000000{number % 3}") for number in range(30)]
    bench.run(*texts, lanes=4)
    for place in range(3):
        bodies = [it.body for it in bench.twilio.accepted if it.to == f"+1555000000{place}"]
        assert bodies == [f"Order {number}" for number in range(place, 30, 3)]
    assert set(bench.twilio.together.values()) == {1}


def test_a_budget_ends_the_run() -> None:
    """So many are posted and no more; what is sent already costs nothing, nor does a second try."""
    texts = [text(number) for number in range(6)]
    bench = Bench()
    bench.run(*texts[:2])
    bench.twilio.fates = [(LATER, False)]
    outcomes = bench.run(*texts, budgets=[Budget(3, ExitStatus.INCOMPLETE, "too many")])
    assert [outcome.status for outcome in outcomes] == [Status.ALREADY] * 2 + [Status.SENT] * 3
    assert (bench.stop.status, bench.stop.reason) == (ExitStatus.INCOMPLETE, "too many")
    assert [o.status for o in bench.run(*texts, budgets=[Budget(1, ExitStatus.OK, "")])][-1] is Status.SENT
    assert not bench.stop


def test_what_was_rejected_is_left_alone() -> None:
    """It is tried again only if the user says so, or if the recipient or the sender is another one."""
    no = (answer(Verdict.REJECTED, 21211), False)
    bench = Bench(no, no)
    bench.run(text())
    assert [outcome.status for outcome in bench.run(text(body="mended"))] == [Status.REJECTED]
    assert [outcome.code for outcome in bench.run(text())] == [21211]
    assert len(bench.twilio.posts) == 1
    assert [outcome.status for outcome in bench.run(text(), retry=[State.REJECTED])] == [Status.REJECTED]
    assert len(bench.twilio.posts) == 2
    assert [outcome.status for outcome in bench.run(text(to="+15550009999"))] == [Status.SENT]
    bench = Bench(no)
    bench.run(text())
    assert [outcome.status for outcome in bench.run(text(sender="+15550008888"))] == [Status.SENT]


def test_an_unknown_is_never_sent_again_by_itself() -> None:
    """Not by a rerun, not for another recipient, not with --retry rejected; once, if the user says so."""
    bench = Bench((LOST, False))
    bench.run(text())
    for options in ({}, {"retry": [State.REJECTED]}):
        assert [outcome.status for outcome in bench.run(text(), **options)] == [Status.UNKNOWN]
    assert [outcome.status for outcome in bench.run(text(to="+15550009999"))] == [Status.UNKNOWN]
    assert len(bench.twilio.posts) == 1
    bench.twilio.fates = [(LOST, False)]
    twice = bench.run(text(), text(), retry=[State.UNKNOWN])
    assert [outcome.status for outcome in twice] == [Status.UNKNOWN, Status.UNKNOWN]
    assert len(bench.twilio.posts) == 2


def test_an_unknown_that_shows_up_later_is_found() -> None:
    """Where Twilio's list lagged, or could not be read, the next run finds the message and posts nothing."""
    bench = Bench((LOST, True))
    bench.twilio.blind = True
    assert [outcome.status for outcome in bench.run(text())] == [Status.UNKNOWN]
    bench.twilio.blind = False
    (outcome,) = bench.run(text(), retry=[State.UNKNOWN])
    assert (outcome.status, outcome.reason, bench.state(text())) == (Status.ALREADY, FOUND, State.SENT)
    assert len(bench.twilio.posts) == 1


@pytest.mark.parametrize("other", ["", "+15550009999"])
def test_an_event_that_comes_twice_texts_once(other: str) -> None:
    """In one run, on the same lane or on another, whatever the second one says."""
    bench = Bench()
    outcomes = bench.run(text(), text(to=other, body="changed"), lanes=7)
    assert sorted(outcome.status for outcome in outcomes) == [Status.ALREADY, Status.SENT]
    assert len(bench.twilio.posts) == 1


def test_two_runs_at_once_send_each_message_once() -> None:
    """What the other run is sending is waited for, and then it is `already`."""
    texts = [step(text(number)) for number in range(40)]
    bench = Bench()

    async def both() -> Sequence[list[Outcome]]:
        return await asyncio.gather(bench.go(texts, lanes=3), bench.go(texts, lanes=5))

    for outcomes in asyncio.run(both()):
        assert {outcome.status for outcome in outcomes} <= {Status.SENT, Status.ALREADY}
        assert len(outcomes) == 40
    assert len(bench.twilio.posts) == 40


def test_a_message_that_another_run_holds_for_long_is_unknown() -> None:
    """It may be accepted there; we neither post it nor call it failed."""
    bench = Bench()
    other = MemoryLedger(bench.shelf)
    asyncio.run(other.claim(claim_of(ACCOUNT, text()), lambda row: False))
    (outcome,) = bench.run(text())
    assert (outcome.status, bench.twilio.posts) == (Status.UNKNOWN, [])
    assert sum(bench.slept) > OTHER_RUN
    other.close()
    assert [outcome.status for outcome in bench.run(text())] == [Status.UNKNOWN]
    assert bench.state(text()) is State.UNKNOWN


def test_what_another_run_sends_costs_nothing() -> None:
    """A message that was waited for, and that the other run has sent, does not count towards the limit."""
    bench = Bench()

    async def both() -> list[Outcome]:
        other = MemoryLedger(bench.shelf)
        await other.claim(claim_of(ACCOUNT, text(1)), lambda row: False)
        run = asyncio.create_task(
            bench.go([step(text(1)), step(text(2))], budgets=[Budget(1, ExitStatus.OK, "")])
        )
        while not bench.slept:
            await asyncio.sleep(0)
        await other.settle(claim_of(ACCOUNT, text(1)).key, State.SENT, sid="SM1")
        return await run

    assert [outcome.status for outcome in asyncio.run(both())] == [Status.ALREADY, Status.SENT]
    assert not bench.stop


def test_a_ledger_that_cannot_be_written_stops_the_run_before_it_posts() -> None:
    """Without a claim on the disk nothing leaves, and what is unclaimed stays untried."""
    bench = Bench()
    bench.shelf.broken = "the disk is full"
    assert bench.run(*(text(number) for number in range(5)), lanes=2) == []
    assert (bench.stop.status, bench.stop.reason) == (ExitStatus.USAGE, "the disk is full")
    assert bench.twilio.posts == []


def test_a_stop_cuts_a_backoff_short() -> None:
    """What failed so far is reported as failed; nobody waits for 300 s after Ctrl-C."""
    bench = Bench(*[(answer(Verdict.AGAIN, 20429, busy=True, retry_after="300"), False)] * 5)

    async def interrupted() -> list[Outcome]:
        run = asyncio.create_task(bench.go([step(text()), step(text(2))], lanes=1))
        while not bench.slept:
            await asyncio.sleep(0)
        bench.stop.now(ExitStatus.INTERRUPTED, "interrupted")
        return await run

    (outcome,) = asyncio.run(interrupted())
    assert (outcome.status, outcome.attempts) == (Status.FAILED, 1)


FATES = st.sampled_from(
    [
        *[(ACCEPTED, True)] * 4,
        (LOST, True),
        (LOST, True),
        (LOST, False),
        (LATER, False),
        (answer(Verdict.REJECTED, 21610), False),
        (answer(Verdict.AGAIN, 20429, busy=True), False),
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    fates=st.lists(FATES, max_size=25),
    deaths=st.lists(st.integers(0, 60), max_size=5),
    events=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2)), min_size=1, max_size=12),
    lanes=st.integers(1, 4),
    blind=st.booleans(),
)
def test_no_death_texts_anybody_twice(
    fates: list[tuple[Attempt, bool]],
    deaths: list[int],
    events: list[tuple[int, int]],
    lanes: int,
    blind: bool,
) -> None:
    """Runs that die at any step, and then one that ends: every message was accepted once at most, and what is
    reported is what is so.
    """
    bench = Bench(*fates)
    texts = [text(event, to=f"+1555000000{to}") for event, to in events]
    steps = [step(it) for it in texts]

    async def life() -> list[Outcome]:
        bench.twilio.blind = blind
        for death in deaths:
            await bench.go(steps, lanes=lanes, power=Power(death))
        bench.twilio.blind = False
        return await bench.go(steps, lanes=lanes)

    outcomes = asyncio.run(life())
    bodies = [listed.body for listed in bench.twilio.accepted]
    assert len(bodies) == len(set(bodies))
    if not bench.stop:
        assert len(outcomes) == len(events)
    for event in {event for event, _ in events}:
        told = {outcome.status for outcome in outcomes if outcome.event.line == event}
        if told:  # nothing, if the run was stopped
            assert (f"Order {event}" in bodies) == bool(told & {Status.SENT, Status.ALREADY})
    sids = {listed.sid for listed in bench.twilio.accepted}
    assert {outcome.sid for outcome in outcomes if outcome.sid} <= sids


Opened = Callable[[], "MemoryLedger | Ledger"]


@pytest.fixture(params=["memory", "file"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Opens one more run on the same ledger."""
    shelf = Shelf()
    with contextlib.ExitStack() as runs:

        def one_more() -> MemoryLedger | Ledger:
            if request.param == "memory":
                return runs.enter_context(contextlib.closing(MemoryLedger(shelf)))
            return runs.enter_context(contextlib.closing(Ledger.open(tmp_path / "ledger.db")))

        yield one_more


def always(row: Row) -> bool:
    return True


def never(row: Row) -> bool:
    return False


MINE = claim_of(ACCOUNT, text())


def test_a_ledger_grants_a_claim_once(opened: Opened) -> None:
    """Both ledgers: to one run, with the row as the answer to everybody else."""

    async def contract() -> None:
        one, other = opened(), opened()
        assert await one.claim(MINE, never) is None
        for ledger in (one, other):
            row = await ledger.claim(MINE, never)
            assert row is not None
            assert row == ledger.get(MINE.key)
            assert (row.state, row.run, row.to, row.attempts) == (State.SENDING, one.run, MINE.to, 0)
        await other.settle(MINE.key, State.FAILED)
        assert one.get(MINE.key) == row
        await one.settle(MINE.key, State.SENT, sid="SM1", attempts=2)
        row = await other.claim(MINE, never)
        assert row is not None
        assert (row.state, row.sid, row.attempts) == (State.SENT, "SM1", 2)
        assert other.knows("SM1")
        assert not other.knows("SM2")
        await one.settle(MINE.key, State.UNKNOWN)
        assert one.get(MINE.key) == row

    asyncio.run(contract())


def test_a_ledger_lets_what_failed_be_claimed_again(opened: Opened) -> None:
    """Both ledgers: if the policy says so; attempts add up."""

    async def contract() -> None:
        ledger = opened()
        await ledger.claim(MINE, never)
        await ledger.settle(MINE.key, State.FAILED, code=20429, reason="busy", attempts=1)
        row = await ledger.claim(MINE, never)
        assert row is not None
        assert (row.state, row.code, row.reason) == (State.FAILED, 20429, "busy")
        assert await ledger.claim(MINE, always) is None
        row = ledger.get(MINE.key)
        assert row is not None
        assert (row.state, row.code, row.reason, row.attempts) == (State.SENDING, None, None, 1)

    asyncio.run(contract())


def test_a_ledger_knows_what_may_be_out(opened: Opened) -> None:
    """Both ledgers: the rows of the dead are in doubt; proof settles them, unless somebody claimed them anew."""

    async def contract() -> None:
        dead, ours = opened(), opened()
        second = claim_of(ACCOUNT, text(2, to=MINE.to))
        await dead.claim(MINE, never)
        await dead.claim(second, never)
        assert {row.state for row in ours.undecided()} == {State.SENDING}
        dead.close()
        assert (await ours.claim(MINE, never) or MINE).key == MINE.key
        late = opened()
        doubts = late.undecided()
        assert [(row.key, row.state) for row in doubts] == [
            (MINE.key, State.UNKNOWN),
            (second.key, State.UNKNOWN),
        ]
        await late.claim(MINE, always)
        await ours.settle(MINE.key, State.SENT, sid="SM1", expected=doubts[0])
        await ours.settle(second.key, State.SENT, sid="SM2", expected=doubts[1])
        assert [late.knows("SM1"), late.knows("SM2")] == [False, True]
        assert [row.state for row in late.undecided()] == [State.SENDING]

    asyncio.run(contract())


def test_a_ledger_undoes_a_cancelled_claim(opened: Opened) -> None:
    """Both ledgers: nobody will post it, so it must not look as if."""

    async def contract() -> None:
        ledger = opened()
        await ledger.claim(MINE, never)
        await ledger.settle(MINE.key, State.FAILED)
        before = ledger.get(MINE.key)
        task = asyncio.create_task(ledger.claim(MINE, always))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        second = claim_of(ACCOUNT, text(2))
        assert await ledger.claim(second, never) is None  # it comes after the withdrawal
        assert ledger.get(MINE.key) == before

    asyncio.run(contract())


class Stumbling(MemoryTwilio):
    """Takes a message, and then raises what no lane should."""

    async def post(self, message: Message, power: Power) -> Attempt:
        await super().post(message, power)
        raise KeyError(message.to)


def test_a_fault_that_nobody_has_thought_of_leaves_a_doubt_and_ends_the_run() -> None:
    """Between claim and settlement: the row is settled, the rest is not tried, and a reason is given."""
    bench = Bench()
    bench.twilio = Stumbling(bench.shelf)
    outcomes = bench.run(text(1), text(2))
    assert [outcome.status for outcome in outcomes] == [Status.SENT]  # Twilio's list has it
    assert bench.state(text(1)) is State.SENT
    assert bench.state(text(2)) is None
    assert bench.stop.status is ExitStatus.INCOMPLETE
    assert "KeyError" in bench.stop.reason
