"""How a command ends: whatever a user can cause ends in words and an exit status, not in a traceback."""

from __future__ import annotations

import errno
from collections.abc import Callable

from twiliodest.cli.signals import end_line
from twiliodest.errors import ExitStatus, LedgerError, OutputError, Problem, UsageError
from twiliodest.screens.streams import flush_output, mute

EXITS = (
    "Exit status: 0 everything sent, already sent or suppressed · 1 finished, but something is invalid, rejected, "
    "failed or held, or you answered no · 2 usage or configuration error, nothing sent · 3 some messages are unknown "
    "· 4 Twilio refused the account or the sender · 130 interrupted."
)


def end_in_words(run: Callable[[], ExitStatus]) -> ExitStatus:
    """The exit status of what is run, after all that it wrote has left or cannot."""
    try:
        status = run()
    except UsageError as error:
        _tell(*error.problems)
        status = ExitStatus.USAGE
    except LedgerError as error:
        _tell(Problem(message=str(error)))
        status = ExitStatus.USAGE
    except OutputError as error:
        return _fault(error)
    except OSError as error:
        _tell(_problem(error))
        status = ExitStatus.INCOMPLETE
    except KeyboardInterrupt:
        end_line()
        status = ExitStatus.INTERRUPTED
    try:
        flush_output()
    except OutputError as error:
        if status is ExitStatus.OK:  # a fault of the output shows only if nothing else does
            return _fault(error)
        mute()
    return status


def _fault(error: OutputError) -> ExitStatus:
    mute()
    if error.errno == errno.EPIPE:
        return ExitStatus.OK
    _tell(Problem(message=f"the output cannot be written: {error.strerror}"))
    return ExitStatus.INCOMPLETE


def _problem(error: OSError) -> Problem:
    """What the system refuses, in words."""
    what = f"{error.filename}: " if error.filename else ""
    hint = None
    if error.errno in (errno.EMFILE, errno.ENFILE):
        hint = "allow more with ulimit -n, or lower --concurrency"
    return Problem(message=f"{what}{error.strerror or error}", hint=hint)


def _tell(*problems: Problem) -> None:
    from twiliodest.screens import screen

    screen.print_problems(problems)
