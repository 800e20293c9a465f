"""`--action` and `--skip`: a run of some of the actions does for them what a whole run does, and nothing else."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from harness import SENDER, Bench, Ended, bench
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import BIN, environment, on_terminal, run

NAMES = ("Order confirmation", "Order shipped", "Refund, partly", "Café", "[bold]é\N{COMBINING ACUTE ACCENT}")
CONFIG = f"number: '{SENDER}'\nactions:\n" + "".join(
    f'  - {{name: "{name}", trigger: "n < {number * 10 + 15}", to: $.to, body: "{number}: {{{{n}}}}"}}\n'
    for number, name in enumerate(NAMES)
)
CREDENTIALS = "account: ${TWILIO_ACCOUNT_SID}\ntoken: ${TWILIO_AUTH_TOKEN}\n"
OFF = "  - {name: Off, enabled: false, trigger: n = 1, to: $.to, body: off}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Five actions, one that is disabled, and events that match some of them."""
    return written(tmp_path)


def written(folder: Path) -> Path:
    (folder / "twiliodest.yaml").write_text(CONFIG + OFF)
    events = [
        {"n": n, "messageId": f"m{n}", "to": f"+1415555{1000 + n}" if n % 7 else "?"} for n in range(60)
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events) + "{broken\n")
    return folder


def options(option: str, names: set[str]) -> list[str]:
    return [word for name in sorted(names) for word in (option, name)]


def planned(home: Path, *more: str) -> set[tuple[str | None, ...]]:
    done = run("send", "events.jsonl", "-n", "-q", "-o", "jsonl", *more, cwd=home)
    assert done.returncode == 1, done.stderr
    records = map(json.loads, done.stdout.splitlines())
    return {(it["action"], it["event_id"], it["status"], it["body"], it["reason"]) for it in records}


@settings(max_examples=6, deadline=None)
@given(names=st.sets(st.sampled_from(NAMES), min_size=1, max_size=len(NAMES) - 1))
def test_action_and_skip_part_the_messages(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    """What `--action` takes and what `--skip` of the same leaves are together what a whole run has."""
    home = written(tmp_path_factory.mktemp("home"))
    took, left = planned(home, *options("--action", names)), planned(home, *options("--skip", names))
    broken = {it for it in took if it[0] is None}
    assert len(broken) == 1
    assert took & left == broken
    assert took | left == planned(home)
    assert {it[0] for it in took - broken} <= names


WRONG = {
    ("--action", "Order confirmaton"): ('action "Order confirmaton"', 'did you mean "Order confirmation"'),
    ("--skip", "ORDER SHIPPED"): ('there is no action "ORDER SHIPPED"', 'did you mean "Order shipped"'),
    ("--action", "refund"): ('there is no action "refund"', 'did you mean "Refund, partly"?'),
    ("--skip", "zzz"): ('there is no action "zzz"', 'they are: "Order confirmation", "Order shipped"'),
    ("--skip", ""): ('there is no action ""', "they are:"),
    ("--action", "Off"): ('"Off" is disabled', "enabled: false"),
    ("--action", "Café", "--skip", "Cafe\N{COMBINING ACUTE ACCENT}"): ('"Café" is in both', "leave one"),
    (*options("--skip", set(NAMES)),): ("--skip leaves no action to run", "skip fewer"),
    ("--action", "a\x1b[2J\nerror: b"): ("there is no action", "they are:"),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_a_name_that_is_wrong_is_told(words: tuple[str, ...], home: Path) -> None:
    """Nothing is read, planned or sent by a run that would not be the one that was meant."""
    done = run("send", "events.jsonl", "-n", *words, cwd=home)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert all(part in said for part in WRONG[words]), said
    assert "\x1b" not in said
    assert said.count("\n") == 2


def test_all_wrong_names_are_told_at_once(home: Path) -> None:
    """Two wrong names and a contradiction are three problems of one run."""
    words = ("--action", "no", "--skip", "none", "--action", "Café", "--skip", "Café")
    done = run("send", "events.jsonl", "-n", *words, cwd=home)
    assert done.stderr.count(b"error: ") == 3


@pytest.mark.parametrize("name", ["Café", "Cafe\N{COMBINING ACUTE ACCENT}", "  Café "])
def test_a_name_may_be_typed_in_another_composition(name: str, home: Path) -> None:
    """A keyboard that composes accents in its own way names the same action."""
    assert {it[0] for it in planned(home, "--action", name)} == {"Café", None}


def sent(made: Bench, *more: str) -> Ended:
    return made.send("events.jsonl", *more)


def test_a_run_of_one_action_leaves_the_others_to_be_sent(tmp_path: Path) -> None:
    """One action today, the rest tomorrow: everybody gets each text once."""
    written(tmp_path)
    with bench(tmp_path) as made:
        made.configure(CREDENTIALS + CONFIG)
        first = sent(made, "--action", "Café", "--only", "sent,already")
        assert {record["action"] for record in first.records} == {"Café"}
        assert "actions   Café; no others" in first.err
        count = made.posts()
        assert sent(made, "--skip", "Café", "--only", "already").records == []
        whole = sent(made)
        assert "sent" not in whole.statuses
        assert made.posts() == whole.statuses["already"] > count > 0


def test_a_narrowed_run_does_not_vouch_for_all_events(tmp_path: Path) -> None:
    """A changed `event_id` is warned of until a run of all actions has gone by with it."""
    written(tmp_path)
    with bench(tmp_path) as made:
        made.configure(CREDENTIALS + CONFIG)
        sent(made)
        made.configure(CREDENTIALS + CONFIG, event_id="$.to")
        for words, warned in ((("--action", "Café"), True), ((), True), ((), False)):
            assert ("the ledger knows events by event_id" in sent(made, *words).err) == warned


def test_the_question_names_the_actions(home: Path) -> None:
    """Whoever is asked sees that not all actions run."""
    env = environment(home, TWILIO_ACCOUNT_SID="AC" + "0" * 32, TWILIO_AUTH_TOKEN="x" * 32)
    command = (
        BIN / "twiliodest",
        "send",
        "events.jsonl",
        "--action",
        "Café",
        "--api-base",
        "http://127.0.0.1:9",
    )
    status, shown = on_terminal(command, cwd=home, env=env, answer="n")
    assert status == 1
    assert "actions   Café; no others" in shown.partition("[y/N]")[0]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ((*["send", "--action", "Or"],), ["Order\\ confirmation", "Order\\ shipped"]),
        (("send", "--skip", "Order\\ s"), ["Order\\ shipped"]),
        (("send", "--action", '"Order c'), ["Order\\ confirmation"]),
        ((*["send", "-c", "twiliodest.yaml", "--action", "Ref"],), ["Refund,\\ partly"]),
        ((*["send", "--skip", "C"],), ["Café"]),
        ((*["send", "--skip", "["],), ["\\[bold\\]é\N{COMBINING ACUTE ACCENT}"]),
        ((*["send", "-c", "none.yaml", "--action", "C"],), []),
        ((*["send", "--action", "X"],), []),
        (("ledger", "list", "--action", "Order\\ s"), ["Order\\ shipped"]),
        (("ledger", "list", "--status", "re"), ["rejected"]),
        (("sandbox", "--chaos", "too"), ["too_many=0.1"]),
        (("sandbox", "--chaos", "re"), ["retry_after=1", "reset_before=0.1", "reset_after=0.1"]),
        ((*["send", "--only", "re"],), ["rejected"]),
        ((*["send", "--only", "sent,re"],), ["sent,rejected"]),
    ],
)
def test_a_real_shell_completes_names(words: tuple[str, ...], completed: list[str], home: Path) -> None:
    """Each name is one word of the line, whatever is in it; a configuration that cannot be read has none."""
    script = home / "complete.bash"
    script.write_bytes(run("completion", "bash", cwd=home).stdout)
    program = (
        f"source {script}; COMP_WORDS=(twiliodest {' '.join(map(shlex.quote, words))}); "
        f"COMP_CWORD={len(words)}; _twiliodest_completion twiliodest; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", program], cwd=home, env=environment(home), capture_output=True, check=False
    )
    assert done.stderr == b""
    assert list(filter(None, done.stdout.decode().splitlines())) == completed
