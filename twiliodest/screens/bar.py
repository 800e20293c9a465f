"""How far a run has come, on one line of standard error: of a send, the messages that are settled."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twiliodest.model import Planned, Status, Step
from twiliodest.screens import screen

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.live import Live
    from rich.text import Text

    from twiliodest.screens.report import Tally

SPAN = 10.0  # seconds, over which the rate is measured
BLOCKS = 30  # cells of the bar itself, at most; with fewer than a third of them it is left out
FREE = 4  # cells at the end of the line, for the ^C of a terminal


@dataclass(frozen=True, slots=True)
class Stand:
    """So many are `done` of a `total`, which may be an estimate, or still grow; `None`: nobody knows."""

    done: int
    total: int | None
    is_estimate: bool = False


class Bar:
    """Shown while it is entered. `size` are the bytes to read, where that is known.

    While reading is all that is done, it measures that. With `sends` it measures messages: those that are settled, of
    those in the `plan`; without one, of those that were read, from which and the size follows how many there will be.
    """

    def __init__(
        self, size: int | None, *, shown: bool, sends: bool = False, plan: Tally | None = None
    ) -> None:
        self._size = size
        self._shown = shown
        self._sends = sends
        self._plan = plan
        self._read = 0
        self._taken = 0
        self._statuses: Counter[Status] = Counter()
        self._pace = _Pace(time.monotonic())
        self._live: Live | None = None

    def __enter__(self) -> Bar:
        if self._shown:
            from rich.live import Live

            self._live = Live(
                _Line(self),
                console=screen.console(stderr=True),
                refresh_per_second=10,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start()
            self._live.console.show_cursor(True)  # whatever ends this process, its terminal has a cursor
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    @property
    def is_shown(self) -> bool:
        """Whether it stands on the terminal now."""
        return self._live is not None

    def advance(self, size: int) -> None:
        """So many bytes more were read."""
        self._read += size

    def watch(self, groups: Iterable[Sequence[Step]]) -> Iterator[Sequence[Step]]:
        """What is planned, on its way to be sent."""
        for group in groups:
            self._taken += sum(isinstance(it, Planned) for step in group for it in step)
            yield group

    def show(self, tally: Tally) -> None:
        """More outcomes were counted."""
        self._statuses = tally.statuses

    def print_lines(self, lines: Iterable[Text]) -> None:
        """Lines on standard output; if that is the same terminal, above the bar."""
        if not self._live or not _is_one_terminal():
            screen.print_lines(lines)
            return
        for line in lines:
            self._live.console.print(line, soft_wrap=True)

    @property
    def stand(self) -> Stand:
        """How far it is now."""
        if not self._sends:
            return Stand(self._read, self._size)
        if self._plan:
            before = self._plan.statuses
            done = sum(max(count - before[status], 0) for status, count in tuple(self._statuses.items()))
            return Stand(done, before[Status.PLANNED])
        done = sum(self._statuses.values()) - self._statuses[Status.INVALID]
        taken = max(self._taken, done)
        if self._size is None:
            return Stand(done, None)
        if self._read >= self._size:
            return Stand(done, taken)
        return Stand(done, max(taken, taken * self._size // max(self._read, 1)), is_estimate=True)

    def line(self, width: int, *, is_plain: bool) -> Text:
        """What is shown, in so many cells."""
        from rich.text import Text

        stand, now = self.stand, time.monotonic()
        rate = self._pace.rate(stand.done, now)
        words = [self._measure(stand)] if self._sends else []
        counts = ", ".join(f"{count:,} {status.value}" for status, count in _in_order(self._statuses))
        words += [counts] if counts else []
        if self._sends and rate:
            words.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if stand.total is None:
            words.append(_clock(self._pace.elapsed(now)))
        elif rate and stand.total > stand.done:
            words.append(f"{_clock((stand.total - stand.done) / rate)} left")
        told, room = Text("  ".join(words)), width - FREE
        if stand.total:
            share = min(stand.done / stand.total, 1)
            told = Text(f"{int(share * 100):>3}%  ") + told
            blocks = min(room - told.cell_len - 1, BLOCKS)
            if blocks >= BLOCKS // 3:
                sign, full = "-" if is_plain else "━", int(share * blocks)
                told = Text.assemble((sign * full, "green"), (sign * (blocks - full), "dim"), " ", told)
        told.truncate(room, overflow="ellipsis")
        return told

    def _measure(self, stand: Stand) -> str:
        if stand.total is None:
            return f"{stand.done:,} of {max(self._taken, stand.done):,} messages so far"
        about = "about " if stand.is_estimate else ""
        return f"{stand.done:,} of {about}{stand.total:,}"


class _Line:
    """What Rich draws."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield self._bar.line(options.max_width, is_plain=options.ascii_only)


class _Pace:
    """How many are done in a second, of late."""

    def __init__(self, now: float) -> None:
        self._start = now
        self._samples = deque([(now, 0)])

    def elapsed(self, now: float) -> float:
        return now - self._start

    def rate(self, done: int, now: float) -> float:
        """Zero until there is something to go by."""
        self._samples.append((now, done))
        while self._samples[0][0] < now - SPAN and len(self._samples) > 2:
            self._samples.popleft()
        (then, before), seconds = self._samples[0], now - self._samples[0][0]
        return (done - before) / seconds if seconds >= 1 and now > then else 0


def _in_order(statuses: Counter[Status]) -> list[tuple[Status, int]]:
    """What there is of each status: first what is sent, or would be; the others as people meet them."""
    counts = [(status, statuses[status]) for status in Status if statuses[status]]
    return sorted(counts, key=lambda it: it[0] not in (Status.PLANNED, Status.SENT))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _is_one_terminal() -> bool:
    try:
        return os.ttyname(sys.stdout.fileno()) == os.ttyname(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
