"""Files, folders and pipes become lines and values, in order, with their places."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import stat
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from twiliodest.errors import Place, Problem, UsageError
from twiliodest.events.documents import LIMIT, Broken, Documents, Lines, Value
from twiliodest.events.envelopes import EventsAt

STDIN = "-"
SUFFIXES = (".json", ".jsonl", ".ndjson")


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


def find_sources(names: Sequence[str]) -> list[Source]:
    """The inputs that `names` stand for: files, folders (their event files by name) or `-`.

    Raises `UsageError` with every name that cannot be read.
    """
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
            files = _files(Path(name))
            sources.extend(map(_file, files))
            if not files:
                kinds = ", ".join(SUFFIXES)
                problems.append(Problem(message=f"there are no event files ({kinds}) in {name}"))
        except OSError as error:
            problems.append(Problem(message=f"cannot read {name}: {error.strerror}", place=Place(name)))
    if STDIN in names and sys.stdin is None:
        problems.append(Problem(message="standard input is closed: no events can come from it"))
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
    try:
        blocks = _Blocks(_text(_told(source.blocks(), progress)))
        careful = functools.partial(Documents, blocks, events_at=events_at, keeps_all=keeps_all)
        yield from _read(blocks, careful, lines, value, spread or functools.partial(map, lines))
    except OSError as error:
        fault = f"cannot be read to its end: {error.strerror}"
        yield value(Value(0, 0, b"", Broken(fault, "a file cannot be read")))


_BLOCK = 1 << 16  # bytes
_SHORT_REACH = 1 << 10  # so that a bad line costs no second look at all that follows it
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def _files(path: Path) -> Sequence[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if _is_event_file(file.name) and not file.is_dir())


def _is_event_file(name: str) -> bool:
    return name.removesuffix(".gz").endswith(SUFFIXES) and not name.startswith(".")


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


def _text(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks without gzip and byte order mark."""
    head = b""
    for block in blocks:
        head += block
        if len(head) >= 3:
            break
    blocks = _chain(head, blocks)
    if head.startswith(b"\x1f\x8b"):
        blocks = _inflated(blocks)
    first = next(blocks, b"")
    if first.startswith(_UTF16):
        raise OSError(0, "it is UTF-16; convert it to UTF-8")
    yield from _chain(first.removeprefix(b"\xef\xbb\xbf"), blocks)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _inflated(blocks: Iterator[bytes]) -> Iterator[bytes]:
    member, begun = zlib.decompressobj(31), False
    for block in blocks:
        while block:
            try:
                text, begun = member.decompress(block, _BLOCK), True
            except zlib.error:
                raise OSError(0, "the gzip data is damaged") from None
            if text:
                yield text
            block = member.unconsumed_tail
            if member.eof:
                block, member, begun = member.unused_data.lstrip(b"\0"), zlib.decompressobj(31), False
    if begun:
        yield from _chain(member.flush(), iter(()))
        if not member.eof:
            raise OSError(0, "the gzip data ends too soon")


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


def _read(
    blocks: _Blocks,
    careful: Callable[[int], Documents],
    lines: Callable[[Lines], T],
    value: Callable[[Value], T],
    spread: Callable[[Iterator[Lines]], Iterator[T]],
) -> Iterator[T]:
    """JSON Lines at full speed; whatever is not one object on one line goes through `Documents`."""
    line = 1
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
