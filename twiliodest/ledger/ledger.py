"""The ledger: what went out, so durably that nobody is texted twice."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from twiliodest.errors import LedgerError
from twiliodest.ledger import notes as notes
from twiliodest.ledger import receipts as receipts
from twiliodest.ledger.clerk import Claiming, Clerk, Job, Noting, Receiving, Settling, Withdrawal
from twiliodest.ledger.file import (
    HAS_NOTES,
    connect,
    create,
    create_folders,
    explained,
    is_begun,
    set_up,
    transaction,
)
from twiliodest.ledger.locks import Turns
from twiliodest.ledger.log import Log, refuse_part
from twiliodest.ledger.looks import Looks
from twiliodest.ledger.moment import Moment, refuse_another, refuse_forgetful
from twiliodest.ledger.place import Place, moved, refuse_remains, refuse_special
from twiliodest.ledger.reader import Reader
from twiliodest.ledger.receipts import Receipt
from twiliodest.ledger.rows import Claim, Row, State
from twiliodest.ledger.servers import Use
from twiliodest.ledger.writer import Writer

ENDS = "SELECT min(rowid), max(rowid) FROM message"
PRUNE = """DELETE FROM message
    WHERE rowid BETWEEN ? AND ? AND settled_at < ? AND state NOT IN ('sending', 'unknown')"""
AT_ONCE = 20_000  # rows that pruning looks at in one turn: others want to write, too


class Ledger(Looks):
    """The ledger as one run sees it; a second `Ledger`, in this process or another, is a second run.

    `claim` and `settle` return once their transaction is on the disk. If one fails, it and all later ones
    raise `LedgerError`: nothing may be posted any more. Reads see what is committed; they are for the thread
    that opened the ledger.

    From its start to its end a run locks `<ledger>.runs/<run>`; the kernel lets go of it however the run ends.
    A `sending` row whose run is gone becomes `unknown` when the next run starts, or tries to claim it.
    """

    _reader: Reader
    _writer: Writer[Job]

    def __init__(self, path: Path, clock: Callable[[], float] = time.time, use: Use | None = None) -> None:
        self._place = Place(path)
        self.path = self._place.path
        self.run = secrets.token_hex(8)
        self._clock = clock
        self._use = use
        self._turns = Turns(self.path, self.run)
        self._closing = contextlib.ExitStack()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        use: Use | None = None,
        since: Moment | None = None,
    ) -> Ledger:
        """Opens or creates the ledger, for its owner's eyes only, and starts a run.

        `clock` gives unix seconds; the ledger's own thread calls it. `use` is what the run will claim for. Raises
        `LedgerError`, also if the ledger holds what went to another server, or is not what it was at that moment.
        """
        with explained(path):
            ledger = cls(path, clock, use)
            if since:
                refuse_another(path, since)
        with explained(ledger.path), contextlib.ExitStack() as opened:
            create_folders(ledger.path)
            ledger._turns.create()
            opened.callback(ledger._turns.leave)
            ledger._turns.enlist()
            with ledger._turns.take():
                ledger._start(opened)
            ledger._reader = opened.enter_context(contextlib.closing(Reader(ledger.path)))
            if use:
                notes.refuse(use, ledger._reader.query, ledger.path)
            if since:
                refuse_forgetful(ledger.path, since, ledger._reader.query)
            ledger._writer = Writer(
                ledger._place, ledger._turns, ledger._db, ledger._log, ledger._clerk.perform
            )
            opened.callback(ledger._writer.stop)
            ledger._closing = opened.pop_all()
        return ledger

    @classmethod
    def open_readonly(cls, path: Path, *, use: Use | None = None) -> Ledger | None:
        """Opens the ledger for reads only and creates no file; None if there is none. See `open`."""
        with explained(path):
            ledger = cls(path, use=use)
        with explained(ledger.path), contextlib.ExitStack() as opened:
            refuse_special(ledger.path)
            refuse_remains(ledger.path, Path(ledger._place.wal))
            if not is_begun(ledger.path):
                return None
            ledger._reader = opened.enter_context(contextlib.closing(Reader(ledger.path)))
            ledger._reader.refuse_others()
            refuse_part(ledger._reader, ledger._place)
            if use and ledger._reader.query(HAS_NOTES)[0][0]:
                notes.refuse(use, ledger._reader.query, ledger.path)
            ledger._closing = opened.pop_all()
        return ledger

    def close(self) -> None:
        """Commits what still waits, and ends the run."""
        self._closing.close()

    def hurry(self) -> None:
        """The run is to end: nobody waits much longer for others who hold the ledger."""
        self._turns.hurry()

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

    def note_ahead(self, seconds: float) -> None:
        """By how much Twilio's clock is ahead of ours in this run."""
        self._writer.put(Noting(seconds))

    def note_completed(self) -> None:
        """This run has gone through all of its input: what it knows events by, they are known by from now on."""
        self._writer.put(Noting())

    async def receive(self, found: Sequence[tuple[bytes, Receipt]]) -> None:
        """Remembers receipts by the keys of their messages, durably."""
        await self._writer.submit(Receiving(found))

    def is_alive(self, run: str) -> bool:
        """Whether a run still lives; if that cannot be told, it does."""
        return self._turns.is_alive(run)

    def prune(self, before: float) -> int:
        """Forgets what was settled before that time; says how many. Never what is `sending` or `unknown`."""
        with explained(self.path), contextlib.closing(connect(self.path)) as db:
            first, last = db.execute(ENDS).fetchone()
            count = 0
            for start in range(first or 0, (last or -1) + 1, AT_ONCE):
                with self._turns.take(), transaction(db, self._turns):
                    count += db.execute(PRUNE, (start, start + AT_ONCE - 1, before)).rowcount
            with self._turns.take(), transaction(db, self._turns):
                db.execute(notes.FORGET)
                db.execute(receipts.FORGET)
        return count

    def _start(self, opened: contextlib.ExitStack) -> None:
        """Whoever calls it has the turn."""
        self._place.check()
        refuse_special(self.path)
        if not is_begun(self.path):
            if self._turns.has_forerunner():  # it was created, and went, while this run waited for its turn
                raise moved(self.path)
            create(self.path)
        try:
            self._db = connect(self.path)  # which creates no file
        except sqlite3.OperationalError:
            if not self.path.exists():
                raise moved(self.path) from None
            raise
        with contextlib.ExitStack() as failing:
            failing.callback(self._db.close)
            set_up(self._db, self.path, self._turns)
            self._log = Log(self._db, self._place, self._turns)
            self._log.start()
            self._clerk = Clerk(self._db, self.run, self._turns, self._clock, self._use)
            with transaction(self._db, self._turns):
                self._clerk.bury()
            self._log.move()
            self._place.remember()
            failing.pop_all()
            opened.callback(self._end)

    def _end(self) -> None:
        """In one turn, so that the last run knows that it is the last."""
        with contextlib.ExitStack() as ending:
            ending.callback(self._db.close)
            with contextlib.suppress(LedgerError, OSError):  # all is on the disk, whoever is in the way
                ending.enter_context(self._turns.take())
                self._turns.leave()
                self._log.end()
