"""Whatever comes in, every event in it is found at its line, and everything else is reported at its own."""

from __future__ import annotations

import functools
import gzip
import os
import resource
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twiliodest.errors import UsageError
from twiliodest.events.decoding import decode_lines, decode_value, strictly, view
from twiliodest.events.reading import read
from twiliodest.events.sources import Source, find_sources
from twiliodest.events.texts import LIMIT, Broken, Lines, Value

Item = tuple[int, int, bytes, Any]
LOOK = strictly(view({("type",), ("event",), ("batch",)}))
A, B = b'{"type":"track","event":"a"}', b'{"type":"track","event":"b","batch_no":1}'


def chunks(data: bytes, size: int = 1 << 16) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def halves(data: bytes, cut: int) -> Iterator[bytes]:
    yield data[:cut]
    yield data[cut:]


class Seen(NamedTuple):
    events: int
    items: Sequence[Item]


def by_line(lines: Lines) -> Seen:
    raws = lines.text.split(b"\n")
    data = decode_lines(raws, LOOK)
    return Seen(len(data), [(lines.first + place, 0, raws[place], seen) for place, seen in enumerate(data)])


def by_value(value: Value) -> Seen:
    line, inset, raw, broken, *_ = value
    return Seen(0, ((line, inset, raw, broken or decode_value(raw, LOOK)),))


def seen(source: Source, progress: Callable[[int], object] = lambda size: None) -> Iterator[Item]:
    """Line, inset, text and data of each item."""
    for some in read(source, by_line, by_value, progress):
        yield from some.items


def items(data: bytes, size: int = 1 << 16) -> list[Item]:
    return list(seen(Source("x", None, lambda: chunks(data, size))))


def events(found: list[Item]) -> list[tuple[int, str]]:
    return [(line, data["event"]) for line, _, _, data in found if not isinstance(data, Broken)]


def broken(found: list[Item]) -> list[tuple[int, str]]:
    return [(line, data.kind) for line, _, _, data in found if isinstance(data, Broken)]


SHAPES = {
    "lines": (A + b"\n" + B + b"\n", [1, 2]),
    "no final newline": (A + b"\n" + B, [1, 2]),
    "CRLF and blank lines": (b"\r\n" + A + b"\r\n \t\r\n" + B + b"\r\n", [2, 4]),
    "byte order mark": (b"\xef\xbb\xbf" + A + b"\n" + B, [1, 2]),
    "documents over lines": (A.replace(b",", b",\n") + b"\n" + B.replace(b",", b",\n"), [1, 3]),
    "pretty documents": (A.replace(b",", b",\n  ") + b"\n\n" + B.replace(b"{", b"{\n  "), [1, 4]),
    "concatenated": (A + B, [1, 1]),
    "concatenated over lines": (A.replace(b",", b"\n,") + B, [1, 2]),
    "array": (b"[" + A + b"," + B + b"]", [1, 1]),
    "array over lines": (b"[\n  " + A + b",\n  " + B + b"\n]\n", [2, 3]),
    "two arrays": (b"[" + A + b"]\n[" + B + b"]", [1, 2]),
    "envelope": (b'{"batch":[' + A + b"," + B + b'],"sentAt":"x"}', [1, 1]),
    "envelope, batch last": (b'{"sentAt":{"a":[1]},\n"batch": [' + A + b",\n" + B + b"]\n}", [2, 3]),
    "envelope, batch between": (b'{"a":1,"batch":[' + A + b"," + B + b'],"context":{"batch":[1]}}\n', [1, 1]),
    "two envelopes": (b'{"batch":[' + A + b']}\n{"batch":[]}\n{"batch":[' + B + b"]}", [1, 3]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 16])
def test_every_shape_of_input_gives_its_events(shape: str, size: int) -> None:
    """Two events, at their first lines, and nothing else, wherever the blocks are cut."""
    data, (first, second) = SHAPES[shape]
    found = items(data, size)
    assert [(line, raw, data) for line, _, raw, data in found if isinstance(data, Broken)] == []
    assert events(found) == [(first, "a"), (second, "b")]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_place_for_a_cut_gives_the_same(shape: str) -> None:
    """An input of two blocks reads the same wherever the first ends."""
    data, _ = SHAPES[shape]
    whole = items(data)
    for i in range(1, len(data)):
        assert list(seen(Source("x", None, functools.partial(halves, data, i)))) == whole


JSON, OBJECT, UTF8 = "not valid JSON", "not a JSON object", "not UTF-8"
DEEP, LONG = "nested too deeply", "longer than 1 MiB"
BAD_LINES: list[tuple[bytes, str, int | None]] = [
    (b'{"type":"a","b":{"c":1', JSON, 21),
    (b'{"type":"a","b":"cd', JSON, 18),
    (b'{"type":"a","b":[1,2', JSON, 19),
    (b'{"type":', JSON, 7),
    (b"{", JSON, 0),
    (b'{"type":"a",}', JSON, 12),
    (b'{"type":"a"} xyz', JSON, 14),
    (b'{"type":"a"}}', JSON, 13),
    (b'{"type":"a"}]', JSON, 13),
    (b"{'type':'a'}", JSON, 1),
    (b'{type:"a"}', JSON, 1),
    (b'{"a" "b"}', JSON, None),
    (b'{"a":1,"b":NaN}', JSON, 11),
    (b'{"a":-Infinity}', JSON, None),
    (b"[1,2]", OBJECT, None),
    (b'"text"', OBJECT, None),
    (b"12.5", OBJECT, None),
    (b"null", OBJECT, None),
    (b"true", OBJECT, None),
    (b"[]", OBJECT, None),
    (b'{"type":"\xff"}', UTF8, 9),
    (b'{"nobody looks":"\xc3\x28"}', UTF8, 17),
    (b'{"type":"\\ud80"}', JSON, None),
    (b'{"type":"a\x01b"}', JSON, 10),
    (b'{"type":"a\0"}', JSON, 10),
    (b"\0\0\0", JSON, 0),
    (b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", DEEP, None),
    (b'{"a":"' + b"x" * LIMIT + b'"}', LONG, None),
    (b"x" * (3 * LIMIT), LONG, None),
    (b'{"type":1e99999999999999999999}', "a number is too large", None),
    (b'{"type":' + b"1" * 5000 + b"}", "a number is too large", None),
    (b"}", JSON, 0),
    (b"]", JSON, 0),
    (b'{"a":1},{"a":2}', JSON, None),
    (b"# comment", JSON, 0),
    (b'{"batch":[1', JSON, 10),
]


@pytest.mark.parametrize(("line", "kind", "offset"), BAD_LINES, ids=lambda value: repr(value)[:30])
def test_a_bad_line_costs_only_itself(line: bytes, kind: str, offset: int | None) -> None:
    """It is reported at its line and byte, and the good lines around it are all found."""
    found = items(A + b"\n" + line + b"\n" + A + b"\n" + B + b"\n")
    assert events(found) == [(1, "a"), (3, "a"), (4, "b")]
    assert broken(found)[0] == (2, kind)
    assert all(line == 2 for line, _ in broken(found))
    if offset is not None:
        (fault,) = [data for *_, data in found if isinstance(data, Broken)]
        assert fault.offset == offset


def test_what_follows_the_events_of_a_damaged_batch_is_reported() -> None:
    """Nothing after the list of a batch is dropped in silence."""
    found = items(b'{"batch":[' + A + b"]} x " + B + b"\n" + B)
    assert events(found) == [(1, "a"), (2, "b")]
    assert broken(found) == [(1, JSON)]


def test_an_array_that_is_never_closed_loses_nothing() -> None:
    """Its elements count; that it has no end is said once, at its beginning."""
    found = items(b'[{"event":"a"},\n{"event":"b"}\n')
    assert events(found) == [(1, "a"), (2, "b")]
    assert broken(found) == [(1, JSON)]


def test_a_batch_that_is_cut_off_is_reported_once() -> None:
    """One cause, one report."""
    assert broken(items(b'{"batch":[' + A + b",")) == [(1, JSON)]


GOOD = [A, B, b"{}", b"[" + A + b"]", b'{"batch":[' + A + b"]}"]
CLOSED = [
    line for line, *_ in BAD_LINES[5:-1] if len(line) < 99 and line not in (b"}", b"]")
]  # nothing that may belong to its neighbour
BAD = [line for line, *_ in BAD_LINES if len(line) < 99]
SHARDS = [
    b"{\n",
    b"[\n",
    b"}\n",
    b" ",
    b",",
    b"\n  ",
    b'"',
    b"\\",
    b"[[",
    b'{"a":\n',
    b'{"batch":[',
    b"\r",
    b"\xff",
]
PIECES = st.sampled_from(GOOD + BAD + SHARDS)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(PIECES, st.sampled_from([b"\n", b"\n", b"", b" "])), max_size=12), st.integers(1, 9)
)
@example([(b'{"a":\n', b""), (b"1}", b" "), (b"# comment", b"\n")], 1)
def test_blocks_never_matter(pieces: list[tuple[bytes, bytes]], size: int) -> None:
    """Any mixture of good and bad reads the same in one block and in tiny ones, and never raises."""
    data = b"".join(piece + end for piece, end in pieces)
    assert items(data, size) == items(data)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([A, *CLOSED]), max_size=15))
def test_every_good_line_among_bad_ones_is_found(lines: list[bytes]) -> None:
    """Each with its own number, and each bad line is reported."""
    found = items(b"\n".join(lines))
    assert events(found) == [(i, "a") for i, line in enumerate(lines, 1) if line == A]
    untouched_empty = 1 if lines[:1] == [b"[]"] else None
    wanted = {i for i, line in enumerate(lines, 1) if line != A} - {untouched_empty}
    assert {line for line, _ in broken(found)} >= wanted


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_are_read_without_an_error(data: bytes, size: int) -> None:
    """Noise becomes reports, never an exception, and the same ones in whatever pieces it comes."""
    assert items(data, size) == items(data)


NASTY = [
    b'{"a":[\n',
    b"[\n",
    b"[{\n",
    b'{"',
    b'"\n',
    b"\\",
    b'{"batch":[',
    b"{}",
    b"[{},",
    b" ",
    b"\n",
    b"1,\n",
    b"[[",
]


@pytest.mark.slow
@pytest.mark.parametrize("head", [b"", b"[{},1"])
@pytest.mark.parametrize("nasty", NASTY)
def test_hostile_input_is_soon_done_with(nasty: bytes, head: bytes) -> None:
    """Every byte of it is passed; work that grew with the square of its size would take minutes here."""
    data = head + nasty * ((1 << 17) // len(nasty))
    told: list[int] = []
    for _ in seen(Source("x", None, lambda: chunks(data)), told.append):
        pass
    assert sum(told) == len(data)


@pytest.mark.parametrize(
    "block", [b"x" * 999, b" " * 999, b"[" * 999, b'  "' + b"x" * 999 + b'"\n'], ids=repr
)
@pytest.mark.parametrize("head", [b"", b"[", b"{\n", b'{"batch":['])
def test_memory_is_flat(block: bytes, head: bytes) -> None:
    """An input that is longer than any event, of any shape, is not kept."""
    size = -(-60_000 // len(block))

    def blocks() -> Iterator[bytes]:
        yield head
        for _ in range((3 * LIMIT) // 60_000 + 1):
            yield block * size

    tracemalloc.start()
    for _ in seen(Source("x", None, blocks)):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * LIMIT


@pytest.mark.slow
def test_200_mb_leave_no_trace() -> None:
    """The process has not grown after 200 MB of events."""
    block = (A + b"\n") * 2_000
    blocks = (block for _ in range(200_000_000 // len(block)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in seen(Source("x", None, lambda: blocks))) > 6_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_line_on_a_pipe_is_there_at_once() -> None:
    """Each event comes out before the next one goes in."""
    reader, writer = os.pipe()

    def blocks() -> Iterator[bytes]:
        while block := os.read(reader, 1 << 16):
            yield block

    found = seen(Source("-", None, blocks))
    for line, text in enumerate([A, b'{"a":1,}', B, b"[" + A + b"]", b"nonsense}", b"{}"], 1):
        os.write(writer, text + b"\n")
        if text != b"nonsense}":
            assert next(found)[0] == line
        else:
            os.write(writer, b"\n")
            assert isinstance(next(found)[3], Broken)
            break
    os.close(writer)
    assert list(found) == []
    os.close(reader)


@pytest.mark.parametrize("size", [1, 5, 1 << 16])
def test_gzip_is_told_by_its_content(size: int) -> None:
    """Also with several members and padding between them."""
    data = gzip.compress(A + b"\n") + gzip.compress(B + b"\n") + b"\0\0"
    assert events(items(data, size)) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress((A + b"\n") * 3, mtime=0)[:-6], "the gzip data ends too soon"),
        (gzip.compress((A + b"\n") * 3, mtime=0) + b"junk", "the gzip data is damaged"),
        ((A.decode()).encode("utf-16"), "it is UTF-16; convert it to UTF-8"),
    ],
)
def test_a_damaged_file_is_reported_as_a_whole(data: bytes, reason: str) -> None:
    """Events before the damage count, then it is said what is wrong with the file."""
    found = items(data)
    assert found[-1][3] == Broken(f"cannot be read to the end: {reason}", "a file cannot be read")
    assert not data.startswith(b"\x1f") or len(events(found)) == 3


def test_folders_give_their_event_files_by_name(tmp_path: Path) -> None:
    """JSON in its usual endings, also compressed; nothing hidden, nothing else."""
    for name in ("b.jsonl", "a.json", "c.ndjson.gz", ".d.json", "e.txt"):
        (tmp_path / name).write_bytes(A)
    (tmp_path / "f.json").mkdir()
    found = find_sources([str(tmp_path)])
    assert [Path(source.name).name for source in found] == ["a.json", "b.jsonl", "c.ndjson.gz"]
    assert [source.size for source in found] == [len(A)] * 3


def test_every_input_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """All of them at once; an empty name is not the current folder."""
    with pytest.raises(UsageError) as caught:
        find_sources([str(tmp_path / "x"), "", "-", "-", str(tmp_path / "y")])
    assert [problem.message.split(":")[0] for problem in caught.value.problems] == [
        f"cannot read {tmp_path / 'x'}",
        "the name of an input is empty",
        f"cannot read {tmp_path / 'y'}",
        "standard input (-) is given twice",
    ]


def test_a_named_pipe_keeps_its_writer(tmp_path: Path) -> None:
    """Finding it opens nothing, so that a waiting writer is not cut off."""
    pipe = tmp_path / "events"
    os.mkfifo(pipe)
    (source,) = find_sources([str(pipe)])
    keep = os.open(pipe, os.O_RDWR)
    os.write(keep, A + b"\n")
    found = seen(source)
    assert next(found)[2] == A
    os.close(keep)
    assert list(found) == []


def test_the_bytes_read_are_told() -> None:
    """Progress adds up to the size of the file, compressed or not."""
    told: list[int] = []
    data = gzip.compress(A)
    list(seen(Source("x", len(data), lambda: chunks(data, 7)), told.append))
    assert sum(told) == len(data)


def test_a_file_that_vanished_is_reported(tmp_path: Path) -> None:
    """It is one outcome, not an exception."""
    path = tmp_path / "a.json"
    path.write_bytes(A)
    (source,) = find_sources([str(path)])
    path.unlink()
    ((line, _, _, fault),) = seen(source)
    assert (line, fault.kind) == (0, "a file cannot be read")


def pruned(raw: bytes) -> dict[str, Any]:
    return view({("a", "b"), ("c",)})(raw)


def test_what_nobody_looks_at_is_not_built() -> None:
    """A view keeps only its paths, and what stands in their way."""
    assert pruned(b'{"a":{"b":1,"x":2},"c":[1],"d":3}') == {"a": {"b": 1}, "c": [1]}
    assert pruned(b'{"a":"text"}') == {"a": "text"}
