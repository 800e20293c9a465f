"""The crontab line of the README does what cron needs: run for ever, it writes down only what is new."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from harness import Bench, bench, lines, order
from pages import ROOT
from shell import BIN

from twiliodest.sandbox import RESET, Answer, Form, refuse

FATES: dict[str, Answer] = {"Order 2 for you": refuse(21610), "Order 3 for you": RESET}


def crontab(made: Bench) -> str:
    """The command of the line, for this folder and the stand-in."""
    line = (ROOT / "README.md").read_text().partition("```crontab\n")[2].partition("\n")[0]
    command = line.split(maxsplit=5)[5]
    for ours, here in (
        ("/srv/texts", str(made.folder)),
        (".venv/bin/twiliodest send", f"{BIN / 'twiliodest'} send --api-base {made.sandbox.url}"),
    ):
        assert ours in command
        command = command.replace(ours, here)
    return command


def test_ten_runs_over_the_same_events_write_down_what_changed(tmp_path: Path) -> None:
    """What was sent, refused or lost is told once; what is no text yet is in the file of rejects, as it is now."""
    with bench(tmp_path, script) as made:
        (tmp_path / "events").mkdir()
        made.write(lines([order(number) for number in range(5)]) + "{broken\n", "events/1.jsonl")
        made.write(lines([order(9, to="?")]), "events/2.jsonl")
        command = crontab(made)

        def run() -> list[str]:
            before = outcomes.read_text() if outcomes.exists() else ""
            subprocess.run(["bash", "-c", command], env=made.variables(), check=False, timeout=60)
            after = outcomes.read_text()
            assert after.startswith(before)
            return [json.loads(line)["status"] for line in after[len(before) :].splitlines()]

        outcomes = tmp_path / "outcomes.jsonl"
        assert sorted(run()) == ["rejected", "sent", "sent", "sent", "unknown"]
        assert [run() for _ in range(9)] == [[]] * 9
        assert made.posts() == 5
        made.write([order(7)], "events/3.jsonl")
        assert [run(), run()] == [["sent"], []]
        rejects = (tmp_path / "rejects.jsonl").read_text().splitlines()
        assert sorted(json.loads(it)["order"] for it in rejects if it != "{broken") == [2, 3, 9]
        assert "{broken" in rejects


def script(form: Form) -> Answer | None:
    return FATES.get(dict(form)["Body"])
