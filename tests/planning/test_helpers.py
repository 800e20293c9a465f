"""Helpers change how fast texts are worked on, and nothing else, whatever befalls them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twiliodest.events.texts import Lines
from twiliodest.planning.parallel import ROOM, SLOTS, Helpers, spare_processors

HERE = os.getpid()


def work(source: int, lines: Lines) -> bytes:
    """Says what it was given; texts tell it what to do on the way."""
    first, text = lines
    if text.startswith(b"slow"):
        time.sleep(0.002)
    if text.startswith(b"helpers die") and os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)
    if text.startswith(b"helpers fail") and os.getpid() != HERE:
        raise ValueError
    if text.startswith(b"fail"):
        raise ValueError("it failed")
    if text.startswith(b"large"):
        text += b"x" * ROOM
    return b"%d %d %d " % (source, first, len(text)) + text


def helpers(count: int) -> Helpers[bytes]:
    return Helpers(work, pack=bytes, unpack=bytes, count=count)


def numbered(texts: list[bytes]) -> Iterator[Lines]:
    return (Lines(number, text) for number, text in enumerate(texts, 1))


TEXTS = st.lists(
    st.sampled_from(
        [
            b"a",
            b"",
            b"b" * ROOM,
            b"too long".ljust(ROOM + 1),
            b"slow",
            b"large",
            b"helpers die",
            b"helpers fail",
        ]
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(texts=TEXTS, count=st.integers(0, 3))
@example(texts=[b"slow", b"slow", b"large", b"slow"] * 5, count=1)
def test_results_come_in_the_order_of_the_texts(texts: list[bytes], count: int) -> None:
    """Each once, whoever has made it, also when helpers are killed, give up, or are asked too much."""
    alone = [work(7, lines) for lines in numbered(texts)]
    with helpers(count) as some:
        assert list(some.spread(7, numbered(texts))) == alone
        assert list(some.spread(7, numbered(texts))) == alone


def test_helpers_do_the_work() -> None:
    """Some of it at least, and no more is taken ahead than they have room for."""
    most, given = 2 * SLOTS, list[int]()

    def place(source: int, lines: Lines) -> bytes:
        return b"%d" % os.getpid()

    def texts() -> Iterator[Lines]:
        for lines in numbered([b"a"] * 200):
            given.append(lines.first)
            yield lines

    with Helpers(place, pack=bytes, unpack=bytes, count=1) as some:
        places = [
            (b"%d" % os.getpid() == who, given[-1] - done) for done, who in enumerate(some.spread(0, texts()))
        ]
    assert sum(ours for ours, _ in places) < 200
    assert max(ahead for _, ahead in places) <= most + 1


@pytest.mark.parametrize(("size", "here"), [(ROOM, False), (ROOM + 1, True)])
def test_a_result_of_just_the_room_comes_back(size: int, here: bool) -> None:
    """One byte more, and whoever asks makes it again."""
    parent = os.getpid()

    def place(source: int, lines: Lines) -> bytes:
        return (b"here" if os.getpid() == parent else b"away").ljust(size)

    with Helpers(place, pack=bytes, unpack=bytes, count=1) as some:
        (first,) = some.spread(0, numbered([b"a"]))
    assert (first[:4], len(first)) == (b"here" if here else b"away", size)


@pytest.mark.parametrize("count", [0, 2])
def test_what_goes_wrong_in_the_work_is_seen(count: int) -> None:
    """A mistake is not hidden in another process."""
    with helpers(count) as some, pytest.raises(ValueError, match="it failed"):
        list(some.spread(0, numbered([b"a"] * 20 + [b"fail"] + [b"a"] * 20)))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_what_the_texts_raise_comes_after_what_they_gave(count: int) -> None:
    """A file that cannot be read to its end costs nothing that was read."""

    def texts() -> Iterator[Lines]:
        yield from numbered([b"slow"] * 5)
        raise OSError(5, "the disk is gone")

    with helpers(count) as some:
        made = some.spread(0, texts())
        assert [next(made) for _ in range(5)] == [work(0, lines) for lines in numbered([b"slow"] * 5)]
        with pytest.raises(OSError, match="the disk is gone"):
            next(made)


def test_what_is_left_unread_disturbs_nothing_later() -> None:
    """Of texts that were taken ahead and given back, the results are dropped."""
    with helpers(2) as some:
        for rounds in range(20):
            texts = [b"%d" % rounds] * 30
            (first, *_) = zip(some.spread(rounds, numbered(texts)), range(rounds % 7 + 1), strict=False)
            assert first == (work(rounds, Lines(1, texts[0])), 0)


def test_no_process_is_left_behind() -> None:
    """Not even as a zombie."""
    with helpers(2) as some:
        assert list(some.spread(0, numbered([b"a"])))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


BUSY = """
import time
from twiliodest.planning.parallel import Helpers
with Helpers(lambda source, lines: b"", bytes, bytes, 2):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_helpers_end_with_whom_they_help(tmp_path: Path) -> None:
    """After a `kill -9` nothing goes on in the background: the output that helpers inherit comes to its end."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, cwd=tmp_path) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"ready\n"
        parent.kill()
        assert parent.communicate(timeout=30)[0] == b""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen here")
@pytest.mark.parametrize(("processors", "spare"), [(1, 0), (2, 1), (3, 2), (4, 2)])
def test_one_processor_is_left_to_the_command(processors: int, spare: int) -> None:
    """Helpers are for processors that would be idle, of those that this process may use; two are enough."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < processors:
        pytest.skip("this machine has too few processors")
    os.sched_setaffinity(0, sorted(allowed)[:processors])
    try:
        assert spare_processors() == spare
    finally:
        os.sched_setaffinity(0, allowed)
