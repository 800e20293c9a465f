"""What ends a run that gets nowhere."""

from __future__ import annotations

from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus
from twiliodest.model import Attempt, Outcome, Status, Verdict

IN_A_ROW = 10  # so many alike failures with no success between them are not the recipients' fault


class Breaker:
    """Stops a run that gets nowhere: on what no message can pass, and on many alike failures in a row."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._proven: set[str] = set()
        self._last: tuple[Verdict, int | None] | None = None
        self._count = 0

    def note(self, sender: str, outcome: Outcome, attempt: Attempt) -> None:
        """One more message ended, in this way."""
        if outcome.status is Status.SENT:
            self._proven.add(sender)
            self._last, self._count = None, 0
        elif attempt.verdict is Verdict.FORBIDDEN:
            self._stop.now(ExitStatus.REFUSED, outcome.reason or "")
        elif attempt.verdict is not Verdict.REJECTED:
            kind = (attempt.verdict, attempt.code)
            self._count = self._count + 1 if kind == self._last else 1
            self._last = kind
            refused = attempt.verdict in (Verdict.SENDER, Verdict.DOUBTFUL)
            if attempt.verdict is Verdict.SENDER and sender not in self._proven:
                self._stop.now(ExitStatus.REFUSED, outcome.reason or "")
            elif self._count >= IN_A_ROW:
                status = ExitStatus.REFUSED if refused else ExitStatus.INCOMPLETE
                self._stop.now(status, f"{IN_A_ROW} messages in a row ended the same way: {outcome.reason}")
