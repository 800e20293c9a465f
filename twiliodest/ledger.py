"""The ledger: what went out, so durably that nobody is texted twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from twiliodest.ledger_clerk import GET, Claiming, Clerk, Job, Settling, Withdrawal
from twiliodest.ledger_file import (
    Reader,
    connect,
    create,
    explained,
    is_locked,
    locked,
    set_up,
    transaction,
    turn,
)
from twiliodest.ledger_writer import Writer
from twiliodest.rows import Claim, Row, State, row_of

KNOWS = "SELECT 1 FROM message WHERE claimed_at BETWEEN ? AND ? AND sid = ? LIMIT 1"
UNKNOWNS = "SELECT * FROM message WHERE state = 'unknown' ORDER BY claimed_at, rowid"
UNDECIDED = """SELECT * FROM message WHERE state = 'unknown'
    UNION ALL SELECT * FROM message WHERE state = 'sending'"""
ROWS = """SELECT * FROM message
    WHERE (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
        AND (:to IS NULL OR "to" = :to) AND (:action IS NULL OR action = :action)
        AND claimed_at >= :since AND claimed_at < :until
    ORDER BY claimed_at DESC, rowid DESC LIMIT :limit"""
COUNTS = "SELECT state, count(*) FROM message GROUP BY state"
PRUNE = "DELETE FROM message WHERE settled_at < ? AND state NOT IN ('sending', 'unknown')"


class Ledger:
    """The ledger as one run sees it; a second `Ledger`, in this process or another, is a second run.

    `claim` and `settle` return once their transaction is on the disk. If one fails, it and all later ones
    raise `LedgerError`: nothing may be posted any more. Reads see what is committed; they are for the thread
    that opened the ledger.

    Before its first claim a run locks `<ledger>.runs/<run>`; the kernel lets go of it however the run ends.
    A `sending` row whose run is gone becomes `unknown` when the next run starts, or tries to claim it.
    """

    _reader: Reader
    _writer: Writer[Job]

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path.resolve()
        self.run = secrets.token_hex(8)
        self._clock = clock
        self._locks = Path(f"{self.path}.runs")
        self._closing = contextlib.ExitStack()

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], float] = time.time) -> Ledger:
        """Opens or creates the ledger, for its owner's eyes only, and starts a run.

        `clock` gives unix seconds; the ledger's own thread calls it. Raises `LedgerError`.
        """
        ledger = cls(path, clock)
        with explained(ledger.path), contextlib.ExitStack() as opened:
            create(ledger.path, ledger._locks)
            with turn(ledger._locks):
                ledger._start(opened)
            ledger._reader = opened.enter_context(contextlib.closing(Reader(ledger.path)))
            ledger._writer = Writer(ledger.path, ledger._locks, ledger._db, ledger._clerk.perform)
            opened.callback(ledger._writer.stop)
            ledger._closing = opened.pop_all()
        return ledger

    @classmethod
    def open_readonly(cls, path: Path) -> Ledger | None:
        """Opens the ledger for reads only and creates no file; None if it is absent. Raises `LedgerError`."""
        ledger = cls(path)
        with explained(ledger.path), contextlib.ExitStack() as opened:
            if not ledger.path.exists():
                return None
            ledger._reader = opened.enter_context(contextlib.closing(Reader(ledger.path)))
            if ledger._reader.is_new():
                return None
            ledger._closing = opened.pop_all()
        return ledger

    def close(self) -> None:
        """Commits what still waits, and ends the run."""
        self._closing.close()

    async def claim(self, claim: Claim, may_claim: Callable[[Row], bool]) -> Row | None:
        """None: claimed for this run, durably. Else the row that stands in the way.

        `may_claim` says whether an existing row may be claimed again; it is asked inside the transaction, in
        the ledger's thread. Attempts are kept. If the caller is cancelled, it is as if it had never claimed.
        """
        replaced: list[Row | None] = []
        answer = self._writer.submit(Claiming(claim, may_claim, replaced))
        try:
            row: Row | None = await answer
        except asyncio.CancelledError:
            self._writer.put(Withdrawal(claim.key, replaced))
            raise
        return row

    async def settle(
        self,
        key: bytes,
        state: State,
        *,
        sid: str | None = None,
        code: int | None = None,
        reason: str | None = None,
        attempts: int = 0,
        expected: Row | None = None,
    ) -> None:
        """Records how it ended, durably, even if the caller is cancelled; `attempts` are added to the row's.

        Changes what this run is `sending`, and what is `unknown`, whoever sent it: proof ends doubt. All else
        stays as it is. With `expected`, only if the row still has that state, from that claim.
        """
        await self._writer.submit(Settling(key, state, sid, code, reason, attempts, expected))

    def get(self, key: bytes) -> Row | None:
        """The row of a key."""
        return next(map(row_of, self._reader.query(GET, key)), None)

    def knows(self, sid: str, since: float = -math.inf, until: float = math.inf) -> bool:
        """Whether a row claimed from `since` to `until` has this SID; reads all of that time, so: keep it short."""
        return bool(self._reader.query(KNOWS, since, until, sid))

    def rows(
        self,
        *,
        states: Collection[State] | None = None,
        to: str | None = None,
        action: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
    ) -> Iterator[Row]:
        """Streams rows, latest claim first; `since` and `until` (excluded) bound the time of the claim."""
        chosen: dict[str, object] = {"to": to, "action": action}
        chosen["since"] = -math.inf if since is None else since
        chosen["until"] = math.inf if until is None else until
        chosen["states"] = None if states is None else json.dumps([*states])
        chosen["limit"] = -1 if limit is None else limit
        # By a reader of its own: while a stream is half read, other reads would see the past.
        with explained(self.path), contextlib.closing(Reader(self.path)) as reader:
            yield from map(row_of, reader.stream(ROWS, chosen))

    def unknowns(self) -> list[Row]:
        """What may have been accepted, oldest claim first."""
        return [row_of(values) for values in self._reader.query(UNKNOWNS)]

    def undecided(self) -> list[Row]:
        """What may have been accepted, and what is being sent, oldest claim first."""
        rows = [row_of(values) for values in self._reader.query(UNDECIDED)]
        return sorted(rows, key=lambda row: row.claimed_at)  # SQLite would read the whole table in that order

    def counts(self) -> dict[State, int]:
        """How many rows each state has; reads them all."""
        return {State(state): count for state, count in self._reader.query(COUNTS)}

    def is_alive(self, run: str) -> bool:
        """Whether a run still lives; if that cannot be told, it does."""
        return is_locked(self._locks / run)

    def prune(self, before: float) -> int:
        """Forgets what was settled before that time; says how many. Never what is `sending` or `unknown`."""
        with explained(self.path), turn(self._locks), contextlib.closing(connect(self.path)) as db:
            return db.execute(PRUNE, (before,)).rowcount

    def _start(self, opened: contextlib.ExitStack) -> None:
        self._db = opened.enter_context(contextlib.closing(connect(self.path)))
        set_up(self._db, self.path)
        self._clerk = Clerk(self._db, self.run, self._locks, self._clock)
        with transaction(self._db):
            opened.callback((self._locks / self.run).unlink, missing_ok=True)
            opened.enter_context(locked(self._locks / self.run, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            self._clerk.bury()
