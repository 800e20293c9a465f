"""`--only` and `--show` say what is listed. What is sent, counted and kept is the same, whatever is listed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from harness import Bench, bench, lines, order

from twiliodest.sandbox import Answer, Form, refuse


def script(form: Form) -> Answer | None:
    return refuse(21610) if "Order 1 " in dict(form)["Body"] else None


def rerun(made: Bench, *options: object) -> Counter[str]:
    """What a rerun lists of three sent events, a refused one, a new one, and a bad line."""
    made.send(made.write([order(number) for number in range(4)], "first.jsonl"))
    path = made.write(lines([order(number) for number in range(5)]) + "{broken\n")
    return made.send(path, *options).statuses


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        ((), {"already": 3, "rejected": 1, "sent": 1, "invalid": 1}),
        (("--only", "sent"), {"sent": 1}),
        (("--only", "sent,invalid"), {"sent": 1, "invalid": 1}),
        (("--only", "sent, rejected", "--only", "invalid"), {"sent": 1, "invalid": 1, "rejected": 1}),
        (("--only", "already"), {"already": 3}),
        (("--only", "held"), {}),
        (("--show", "already"), {"already": 3, "rejected": 1, "sent": 1, "invalid": 1}),
        (("--only", "sent", "--show", "already"), {"already": 3, "sent": 1}),
    ],
)
def test_json_lines_have_what_is_asked_for(
    tmp_path: Path, options: tuple[str, ...], listed: dict[str, int]
) -> None:
    """One status or several, with commas or by giving the option again."""
    with bench(tmp_path, script) as made:
        assert rerun(made, *options) == listed


def test_a_table_only_counts_what_was_sent_before(tmp_path: Path) -> None:
    """A rerun shows what is new; what is `already` comes with `--show already`, or alone with `--only already`."""
    with bench(tmp_path, script) as made:
        rerun(made)
        for options, rows in (
            ((), {"planned": 0, "already": 0, "rejected": 1, "invalid": 1}),
            (("--show", "already"), {"already": 4, "rejected": 1, "invalid": 1}),
            (("--only", "already"), {"already": 4, "rejected": 0, "invalid": 0}),
        ):
            ended = made.run("send", "events.jsonl", "-n", *made.common, *options)
            assert {status: ended.out.split().count(status) for status in rows} == rows
            assert "already   4\n" in ended.err


def test_what_is_not_listed_is_done_all_the_same(tmp_path: Path) -> None:
    """Texts, summary, rejects and the exit status are those of a run that lists everything."""
    with bench(tmp_path, script) as made:
        path = made.write(lines([order(number) for number in range(4)]) + "{broken\n")
        ended = made.send(path, "--only", "unknown", "--rejects", "rejects.jsonl")
        assert (ended.status, ended.out, len(made.bodies())) == (1, "", 3)
        assert "sent      3\n" in ended.err
        kept = (tmp_path / "rejects.jsonl").read_text()
        assert sorted(kept.splitlines()) == sorted((lines([order(1)]) + "{broken").splitlines())
