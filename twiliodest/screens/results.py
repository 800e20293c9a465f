"""Where the outcomes of a run go: the tally, standard output, the file of rejects, the bar."""

from __future__ import annotations

import errno
import io
import itertools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from twiliodest.model import Event, Outcome, Status
from twiliodest.screens.bar import Bar
from twiliodest.screens.listing import Listing
from twiliodest.screens.report import Rejects, Tally, write_records
from twiliodest.screens.streams import mute

if TYPE_CHECKING:
    from twiliodest.screens.send_table import OutcomeTable

BUFFER = 1 << 16  # bytes that are written at once when nobody waits for each line


class Results:
    """Hears of everything once. `live` output is there at once; where it cannot be written, outcomes are counted.

    `is_closed` says that nobody reads standard output any more; `fault`, what else cannot be written, and why.
    `listing` says what of the outcomes gets there. With `counts`, the tally is wanted whoever reads.
    """

    def __init__(
        self,
        bar: Bar,
        rejects: Rejects | None,
        *,
        listing: Listing,
        live: bool,
        counts: bool = False,
    ) -> None:
        self.tally = Tally()
        self.is_closed = False
        self.fault = ""
        self._bar = bar
        self._rejects = rejects
        self._listed = None if listing.statuses.issuperset(Status) else listing.statuses
        self._lists_changed = listing.changed
        self._diverted_to = listing.diverted_to
        self._counts = counts
        self._is_silent = False
        self._ahead = None if live else io.BufferedWriter(sys.stdout.buffer, BUFFER)
        self._out = self._ahead or sys.stdout.buffer
        self._table = None if listing.rows is None else _table(listing, bar)

    @property
    def are_useless(self) -> bool:
        """Whether nothing that is still to come would be kept anywhere."""
        return bool(self.fault) or (self.is_closed and not (self._rejects or self._counts))

    @property
    def has_rows(self) -> bool:
        """Whether a table was drawn."""
        return self._table is not None and self._table.has_rows

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes."""
        self.tally.add(outcomes)
        self._bar.show(self.tally)
        if self._is_silent:
            return
        if self._listed is not None:
            outcomes = [outcome for outcome in outcomes if self._is_listed(outcome)]
        try:
            if self._table:
                self._table.add(outcomes)
            else:
                write_records(outcomes, self._out, self._diverted_to)
                if not self._ahead:
                    self._out.flush()
        except (OSError, SystemExit) as error:  # Rich leaves the program when the pipe breaks
            self._fall_silent(error)

    def tell_all(self, events: Sequence[Sequence[Outcome]], untried: Event | None = None) -> None:
        """Take all the outcomes of some events, in order; of one of them, there is more that was not tried."""
        for outcomes in events if self._rejects else ():
            event = outcomes[0].event
            self.finished(event, () if untried and event.line == untried.line else outcomes)
        self.tell([*itertools.chain.from_iterable(events)])

    def finished(self, event: Event, outcomes: Sequence[Outcome]) -> None:
        """Nothing more comes of an event; these outcomes are known already."""
        if not self._rejects:
            return
        try:
            self._rejects.add(event, outcomes)
        except OSError as error:
            self._rejects = None
            self.fault = f"the file of rejects cannot be written: {error.strerror}"

    def close(self) -> None:
        """Write what is left, unless nobody listens any more."""
        try:
            if not self._is_silent:
                if self._table:
                    self._table.close()
                self._out.flush()
                sys.stdout.flush()
        except (OSError, SystemExit) as error:
            self._fall_silent(error)
        if self._is_silent:
            mute()
        if self._ahead:
            self._ahead.detach()

    def _is_listed(self, outcome: Outcome) -> bool:
        is_asked_for = self._listed is None or outcome.status in self._listed
        return is_asked_for or (self._lists_changed and outcome.is_change)

    def _fall_silent(self, error: OSError | SystemExit) -> None:
        self._is_silent = True
        if isinstance(error, SystemExit) or error.errno == errno.EPIPE:
            self.is_closed = True
        else:
            self.fault = f"the output cannot be written: {error.strerror}"


def _table(listing: Listing, bar: Bar) -> OutcomeTable:
    from twiliodest.screens.send_table import OutcomeTable

    return OutcomeTable(listing, bar.print_lines)
