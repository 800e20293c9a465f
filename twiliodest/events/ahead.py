"""Lines that are read ahead of what is known of them, and what was read too far."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from twiliodest.events.texts import LIMIT, Lines


class Blocks:
    """The text of an input, of which what was read too far can be given back."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._back: deque[bytes] = deque()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._back.popleft() if self._back else next(self._blocks)

    def give_back(self, texts: Sequence[bytes]) -> None:
        """Have these come next."""
        self._back.extendleft(text for text in reversed(texts) if text)


class Ahead:
    """Whole lines, read ahead of what is known of them; `line` is the first of which nothing is known."""

    def __init__(self, blocks: Blocks, line: int) -> None:
        self.line = line
        self._blocks = blocks
        self._open: deque[tuple[int, bytes]] = deque()
        self._tail = b""

    def texts(self) -> Iterator[Lines]:
        """Up to what is not a whole line: the end of the input, or more than any event may hold."""
        first = self.line
        for block in self._blocks:
            whole, newline, tail = block.rpartition(b"\n")
            if newline:
                text, self._tail = self._tail + whole, tail
                count = text.count(b"\n") + 1
                self._open.append((count, text))
                yield Lines(first, text)
                first += count
                continue
            self._tail += block
            if len(self._tail) > LIMIT:
                return

    def pass_by(self, lines: int) -> bool:
        """So many lines of the first text were events; returns whether that is all of it."""
        count, text = self._open.popleft()
        self.line += lines
        if lines < count:
            self._open.appendleft((count - lines, text.split(b"\n", lines)[lines]))
        return lines == count

    def give_back(self) -> None:
        """Leave all that is not passed by to somebody else."""
        self._blocks.give_back([*(text + b"\n" for _, text in self._open), self._tail])
