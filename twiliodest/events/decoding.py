"""What is needed of a JSON text; or what is wrong with it."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Union

import msgspec

from twiliodest.events.halves import masked, restore, spelled
from twiliodest.events.texts import DEPTH, LIMIT, Broken
from twiliodest.exact import exact_number, text_of

Decode = Callable[[bytes], dict[str, Any]]
"""Gives members of a JSON object; raises one of the `REFUSALS`."""

REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def view(wanted: Iterable[tuple[str, ...]]) -> Decode:
    """A decoder of JSON objects that keeps only what is at these paths; `()` keeps everything.

    Raises `msgspec.DecodeError`, also where a text has half of a character: see `tolerant`. Numbers stay exact. It
    wants texts that are no deeper than `DEPTH`.
    """
    tree: dict[str, Any] = {}
    for path in sorted((path[:_NAMED] for path in wanted), key=len):
        if not path:
            return WHOLE
        branch: Any = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
            if branch is Any:
                break
        else:
            branch.setdefault(path[-1], Any)
    decode, sample = _decoder(_shape(tree)), _sample(tree)
    # msgspec (0.22.0) finds a name beyond ASCII only after that very object has been encoded once, as it is here
    return decode if decode(msgspec.json.encode(sample)) == sample else WHOLE


def decode_lines(lines: Sequence[bytes], decode: Decode) -> list[dict[str, Any]]:
    """What was decoded of the first of these lines, up to one that is not an event by itself.

    `decode` gives the member `batch`, too: where there is one, a line may hold several events.
    """
    data: list[dict[str, Any]] = []
    if max(map(len, lines), default=0) > _SHALLOW:
        lines = list(itertools.takewhile(lambda raw: not is_deep(raw), lines))
    with contextlib.suppress(*REFUSALS):
        for raw in lines:
            try:
                seen = decode(raw)
            except msgspec.DecodeError as error:
                seen = _with_halves(raw, decode, error)
            if "batch" in seen:
                break
            data.append(seen)
    return data


def decode_value(raw: bytes, decode: Decode) -> dict[str, Any] | Broken:
    """What was decoded of a text, or why it is not an event; `decode` should be strict."""
    try:
        return decode(raw)
    except REFUSALS as error:
        return describe(raw, error)


def tolerant(decode: Decode) -> Decode:
    """`decode` for texts that may hold halves of characters; what it gives of such a text is `Damaged`."""

    def tolerate(raw: bytes) -> dict[str, Any]:
        try:
            return decode(raw)
        except msgspec.DecodeError as error:
            return _with_halves(raw, decode, error)

    return tolerate


def strictly(decode: Decode) -> Decode:
    """`tolerant`, and for texts that may be too long, too deep, or not UTF-8: what was not asked for, is skipped."""
    tolerate = tolerant(decode)

    def strict(raw: bytes) -> dict[str, Any]:
        if len(raw) > LIMIT:
            raise msgspec.DecodeError("longer than 1 MiB")
        raw.decode()
        if is_deep(raw):
            raise RecursionError
        return tolerate(raw)

    return strict


def is_deep(raw: bytes) -> bool:
    """Whether brackets are nested in more than `DEPTH` others: our own limit, where each Python has another."""
    if len(raw) <= _SHALLOW or raw.count(b"[") + raw.count(b"{") <= DEPTH:
        return False
    depth = 0
    for bracket in _NOT_BRACKETS.sub(b"", raw):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH:
            return True
    return False


def canonical(raw: bytes) -> bytes:
    """The content of an object, the same whatever the white space and the order of its keys; raises `REFUSALS`."""
    try:
        return _CANONICAL.encode(_whole(raw))
    except msgspec.DecodeError as error:
        if (text := spelled(raw)) == raw:
            raise error
        return b"halves " + _CANONICAL.encode(_whole(text))


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
            f"an event must be a JSON object, but this is {_KINDS.get(wrong[1], 'a number')}",
            "not a JSON object",
        )
    if "out of range" in message or "too large" in message:
        return Broken("a number is too large to be read", "a number is too large")
    if "truncated" in message:
        return Broken("not valid JSON: it ends too soon", "not valid JSON", max(0, len(raw.rstrip()) - 1))
    place = _BYTE.search(message)
    offset = min(int(place[1]), len(raw)) if place else 0
    if _NOT_A_NUMBER.match(raw, max(0, offset - 1)):
        return Broken("not valid JSON: NaN and Infinity are not JSON numbers", "not valid JSON", offset)
    fault = _BYTE.sub("", message).removeprefix("JSON is malformed: ").strip(" -")
    return Broken(f"not valid JSON: {fault}", "not valid JSON", offset)


_EXPECTED = re.compile(r"Expected `object`, got `(\w+)`(?! - at)")
_KINDS = {"array": "an array", "bool": "a boolean", "null": "null", "str": "a string"}
_BYTE = re.compile(r"\(byte (\d+)\)")
_NOT_A_NUMBER = re.compile(rb"[\s:,\[-]?-?(?:NaN|Infinity)")


_NAMED = 50  # names of a path; below these, all is kept
_SHALLOW = 2 * DEPTH  # bytes, in which there is no room for more brackets, which have to be closed
_NOT_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[^"\[{}\]]++', re.DOTALL)


def _with_halves(raw: bytes, decode: Decode, error: Exception) -> dict[str, Any]:
    """What `decode`, which has raised `error`, gives of a text if it can but for halves of characters."""
    without = masked(raw)
    if without == raw:
        raise error
    decode(without)  # says what else is wrong, and where
    return restore(decode(spelled(raw)))


def _shape(tree: Mapping[str, Any]) -> Any:
    """A type for msgspec that skips, without building it, whatever `tree` does not name."""
    members = {
        name: Any if branch is Any else Union[_shape(branch), str, int, float, bool, list[Any], None]  # noqa: UP007 -- built at run time
        for name, branch in tree.items()
    }
    return TypedDict("_Shape", members, total=False)  # type: ignore[operator] # built at run time


def _sample(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if branch is Any else _sample(branch) for name, branch in tree.items()}


def _decoder(shape: Any) -> Decode:
    decode: Decode = msgspec.json.Decoder(shape, float_hook=exact_number).decode
    return decode


def _written(number: Any) -> msgspec.Raw:
    return msgspec.Raw((text_of(number) or "").encode())


def _bad_utf8(raw: bytes) -> int:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


_CANONICAL = msgspec.json.Encoder(order="sorted", decimal_format="number", enc_hook=_written)
_whole = _decoder(dict[str, Any])
WHOLE = tolerant(_whole)
"""Decodes all of an object."""
