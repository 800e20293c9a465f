"""Who may write to a ledger, and who is alive: locks that the kernel lets go of, however their holder ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from twiliodest.errors import LedgerError
from twiliodest.ledger.place import moved

PATIENCE = 10.0  # seconds to wait while somebody else does not get on
HURRY = 1.0  # seconds, when the run is to end
LOOK = 0.25  # seconds between two looks at who it is
LONGEST_PAUSE = 0.01  # seconds between two tries


class Turns:
    """The locks of one ledger, as one run sees them: `<ledger>.runs/`, and in it a file for each run that lives.

    A run's file names its process and counts its turns, so that who waits can say for whom, and whether that one
    gets on. Those who only read the ledger have no file.
    """

    def __init__(self, path: Path, run: str) -> None:
        self._path = path
        self._folder = Path(f"{path}.runs")
        self._own = self._folder / run
        self._file: int | None = None
        self._count = 0
        self._hurried = threading.Event()

    def create(self) -> None:
        """Create the folder, for its owner's eyes only, unless it is there."""
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def enlist(self) -> None:
        """From here on the run lives, until `leave`, or its end."""
        while self._file is None:
            try:
                file = os.open(self._own, os.O_RDWR | os.O_CREAT, 0o600)
            except PermissionError as error:  # which the name of the ledger tells better
                raise PermissionError(error.errno, error.strerror, str(self._path)) from None
            try:
                self._lock(file)
                if _is_at(file, self._own):  # somebody who buries the dead may have taken it for a dead one's
                    self._file, file = file, -1
            finally:
                if file >= 0:
                    os.close(file)
        self._sign(holds=False)

    def leave(self) -> None:
        """The run has ended."""
        if self._file is not None:
            self._own.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """One writer at a time, from the start of its transaction to the end of its checkpoint. Raises `LedgerError`.

        SQLite's own lock ends before the checkpoint, and until 3.51.3 a commit amid somebody's checkpoint could,
        rarely, corrupt the file (its WAL-reset bug). Nor can two turn WAL on at once.
        """
        folder = self._locked_folder()
        try:
            self._sign(holds=True)
            yield
        finally:
            self._sign(holds=False)
            os.close(folder)

    def hurry(self) -> None:
        """Whoever waits for a turn, in any thread, is not to wait much longer."""
        self._hurried.set()

    def is_alive(self, run: str) -> bool:
        """Whether a run still lives; if that cannot be told, it does."""
        return _is_locked(self._folder / run)

    def is_alone(self) -> bool:
        """Whether no other run lives."""
        return not any(_is_locked(file) for file in self._folder.iterdir() if file != self._own)

    def has_forerunner(self) -> bool:
        """Whether another run that lives has had its first turn, and so has opened or created the ledger."""
        return any(other.turn > 0 for other in self._others())

    def bury(self) -> None:
        """Forget the runs that have ended without a word."""
        for file in self._folder.iterdir():
            if not _is_locked(file):
                file.unlink(missing_ok=True)

    @property
    def patience(self) -> float:
        """Seconds to wait for somebody who does not get on."""
        return HURRY if self._hurried.is_set() else PATIENCE

    def refusal(self, seconds: float) -> LedgerError:
        """What is said when the wait is over."""
        holder = self._holder()
        who = f"another run (pid {holder.pid})" if holder else "another program"
        advice = f"if it is suspended, kill -CONT {holder.pid}, or end it" if holder else "end that program"
        return LedgerError(
            f"{who} has held the ledger {self._path} for {seconds:.0f} s; {advice}, then run again"
        )

    def _locked_folder(self) -> int:
        """The folder, opened and locked, and still the one that others lock."""
        while True:
            try:
                folder = os.open(self._folder, os.O_RDONLY)
            except FileNotFoundError:
                raise moved(self._folder) from None
            try:
                self._lock(folder)
                if _is_at(folder, self._folder):
                    kept, folder = folder, -1
                    return kept
            finally:
                if folder >= 0:
                    os.close(folder)

    def _lock(self, file: int) -> None:
        """Wait for a lock as long as its holders get on."""
        start = looked = time.monotonic()
        seen = None
        pause = LONGEST_PAUSE / 16
        while not _takes(file):
            now = time.monotonic()
            if now - looked >= LOOK:
                looked = now
                if (holder := self._holder()) != seen:
                    seen, start = holder, looked
                if now - start >= self.patience:
                    raise self.refusal(now - start)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _sign(self, *, holds: bool) -> None:
        """Say in the run's own file who it is, and whether it has the turn."""
        if self._file is not None:
            self._count += holds
            os.pwrite(self._file, b"%10d %10d %c\n" % (os.getpid(), self._count, b"-+"[holds]), 0)

    def _holder(self) -> _Signature | None:
        """Who has the turn, if that can be told."""
        with contextlib.suppress(OSError):
            return next((other for other in self._others() if other.holds), None)
        return None

    def _others(self) -> Iterator[_Signature]:
        """What the other runs that live have signed."""
        for file in self._folder.iterdir():
            if file != self._own and (signed := _signed(file)):
                yield signed


class _Signature(NamedTuple):
    pid: int
    turn: int
    holds: bool


def _signed(file: Path) -> _Signature | None:
    """What a run that lives has signed."""
    with contextlib.suppress(OSError), file.open("rb") as signed:
        found = re.fullmatch(rb" *([0-9]{1,10}) +([0-9]{1,10}) ([-+])\n", signed.read(64))
        if found and _is_locked(file):
            return _Signature(int(found[1]), int(found[2]), found[3] == b"+")
    return None


def _takes(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked(path: Path) -> bool:
    """Whether somebody has locked it; if that cannot be told, somebody has."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        return not isinstance(error, FileNotFoundError)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is the one that a path names."""
    try:
        named = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(file))
