"""What is written to a ledger: claims, settlements and withdrawals, within one transaction of its thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from twiliodest.ledger import notes as notes
from twiliodest.ledger import receipts as receipts
from twiliodest.ledger.file import MANY
from twiliodest.ledger.locks import Turns
from twiliodest.ledger.receipts import Receipt
from twiliodest.ledger.rows import Claim, Damaged, Row, State, row_of
from twiliodest.ledger.servers import Use

COLUMNS = ", ".join(f'"{name}"' for name in Row.__struct_fields__)
VALUES = ", ".join("?" * len(Row.__struct_fields__))
INSERT = 'INSERT INTO message VALUES {values} ON CONFLICT ("key") DO NOTHING'
REPLACE = f"""UPDATE message SET ({COLUMNS}) = ({VALUES}) WHERE "key" = ? AND run = ? AND state = ?"""  # noqa: S608 -- names
REMOVE = 'DELETE FROM message WHERE "key" = ? AND run = ? AND state = ?'
SETTLE = """UPDATE message
    SET state = :state, sid = :sid, code = :code, reason = :reason, attempts = attempts + :attempts,
        settled_at = :now
    WHERE rowid = coalesce(:rowid, (SELECT rowid FROM message WHERE "key" = :key)) AND "key" = :key
        AND (state = 'unknown' OR state = 'sending' AND run = :run)
        AND (:was IS NULL OR state = :was AND run = :held AND claimed_at = :claimed_at)"""
SETTLE_MANY = """UPDATE message
    SET state = column3, sid = column4, code = column5, reason = column6, attempts = attempts + column7,
        settled_at = ?
    FROM (VALUES {values})
    WHERE message.rowid = column1 AND message."key" = column2
        AND (state = 'unknown' OR state = 'sending' AND run = ?)"""
NEWEST = 'SELECT "key", rowid FROM message WHERE rowid > ?'
RUNS = "SELECT DISTINCT run FROM message WHERE state = 'sending'"
BURY = """UPDATE message SET state = 'unknown', reason = 'the run died while sending this', settled_at = ?
    WHERE state = 'sending' AND run = ?"""
GET = 'SELECT * FROM message WHERE "key" = ?'


class Claiming(NamedTuple):
    claim: Claim
    may_claim: Callable[[Row], bool]
    replaced: list[Row | None]  # what stood in its place, once it is claimed


class Settling(NamedTuple):
    key: bytes
    state: State
    sid: str | None
    code: int | None
    reason: str | None
    attempts: int
    expected: Row | None


class Withdrawal(NamedTuple):
    key: bytes
    replaced: Sequence[Row | None]


class Noting(NamedTuple):
    """That the run has gone through all of its input; or by how much Twilio's clock is ahead of ours, in seconds."""

    ahead: float | None = None


class Receiving(NamedTuple):
    """Receipts by the keys of their messages."""

    receipts: Sequence[tuple[bytes, Receipt]]


Job = Claiming | Settling | Withdrawal | Noting | Receiving


class Clerk:
    """Writes for one run. Whoever calls it has begun a transaction, and ends it; `clock` gives unix seconds."""

    def __init__(
        self,
        db: sqlite3.Connection,
        run: str,
        turns: Turns,
        clock: Callable[[], float],
        use: Use | None,
    ) -> None:
        self.run = run
        self._db = db
        self._turns = turns
        self._clock = clock
        self._use = use
        self._entered = self._reached = False
        self._rowids: dict[bytes, int] = {}  # of what this run is sending

    def perform(self, jobs: Sequence[Job]) -> Sequence[Row | None]:
        """Do jobs within one transaction: settlements, then claims, and withdrawals of claims at last.

        Together as far as possible: while others compute, each statement waits for its turn in the interpreter.
        """
        now = self._clock()
        self._settle([job for job in jobs if isinstance(job, Settling)], now)
        standing = iter(self._claim([job for job in jobs if isinstance(job, Claiming)], now))
        for job in jobs:
            if isinstance(job, Withdrawal):
                self._withdraw(job)
            elif isinstance(job, Noting):
                self._note(job)
            elif isinstance(job, Receiving):
                values = ((key, *msgspec.structs.astuple(receipt)) for key, receipt in job.receipts)
                self._db.executemany(receipts.RECORD, values)
        return [next(standing) if isinstance(job, Claiming) else None for job in jobs]

    def _claim(self, jobs: Sequence[Claiming], now: float) -> Sequence[Row | None]:
        """For each, what is in its way; what nobody has claimed before is claimed at once."""
        new: dict[bytes, int] = {}
        size = len(jobs) if MANY else 1
        for start in range(0, len(jobs), size or 1):
            new |= self._insert(jobs[start : start + size], now)
        self._rowids |= new
        standing: list[Row | None] = []
        for job in jobs:
            if new.pop(job.claim.key, None) is None:
                standing.append(self._replace(job, now))
            else:
                job.replaced.append(None)
                standing.append(None)
        if None in standing:
            self._enter()
        return standing

    def _insert(self, jobs: Sequence[Claiming], now: float) -> dict[bytes, int]:
        """Of those whose keys were free, the rows' ids; new rows are numbered as they come."""
        values = [value for job in jobs for value in self._claimed(job.claim, 0, now)]
        done = self._db.execute(INSERT.format(values=", ".join([f"({VALUES})"] * len(jobs))), values)
        last = done.lastrowid or 0
        if done.rowcount == len(jobs):
            return {job.claim.key: rowid for rowid, job in enumerate(jobs, last - len(jobs) + 1)}
        return dict(self._db.execute(NEWEST, (last - done.rowcount,))) if done.rowcount else {}

    def _replace(self, job: Claiming, now: float) -> Row | None:
        """Claim what was claimed before, if that may be."""
        row = self._find(job.claim.key)
        if row.state is State.SENDING and row.run != self.run:
            self.bury()
            row = self._find(job.claim.key)
        if not job.may_claim(row):
            return row
        values = self._claimed(job.claim, row.attempts, now)
        self._db.execute(REPLACE, (*values, job.claim.key, row.run, row.state))
        job.replaced.append(row)
        return None

    def _claimed(self, claim: Claim, attempts: int, now: float) -> tuple[object, ...]:
        """The columns of a row that this run is sending."""
        return (*msgspec.structs.astuple(claim), "sending", self.run, None, None, None, attempts, now, None)

    def _withdraw(self, job: Withdrawal) -> None:
        for row in job.replaced:  # none if the claim was refused
            held = (job.key, self.run, State.SENDING)
            if row:
                self._db.execute(REPLACE, (*msgspec.structs.astuple(row), *held))
            else:
                self._db.execute(REMOVE, held)
            self._rowids.pop(job.key, None)

    def _enter(self) -> None:
        if self._use and not self._entered:
            notes.enter(self._db, self.run, self._use)
            self._entered = True

    def _note(self, job: Noting) -> None:
        self._enter()
        if job.ahead is None:
            self._db.execute(notes.COMPLETE, (self.run,))
        else:
            self._db.execute(notes.MEASURE, (job.ahead, self.run))

    def _settle(self, jobs: Sequence[Settling], now: float) -> None:
        if not self._reached and any(job.state is not State.FAILED for job in jobs):
            self._db.execute(notes.REACH, (self.run,))
            self._reached = True
        together: list[object] = []
        for job in jobs:
            rowid = self._rowids.pop(job.key, None)
            if rowid and not job.expected and MANY:
                together += (rowid, job.key, job.state.value, job.sid, job.code, job.reason, job.attempts)
                continue
            change: dict[str, object] = {"rowid": rowid, "run": self.run, "now": now}
            change |= {"was": None, "held": None, "claimed_at": None}
            if row := job.expected:
                change |= {"was": row.state.value, "held": row.run, "claimed_at": row.claimed_at}
            self._db.execute(SETTLE, job._asdict() | change | {"state": job.state.value, "expected": None})
        if together:
            values = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * (len(together) // 7))
            self._db.execute(SETTLE_MANY.format(values=values), (now, *together, self.run))

    def _find(self, key: bytes) -> Row:
        values = self._db.execute(GET, (key,)).fetchone()
        if values is None:
            raise Damaged("a row is there and cannot be found")
        return row_of(values)

    def bury(self) -> None:
        """What a run was sending when it died is unknown."""
        for (run,) in self._db.execute(RUNS).fetchall():
            if not self._turns.is_alive(run):
                self._db.execute(BURY, (self._clock(), run))
                self._db.execute(notes.REACH, (run,))
        self._turns.bury()
