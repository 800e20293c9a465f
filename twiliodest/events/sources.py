"""Files, folders and pipes become lines and values, in order, with their places."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import select
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from twiliodest.errors import Place, Problem, UsageError
from twiliodest.events.documents import LIMIT, Broken, Documents, Lines, Value
from twiliodest.events.envelopes import EventsAt
from twiliodest.events.folders import SUFFIXES, LeftOut, event_files
from twiliodest.events.foreign import looks_like
from twiliodest.events.unpacking import BLOCK, ForeignError, text_of

STDIN = "-"


class Source(NamedTuple):
    """One input: its name as the user wrote it, its size in bytes (`None` for a pipe), and its blocks."""

    name: str
    size: int | None
    blocks: Callable[[], Iterator[bytes]]


class Read(Protocol):
    """What came of some lines. `events` tells how many of them, from the first, were events by themselves."""

    @property
    def events(self) -> int: ...


T = TypeVar("T", bound=Read)


def find_sources(names: Sequence[str], left_out: LeftOut | None = None) -> list[Source]:
    """The inputs that `names` stand for: files, folders (the event files in them) or `-`.

    `left_out` is told what else is in the folders. Raises `UsageError` with every name that cannot be read.
    """
    left_out = LeftOut() if left_out is None else left_out
    sources: list[Source] = []
    problems: list[Problem] = []
    for name in names:
        if name == STDIN:
            sources.append(Source(STDIN, None, lambda: _blocks(sys.stdin.fileno(), keep_open=True)))
            continue
        if not name:  # an unset variable in a script; to `Path` it is the current folder
            problems.append(Problem(message="the name of an input is empty"))
            continue
        try:
            path, others = Path(name), LeftOut()
            files = list(event_files(path, others)) if path.is_dir() else [path]
            sources.extend(map(_file, files))
            left_out.join(others)
            if not files:
                kinds = ", ".join(SUFFIXES)
                found = f"; it holds {others}" if str(others) else ""
                problems.append(Problem(message=f"there are no event files ({kinds}) in {name}{found}"))
        except OSError as error:
            place = str(error.filename or name)
            problems.append(Problem(message=f"cannot read {place}: {error.strerror}", place=Place(place)))
    if STDIN in names and sys.stdin is None:
        problems.append(Problem(message="standard input is closed, so no events can be read from it"))
    if len([name for name in names if name == STDIN]) > 1:
        problems.append(Problem(message="standard input (-) is given twice"))
    if problems:
        raise UsageError(problems)
    return sources


def read(
    source: Source,
    lines: Callable[[Lines], T],
    value: Callable[[Value], T],
    progress: Callable[[int], object] = lambda count: None,
    spread: Callable[[Iterator[Lines]], Iterator[T]] | None = None,
    *,
    events_at: EventsAt | None = None,
    keeps_all: bool = False,
) -> Iterator[T]:
    """What `lines` and `value` make of everything in an input, in order, with flat memory.

    `lines` is for the first look: where it stops, `value` gets what there is, also what is no event. An event on
    a pipe is there when its line is. `spread` does the same as `lines` for one text after the other; it may take some
    ahead. `progress` is told the bytes read. `events_at` and `keeps_all` are those of `Documents`.
    """
    name = "standard input" if source.name == STDIN else os.path.basename(source.name)
    try:
        blocks, line = _Blocks(text_of(_told(source.blocks(), progress))), 1
        if kind := _kind(blocks):
            yield value(_foreign(f"{name} looks like {kind}"))
            line = _skip_to_json(blocks)
        careful = functools.partial(Documents, blocks, events_at=events_at, keeps_all=keeps_all)
        yield from _read(blocks, line, careful, lines, value, spread or functools.partial(map, lines))
    except ForeignError as error:
        yield value(_foreign(f"{name} {error.what}"))
    except OSError as error:
        fault = f"cannot be read to the end: {error.strerror}"
        yield value(Value(0, 0, b"", Broken(fault, "a file cannot be read")))


_BLOCK = BLOCK
_OBJECT = re.compile(rb'\n\{\s*"')
_MARGIN = 64  # bytes of a line's beginning in which an object may begin, where a block ends in it
_SHORT_REACH = 1 << 10  # so that a bad line costs no second look at all that follows it


def _file(path: Path) -> Source:
    def opened() -> int:
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a named pipe that is opened and closed loses its writer
        return Source(str(path), None, lambda: _blocks(opened()))
    os.close(opened())
    return Source(str(path), status.st_size, lambda: _blocks(opened()))


def _blocks(descriptor: int, *, keep_open: bool = False) -> Iterator[bytes]:
    """What is there, as soon as it is there."""
    try:
        while block := _read_some(descriptor):
            yield block
    finally:
        if not keep_open:
            os.close(descriptor)


def _read_some(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, _BLOCK)
        except BlockingIOError:  # somebody else who has this pipe does not want to wait
            select.select((descriptor,), (), ())


def _told(blocks: Iterator[bytes], progress: Callable[[int], object]) -> Iterator[bytes]:
    with contextlib.closing(blocks):  # type: ignore[type-var] # generators have close()
        for block in blocks:
            progress(len(block))
            yield block


class _Blocks:
    """The text of an input, of which what was read too far can be given back."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._back: deque[bytes] = deque()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._back.popleft() if self._back else next(self._blocks)

    def give_back(self, texts: Sequence[bytes]) -> None:
        self._back.extendleft(text for text in reversed(texts) if text)


class _Ahead:
    """Whole lines, read ahead of what is known of them; `line` is the first of which nothing is known."""

    def __init__(self, blocks: _Blocks, line: int) -> None:
        self.line = line
        self._blocks = blocks
        self._open: deque[tuple[int, bytes]] = deque()
        self._tail = b""

    def texts(self) -> Iterator[Lines]:
        """Up to what is no whole line: the end of the input, or more than any event may hold."""
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


def _kind(blocks: _Blocks) -> str | None:
    """What the text looks like, if it is nothing that is read."""
    first = next(blocks, b"")
    if not first or first[:1] in b"{[":
        blocks.give_back((first,))
        return None
    second = next(blocks, b"") if len(first) < _BLOCK and not first.endswith(b"\n") else None
    blocks.give_back((first, second or b""))
    return looks_like(first, is_all=second == b"")


def _foreign(reason: str) -> Value:
    said = reason if ":" in reason or ";" in reason else f"{reason}; events are JSON"
    return Value(1, 0, b"", Broken(said, said))


def _skip_to_json(blocks: _Blocks) -> int:
    """Go to the next line on which an object begins; returns its number."""
    line, tail = 1, b"\n"
    for block in blocks:
        text = tail + block
        if found := _OBJECT.search(text):
            blocks.give_back((text[found.start() + 1 :],))
            return line + text.count(b"\n", len(tail), found.start() + 1)
        line += block.count(b"\n")
        tail = text[text.rfind(b"\n", -_MARGIN) :] if b"\n" in text[-_MARGIN:] else b" "
    return line


def _read(
    blocks: _Blocks,
    line: int,
    careful: Callable[[int], Documents],
    lines: Callable[[Lines], T],
    value: Callable[[Value], T],
    spread: Callable[[Iterator[Lines]], Iterator[T]],
) -> Iterator[T]:
    """JSON Lines at full speed; whatever is not one object on one line goes through `Documents`."""
    while True:
        ahead = _Ahead(blocks, line)
        for made in spread(ahead.texts()):
            yield made
            if not ahead.pass_by(made.events):
                break
        ahead.give_back()
        documents = careful(ahead.line)
        if not documents.more():
            return
        yield from _read_carefully(documents, lines, value)
        blocks.give_back([documents.left()])
        line = documents.line


def _read_carefully(
    documents: Documents, lines: Callable[[Lines], T], value: Callable[[Value], T]
) -> Iterator[T]:
    """Value by value, and then few lines at a time, until many lines were events by themselves."""
    reach = 0
    while reach < _BLOCK and documents.more():
        if not reach:
            yield from map(value, documents.values())
            reach = _SHORT_REACH
            continue
        some = documents.whole_lines(reach)
        made = lines(some)
        yield made
        reach = 2 * reach if documents.pass_by(some, made.events) else 0
