"""Where the outcomes of a run go: the tally, standard output, the file of rejects, the bar."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from twiliodest import screen, send_screen
from twiliodest.model import Event, Outcome
from twiliodest.outcomes import by_event
from twiliodest.report import Rejects, Tally, write_records

BUFFER = 1 << 16  # bytes that are written at once when nobody waits for each line


class Results:
    """Hears of everything once. `live` output is there at once; after a broken pipe outcomes are only counted.

    `rows` and `sources` are those of the table; without `rows` the output is JSON Lines.
    """

    def __init__(
        self,
        bar: screen.Bar,
        rejects: Rejects | None,
        *,
        rows: int | None,
        sources: Sequence[str],
        live: bool,
    ) -> None:
        self.tally = Tally()
        self.is_closed = False
        self._bar = bar
        self._rejects = rejects
        self._ahead = None if live else io.BufferedWriter(sys.stdout.buffer, BUFFER)
        self._out = self._ahead or sys.stdout.buffer
        self._table = None if rows is None else send_screen.OutcomeTable(rows, sources)

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes."""
        self.tally.add(outcomes)
        self._bar.show(self.tally)
        if self.is_closed:
            return
        try:
            if self._table:
                self._table.add(outcomes)
            else:
                write_records(outcomes, self._out)
                if not self._ahead:
                    self._out.flush()
        except (BrokenPipeError, SystemExit):  # Rich leaves the program when the pipe breaks
            self.is_closed = True

    def tell_all(self, outcomes: Sequence[Outcome]) -> None:
        """Take all the outcomes of some events, in order."""
        self.tell(outcomes)
        if self._rejects:
            for group in by_event(outcomes):
                self._rejects.add(group[0].event, group)

    def finished(self, event: Event, outcomes: Sequence[Outcome]) -> None:
        """Nothing more comes of an event; these outcomes are known already."""
        if self._rejects:
            self._rejects.add(event, outcomes)

    def close(self) -> None:
        """Write what is left, unless nobody listens any more."""
        try:
            if self._table:
                self._table.close()
            self._out.flush()
            sys.stdout.flush()
        except (BrokenPipeError, SystemExit):
            self.is_closed = True
        if self.is_closed:
            screen.mute()
        if self._ahead:
            self._ahead.detach()
