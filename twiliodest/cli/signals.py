"""SIGINT and SIGTERM, which mean the same: end in good order."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interrupts() -> Iterator[None]:
    """In here both raise `KeyboardInterrupt`, unless whoever started this process has it ignored.

    Also in a container: what is process 1 there ignores a signal for which it has no handler.
    """
    with handled(signal.default_int_handler):
        yield


@contextlib.contextmanager
def handled(handler: signal._HANDLER, *, even_if_ignored: bool = False) -> Iterator[None]:
    """In here `handler` is called for both, unless one is ignored."""
    before = [(number, signal.getsignal(number) or signal.SIG_DFL) for number in ENDING]
    ours = [(number, old) for number, old in before if even_if_ignored or old is not signal.SIG_IGN]
    for number, _ in ours:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in ours:
            signal.signal(number, old)


@contextlib.contextmanager
def until_interrupted() -> Iterator[None]:
    """In here both end what goes on, which is not a fault."""
    try:
        with interrupts():
            yield
    except KeyboardInterrupt:
        end_line()


def end_line() -> None:
    """After a terminal has shown ^C, what follows is on a line of its own."""
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, b"\n")


def ignore_signals() -> None:
    """The run has ended, and its exit status stands; the interpreter must not die of a signal while it cleans up."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
