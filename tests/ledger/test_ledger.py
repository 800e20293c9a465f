"""The ledger: real files, real processes, real deaths."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.errors import LedgerError
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.rows import Claim, Row, State, key

HERE = Path(__file__).parent
HARNESS = HERE.parent / "harness"


def claim(number: int = 1, **changes: str) -> Claim:
    fields = {
        "event_id": f"event-{number}",
        "action": "Order shipped",
        "to": "+15551234567",
        "sender": "+15557654321",
    }
    return Claim(key=key("AC1", f"event-{number}", "Order shipped"), text=b"digest", **(fields | changes))


def never(row: Row) -> bool:
    return False


def always(row: Row) -> bool:
    return True


@contextlib.contextmanager
def opened(path: Path, clock: Callable[[], float] | None = None) -> Iterator[Ledger]:
    with contextlib.closing(Ledger.open(path, clock=clock) if clock else Ledger.open(path)) as ledger:
        yield ledger


def claimed(ledger: Ledger, number: int = 1) -> Claim:
    """A claim that this ledger's run now holds."""
    mine = claim(number)
    assert asyncio.run(ledger.claim(mine, always)) is None
    return mine


def settled(ledger: Ledger, state: State, number: int = 1, sid: str | None = None) -> Claim:
    """A claim that this ledger's run has settled."""
    mine = claimed(ledger, number)
    asyncio.run(ledger.settle(mine.key, state, sid=sid, attempts=1))
    return mine


def program(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that runs some code with this file's names at hand."""
    prelude = f"import asyncio, os, sys; from pathlib import Path; sys.path.append({str(HARNESS)!r}); "
    prelude += "from test_ledger import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", prelude + textwrap.dedent(code), *map(str, arguments)],
        cwd=HERE,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


HOLD = """
    ledger = Ledger.open(Path(sys.argv[1]))
    for number in range(3):
        claimed(ledger, number)
    settled(ledger, State.SENT, 3)
    print(ledger.run, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b", "c"), ("ab", "", "c")),
        (("a", "1:b", ""), ("a", "", "1:b")),
        (("a", "b\0", "c"), ("a", "b", "\0c")),
    ],
)
def test_different_messages_have_different_keys(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """No choice of event id makes one message look like another."""
    assert key(*one) != key(*other)
    assert len(key(*one)) == 16


def test_a_message_is_claimed_once(path: Path) -> None:
    """The second claim gets the row that stands in the way, with all that is known."""
    with opened(path, clock=lambda: 100.0) as ledger:
        mine = settled(ledger, State.SENT, sid="SM1")
        row = asyncio.run(ledger.claim(claim(), never))
        assert row == ledger.get(mine.key)
        assert row is not None
        assert (row.state, row.sid, row.attempts, row.run) == (State.SENT, "SM1", 1, ledger.run)
        assert (row.to, row.text, row.claimed_at, row.settled_at) == (mine.to, b"digest", 100.0, 100.0)
        assert ledger.knows("SM1")
        assert not ledger.knows("SM2")


def test_in_a_crowd_each_claim_gets_its_own_answer(path: Path) -> None:
    """New ones, known ones and twins come in one transaction: a twin waits for the first, what was sent stays."""
    with opened(path) as ledger:
        for number in range(0, 60, 3):
            settled(ledger, State.SENT if number % 2 else State.FAILED, number, sid=f"SM{number}")
        numbers = [*range(60), *range(0, 60, 4), *range(60, 80)]

        async def crowd() -> list[Row | None]:
            claims = (
                ledger.claim(claim(number), lambda row: row.state is State.FAILED) for number in numbers
            )
            return await asyncio.gather(*claims)

        free: set[int] = set()
        for number, row in zip(numbers, asyncio.run(crowd()), strict=True):
            if row is None:
                assert number not in free
                free.add(number)
            else:
                assert row.event_id == f"event-{number}"
                assert row.state is (State.SENT if number % 3 == 0 and number % 2 else State.SENDING)
        assert free == {number for number in range(80) if number % 3 or number % 2 == 0 or number >= 60}

        async def settlements() -> None:
            await asyncio.gather(
                *(ledger.settle(claim(it).key, State.SENT, sid=f"SM{it}", attempts=1) for it in free)
            )

        asyncio.run(settlements())
        rows = {row.event_id: row for row in ledger.rows()}
        assert len(rows) == 80
        for number in range(80):
            row = rows[f"event-{number}"]
            assert (row.state, row.sid) == (State.SENT, f"SM{number}")
            assert row.attempts == (2 if number < 60 and number % 6 == 0 else 1)


def test_a_failed_message_can_be_claimed_again(path: Path) -> None:
    """A later run takes it over if its policy says so; attempts add up, and the new recipient counts."""
    with opened(path) as ledger:
        settled(ledger, State.FAILED)
    with opened(path) as ledger:
        again = claim(to="+15550000000")
        assert asyncio.run(ledger.claim(again, lambda row: row.state is State.FAILED)) is None
        asyncio.run(ledger.settle(again.key, State.SENT, sid="SM1", attempts=2))
        row = ledger.get(again.key)
        assert row is not None
        assert (row.state, row.to, row.attempts) == (State.SENT, "+15550000000", 3)


@pytest.mark.parametrize("state", [State.SENT, State.REJECTED, State.FAILED])
def test_what_is_settled_stays_settled(path: Path, state: State) -> None:
    """A second settlement changes nothing."""
    with opened(path) as ledger:
        mine = settled(ledger, state)
        asyncio.run(ledger.settle(mine.key, State.UNKNOWN))
        assert ledger.counts() == {state: 1}


def test_a_killed_run_leaves_unknowns(path: Path) -> None:
    """After kill -9 in mid-send the next run knows which messages may be out, and that nobody holds them."""
    with program(HOLD, path) as process:
        assert process.stdout
        run = process.stdout.readline().strip()
        with opened(path) as ledger:
            assert ledger.is_alive(run)
            assert ledger.unknowns() == []
        process.kill()
    with opened(path) as ledger:
        assert not ledger.is_alive(run)
        assert [row.event_id for row in ledger.unknowns()] == ["event-0", "event-1", "event-2"]
        assert {row.run for row in ledger.unknowns()} == {run}
        assert ledger.counts() == {State.SENT: 1, State.UNKNOWN: 3}
        assert os.listdir(f"{path}.runs") == [ledger.run]


def test_a_run_that_dies_beside_us_is_noticed(path: Path) -> None:
    """What a live run is sending is left alone; once that run is dead it is unknown, not sending."""
    with opened(path) as ours, program(HOLD, path) as process:
        assert process.stdout
        process.stdout.readline()
        held = asyncio.run(ours.claim(claim(1), never))
        assert held is not None
        assert held.state is State.SENDING
        process.kill()
        process.wait()
        held = asyncio.run(ours.claim(claim(1), never))
        assert held is not None
        assert held.state is State.UNKNOWN


def test_two_runs_in_one_process_are_two_runs(path: Path) -> None:
    """One does not take the other for dead, nor settle what the other is sending."""
    with opened(path) as one:
        mine = claimed(one)
        with opened(path) as other:
            assert other.is_alive(one.run)
            asyncio.run(other.settle(mine.key, State.FAILED))
        assert one.counts() == {State.SENDING: 1}


def test_proof_overrides_a_burial(path: Path) -> None:
    """A run that was buried by mistake still records that its message was sent."""
    with opened(path) as one:
        mine = claimed(one)
        shutil.rmtree(f"{path}.runs")
        with opened(path) as other:
            assert len(other.unknowns()) == 1
        asyncio.run(one.settle(mine.key, State.SENT, sid="SM1"))
        assert one.counts() == {State.SENT: 1}


def test_a_later_run_resolves_an_unknown(path: Path) -> None:
    """An unknown of any run can be settled, unless somebody has claimed it anew since it was read."""
    with opened(path) as one:
        first, second = settled(one, State.UNKNOWN, 1), settled(one, State.UNKNOWN, 2)
    with opened(path, clock=lambda: 9e9) as other:
        stale, fresh = other.unknowns()
        settled(other, State.UNKNOWN, 1)
        asyncio.run(other.settle(first.key, State.FAILED, expected=stale))
        asyncio.run(other.settle(second.key, State.SENT, sid="SM1", expected=fresh))
        assert [row.key for row in other.unknowns()] == [first.key]
        assert other.knows("SM1")


RACE = """
    async def main(ledger, numbers):
        return sum([await ledger.claim(claim(number), never) is None for number in numbers])
    ledger = Ledger.open(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    print(asyncio.run(main(ledger, range(200))))
"""


def test_two_processes_claim_each_message_once(path: Path) -> None:
    """Two runs on the same events at the same time send each message once between them."""
    with program(RACE, path) as one, program(RACE, path) as other:
        for process in (one, other):
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in (one, other):
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert sum(int(process.communicate()[0]) for process in (one, other)) == 200


@pytest.mark.slow
def test_many_can_start_at_once(path: Path) -> None:
    """A ledger that eight processes create at the same time is one ledger."""
    code = "settled(Ledger.open(Path(sys.argv[1])), State.SENT, int(sys.argv[2]))"
    processes = [program(code, path, number) for number in range(8)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 8
    with opened(path) as ledger:
        assert ledger.counts() == {State.SENT: 8}


def test_nobody_else_can_read_it(path: Path) -> None:
    """The ledger, its side files and its folders are for their owner only, whatever the umask."""
    mask = os.umask(0)
    try:
        with opened(path) as ledger:
            claimed(ledger)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.rglob("*")}
    finally:
        os.umask(mask)
    assert modes.pop("ledger.db.runs") == 0o700
    assert set(modes) == {"ledger.db", "ledger.db-wal", "ledger.db-shm", ledger.run}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_closed_ledger_leaves_one_file(path: Path) -> None:
    """An orderly end leaves no side files and no trace of the run; what comes too late is refused."""
    with opened(path) as ledger:
        mine = claimed(ledger)
    assert sorted(os.listdir(path.parent)) == ["ledger.db", "ledger.db.runs"]
    assert os.listdir(f"{path}.runs") == []
    with pytest.raises(LedgerError, match="closed"):
        asyncio.run(ledger.settle(mine.key, State.SENT))


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(LedgerError) as caught:
        attempt()
    return str(caught.value)


@pytest.mark.parametrize("way", [Ledger.open, Ledger.open_readonly])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_text("to,body\n" * 100), "is not a ledger"),
        (
            lambda path: sqlite3.connect(path).execute("CREATE TABLE t (a)").connection.close(),
            "is not a ledger",
        ),
        (
            lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 9").connection.close(),
            "is not a ledger",
        ),
        (lambda path: path.mkdir(), "ledger.db"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4080), "is not a ledger"),
    ],
    ids=["text", "other database", "other version", "folder", "garbage"],
)
def test_a_file_that_is_no_ledger_is_refused(
    path: Path, spoil: Callable[[Path], None], words: str, way: Callable[[Path], object]
) -> None:
    """Someone else's file is named in a sentence, and left as it is."""
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    assert words in refusal(lambda: way(path))
    assert before == (path.read_bytes() if path.is_file() else None)


@pytest.mark.parametrize("way", [Ledger.open, Ledger.open_readonly])
def test_a_newer_ledger_is_refused(path: Path, way: Callable[[Path], object]) -> None:
    """An old program does not touch what a newer one wrote."""
    with opened(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 3")
    assert "newer" in refusal(lambda: way(path))


def look(path: Path) -> None:
    ledger = Ledger.open_readonly(path)
    assert ledger
    ledger.get(b"")


@pytest.mark.parametrize("way", [Ledger.open, look])
def test_a_damaged_ledger_says_what_to_do(path: Path, way: Callable[[Path], object]) -> None:
    """Damage is a sentence, not a traceback, and not a fresh start that would text everybody again."""
    with opened(path) as ledger:
        settled(ledger, State.SENT)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert "restore it from a backup" in refusal(lambda: way(path))


FULL = """
    import resource, signal
    async def main(ledger):
        await ledger.claim(claim(0), never)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        full = os.stat(sys.argv[1] + "-wal").st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        claims = [ledger.claim(claim(number), never) for number in range(1, 500)]
        failures = await asyncio.gather(*claims, return_exceptions=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        failures += await asyncio.gather(ledger.claim(claim(501), never), return_exceptions=True)
        assert all(isinstance(failure, LedgerError) for failure in failures), failures
        print(failures[0], failures[-1], sep="\\n")
    ledger = Ledger.open(Path(sys.argv[1]))
    asyncio.run(main(ledger))
    ledger.close()
"""


def test_a_full_disk_stops_everything(path: Path) -> None:
    """When the disk is full no claim of the group is granted, nor any later one, even with room again."""
    with program(FULL, path) as process:
        first, last = process.communicate()[0].splitlines()
    assert str(path) in first
    assert "free" in first
    assert last == first
    with opened(path) as ledger:
        assert [row.event_id for row in ledger.unknowns()] == ["event-0"]


def test_a_cancelled_settlement_is_kept(path: Path) -> None:
    """Whoever waits for it may be cancelled at once: the settlement is on the disk at the end."""

    async def cancel(settlement: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(settlement)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    with opened(path) as ledger:
        mine = claimed(ledger)
        asyncio.run(cancel(ledger.settle(mine.key, State.SENT, sid="SM1")))
    with opened(path) as ledger:
        assert ledger.knows("SM1")


@pytest.mark.parametrize("before", [None, State.UNKNOWN, State.FAILED])
def test_a_cancelled_claim_never_was(path: Path, before: State | None) -> None:
    """A claim whose caller is cancelled, early or late, leaves the row as it was: nothing was posted."""

    async def cancel(ledger: Ledger, late: bool) -> None:
        task = asyncio.create_task(ledger.claim(claim(), always))
        await asyncio.sleep(0)
        while late and (row := ledger.get(claim().key)) in (None, was):
            assert row == was
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    for late in (False, True):
        with opened(path) as ledger:
            if before:
                settled(ledger, before)
            was = ledger.get(claim().key)
            asyncio.run(cancel(ledger, late))
        with opened(path) as ledger:
            assert ledger.get(claim().key) == was


def test_a_cancelled_duplicate_leaves_the_first_alone(path: Path) -> None:
    """If the same event comes twice, giving up on the second does not free the first, which is being sent."""

    async def cancel(ledger: Ledger) -> None:
        task = asyncio.create_task(ledger.claim(claim(), never))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    with opened(path) as ledger:
        claimed(ledger)
        asyncio.run(cancel(ledger))
        asyncio.run(ledger.claim(claim(2), never))
        assert ledger.counts() == {State.SENDING: 2}


def test_a_dry_run_leaves_no_trace(path: Path) -> None:
    """Looking creates nothing: no folder, no ledger, no side files."""
    assert Ledger.open_readonly(path) is None
    assert not path.parent.exists()
    with opened(path) as ledger:
        mine = settled(ledger, State.SENT)
    before = sorted(path.parent.rglob("*"))
    looker = Ledger.open_readonly(path)
    assert looker
    assert looker.get(mine.key)
    assert [row.key for row in looker.rows()] == [mine.key]
    assert sorted(path.parent.rglob("*")) == before
    looker.close()


def test_a_dry_run_sees_what_others_send(path: Path) -> None:
    """A look that began while the ledger was at rest sees what is sent from then on, as does a later one."""
    with opened(path):
        pass
    early = Ledger.open_readonly(path)
    assert early
    with opened(path) as ledger:
        mine = settled(ledger, State.SENT)
        late = Ledger.open_readonly(path)
        assert late
        assert early.get(mine.key) == late.get(mine.key) == ledger.get(mine.key) is not None
    with opened(path) as ledger:
        settled(ledger, State.SENT, 2)
    for looker in (early, late):
        assert looker.counts() == {State.SENT: 2}
        looker.close()


LOOK = """
    if os.geteuid() == 0:
        os.seteuid(65534)  # nobody: permissions do not bind root
    print(Ledger.open_readonly(Path(sys.argv[1])).counts())
    print(refusal(lambda: Ledger.open(Path(sys.argv[1]))))
"""


def test_a_read_only_folder_can_be_looked_at() -> None:
    """Where nothing can be written a dry run works, and a real one says why not."""
    folder = Path(tempfile.mkdtemp()).resolve()  # pytest's own folders are closed to nobody
    path = folder / "ledger.db"
    try:
        with opened(path) as ledger:
            settled(ledger, State.SENT)
        path.chmod(0o444)
        folder.chmod(0o555)
        with program(LOOK, path) as process:
            counts, sentence = process.communicate()[0].splitlines()
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)
    assert "sent" in counts
    assert sentence.startswith(f"{path} cannot be used: Permission denied")


def test_rows_can_be_chosen(path: Path) -> None:
    """By state, recipient, action and time; latest first; a half-read list does not hold up anything."""
    time = iter(range(100))
    with opened(path, clock=lambda: float(next(time))) as ledger:
        for number, state in enumerate([State.SENT, State.FAILED, State.UNKNOWN, State.SENT]):
            settled(ledger, state, number)

        def numbers(rows: Iterator[Row]) -> list[int]:
            return [int(row.event_id[6:]) for row in rows]

        assert numbers(ledger.rows()) == [3, 2, 1, 0]
        assert numbers(ledger.rows(limit=2)) == [3, 2]
        assert numbers(ledger.rows(states={State.SENT, State.FAILED})) == [3, 1, 0]
        assert numbers(ledger.rows(states=[])) == []
        assert numbers(ledger.rows(to="+15551234567", action="Order shipped", since=2, until=6)) == [2, 1]
        assert numbers(ledger.rows(to="+1555")) == []
        half = ledger.rows()
        next(half)
        settled(ledger, State.SENT, 4)
        assert ledger.counts()[State.SENT] == 3
        assert numbers(half) == [2, 1, 0]


def test_pruning_keeps_what_is_open(path: Path) -> None:
    """Old settled rows go; nothing that is being sent, or that may be out, is ever forgotten."""
    time = iter(range(100))
    with opened(path, clock=lambda: float(next(time))) as ledger:
        for number, state in enumerate([State.SENT, State.REJECTED, State.FAILED, State.UNKNOWN, State.SENT]):
            settled(ledger, state, number)
        claimed(ledger, 9)
        assert ledger.prune(before=9) == 3
        assert ledger.counts() == {State.SENT: 1, State.UNKNOWN: 1, State.SENDING: 1}


STEPS = st.tuples(
    st.sampled_from(["claim", "settle", "die"]), st.integers(0, 1), st.sampled_from([*State][1:])
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEPS, max_size=15))
def test_a_row_lives_by_the_rules(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, State]]
) -> None:
    """Two runs that claim, settle and end in any order leave the row where the rules say."""
    path = tmp_path_factory.mktemp("life") / "ledger.db"
    mine = claim()
    state: State | None = None
    holder = -1
    runs = [Ledger.open(path), Ledger.open(path)]
    for step, who, target in steps:
        if step == "claim":
            granted = asyncio.run(runs[who].claim(mine, lambda row: row.state is State.FAILED)) is None
            assert granted == (state in (None, State.FAILED))
            if granted:
                state, holder = State.SENDING, who
        elif step == "settle":
            asyncio.run(runs[who].settle(mine.key, target))
            if state is State.UNKNOWN or (state is State.SENDING and holder == who):
                state = target
        else:
            runs[who].close()
            runs[who] = Ledger.open(path)
            if state is State.SENDING and holder == who:
                state = State.UNKNOWN
        row = runs[who].get(mine.key)
        assert (row and row.state) == state
    for run in runs:
        run.close()
