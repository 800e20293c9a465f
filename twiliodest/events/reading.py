"""An input of any format becomes lines and values of JSON, in order, with their places."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from twiliodest.events.ahead import Ahead, Blocks
from twiliodest.events.documents import Documents
from twiliodest.events.envelopes import EventsAt
from twiliodest.events.formats import kind_of, skip_to_json
from twiliodest.events.sources import STDIN, Source
from twiliodest.events.texts import Broken, Lines, Value
from twiliodest.events.unpacking import BLOCK, ForeignError, text_of


class Read(Protocol):
    """What came of some lines. `events` tells how many of them, from the first, were events by themselves."""

    @property
    def events(self) -> int: ...


T = TypeVar("T", bound=Read)


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

    `lines` is for the first look: where it stops, `value` gets what there is, also what is not an event. An event on
    a pipe is there when its line is. `spread` does the same as `lines` for one text after the other; it may take some
    ahead. `progress` is told the bytes read. `events_at` and `keeps_all` are those of `Documents`.
    """
    name = "standard input" if source.name == STDIN else os.path.basename(source.name)
    try:
        blocks, line = Blocks(text_of(_told(source.blocks(), progress))), 1
        if kind := kind_of(blocks):
            yield value(_foreign(f"{name} looks like {kind}"))
            line = skip_to_json(blocks)
        careful = functools.partial(Documents, blocks, events_at=events_at, keeps_all=keeps_all)
        yield from _read(blocks, line, careful, lines, value, spread or functools.partial(map, lines))
    except ForeignError as error:
        yield value(_foreign(f"{name} {error.what}"))
    except OSError as error:
        fault = f"cannot be read to the end: {error.strerror}"
        yield value(Value(0, 0, b"", Broken(fault, "a file cannot be read")))


_SHORT_REACH = 1 << 10  # so that a bad line costs no second look at all that follows it


def _told(blocks: Iterator[bytes], progress: Callable[[int], object]) -> Iterator[bytes]:
    with contextlib.closing(blocks):  # type: ignore[type-var] # generators have close()
        for block in blocks:
            progress(len(block))
            yield block


def _foreign(reason: str) -> Value:
    said = reason if ":" in reason or ";" in reason else f"{reason}; events are JSON"
    return Value(1, 0, b"", Broken(said, said))


def _read(
    blocks: Blocks,
    line: int,
    careful: Callable[[int], Documents],
    lines: Callable[[Lines], T],
    value: Callable[[Value], T],
    spread: Callable[[Iterator[Lines]], Iterator[T]],
) -> Iterator[T]:
    """JSON Lines at full speed; whatever is not one object on one line goes through `Documents`."""
    while True:
        ahead = Ahead(blocks, line)
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
    while reach < BLOCK and documents.more():
        if not reach:
            yield from map(value, documents.values())
            reach = _SHORT_REACH
            continue
        some = documents.whole_lines(reach)
        made = lines(some)
        yield made
        reach = 2 * reach if documents.pass_by(some, made.events) else 0
