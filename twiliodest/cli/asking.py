"""Before anything is sent, whoever sits at the terminal sees what would be sent where, and says yes or no."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

from twiliodest.cli.command import mistake
from twiliodest.cli.environment import Environment
from twiliodest.cli.run import Run
from twiliodest.ledger.servers import TWILIO, server_of
from twiliodest.screens import screen
from twiliodest.screens import send as send_screen

if TYPE_CHECKING:
    from twiliodest.cli.reading import Reading
    from twiliodest.model import Account, Message
    from twiliodest.screens.report import Tally


def says_yes(run: Run, account: Account, planned: Tally, first: Sequence[Message]) -> bool:
    """To what was counted; without a message there is nothing to ask."""
    if not planned.messages:
        return True
    run.tell_actions()
    send_screen.print_plan(planned, first, run.config, run.options.divert, is_real=_is_twilio(account))
    with _answers(run.environment) as answers:
        return _told(send_screen.ask(f"Send {_where(run, account)}?", answers))


def says_yes_to_pipe(run: Run, account: Account, reading: Reading) -> bool:
    """To what comes through a pipe, of which the first messages are shown.

    Raises `UsageError` where nobody can answer.
    """
    with _answers(run.environment) as answers:
        first = reading.first()
        if first is None:
            return True
        run.tell_actions()
        send_screen.print_first(first, run.config, run.options.divert)
        return _told(send_screen.ask(f"Send all of it {_where(run, account)}?", answers))


def target(account: Account) -> str:
    """To which server, and as whom."""
    if _is_twilio(account):
        return f"{urlsplit(account.api_base).hostname} as {account.sid[:2]}…{account.sid[-4:]}"
    return f"{account.api_base} (not Twilio)"


def _where(run: Run, account: Account) -> str:
    phone = run.options.divert
    return f"to {phone} through {target(account)}" if phone else f"to {target(account)}"


def _is_twilio(account: Account) -> bool:
    return server_of(account.api_base) == TWILIO


def _told(is_yes: bool) -> bool:
    if not is_yes:
        screen.print_line("nothing was sent")
    return is_yes


@contextlib.contextmanager
def _answers(environment: Environment) -> Iterator[TextIO]:
    """Where the answer is typed: standard input brings the events, so it may be no terminal. Raises `UsageError`."""
    if environment.stdin_is_terminal:
        yield sys.stdin
        return
    with contextlib.ExitStack() as opened:
        try:
            terminal = opened.enter_context(open("/dev/tty", encoding="utf-8", errors="replace"))
            is_ours = os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
        except OSError:
            is_ours = False
        if not is_ours:  # to read from it, a job in the background would have to wait
            message = "cannot ask whether to send: standard input is not a terminal"
            raise mistake(message, "add -y to send without asking, or -n to see what would be sent")
        yield terminal
