"""What a run tells of its inputs is counted right, and said in numbers that fit."""

from __future__ import annotations

import pytest

from twiliodest.events.sources import STDIN
from twiliodest.model import Event, Outcome, Status, Step
from twiliodest.planning.progress import NAMES, Made, Progress


def made(matched: int, broken: int) -> Made:
    """What came of ten lines, from line 11 on."""
    return Made(events=10, matched=matched, steps=(), first=11, broken=broken)


def holding(**envelopes: tuple[int, int]) -> Made:
    return Made(events=0, matched=0, steps=(), first=1, broken=0, envelopes=envelopes)


@pytest.mark.parametrize(
    ("empty", "note"),
    [
        ([], None),
        (["a.jsonl"], "a.jsonl holds no events"),
        ([STDIN], "standard input holds no events"),
        (["a", STDIN, "c"], "a, standard input, c hold no events"),
        (list("abcde"), "a, b, c, d, e hold no events"),
        (list("abcdef"), "a, b, c, d, e and 1 more hold no events"),
        (["x"] * 1_006, "x, x, x, x, x and 1,001 more hold no events"),
    ],
)
def test_inputs_without_events_are_named(empty: list[str], note: str | None) -> None:
    """One, some, or so many that the rest is a number."""
    notes = list(Progress(empty=empty).notes)
    assert notes == ([] if note is None else [f"empty     {note}"])


@pytest.mark.parametrize(
    ("count", "held", "note"),
    [
        (1, 1, '1 object holds 1 object in "results": set events_at'),
        (1, 2, '1 object holds 2 objects in "results": set events_at'),
        (2_000, 3_000, '2,000 objects hold 3,000 objects in "results": set events_at'),
    ],
)
def test_objects_that_may_be_envelopes_are_named(count: int, held: int, note: str) -> None:
    """With how many there are, and how many events may be in them."""
    progress = Progress()
    progress.take(holding(results=(count, held)))
    assert list(progress.notes) == [f"envelope  {note}"]


def test_envelopes_are_counted_together() -> None:
    """Those of one name add up; of the names that come when a hundred are known, nothing is kept."""
    progress = Progress()
    progress.take(holding(**{f"n{number}": (1, 2) for number in range(NAMES)}))
    progress.take(holding(n0=(10, 20), other=(1, 1)))
    assert len(progress.envelopes) == NAMES
    assert progress.envelopes["n0"] == (11, 22)
    assert len(list(progress.notes)) == 5


def test_lines_are_counted_once() -> None:
    """An event that cannot be read counts as one that was read."""
    progress = Progress()
    progress.take(made(matched=4, broken=1))
    progress.take(Made(events=0, matched=0, steps=(), first=21, broken=1))
    assert (progress.events, progress.matched, progress.broken) == (11, 4, 2)


@pytest.mark.parametrize(("line", "events"), [(11, 1), (19, 9), (20, 10), (25, 10)])
def test_what_a_stop_leaves_behind_is_given_back(line: int, events: int) -> None:
    """Up to the last event that was dealt with, lines are read; of the following, nothing is."""
    progress = Progress()
    progress.take(made(matched=4, broken=2))
    event = Event("events.jsonl", line, b"{}")
    matching: Step = [Outcome(event, action, Status.PLANNED) for action in "ab"]
    progress.give_back(event, [matching, matching, [Outcome(event, "", Status.INVALID)]])
    assert (progress.events, progress.matched, progress.broken) == (events, 2, 1)
