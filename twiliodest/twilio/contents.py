"""The content of an answer that something on the way has packed; never more of it than wanted."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable

MOST = 3  # packings on top of each other


class UnreadableError(ValueError):
    """A content that cannot be unpacked. Its text says why, and quotes nothing."""


def unpacked(content: bytes, encodings: str, limit: int) -> bytes:
    """A content as it was before its `Content-Encoding`; of at most `limit` bytes. Raises `UnreadableError`."""
    names = [name for part in encodings.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(names) > MOST:
        raise UnreadableError("it is compressed too many times")
    for name in reversed(names):
        unpack = _UNPACK.get(name)
        if unpack is None:
            raise UnreadableError("its compression is not supported")
        try:
            content = unpack(content, limit)
        except UnreadableError:
            raise
        except ImportError:
            raise UnreadableError(f"it is compressed with {name}; to read it, {_ADVICE[name]}") from None
        except Exception:  # each library has errors of its own
            raise UnreadableError(f"it is not valid {name} data") from None
        if len(content) > limit:
            raise UnreadableError("it is too long")
    return content


def _gzip(content: bytes, limit: int) -> bytes:
    """Also several members on end, as gzip allows."""
    plain = b""
    while content:
        packed = zlib.decompressobj(16 + zlib.MAX_WBITS)
        plain += packed.decompress(content, limit + 1 - len(plain))
        if len(plain) > limit:
            return plain
        if not packed.eof:
            raise UnreadableError("it is cut short")
        content = packed.unused_data.lstrip(b"\0")
    return plain


def _deflate(content: bytes, limit: int) -> bytes:
    """With zlib's frame, as it should be, or without, as some send it."""
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        packed = zlib.decompressobj(bits)
        try:
            plain = packed.decompress(content, limit + 1)
        except zlib.error:
            continue
        if len(plain) <= limit and not packed.eof:
            raise UnreadableError("it is cut short")
        return plain
    raise UnreadableError("it is not valid deflate data")


def _brotli(content: bytes, limit: int) -> bytes:
    brotli = importlib.import_module("brotli")
    packed = brotli.Decompressor()
    try:
        plain: bytes = packed.process(content, output_buffer_limit=limit + 1)
    except TypeError:
        raise ImportError("before 1.2 it knows no limit") from None
    if len(plain) <= limit and not packed.is_finished():
        raise UnreadableError("it is cut short")
    return plain


def _zstd(content: bytes, limit: int) -> bytes:
    packed = importlib.import_module("zstandard").ZstdDecompressor(max_window_size=1 << 23)
    with packed.stream_reader(content) as reader:
        plain: bytes = reader.read(limit + 1)
    if not plain:
        raise UnreadableError("it is cut short")
    return plain


_UNPACK: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
_ADVICE = {"br": "pip install brotli>=1.2", "zstd": "pip install zstandard"}
