"""What of an input is looked at: little more than one value, with its place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from twiliodest.events.tapes import Tape
from twiliodest.events.texts import LIMIT


class Window:
    """Blocks of bytes, of which `text` is in memory and what follows `at` is still to be read.

    `line` is the line there, from 1; `gone` counts the bytes before `text`.
    """

    def __init__(self, blocks: Iterator[bytes], line: int, inset: int = 0) -> None:
        self.text = b""
        self.at = 0
        self.gone = 0
        self.line = line
        self._line_start = -inset  # negative once the start of the line has left the window
        self._blocks = blocks
        self._tape: Tape | None = None
        self._recorded = 0  # bytes of the text that are recorded, or need not be

    @property
    def here(self) -> tuple[int, int]:
        """The line, and the number of bytes before this one in it."""
        return self.line, self.at - self._line_start

    @property
    def is_full(self) -> bool:
        """Whether there is more than an event may hold."""
        return len(self.text) - self.at > LIMIT

    @property
    def place(self) -> int:
        """The number of bytes before this one in the input."""
        return self.gone + self.at

    def fill(self) -> bool:
        """Take another block; False at the end of the input."""
        block = next(self._blocks, b"")
        self._record()
        self._recorded = 0
        self.gone += self.at
        self._line_start -= self.at
        self.text = self.text[self.at :] + block
        self.at = 0
        return bool(block)

    def advance(self, length: int) -> None:
        """Leave so many bytes behind."""
        end = self.at + length
        newlines = self.text.count(b"\n", self.at, end)
        if newlines:
            self.line += newlines
            self._line_start = self.text.rfind(b"\n", self.at, end) + 1
        self.at = end

    def skip(self, blank: re.Pattern[bytes]) -> bool:
        """Go to the next byte that is not blank; False at the end of the input."""
        while True:
            skipped = blank.match(self.text, self.at)
            self.advance(skipped.end() - self.at if skipped else 0)
            if self.at < len(self.text) and not PART_OF_MARK.match(self.text, self.at):
                return True
            if not self.fill():
                return self.at < len(self.text)

    def left(self) -> bytes:
        """The rest of the text."""
        return self.text[self.at :]

    @property
    def is_recording(self) -> bool:
        """Whether what is left behind is kept."""
        return self._tape is not None

    def record(self) -> Tape:
        """Keep what is left behind from here on, until `stop`."""
        self._tape, self._recorded = Tape(), self.at
        return self._tape

    def stop(self) -> None:
        """Record no more."""
        self._record()
        self._tape = None

    def rewind(self, tape: Tape, line: int, inset: int) -> None:
        """Go back to where this tape begins."""
        self._tape = None
        rest = self.left()
        self._blocks = itertools.chain(tape.blocks(), (rest,) if rest else (), self._blocks)
        self.gone = self.place - tape.size
        self.text, self.at, self.line, self._line_start = b"", 0, line, -inset

    def _record(self) -> None:
        if self._tape:
            self._tape.write(self.text[self._recorded : self.at])
            self._recorded = self.at


# a byte order mark begins each of several files in one, and a record separator each text of RFC 7464
BLANK = re.compile(rb"[ \t\r\x1e]*+(?:\xef\xbb\xbf[ \t\r\x1e]*+)*+")
BLANK_LINES = re.compile(rb"[ \t\r\n\x1e]*+(?:\xef\xbb\xbf[ \t\r\n\x1e]*+)*+")
PART_OF_MARK = re.compile(rb"\xef(?:\xbb)?\Z")
"""What may become a byte order mark with the next block."""
