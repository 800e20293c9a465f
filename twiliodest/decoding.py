"""What is needed of a JSON text; or what is wrong with it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Union

import msgspec

from twiliodest.documents import LIMIT, Broken
from twiliodest.exact import exact_number

Decode = Callable[[bytes], dict[str, Any]]
"""Gives members of a JSON object; raises one of the `REFUSALS`."""

REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def view(wanted: Iterable[tuple[str, ...]]) -> Decode:
    """A decoder of JSON objects that keeps only what stands at these paths; `()` keeps everything.

    Raises `msgspec.DecodeError` (or `RecursionError`); numbers stay exact.
    """
    tree: dict[str, Any] = {}
    for path in sorted(wanted, key=len):
        if not path:
            return WHOLE
        branch: Any = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
            if branch is Any:
                break
        else:
            branch.setdefault(path[-1], Any)
    return _decoder(_shape(tree))


def decode_lines(lines: Sequence[bytes], decode: Decode) -> list[dict[str, Any]]:
    """What was decoded of the first of these lines, up to one that is not an event by itself.

    `decode` gives the member `batch`, too: where there is one, a line may hold several events.
    """
    data: list[dict[str, Any]] = []
    with contextlib.suppress(*REFUSALS):
        for raw in lines:
            seen = decode(raw)
            if "batch" in seen:
                break
            data.append(seen)
    return data


def decode_value(raw: bytes, decode: Decode) -> dict[str, Any] | Broken:
    """What was decoded of a text, or why it is no event; `decode` had better be strict."""
    try:
        return decode(raw)
    except REFUSALS as error:
        return describe(raw, error)


def strictly(decode: Decode) -> Decode:
    """`decode` for texts that may not be UTF-8 (what it was not asked for, it skips unseen) or too long."""

    def strict(raw: bytes) -> dict[str, Any]:
        if len(raw) > LIMIT:
            raise msgspec.DecodeError("longer than 1 MiB")
        raw.decode()
        return decode(raw)

    return strict


def is_utf8(text: bytes) -> bool:
    """Whether a text can be decoded."""
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


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


_EXPECTED = re.compile(r"Expected `object`, got `(\w+)`(?! - at)")
_KINDS = {"array": "an array", "bool": "a boolean", "null": "null", "str": "a string"}
_BYTE = re.compile(r"\(byte (\d+)\)")
_NOT_A_NUMBER = re.compile(rb"[\s:,\[-]?-?(?:NaN|Infinity)")


def _shape(tree: Mapping[str, Any]) -> Any:
    """A type for msgspec that skips, without building it, whatever `tree` does not name."""
    members = {
        name: Any if branch is Any else Union[_shape(branch), str, int, float, bool, list[Any], None]  # noqa: UP007 -- built at run time
        for name, branch in tree.items()
    }
    return TypedDict("_Shape", members, total=False)  # type: ignore[operator] # built at run time


def _decoder(shape: Any) -> Decode:
    decode: Decode = msgspec.json.Decoder(shape, float_hook=exact_number).decode
    return decode


def _bad_utf8(raw: bytes) -> int:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


WHOLE = _decoder(dict[str, Any])
"""Decodes all of an object."""
