"""Every status of the docs' table: how a message comes to it, what that run ends with, and what the next one does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from harness import TOKEN, Bench, Record, bench, order
from pages import rows

from twiliodest.model import Status
from twiliodest.sandbox import RESET, Answer, refuse

ANN = "+15550000001"


class Case(NamedTuple):
    """Of one event: the first run and what it comes to; the same command again, and what that comes to."""

    status: str
    exit: int
    posts: int
    next_status: str
    next_exit: int
    next_posts: int
    options: Sequence[str] = ()
    settings: dict[str, Any] = {}  # noqa: RUF012 -- never changed
    answers: Sequence[Answer] = ()  # of Twilio, in turn; then it accepts
    event: Record = order(1, ANN)
    earlier: Sequence[Record] = ()  # events that an earlier run has sent
    token: str = TOKEN


CASES = [
    Case("planned", 0, 0, "sent", 0, 1, options=("--dry-run",)),
    Case("sent", 0, 1, "already", 0, 0),
    Case("already", 0, 0, "already", 0, 0, earlier=[order(1, "+15550000002")]),
    Case("invalid", 1, 0, "invalid", 1, 0, event=order(1, "nobody")),
    Case("rejected", 1, 1, "rejected", 1, 0, answers=[refuse(21610)]),
    Case("failed", 4, 0, "sent", 0, 1, token="0" * 32),
    Case("unknown", 3, 1, "unknown", 3, 0, answers=[RESET]),
    Case("held", 1, 0, "held", 1, 0, settings={"cooldown": "1h"}, earlier=[order(0, ANN)]),
    Case("suppressed", 0, 0, "suppressed", 0, 0, settings={"suppress": "never.txt"}),
    Case(
        "expired",
        0,
        0,
        "expired",
        0,
        0,
        settings={"max_age": "1h"},
        event=order(1, ANN, timestamp="2020-01-01T00:00:00Z"),
    ),
]


def ran(made: Bench, *options: str) -> tuple[Counter[str], int, int]:
    """What became of the event, the exit status, and how many requests to send something arrived."""
    before = arrived(made)
    ended = made.send("events.jsonl", *options)
    return ended.statuses, ended.status, arrived(made) - before


def arrived(made: Bench) -> int:
    return sum(request.method == "POST" and request.authorized for request in made.sandbox.requests())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.status)
def test_a_status_is_reached_and_left_as_the_docs_say(case: Case, tmp_path: Path) -> None:
    """The exit status fits, and the next run sends only what certainly did not go out."""
    answers = [*case.answers]
    with bench(tmp_path, lambda _: answers.pop(0) if answers else None) as made:
        (tmp_path / "never.txt").write_text(ANN)
        if case.earlier:
            assert made.send(made.write(case.earlier)).statuses == {"sent": len(case.earlier)}
        made.configure(**case.settings)
        made.write([case.event])
        made.environment["TWILIO_AUTH_TOKEN"] = case.token
        assert ran(made, *case.options) == ({case.status: 1}, case.exit, case.posts)
        made.environment["TWILIO_AUTH_TOKEN"] = TOKEN
        assert ran(made) == ({case.next_status: 1}, case.next_exit, case.next_posts)


def test_every_status_has_an_example_and_is_in_the_table() -> None:
    """The docs' table, the statuses that there are, and those with an example are the same."""
    told = [cell for row in rows("docs/send.md") for cell in re.findall("^`(.*?)`", row[0])]
    statuses = [status.value for status in Status]
    assert [cell for cell in told if cell in statuses] == statuses
    assert sorted(case.status for case in CASES) == sorted(statuses)
