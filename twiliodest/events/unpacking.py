"""Bytes of a file become text: decompressed, without a byte order mark; what cannot be text says what it is."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator

BLOCK = 1 << 16  # bytes
MARK = b"\xef\xbb\xbf"


class ForeignError(Exception):
    """The input is something else: `what` goes after its name."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def text_of(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The text in these blocks, as soon as it is there.

    Raises `OSError` where it is damaged, `ForeignError` where it is of a kind that is not read.
    """
    head, blocks = _peeked(blocks)
    if head.startswith(_GZIP):
        blocks = _inflated(blocks)
    elif head.startswith(_ZSTD):
        blocks = _unpacked(blocks)
    else:
        _refuse(head)
        yield from chained(head.removeprefix(MARK), blocks, skip=head)
        return
    head, blocks = _peeked(blocks)
    _refuse(head)
    yield from chained(head.removeprefix(MARK), blocks, skip=head)


def chained(first: bytes, rest: Iterator[bytes], *, skip: bytes = b"") -> Iterator[bytes]:
    """Something, and then the rest, of which the first block may be skipped."""
    if skip:
        next(rest, None)
    if first:
        yield first
    yield from rest


_GZIP = b"\x1f\x8b"
_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes((0x50 + number,)) + b"\x2a\x4d\x18" for number in range(16)))
_COMPRESSED = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\xff\x06\0\0sNaPpY": "Snappy",
    b"PK\x03\x04": "a ZIP archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a": "a RAR archive",
}
_KINDS = {
    b"PAR1": "Parquet",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"ARROW1": "Arrow",
    b"SQLite format 3\0": "an SQLite database",
    b"%PDF-": "a PDF",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x7fELF": "a program",
}
_WIDE = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_MAGICS = (_GZIP, *_ZSTD, *_COMPRESSED, *_KINDS, *_WIDE, MARK)
_TAR = 257, b"ustar"


def _peeked(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, as many as tell what it is and no more than are there, and everything."""
    head = b""
    for block in blocks:
        head += block
        if not any(len(head) < len(magic) and magic.startswith(head) for magic in _MAGICS):
            break
    return head, chained(head, blocks)


def _refuse(head: bytes) -> None:
    """Raises where text cannot begin like this."""
    if wide := _wide(head):
        raise OSError(0, f"it is {wide}; convert it to UTF-8")
    for magic, what in _COMPRESSED.items():
        if head.startswith(magic):
            raise ForeignError(f"is {what}: decompress it first")
    for magic, what in _KINDS.items():
        if head.startswith(magic):
            raise ForeignError(f"is {what}; events are JSON")
    if head.startswith(_TAR[1], _TAR[0]):
        raise ForeignError("is a tar archive: unpack it first")


def _wide(head: bytes) -> str | None:
    """The encoding of more than one byte a character in which this is JSON; its first two characters are ASCII."""
    for mark, name in _WIDE.items():
        if head.startswith(mark):
            return name
    if head.lstrip(b"\0")[:1] not in (b"{", b"["):  # bytes of zero alone are damage
        return None
    zeros = [byte == 0 for byte in head[:8]]
    if zeros in ([True, True, True, False] * 2, [False, True, True, True] * 2):
        return "UTF-32 without a byte order mark"
    if zeros[:4] in ([True, False] * 2, [False, True] * 2):
        return "UTF-16 without a byte order mark"
    return None


def _inflated(blocks: Iterator[bytes]) -> Iterator[bytes]:
    member, begun = zlib.decompressobj(31), False
    for block in blocks:
        while block:
            try:
                text, begun = member.decompress(block, BLOCK), True
            except zlib.error:
                raise OSError(0, "the gzip data is damaged") from None
            if text:
                yield text
            block = member.unconsumed_tail
            if member.eof:
                block, member, begun = member.unused_data.lstrip(b"\0"), zlib.decompressobj(31), False
    if begun:
        yield from chained(member.flush(), iter(()))
        if not member.eof:
            raise OSError(0, "the gzip data ends too soon")


_SLICE = 1 << 9  # compressed bytes at a time: what they become is at most 16 MiB


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError:
        raise ForeignError('is zstd: decompress it first, or pip install "twiliodest[zstd]"') from None
    frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
    for block in blocks:
        rest = memoryview(block)
        while rest:
            some, rest, begun = rest[:_SLICE], rest[_SLICE:], True
            try:
                text = frame.decompress(some)
            except zstandard.ZstdError:
                raise OSError(0, "the zstd data is damaged") from None
            yield from (text[at : at + BLOCK] for at in range(0, len(text), BLOCK))
            if frame.eof:
                rest = memoryview(frame.unused_data + bytes(rest))
                frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
    if begun:
        raise OSError(0, "the zstd data ends too soon")


def begins_like_json(blocks: Iterator[bytes]) -> bool:
    """Whether the text in these blocks begins as events do; what cannot be read does not."""
    with contextlib.suppress(OSError, ForeignError):
        for block in text_of(blocks):
            if start := block.lstrip(b" \t\r\n\x1e"):
                return start[:1] in (b"{", b"[")
    return False
