"""Files, folders and pipes become events, one at a time; what is no event becomes a `Broken` with its place."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from twiliodest.documents import LIMIT, Broken, Documents
from twiliodest.errors import Place, Problem, UsageError

STDIN = "-"
SUFFIXES = (".json", ".jsonl", ".ndjson")

Decode = Callable[[bytes], Any]


class Source(NamedTuple):
    """One input: its name as the user wrote it, its size in bytes (`None` for a pipe), and its blocks."""

    name: str
    size: int | None
    blocks: Callable[[], Iterator[bytes]]


class Batch(NamedTuple):
    """Events that follow each other in an input, as they were read.

    `lines` are their first lines, from 1, `raws` their JSON texts, and `data` what `decode` gave for each; `inset`
    counts the bytes before an event in its line.
    """

    lines: Sequence[int]
    inset: int
    raws: Sequence[bytes]
    data: Sequence[Any]
    decode: Decode


class Damage(NamedTuple):
    """Something in an input that is no event; its place as in a `Batch`."""

    line: int
    inset: int
    raw: bytes
    broken: Broken


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
    if len([name for name in names if name == STDIN]) > 1:
        problems.append(Problem(message="standard input (-) is given twice"))
    if problems:
        raise UsageError(problems)
    return sources


def read(
    source: Source,
    decode: Decode,
    progress: Callable[[int], object] = lambda count: None,
    eager: Callable[[], Decode] | None = None,
) -> Iterator[Batch | Damage]:
    """Everything in an input, in order, with flat memory; an event on a pipe is there when its line is.

    `decode` turns the JSON text of one object into a dict with the members that the caller wants, `batch`
    among them (it may be an envelope), and raises what msgspec raises. `progress` is told the bytes read.
    `eager` gives, for each batch anew, a decoder to try first; what that one refuses is for `decode` to judge.
    """
    try:
        blocks = _told(source.blocks(), progress)
        yield from _batches(_text(blocks), decode, eager or (lambda: decode))
    except OSError as error:
        fault = f"cannot be read to its end: {error.strerror}"
        yield Damage(0, 0, b"", Broken(fault, "a file cannot be read"))


def describe(raw: bytes, error: Exception) -> Broken:
    """What is wrong with a text that `decode` refused, with the byte at fault."""
    message = str(error)
    if isinstance(error, UnicodeDecodeError):
        bad = _bad_utf8(raw)
        return Broken(f"not UTF-8: byte 0x{raw[bad]:02x}", "not UTF-8", bad)
    if isinstance(error, RecursionError):
        return Broken("nested too deeply", "nested too deeply")
    if wrong := _EXPECTED.match(message):
        return Broken(
            f"an event is a JSON object, and this is {_KINDS.get(wrong[1], 'a number')}", "not a JSON object"
        )
    if "out of range" in message or "too large" in message:
        return Broken("a number is too large to be read", "a number is too large")
    if "truncated" in message:
        return Broken("not valid JSON: it ends too soon", "not valid JSON", max(0, len(raw.rstrip()) - 1))
    place = _BYTE.search(message)
    offset = min(int(place[1]), len(raw)) if place else 0
    if _NOT_A_NUMBER.match(raw, max(0, offset - 1)):
        return Broken("not valid JSON: NaN and Infinity are no JSON numbers", "not valid JSON", offset)
    fault = _BYTE.sub("", message).removeprefix("JSON is malformed: ").strip(" -")
    return Broken(f"not valid JSON: {fault}", "not valid JSON", offset)


_BLOCK = 1 << 16
_SHORT_REACH = 1 << 10  # so that a bad line costs no second look at all that follows it
_EXPECTED = re.compile(r"Expected `object`, got `(\w+)`(?! - at)")
_KINDS = {"array": "an array", "bool": "a boolean", "null": "null", "str": "a string"}
_BYTE = re.compile(r"\(byte (\d+)\)")
_NOT_A_NUMBER = re.compile(rb"[\s:,\[-]?-?(?:NaN|Infinity)")
REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
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
        while block := os.read(descriptor, _BLOCK):
            yield block
    finally:
        if not keep_open:
            os.close(descriptor)


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


def _batches(
    blocks: Iterator[bytes], decode: Decode, eager: Callable[[], Decode]
) -> Iterator[Batch | Damage]:
    """JSON Lines at full speed; whatever is not one object on one line goes through `Documents`."""
    documents = Documents(blocks)
    strict, reach = _strict(decode), LIMIT
    while documents.more():
        text = documents.whole_lines(reach)
        lines = text.split(b"\n")
        used = decode_line = eager()
        if len(text) > LIMIT or not _is_utf8(text):
            used, decode_line = decode, strict
        first, data = documents.line, _decoded_events(lines, decode_line)
        if len(data) == len(lines):
            documents.pass_by(len(lines), len(text))
            yield Batch(range(first, first + len(lines)), 0, lines, data, used)
            reach = min(2 * reach, LIMIT)
            continue
        if data:
            lines = lines[: len(data)]
            documents.pass_by(len(lines), sum(map(len, lines)) + len(lines) - 1)
            yield Batch(range(first, first + len(lines)), 0, lines, data, used)
        reach = _SHORT_REACH
        for value in documents.values():
            found = value.broken or _decoded(value.raw, strict)
            if isinstance(found, Broken):
                yield Damage(value.line, value.inset, value.raw, found)
            else:
                yield Batch((value.line,), value.inset, (value.raw,), (found,), decode)


def _decoded_events(lines: Sequence[bytes], decode: Decode) -> list[Any]:
    """The first of these lines, up to one that is not an event by itself."""
    data: list[Any] = []
    with contextlib.suppress(*REFUSALS):
        for raw in lines:
            seen = decode(raw)
            if "batch" in seen:
                break
            data.append(seen)
    return data


def _decoded(raw: bytes, decode: Decode) -> Any | Broken:
    try:
        return decode(raw)
    except REFUSALS as error:
        return describe(raw, error)


def _strict(decode: Decode) -> Decode:
    """`decode` for texts that may not be UTF-8 (what it was not asked for, it skips unseen) or too long."""

    def strict(raw: bytes) -> Any:
        if len(raw) > LIMIT:
            raise msgspec.DecodeError("longer than 1 MiB")
        raw.decode()
        return decode(raw)

    return strict


def _is_utf8(text: bytes) -> bool:
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def _bad_utf8(raw: bytes) -> int:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0
