"""What is not an event is told with its place, costs nobody else anything, and helpers leave nothing open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_events import FINE, action, told

from twiliodest.events.envelopes import names, read_events_at
from twiliodest.events.sources import find_sources
from twiliodest.events.texts import Lines
from twiliodest.model import Status
from twiliodest.planning.identity import compile_identity
from twiliodest.planning.parallel import Helpers
from twiliodest.planning.plan import Plan
from twiliodest.planning.planner import Planner
from twiliodest.planning.progress import Progress

A, B = FINE % 1, FINE % 2


def made_of(
    folder: Path, data: bytes, events_at: str | None = None
) -> tuple[list[tuple[int, str | None]], int]:
    """The line of each outcome, with its reason where it is invalid; and how many events were read."""
    (folder / "events.jsonl").write_bytes(data)
    progress = Progress()
    at = read_events_at(events_at) if events_at else None
    plan = Plan([action("a")], compile_identity(["$.messageId"]), envelopes=names(at))
    planner = Planner(find_sources([str(folder / "events.jsonl")]), plan, events_at=at)
    found = [(it.event.line, it.reason, it.status) for it in told(planner, progress)]
    assert all((status is Status.INVALID) == bool(reason) for _, reason, status in found)
    return [(line, reason) for line, reason, _ in found], progress.events


@pytest.mark.parametrize(
    ("broken", "place", "next_line"),
    [
        (b'{"event":"a" "b"}', "(column 14)", 3),
        (b'{"event":"a",\n"messageId":tru}', "(line 3, column 14)", 4),
        (b'{"x":"\xff"}', "(column 7)", 3),
        ('{"é":"é", x}'.encode(), "(column 11)", 3),
        (b'{"batch":[{"x":tru}]}', "(column 17)", 3),
        (b'{"batch":[\n {"x":tru}]}', "(column 8)", 4),
    ],
)
def test_what_is_broken_has_a_place(broken: bytes, place: str, next_line: int, tmp_path: Path) -> None:
    """In characters, where an editor puts the cursor; what stands before and behind it is read as ever."""
    found, events = made_of(tmp_path, A + b"\n" + broken + b"\n" + B)
    assert found[0] == (1, None)
    assert found[-1] == (next_line, None)
    (reason,) = (reason for _, reason in found[1:-1])
    assert (reason or "").endswith(place), reason
    assert events == 3


@pytest.mark.parametrize("company", [0, 3, 40])
def test_lines_that_lead_to_events_stand_among_lines_that_are_events(company: int, tmp_path: Path) -> None:
    """With `events_at`, in any order."""
    lines = [A] * company + [b'{"rows":[' + A + b"," + B + b"]}"] + [B] * company
    found, events = made_of(tmp_path, b"\n".join(lines), "$.rows")
    assert [line for line, _ in found] == [
        *range(1, company + 1),
        *[company + 1] * 2,
        *range(company + 2, 2 * company + 2),
    ]
    assert {reason for _, reason in found} == {None}
    assert events == 2 * company + 2


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not list open files")
def test_helpers_leave_nothing_open() -> None:
    """However often they come and go."""

    def length(source: int, lines: Lines) -> bytes:
        return b"%d" % len(lines.text)

    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with Helpers(length, pack=bytes, unpack=bytes, count=2) as some:
            assert list(some.spread(0, iter([Lines(1, b"abc")] * 5))) == [b"3"] * 5
    assert len(os.listdir("/proc/self/fd")) == before
