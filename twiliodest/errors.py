"""What went wrong, where, and what to do next."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class ExitStatus(enum.IntEnum):
    """How a run ended. When several apply, the first of 130, 4, 2, 3, 1 wins."""

    OK = 0  # everything sent, or already sent
    INCOMPLETE = 1  # finished, but something is invalid, rejected, failed or held
    USAGE = 2  # usage or configuration error; nothing was sent
    UNKNOWN = 3  # a message may have been accepted; nobody can tell yet
    REFUSED = 4  # Twilio refused the account or the sender; the run stopped
    INTERRUPTED = 130  # SIGINT or SIGTERM; the ledger is consistent


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: `source:line:column`, both 1-based; 0 means that it is not known."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.source, *(str(n) for n in (self.line, self.column) if n)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing for a person to fix. `excerpt` is the line at fault; the caret goes under `place.column`.

    `member` is what it says events do not have at their top: nothing is to be fixed if they do.
    """

    message: str
    place: Place | None = None
    hint: str | None = None
    excerpt: str | None = None
    warning: bool = False
    member: str | None = None


class ExpressionError(ValueError):
    """A trigger, path or template that cannot be read. `offset` counts characters from its start, from 0."""

    def __init__(self, message: str, offset: int = 0, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


class UsageError(Exception):
    """The user has to fix something before anything can be sent; exit status 2."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class OutputError(OSError):
    """Standard output cannot be written; with `EPIPE`, nobody reads it any more."""


class LedgerError(Exception):
    """The ledger cannot be read or written; nothing more may be posted."""
