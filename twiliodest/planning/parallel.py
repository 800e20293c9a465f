"""Processes that share the work on texts; the results come in the order of the texts.

Each is a fork, so that it has all that the work needs, and shares memory with this process, through which texts and
results pass. (Threads take turns; a `ProcessPoolExecutor` spent more on handing over than its processes saved.)
What a helper cannot do, or was not there to do, is done in this process: helpers change the speed and nothing else.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, NoReturn, TypeVar

from twiliodest.events.texts import Lines

R = TypeVar("R")

Work = Callable[[int, Lines], R]
"""Makes something of lines of the source with this number."""

MOST = 2  # helpers; then this process, which puts the results in order, has no time left for texts
SLOTS = 4  # texts that a helper has at a time, at most
ROOM = 1 << 21  # bytes of a text, and then of its packed result, at most; what is never used costs nothing


def spare_processors() -> int:
    """How many helpers can run beside this process."""
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        processors = os.cpu_count() or 1
    return min(MOST, processors - 1)


class Helpers(Generic[R]):
    """So many processes that do `work`, and pack its results for the way back.

    What `work` remembers, each remembers by itself. No threads may run when they start: a fork has none of them, but
    the locks that they hold.
    """

    def __init__(
        self, work: Work[R], pack: Callable[[R], bytes], unpack: Callable[[memoryview], R], count: int
    ) -> None:
        self._work = work
        self._pack = pack
        self._unpack = unpack
        self._count = count
        self._helpers: list[_Helper] = []

    def __enter__(self) -> Helpers[R]:
        with contextlib.suppress(OSError):  # too many processes, or too little memory
            for _ in range(self._count):
                self._helpers.append(_start(self._packed))
        return self

    def __exit__(self, *exc: object) -> None:
        for helper in self._helpers:
            helper.end()
        self._helpers.clear()

    def spread(self, source: int, texts: Iterator[Lines]) -> Iterator[R]:
        """What `work` makes of each text, taking some ahead. The iterator before this one must not be used any more.

        What `texts` raises comes after the results of all that it gave.
        """
        for helper in self._helpers:
            helper.forget()
        most = 2 * SLOTS * len(self._helpers)
        coming, tasks = _Coming(texts), deque[_Task[R]]()
        while True:
            while (idle := self._idle()) and (lines := coming.take()):
                is_asked = idle.ask(source, lines)
                tasks.append(_Task(lines, idle, None) if is_asked else self._own(source, lines))
            if tasks and (tasks[0].is_ready() or len(tasks) >= most or coming.are_over):
                task = tasks.popleft()
                result = self._answer(task.helper) if task.helper else task.result
                yield self._work(source, task.lines) if result is None else result
            elif lines := coming.take():
                tasks.append(self._own(source, lines))
            elif not tasks:
                break
        if coming.fault:
            raise coming.fault

    def _own(self, source: int, lines: Lines) -> _Task[R]:
        return _Task(lines, None, self._work(source, lines))

    def _idle(self) -> _Helper | None:
        """The one with the least to do, unless it has enough."""
        helper = max(self._helpers, key=lambda helper: len(helper.free), default=None)
        return helper if helper and helper.free else None

    def _answer(self, helper: _Helper) -> R | None:
        packed = helper.answer()
        return None if packed is None else self._unpack(packed)

    def _packed(self, source: int, lines: Lines) -> bytes | None:
        try:
            return self._pack(self._work(source, lines))
        except Exception:  # whoever asked will see it, too
            return None


class _Task(NamedTuple, Generic[R]):
    """Lines that a helper has, or what was made of them here."""

    lines: Lines
    helper: _Helper | None
    result: R | None

    def is_ready(self) -> bool:
        return self.helper is None or self.helper.is_ready()


class _Coming:
    """Texts, up to the last one or to what goes wrong."""

    def __init__(self, texts: Iterator[Lines]) -> None:
        self.are_over = False
        self.fault: Exception | None = None
        self._texts = texts

    def take(self) -> Lines | None:
        if self.are_over:
            return None
        try:
            return next(self._texts)
        except StopIteration:
            pass
        except Exception as fault:
            self.fault = fault
        self.are_over = True
        return None


class _Helper:
    """This end of a process that answers in the order in which it is asked. `free` lists slots of its memory."""

    def __init__(self, process: int, requests: int, answers: int, memory: mmap.mmap) -> None:
        self.free = list(range(SLOTS))
        self._asked = 0
        self._process = process
        self._requests = requests
        self._answers = answers
        self._memory = memory
        self._poll = select.poll()
        self._poll.register(answers, select.POLLIN)

    def ask(self, source: int, lines: Lines) -> bool:
        """Hand over lines; returns whether that was possible."""
        first, text = lines
        if len(text) > ROOM:
            return False
        slot = self.free.pop()
        start = slot * ROOM
        self._memory[start : start + len(text)] = text
        try:
            os.write(self._requests, _REQUEST.pack(slot, source, first, len(text)))
        except BrokenPipeError:
            self.free = []
            return False
        self._asked += 1
        return True

    def is_ready(self) -> bool:
        """Whether an answer is there, or never will be."""
        return bool(self._poll.poll(0))

    def answer(self) -> memoryview | None:
        """The next answer, valid until the next request; `None` if the helper gave up, or is no more."""
        self._asked -= 1
        answer = os.read(self._answers, _ANSWER.size)
        if not answer:
            self.free = []
            return None
        slot, size = _ANSWER.unpack(answer)
        self.free.append(slot)
        start = slot * ROOM
        return None if size < 0 else memoryview(self._memory)[start : start + size]

    def forget(self) -> None:
        """Wait for what was asked, in vain."""
        while self._asked:
            self.answer()

    def end(self) -> None:
        os.close(self._requests)
        os.close(self._answers)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):  # where SIGCHLD is ignored
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
        self._memory.close()


_REQUEST = struct.Struct("=qqqq")  # slot, number of the source, first line, bytes of the text
_ANSWER = struct.Struct("=qq")  # slot, bytes of the result; -1 without one
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _start(work: Work[bytes | None]) -> _Helper:
    memory = mmap.mmap(-1, SLOTS * ROOM)
    theirs, requests = os.pipe()
    answers, answer = os.pipe()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        process = os.fork()
        if not process:
            _serve(work, theirs, answer, (requests, answers), memory, mask)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.close(theirs)
    os.close(answer)
    return _Helper(process, requests, answers, memory)


def _serve(
    work: Work[bytes | None],
    requests: int,
    answers: int,
    others: Iterable[int],
    memory: mmap.mmap,
    mask: Iterable[int],
) -> NoReturn:
    """The helper itself: it ends without a word when nobody asks any more, or nobody listens."""
    try:
        for number in _SIGNALS:  # what they mean to whoever asks, they do not mean here
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for descriptor in others:
            os.close(descriptor)
        while request := os.read(requests, _REQUEST.size):
            slot, source, first, size = _REQUEST.unpack(request)
            start = slot * ROOM
            packed = work(source, Lines(first, memory[start : start + size]))
            size = -1
            if packed is not None and len(packed) <= ROOM:
                size = len(packed)
                memory[start : start + size] = packed
            os.write(answers, _ANSWER.pack(slot, size))
    finally:
        os._exit(0)
