"""The ledger: what went out, so durably that nobody is texted twice."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import fcntl
import hashlib
import itertools
import json
import os
import queue
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from twiliodest.errors import LedgerError


class State(enum.StrEnum):
    """Where a claimed message stands."""

    SENDING = "sending"  # claimed: its run is at it, or has died
    SENT = "sent"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"  # may have been accepted


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to claim a message. `text` is a salted digest of the body, never the body."""

    key: bytes
    event_id: str
    action: str
    to: str
    sender: str
    text: bytes


class Row(Claim, frozen=True, kw_only=True):
    """What the ledger knows of one message. Times are unix seconds; `attempts` are the POSTs of all runs."""

    state: State
    run: str
    sid: str | None
    code: int | None
    reason: str | None
    attempts: int
    claimed_at: float
    settled_at: float | None


def key(account: str, event_id: str, action: str) -> bytes:
    """The identity of one action on one event: 16 bytes. The parts' lengths go in, so no two triples meet."""
    parts = (part.encode("utf-8", "surrogatepass") for part in (account, event_id, action))
    return hashlib.blake2b(b"".join(b"%d:%b" % (len(part), part) for part in parts), digest_size=16).digest()


APPLICATION = 0x54574C31  # "TWL1": tells a ledger from any other SQLite file
VERSION = 1
BUSY_SECONDS = 30

# A claim adds at the end of the table, so rowid order is the order of claims, and a message touches old pages
# of two indexes only: by key and by SID.
SCHEMA = (
    """CREATE TABLE message (
        "key" BLOB NOT NULL UNIQUE,
        event_id TEXT NOT NULL,
        action TEXT NOT NULL,
        "to" TEXT NOT NULL,
        sender TEXT NOT NULL,
        "text" BLOB NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('sending', 'sent', 'rejected', 'failed', 'unknown')),
        run TEXT NOT NULL,
        sid TEXT,
        code INTEGER,
        reason TEXT,
        attempts INTEGER NOT NULL,
        claimed_at REAL NOT NULL,
        settled_at REAL CHECK ((settled_at IS NULL) = (state = 'sending'))
    )""",
    "CREATE INDEX message_sid ON message (sid) WHERE sid IS NOT NULL",
    "CREATE INDEX message_sending ON message (run) WHERE state = 'sending'",
    "CREATE INDEX message_unknown ON message (claimed_at) WHERE state = 'unknown'",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA cache_size = -16384",  # KiB: the inner pages of the indexes of ten million rows
    "PRAGMA wal_autocheckpoint = 10000",  # pages; a checkpoint writes them all over a large file, so: seldom
)
IDENTITY = """SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
    FROM pragma_application_id, pragma_user_version"""
INSERT = f"""INSERT INTO message VALUES ({", ".join("?" * len(Row.__struct_fields__))})
    ON CONFLICT ("key") DO NOTHING"""  # noqa: S608 (placeholders)
REMOVE = """DELETE FROM message WHERE "key" = ?"""
WITHDRAW = """DELETE FROM message WHERE "key" = ? AND run = ? AND state = 'sending'"""
SETTLE = """UPDATE message
    SET state = :state, sid = :sid, code = :code, reason = :reason, attempts = attempts + :attempts,
        settled_at = :now
    WHERE "key" = :key AND (state = 'unknown' OR state = 'sending' AND run = :run)
        AND (:was IS NULL OR state = :was AND run = :held AND claimed_at = :claimed_at)"""
RUNS = "SELECT DISTINCT run FROM message WHERE state = 'sending'"
BURY = """UPDATE message SET state = 'unknown', reason = 'the run died while sending this', settled_at = ?
    WHERE state = 'sending' AND run = ?"""
GET = 'SELECT * FROM message WHERE "key" = ?'
KNOWS = "SELECT 1 FROM message WHERE sid = ?"
UNKNOWNS = "SELECT * FROM message WHERE state = 'unknown' ORDER BY claimed_at, rowid"
ROWS = """SELECT * FROM message
    WHERE (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
        AND (:to IS NULL OR "to" = :to) AND (:action IS NULL OR action = :action)
        AND (:since IS NULL OR claimed_at >= :since) AND (:until IS NULL OR claimed_at < :until)
    ORDER BY rowid DESC LIMIT :limit"""
COUNTS = "SELECT state, count(*) FROM message GROUP BY state"
PRUNE = "DELETE FROM message WHERE settled_at < ? AND state NOT IN ('sending', 'unknown')"

ADVICE = {
    "SQLITE_NOTADB": "is not a ledger; name another file with --ledger",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup: without it people may be texted twice",
    "SQLITE_BUSY": f"was locked by another program for {BUSY_SECONDS} s; end that program, then run again",
    "SQLITE_FULL": "cannot grow: the disk is full; free some space, then run again",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and of its folder",
    "SQLITE_CANTOPEN": "cannot be opened; check the permissions of the file and of its folder",
    "SQLITE_IOERR": "cannot be read or written; check the disk and its free space, then run again",
}


class Ledger:
    """The ledger as one run sees it; a second `Ledger`, in this process or another, is a second run.

    `claim` and `settle` return once their transaction is on the disk. If one fails, it and all later ones
    raise `LedgerError`: nothing may be posted any more. Reads see what is committed; they are for the thread
    that opened the ledger.

    Before its first claim a run locks `<ledger>.runs/<run>`; the kernel lets go of it however the run ends.
    A `sending` row whose run is gone becomes `unknown` when the next run starts, or tries to claim it.
    """

    _db: sqlite3.Connection
    _writer: _Writer

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path.resolve()
        self.run = secrets.token_hex(8)
        self._clock = clock
        self._runs = Path(f"{self.path}.runs")
        self._closing = contextlib.ExitStack()

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], float] = time.time) -> Ledger:
        """Opens or creates the ledger, for its owner's eyes only, and starts a run.

        `clock` gives unix seconds; the ledger's own thread calls it. Raises `LedgerError`.
        """
        ledger = cls(path, clock)
        with _explained(ledger.path), contextlib.ExitStack() as opened:
            _create(ledger.path, ledger._runs)
            with _turn(ledger._runs):
                ledger._start(opened)
            ledger._look(opened)
            ledger._writer = _Writer(ledger.path, ledger._runs, ledger._db)
            opened.callback(ledger._writer.stop)
            ledger._closing = opened.pop_all()
        return ledger

    @classmethod
    def open_readonly(cls, path: Path) -> Ledger | None:
        """Opens the ledger for reads only and creates no file; None if it is absent. Raises `LedgerError`."""
        ledger = cls(path)
        with _explained(ledger.path), contextlib.ExitStack() as opened:
            if not ledger.path.exists():
                return None
            ledger._look(opened)
            if _is_new(ledger._reader, ledger.path):
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
        answer = self._writer.submit(partial(self._claim, claim, may_claim, replaced))
        try:
            row: Row | None = await answer
        except asyncio.CancelledError:
            self._writer.put(partial(self._withdraw, claim.key, replaced))
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
        change: dict[str, object] = {
            "key": key,
            "state": state.value,
            "sid": sid,
            "code": code,
            "reason": reason,
        }
        change |= {"attempts": attempts, "was": None, "held": None, "claimed_at": None}
        if expected:
            change |= {"was": expected.state.value, "held": expected.run, "claimed_at": expected.claimed_at}
        await self._writer.submit(partial(self._settle, change))

    def get(self, key: bytes) -> Row | None:
        """The row of a key."""
        return next(map(_row, self._query(GET, key)), None)

    def knows(self, sid: str) -> bool:
        """Whether some row has this SID."""
        return bool(self._query(KNOWS, sid))

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
        chosen = {"to": to, "action": action, "since": since, "until": until}
        chosen["states"] = None if states is None else json.dumps([*states])
        chosen["limit"] = -1 if limit is None else limit
        # On a connection of its own: while a stream is half read, other reads on it would see the past.
        with _explained(self.path), contextlib.closing(_connect(self.path, _reading(self.path))) as db:
            yield from map(_row, db.execute(ROWS, chosen))

    def unknowns(self) -> list[Row]:
        """What may have been accepted, oldest claim first."""
        return [_row(values) for values in self._query(UNKNOWNS)]

    def counts(self) -> dict[State, int]:
        """How many rows each state has; reads them all."""
        return {State(state): count for state, count in self._query(COUNTS)}

    def is_alive(self, run: str) -> bool:
        """Whether a run still lives; if that cannot be told, it does."""
        return _lives(self._runs / run)

    def prune(self, before: float) -> int:
        """Forgets what was settled before that time; says how many. Never what is `sending` or `unknown`."""
        with (
            _explained(self.path),
            _turn(self._runs),
            contextlib.closing(_connect(self.path, "mode=rw")) as db,
        ):
            return db.execute(PRUNE, (before,)).rowcount

    def _start(self, opened: contextlib.ExitStack) -> None:
        self._db = opened.enter_context(contextlib.closing(_connect(self.path, "mode=rw")))
        is_new = _is_new(self._db, self.path)  # before anything changes in what may be somebody else's file
        if self._db.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise LedgerError(
                f"{self.path} is on a disk that cannot keep it safe; name a local one with --ledger"
            )
        for statement in SETTINGS:
            self._db.execute(statement)
        with _transaction(self._db):
            for statement in SCHEMA if is_new else ():
                self._db.execute(statement)
            opened.callback((self._runs / self.run).unlink, missing_ok=True)
            opened.enter_context(_locked(self._runs / self.run, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            self._bury()

    def _claim(
        self, claim: Claim, may_claim: Callable[[Row], bool], replaced: list[Row | None]
    ) -> Row | None:
        now = self._clock()
        values = (*msgspec.structs.astuple(claim), "sending", self.run, None, None, None)
        row = None
        if not self._db.execute(INSERT, (*values, 0, now, None)).rowcount:
            row = self._find(claim.key)
            if row.state is State.SENDING and row.run != self.run:
                self._bury()
                row = self._find(claim.key)
            if not may_claim(row):
                return row
            self._db.execute(REMOVE, (claim.key,))
            self._db.execute(INSERT, (*values, row.attempts, now, None))
        replaced.append(row)
        return None

    def _withdraw(self, key: bytes, replaced: list[Row | None]) -> None:
        for row in replaced:  # none if the claim was refused
            if self._db.execute(WITHDRAW, (key, self.run)).rowcount and row:
                self._db.execute(INSERT, msgspec.structs.astuple(row))

    def _settle(self, change: dict[str, object]) -> None:
        self._db.execute(SETTLE, change | {"run": self.run, "now": self._clock()})

    def _find(self, key: bytes) -> Row:
        return _row(self._db.execute(GET, (key,)).fetchone())

    def _bury(self) -> None:
        for (run,) in self._db.execute(RUNS).fetchall():
            if not self.is_alive(run):
                self._db.execute(BURY, (self._clock(), run))
        for file in self._runs.iterdir():
            if not _lives(file):
                file.unlink(missing_ok=True)

    def _query(self, sql: str, *parameters: object) -> list[Any]:
        with _explained(self.path):
            if self._rest and self._rest != _at_rest(self.path):
                self._reader.close()
                self._look(self._closing)
            return self._reader.execute(sql, parameters).fetchall()

    def _look(self, opened: contextlib.ExitStack) -> None:
        self._rest = _at_rest(self.path)
        self._reader = opened.enter_context(contextlib.closing(_connect(self.path, _reading(self.path))))


class _Writer:
    """Does jobs in order in its own thread: all that wait in one transaction, then one wake-up for all."""

    def __init__(self, path: Path, runs: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._runs = runs
        self._db = db
        self._refusal = ""
        self._jobs: queue.SimpleQueue[tuple[Callable[[], object], asyncio.Future[Any] | None] | None]
        self._jobs = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], object]) -> asyncio.Future[Any]:
        if self._refusal or not self._thread.is_alive():
            raise LedgerError(self._refusal or f"{self._path} is closed")
        future = asyncio.get_running_loop().create_future()
        self._jobs.put((work, future))
        return future

    def put(self, work: Callable[[], object]) -> None:
        self._jobs.put((work, None))

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while group := self._gather():
            results: list[object] = []
            try:
                if self._refusal:
                    raise LedgerError(self._refusal)
                with _explained(self._path), _turn(self._runs), _transaction(self._db):
                    results = [work() for work, _ in group]
            except Exception as error:
                self._refusal = str(error)
                results = [LedgerError(self._refusal) for _ in group]
            answers = [(future, result) for (_, future), result in zip(group, results, strict=True) if future]
            for loop, batch in itertools.groupby(answers, key=lambda answer: answer[0].get_loop()):
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(_answer, list(batch))

    def _gather(self) -> list[tuple[Callable[[], object], asyncio.Future[Any] | None]]:
        group = []
        job = self._jobs.get()
        with contextlib.suppress(queue.Empty):
            while job:
                group.append(job)
                job = self._jobs.get_nowait()
            if group:
                self._jobs.put(None)  # this group first, then stop
        return group


def _answer(answers: list[tuple[asyncio.Future[Any], object]]) -> None:
    for future, result in answers:
        if future.done():  # cancelled
            continue
        if isinstance(result, LedgerError):
            future.set_exception(result)
        else:
            future.set_result(result)


def _row(values: tuple[object, ...]) -> Row:
    return msgspec.convert(dict(zip(Row.__struct_fields__, values, strict=True)), Row)


def _create(path: Path, runs: Path) -> None:
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its side files the same mode
    runs.mkdir(mode=0o700, exist_ok=True)


def _connect(path: Path, how: str) -> sqlite3.Connection:
    address = f"{path.as_uri()}?{how}"
    return sqlite3.connect(
        address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _reading(path: Path) -> str:
    """Plain reading would create the side files of a ledger at rest, or fail where it cannot."""
    return "mode=ro&immutable=1" if _at_rest(path) else "mode=ro"


def _at_rest(path: Path) -> tuple[int, int, int] | None:
    """None while the ledger has its side files: in use, or left by the dead. Else a mark that use changes."""
    if Path(f"{path}-wal").exists():
        return None
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_new(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is empty. Raises `LedgerError` if it is no ledger, or one of a newer version."""
    application, version, tables = db.execute(IDENTITY).fetchone()
    if application == version == tables == 0:
        return True
    if application != APPLICATION:
        raise LedgerError(f"{path} {ADVICE['SQLITE_NOTADB']}")
    if version > VERSION:
        raise LedgerError(f"{path} was written by a newer twiliodest; upgrade, or name another with --ledger")
    return False


def _lives(file: Path) -> bool:
    try:
        with _locked(file, os.O_RDONLY, fcntl.LOCK_SH | fcntl.LOCK_NB):
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _turn(runs: Path) -> contextlib.AbstractContextManager[None]:
    """One writer at a time, from the start of its transaction to the end of its checkpoint.

    SQLite's own lock ends before the checkpoint, and until 3.51.3 a commit amid somebody's checkpoint could,
    rarely, corrupt the file (its WAL-reset bug). Nor can two turn WAL on at once.
    """
    return _locked(runs, os.O_RDONLY)


@contextlib.contextmanager
def _locked(path: Path, flags: int, lock: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Holds a kernel lock on a file or folder, against other processes and other holders in this one."""
    file = os.open(path, flags, 0o600)
    try:
        fcntl.flock(file, lock)
        yield
    finally:
        os.close(file)


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.rollback()
        raise


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        advice = next((advice for start, advice in ADVICE.items() if name.startswith(start)), None)
        raise LedgerError(f"{path} {advice or f'cannot be used: {error}'}") from error
    except OSError as error:
        place, why = error.filename or path, error.strerror
        raise LedgerError(
            f"{place} cannot be used: {why}; mend that, or name another with --ledger"
        ) from error
