"""The command line as a user meets it: inputs, output, mistakes, terminals. Run as a subprocess."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from shell import ACCOUNT, BIN, CREDENTIALS, SECONDS, TOKEN, environment, on_terminal, run

from twiliodest import __version__
from twiliodest.cli.command import HEADINGS
from twiliodest.ledger.ledger import Ledger
from twiliodest.sandbox import Sandbox
from twiliodest.screens.report import Record

CONFIG = """\
number: "+15005550006"
actions:
  - name: Greeting
    trigger: type = "track" and event = "Hello"
    to: $.phone
    body: "Hello {{name}}!"
"""
HOSTILE = (
    *(
        "[bold]",
        "[/name]",
        ":smile:",
        "{{$.phone}}",
        "{{name}}",
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x9b2J",
        "\r\n\x08",
    ),
    *(
        "\u202egnirts",
        "\u2066x\u2069",
        "a\u2028b",
        "%s {0} ${HOME}",
        "<img src=x onerror=alert(1)>",
        "🎉\u200d",
    ),
)
COMMANDS = (
    *(
        "",
        "send",
        "check",
        "explain",
        "init",
        "sandbox",
        "ledger",
        "ledger list",
        "ledger resolve",
        "ledger prune",
    ),
    *("ledger backup", "ledger check", "ledger stats", "ledger receipts", "schema", "completion"),
    "man",
)


def event(name: str = "Ann", phone: str = "+14155550134", **more: Any) -> str:
    return json.dumps({"type": "track", "event": "Hello", "name": name, "phone": phone, **more})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a configuration and an input of three events: sent, invalid, and matching nothing."""
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    lines = (event(messageId="1"), event(messageId="2", phone="555"), '{"type": "page"}')
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    return tmp_path


def records(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def bodies(home: Path, *arguments: str, stdin: bytes = b"") -> list[str]:
    done = run("send", "--dry-run", "-o", "jsonl", *arguments, cwd=home, stdin=stdin)
    return [record["body"] for record in records(done.stdout)]


def test_files_folders_and_pipes_are_inputs(home: Path) -> None:
    """Files, folders with their event files by name, gzip, `-` and a bare pipe all bring events."""
    folder = home / "folder"
    folder.mkdir()
    (folder / "2.json").write_text(f"[{event('Bo')}]")
    (folder / "1.ndjson.gz").write_bytes(gzip.compress(event("Al").encode()))
    (folder / "notes.txt").write_text(event("not an event file"))
    (home / "one.txt").write_text(event("Cy"))
    piped = event("Di").encode()
    assert bodies(home, "folder", "one.txt", "-", stdin=piped) == [
        "Hello Al!",
        "Hello Bo!",
        "Hello Cy!",
        "Hello Di!",
    ]
    assert bodies(home, stdin=piped) == ["Hello Di!"]


def test_no_input_on_a_terminal_is_told_in_a_line(home: Path) -> None:
    """`send` alone on a terminal does not wait for typing: it says what to name."""
    status, shown = on_terminal((BIN / "twiliodest", "send"), cwd=home, env=environment(home))
    assert status == 2
    assert "cat events.jsonl | twiliodest send" in " ".join(shown.replace("│", " ").split())


def test_jsonl_has_exactly_the_documented_fields(home: Path) -> None:
    """Every record, of a message or of a broken line, has the same fields in the same order."""
    (home / "events.jsonl").write_text(event(messageId="1") + "\n{broken\n" + event(phone="555"))
    done = run("send", "events.jsonl", "-n", "-o", "jsonl", cwd=home)
    found = records(done.stdout)
    fields = [field.encode_name for field in msgspec.structs.fields(Record)]
    assert [list(record) for record in found] == [fields] * 3
    assert list(found[0].values()) == [
        *(
            "events.jsonl",
            1,
            "1",
            "Hello",
            "Greeting",
            "planned",
            "+14155550134",
            "+15005550006",
            "Hello Ann!",
        ),
        *([], {}, "GSM-7", 1, None, None, None, 0),
    ]
    assert [(record["line"], record["status"], record["event_id"]) for record in found[1:2]] == [
        (2, "invalid", None)
    ]
    assert done.returncode == 1


def test_the_table_shows_whole_bodies(home: Path) -> None:
    """A long text folds over lines of the table; no part of it is cut or replaced by dots."""
    words = [f"word{number}" for number in range(200)]
    (home / "events.jsonl").write_text(event(" ".join(words)) + "\n" + event("x" * 1000))
    shown = run("send", "events.jsonl", "-n", cwd=home).stdout.decode()
    assert [word for word in words if word not in shown] == []
    assert shown.count("x") == 1000
    assert "…" not in shown


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_shown_literally(text: str, home: Path) -> None:
    """Markup, emoji codes, templates and terminal codes in an event are text: in the message and on the screen."""
    (home / "events.jsonl").write_text(event(text, messageId=text) + "\n" + event("x", text) + "\n")
    (home / "bad.jsonl").write_text(f'{{"type": "track", {text}\n')
    jsonl = run("send", "events.jsonl", "bad.jsonl", "-n", "-o", "jsonl", cwd=home)
    table = run("send", "events.jsonl", "bad.jsonl", "-n", cwd=home)
    first = records(jsonl.stdout)[0]
    assert (first["body"], first["event_id"]) == (f"Hello {text}!", text)
    if text.isprintable():
        assert text.replace(" ", "") in "".join(table.stdout.decode().split())
    for output in (jsonl.stdout, jsonl.stderr, table.stdout, table.stderr):
        assert_harmless(output)


@pytest.mark.parametrize("text", [*HOSTILE, "\x7f\x85\u200e", "\ufeff\u2067"], ids=ascii)
def test_hostile_text_in_the_ledger_is_shown_literally(text: str, home: Path) -> None:
    """What an event has put into the ledger is text there, too: in the table, and in records that give it back."""
    (home / "twiliodest.yaml").write_text(f"event_id: $.messageId\n{CONFIG}")
    (home / "events.jsonl").write_text(event(messageId=f"x{text}"))
    with Sandbox() as sandbox:
        address = ("--api-base", sandbox.url)
        assert run("send", "events.jsonl", "-y", *address, cwd=home, env=CREDENTIALS).returncode == 0
        table = run("ledger", "list", *address, cwd=home, env=CREDENTIALS)
        jsonl = run("ledger", "list", *address, "-o", "jsonl", cwd=home, env=CREDENTIALS)
    assert [row["event_id"] for row in records(jsonl.stdout)] == [f"x{text}"]
    for output in (jsonl.stdout, jsonl.stderr, table.stdout, table.stderr):
        assert_harmless(output)


@pytest.mark.parametrize(
    "name", ["a\nerror: forged", "b\r\nerror: forged\x1b[2J", "c\u2028error: forged\x9b2J"], ids=ascii
)
def test_a_file_name_forges_no_line(name: str, home: Path) -> None:
    """Whatever a file is called, and wherever its name is told, it is one word of one line."""
    (home / f"{name}.jsonl").write_text("{broken\n" + event(messageId="1"))
    (home / f"{name}.yaml").write_text("nonsense: 1\n")
    (home / f"{name}.list").write_text("nobody\n")
    (home / "listed.yaml").write_text(f"suppress: {json.dumps(name)}.list\n{CONFIG}")
    for command in (
        ("send", f"{name}.jsonl", "events.jsonl", "-n"),
        ("send", f"{name}.jsonl", "-n", "-o", "jsonl"),
        ("send", f"{name}.jsonl", "-n", "--rejects", f"{name}.jsonl"),
        ("send", f"{name}.jsonl", "-n", "--rejects", f"missing/{name}"),
        ("send", name, "-n"),
        ("send", "events.jsonl", "-n", "-c", f"{name}.yaml"),
        ("send", "events.jsonl", "-n", "-c", name),
        ("send", "events.jsonl", "-n", "-c", "listed.yaml"),
        ("send", "events.jsonl", "-n", "--ledger", f"{name}.jsonl"),
        ("check", "--events", f"{name}.jsonl"),
        ("check", name),
        ("init", f"{name}.jsonl"),
        ("ledger", "list", "--ledger", name),
        ("ledger", "list", "--ledger", f"{name}.jsonl"),
        ("ledger", "prune", "--older-than", "1d", "--ledger", name),
        ("sandbox", "-c", name),
        (name,),
        (f"--{name}",),
    ):
        done = run(*command, cwd=home)
        for output in (done.stdout, done.stderr):
            assert_harmless(output)
            assert not [line for line in output.decode().splitlines() if line.startswith("error: forged")], (
                command
            )


def test_hostile_names_in_a_configuration_are_shown_literally(home: Path) -> None:
    """What a configuration says is text too: in problems, in excerpts, in the table of actions."""
    text = "[bold]:smile:\\e[2J"
    (home / "twiliodest.yaml").write_text(CONFIG.replace("Greeting", f'"{text}"'))
    (home / "bad.yaml").write_text(CONFIG.replace("body:", '"b\\e[2Jdy [bold]":'))
    good, bad = run("check", "--actions", cwd=home), run("check", "-c", "bad.yaml", cwd=home)
    assert b"[bold]:smile:\\x1b[2J" in good.stdout
    assert b'"b\\x1b[2Jdy [bold]"' in bad.stderr
    for output in (good.stdout, good.stderr, bad.stdout, bad.stderr):
        assert_harmless(output)


def assert_harmless(output: bytes) -> None:
    """No control character but the line's end, and no mark that turns the direction of text."""
    obeyed = [char for char in output.decode() if ord(char) < 32 or 127 <= ord(char) < 160]
    assert set(obeyed) <= {"\n"}
    assert not set(output.decode()) & set(
        "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028"
    )


def test_rows_and_limit_bound_what_is_shown(home: Path) -> None:
    """`--rows` cuts the table and says so; `--limit` ends the run; 0 rows means all."""
    lines = [event(f"N{number}", messageId=str(number)) for number in range(60)]
    (home / "events.jsonl").write_text("\n".join(lines))
    shown = run("send", "events.jsonl", "-n", cwd=home)
    assert (shown.stdout.count(b"planned"), b"10 more" in shown.stderr) == (50, True)
    assert run("send", "events.jsonl", "-n", "--rows", "0", cwd=home).stdout.count(b"planned") == 60
    limited = run("send", "events.jsonl", "-n", "--limit", "7", "-o", "jsonl", cwd=home)
    assert (limited.stdout.count(b"planned"), limited.returncode) == (7, 0)


def test_fail_fast_ends_with_the_first_fault(home: Path) -> None:
    """With `--fail-fast` nothing behind the first thing that goes wrong is looked at."""
    (home / "events.jsonl").write_text("\n".join((event("A"), "{broken", event("B"))))
    done = run("send", "events.jsonl", "-n", "-o", "jsonl", "--fail-fast", cwd=home)
    assert [record["status"] for record in records(done.stdout)] == ["planned", "invalid"]
    assert done.returncode == 1


def test_a_ledger_that_cannot_be_looked_into_is_named(home: Path) -> None:
    """A dry run says what is the matter with it, and does not take it for absent."""
    done = run("send", "events.jsonl", "-n", "--ledger", "x" * 300, cwd=home)
    assert done.returncode == 2
    assert b"x" * 300 + b" cannot be used: File name too long" in done.stderr


def test_rejects_can_be_fed_in_again(home: Path) -> None:
    """`--rejects` keeps the original lines of what did not go out, and of nothing else."""
    wrong = event("A", "555", messageId="1")
    (home / "events.jsonl").write_text("\n".join((wrong, event("B"), "{broken", '{"type":"page"}')))
    run("send", "events.jsonl", "-n", "--rejects", "rejects.jsonl", cwd=home)
    assert (home / "rejects.jsonl").read_text() == f"{wrong}\n{{broken\n"
    (home / "rejects.jsonl").write_text(wrong.replace("555", "+14155550134") + "\n")
    assert bodies(home, "rejects.jsonl") == ["Hello A!"]


def test_rejects_keep_what_ended_a_run(home: Path) -> None:
    """With `--fail-fast`, too, what went wrong is there to be mended."""
    wrong = event("A", "555", messageId="1")
    (home / "events.jsonl").write_text("\n".join((event("B"), wrong, event("C", "556"))))
    run("send", "events.jsonl", "-n", "--fail-fast", "--rejects", "rejects.jsonl", cwd=home)
    assert (home / "rejects.jsonl").read_text() == f"{wrong}\n"


def test_rejects_never_overwrite_an_input(home: Path) -> None:
    """Naming the input as the file of rejects destroys nothing."""
    before = (home / "events.jsonl").read_text()
    done = run("send", "events.jsonl", "-n", "--rejects", "./events.jsonl", cwd=home)
    assert (done.returncode, (home / "events.jsonl").read_text()) == (2, before)


def test_quiet_says_nothing_but_the_result(home: Path) -> None:
    """`-q` leaves standard error empty; the result and the exit status stay."""
    done = run("send", "events.jsonl", "-n", "-q", cwd=home)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"planned" in done.stdout


def test_verbose_shows_the_configuration_s_warnings(home: Path) -> None:
    """`-v` tells what is odd; without it a dry run does not nag."""
    (home / "twiliodest.yaml").write_text(
        CONFIG.replace('    trigger: type = "track" and event = "Hello"\n', "")
    )
    assert b"warning" not in run("send", "events.jsonl", "-n", cwd=home).stderr
    assert b"warning: Greeting has no trigger" in run("send", "events.jsonl", "-n", "-v", cwd=home).stderr


def test_a_dry_run_creates_no_file(home: Path) -> None:
    """A preview leaves nothing behind, not even a ledger."""
    before = sorted(home.rglob("*"))
    run("send", "events.jsonl", "--dry-run", cwd=home, env=CREDENTIALS)
    assert sorted(home.rglob("*")) == before


MISTAKES = {
    "send events.jsonl -n --api-base http://example.com": "--api-base must be https",
    "send events.jsonl -n --sandbox": "a dry run sends nothing",
    "send events.jsonl -n --no-wait": "--no-wait is for --sandbox",
    "send events.jsonl --no-wait -y": "--no-wait is for --sandbox",
    "send events.jsonl --sandbox --api-base http://127.0.0.1:1": "not to another server",
    "send events.jsonl --sandbox --ledger x.db": "a ledger of its own",
    "send events.jsonl --sandbox --retry rejected": "nothing to retry",
    "send events.jsonl -n -q -v": "contradict each other",
    "send events.jsonl -n -o jsonl --rows 3": "--rows is for the table",
    "send -qv": "contradict each other",
    "send missing.jsonl": "missing.jsonl",
    "send empty-folder": "empty-folder",
    "send - -": "given twice",
    "send events.jsonl -c missing.yaml": "missing.yaml",
    "send events.jsonl -c .": ".",
    "send events.jsonl": "TWILIO_ACCOUNT_SID",
    "send events.jsonl --rows x": "--rows",
    "send events.jsonl --rows -1": "--rows",
    "send events.jsonl --limit 0": "--limit",
    "send events.jsonl --rate 0": "--rate",
    "send events.jsonl --concurrency 501": "--concurrency",
    "send events.jsonl --retry sent": "--retry",
    "send events.jsonl -o xml": "--output",
    "send events.jsonl --nope": "--nope",
    "send events.jsonl -n --rejects missing/folder/file": "missing/folder/file",
    "check --config missing.yaml": "missing.yaml",
    "check other.yaml": "-c other.yaml",
    "check missing.jsonl": "missing.jsonl",
    "init missing/folder/file": "missing/folder/file",
    "init .": ".",
    "sandbox --port 70000": "--port",
    "sandbox --chaos rain=1": "rain=1",
    "sandbox --chaos hang=2": "--chaos",
    "sandbox --host 192.0.2.1": "192.0.2.1",
    "ledger list --ledger x.db --status gone": "gone",
    "ledger list --ledger x.db --since yesterday": "yesterday",
    "ledger list --ledger events.jsonl": "not a ledger",
    "ledger list": "--ledger",
    "ledger resolve": "account",
    "ledger prune --ledger x.db": "--older-than",
    "ledger prune --ledger x.db --older-than soon": "soon",
    "nonsense": "nonsense",
}


@pytest.mark.parametrize(("command", "says"), MISTAKES.items())
def test_a_mistake_ends_in_words(command: str, says: str, home: Path) -> None:
    """Whatever is wrong with a command: exit status 2, a message that names it, no traceback, no output."""
    (home / "empty-folder").mkdir()
    Ledger.open(home / "x.db").close()
    done = run(*command.split(), cwd=home)
    assert done.returncode == 2, done.stderr.decode()
    assert says in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


HINTS = {
    "snd": ('twiliodest has no command "snd"', "did you mean send?"),
    "texts": ('twiliodest has no command "texts"', "send, check"),
    "ledger lits": ('twiliodest ledger has no command "lits"', "did you mean list?"),
    "send --rowz 3": ("twiliodest send has no option --rowz", "did you mean --rows"),
    "send -nz": ("twiliodest send has no option -z", "twiliodest send --help"),
    "send --only alredy": ('--only: "alredy" is not a possible value', "did you mean already?"),
    "send --show sent,gone": (
        '--show: "gone" is not a possible value',
        "choose from: planned, already, sent",
    ),
    "send --rows": ("--rows needs a value", "twiliodest send --help"),
    "send --dry-run=yes": ("--dry-run takes no value", "twiliodest send --help"),
    "send --rows 1.5": ('--rows: "1.5" is not a whole number', "0 or more"),
    "send --limit 0": ("--limit: 0 is out of range", "1 or more"),
    "send --concurrency 501": ("--concurrency: 501 is out of range", "from 1 to 500"),
    "send --rate nan": ("--rate: nan is out of range", "0.001 or more"),
    "send --rate inf": ("--rate: inf is out of range", "0.001 or more"),
    "send -o XML": ('--output: "XML"', "table or jsonl"),
    "init a.yaml b.yaml": ('twiliodest init does not take "b.yaml"', "twiliodest init --help"),
    "ledger prune": ("--older-than is missing", "twiliodest ledger prune --help"),
    "completion csh": ('"csh"', "bash or zsh or fish"),
}


@pytest.mark.parametrize(("command", "says", "hint"), [(it, *said) for it, said in HINTS.items()])
def test_a_mistyped_command_is_told_like_any_other_mistake(
    command: str, says: str, hint: str, home: Path
) -> None:
    """What is wrong stands on the first line, what to do on the second; there is no more to read."""
    done = run(*command.split(), cwd=home)
    first, second = done.stderr.decode().splitlines()
    assert first.startswith(f"error: {says}")
    assert second.startswith("    ")
    assert hint in second
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_hostile_word_of_a_command_is_shown_literally(home: Path) -> None:
    """A name with line ends and terminal codes makes no line of its own."""
    for words in (
        ["\x1b[2J\nerror: x"],
        ["send", "--\x1b[2J\nx"],
        ["send", "--rows", "\x1b\n"],
        ["init", "a", "\n"],
    ):
        done = run(*words, cwd=home)
        assert_harmless(done.stderr)
        assert (done.returncode, done.stderr.count(b"\n")) == (2, 2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(home: Path) -> None:
    """An input without permission to read is a usage error that names it."""
    (home / "events.jsonl").chmod(0)
    done = run("send", "events.jsonl", "-n", cwd=home)
    assert (done.returncode, done.stderr) == (
        2,
        b"events.jsonl: error: cannot read events.jsonl: Permission denied\n",
    )


def test_every_missing_input_is_named_at_once(home: Path) -> None:
    """Two wrong names are two problems of one run."""
    done = run("send", "a.jsonl", "b.jsonl", "events.jsonl", "-n", cwd=home)
    assert done.stderr.count(b"cannot read") == 2


def test_a_reader_that_leaves_early_is_no_error(home: Path) -> None:
    """`twiliodest … | head -1` ends quietly."""
    (home / "events.jsonl").write_text("\n".join(event(str(number)) for number in range(20_000)))
    for output in ("jsonl", "table"):
        rows = "--rows 0" if output == "table" else ""
        command = f"twiliodest send events.jsonl -n -q {rows} -o {output} | head -1"
        done = subprocess.run(
            ["bash", "-c", command], cwd=home, env=environment(home), capture_output=True, check=False
        )
        assert (done.stdout.count(b"\n"), done.stderr) == (1, b"")


@pytest.mark.parametrize(("answer", "texts"), [("n", 0), ("", 0), ("y", 1), ("yes", 1)])
def test_a_real_send_asks_on_a_terminal(answer: str, texts: int, home: Path) -> None:
    """The plan says how many, to how many and from whom; only a yes sends."""
    with Sandbox() as sandbox:
        command = (BIN / "twiliodest", "send", "events.jsonl", "--api-base", sandbox.url)
        status, shown = on_terminal(command, cwd=home, env=environment(home, **CREDENTIALS), answer=answer)
        assert len(sandbox.messages()) == texts
    plan = shown.partition("[y/N]")[0]
    assert "1 to 1 recipient" in plan
    assert "+15005550006" in plan
    assert "+14155550134  Hello Ann!" in plan
    assert status == 1
    assert TOKEN not in shown


def test_yes_and_pipes_are_not_asked(home: Path) -> None:
    """`--yes` and a run without a terminal send at once: the user asked to send."""
    with Sandbox() as sandbox:
        address = ("--api-base", sandbox.url)
        command = (BIN / "twiliodest", "send", "events.jsonl", "--yes", *address)
        _, shown = on_terminal(command, cwd=home, env=environment(home, **CREDENTIALS))
        assert "[y/N]" not in shown
        done = run("send", "-o", "jsonl", *address, cwd=home, env=CREDENTIALS, stdin=event("Bo").encode())
        assert [record["status"] for record in records(done.stdout)] == ["sent"]
        assert sorted(text.body for text in sandbox.messages()) == ["Hello Ann!", "Hello Bo!"]


def test_send_to_the_sandbox_needs_no_account(home: Path) -> None:
    """`--sandbox` sends over HTTP with a ledger that goes with the run, and leaves nothing behind."""
    before = sorted(home.rglob("*"))
    done = run("send", "events.jsonl", "--sandbox", "-o", "jsonl", cwd=home)
    assert sorted(record["status"] for record in records(done.stdout)) == ["invalid", "sent"]
    assert b"nothing went to Twilio" in done.stderr
    assert sorted(home.rglob("*")) == before


def test_a_sandbox_on_a_terminal_stays_open_only_if_it_may(home: Path) -> None:
    """`--no-wait` ends with the run, though a terminal would keep the inbox open."""
    command = (BIN / "twiliodest", "send", "events.jsonl", "--sandbox", "--no-wait")
    status, shown = on_terminal(command, cwd=home, env=environment(home), answer="y")
    assert (status, "Ctrl-C" in shown) == (1, False)
    assert "nothing went to Twilio" in shown


def test_the_sandbox_serves_until_it_is_interrupted(home: Path) -> None:
    """`sandbox` says where its inbox is, serves it, and ends cleanly on Ctrl-C."""
    command = (BIN / "twiliodest", "sandbox", "--port", "0")
    with subprocess.Popen(
        command, cwd=home, env=environment(home), stderr=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stderr
        url = serving.stderr.readline().split()[-1]
        assert "<html" in httpx.get(url, trust_env=False).text
        serving.send_signal(signal.SIGINT)
        assert serving.wait(SECONDS) == 0
        assert "Traceback" not in serving.stderr.read()


def test_the_ledger_tells_who_was_texted_but_not_what(home: Path) -> None:
    """`ledger list` has each message's recipient and state, as a table and as data; the text is kept nowhere."""
    with Sandbox() as sandbox:
        run("send", "events.jsonl", "--api-base", sandbox.url, cwd=home, env=CREDENTIALS)
    found = records(run("ledger", "list", "-o", "jsonl", cwd=home, env=CREDENTIALS).stdout)
    told = [(row["event_id"], row["action"], row["to"], row["status"]) for row in found]
    assert told == [("1", "Greeting", "+14155550134", "sent")]
    assert b"+14155550134" in run("ledger", "list", "--status", "sent", cwd=home, env=CREDENTIALS).stdout
    assert run("ledger", "list", "--status", "failed", cwd=home, env=CREDENTIALS).stdout == b""
    kept = [file.read_bytes() for file in (home / ".local").rglob("*") if file.is_file()]
    assert not any(b"Hello Ann" in content for content in kept)


def test_init_writes_a_configuration_that_is_valid(home: Path) -> None:
    """The starter checks clean once the variables are set, and is for its owner's eyes."""
    (home / "twiliodest.yaml").unlink()
    assert run("init", cwd=home).returncode == 0
    done = run("check", cwd=home, env=CREDENTIALS)
    assert (done.returncode, done.stderr) == (0, b"the configuration is valid: 1 action\n")
    assert (home / "twiliodest.yaml").stat().st_mode & 0o777 == 0o600


def test_init_never_overwrites(home: Path) -> None:
    """A configuration that is there stays as it is; a link is not followed."""
    (home / "link.yaml").symlink_to(home / "target.yaml")
    for name in ("twiliodest.yaml", "link.yaml"):
        assert run("init", name, cwd=home).returncode == 2
    assert (home / "twiliodest.yaml").read_text() == CONFIG
    assert not (home / "target.yaml").exists()


def test_check_tells_every_problem_with_its_place(home: Path) -> None:
    """All mistakes of a file come in one run, each with line and column."""
    (home / "twiliodest.yaml").write_text(
        'number: "12"\nnumber: "13"\nrate: fast\ncolour: red\n'
        "actions:\n  - name: A\n    trigger: event =\n    to: $.[\n    bdoy: x\n  - name: A\n"
    )
    done = run("check", cwd=home)
    errors = [line for line in done.stderr.decode().splitlines() if ": error: " in line]
    assert done.returncode == 2
    assert len(errors) >= 8
    assert all(line.startswith("twiliodest.yaml:") and line.count(":") >= 4 for line in errors)


@pytest.mark.slow
@pytest.mark.parametrize("token", [TOKEN, f"  {TOKEN}", f"{TOKEN} with spaces"])
def test_the_token_is_in_no_output(token: str, home: Path) -> None:
    """Whatever goes wrong, the secret is not told: not in a table, a problem, an excerpt, a record or a file."""
    with Sandbox() as sandbox:
        for line in (f"token: {token}", f"token: [{token}]", f"tokn: {token}"):
            (home / "twiliodest.yaml").write_text(f"account: {ACCOUNT}\n{line}\n{CONFIG}")
            for command in ("check", "send events.jsonl -n", "ledger list", "ledger resolve"):
                done = run(*command.split(), cwd=home)
                assert TOKEN not in (done.stdout + done.stderr).decode(), (line, command)
            done = run("send", "events.jsonl", "--api-base", sandbox.url, cwd=home)
            assert TOKEN not in (done.stdout + done.stderr).decode(), line
    kept = [
        file.read_bytes() for file in home.rglob("*") if file.is_file() and file.name != "twiliodest.yaml"
    ]
    assert all(TOKEN.encode() not in content for content in kept)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_leads_with_an_example(command: str, home: Path) -> None:
    """The first thing that the help of a command says is how it is typed."""
    done = run(*command.split(), "--help", cwd=home)
    lines = [line.strip() for line in done.stdout.decode().splitlines() if line.strip()]
    assert done.returncode == 0
    assert lines[0].startswith("Usage: twiliodest")
    assert lines[1].startswith(f"$ twiliodest {command.partition(' ')[0]}".rstrip())
    assert all(line.count("$ twiliodest") <= 1 for line in lines)


def test_version_is_one_line(home: Path) -> None:
    """`--version` prints name and number."""
    assert run("--version", cwd=home).stdout.decode() == f"twiliodest {__version__}\n"


def test_completion_completes(home: Path) -> None:
    """A shell that asks gets the commands that begin as typed."""
    asked = {"_TWILIODEST_COMPLETE": "bash_complete", "COMP_WORDS": "twiliodest le", "COMP_CWORD": "1"}
    assert run(cwd=home, env=asked).stdout.split() == [b"plain,ledger"]


@pytest.mark.parametrize(
    "asked",
    [{}, {"COMP_WORDS": "x"}, {"COMP_WORDS": "x", "COMP_CWORD": "x"}, {"COMP_WORDS": "'", "COMP_CWORD": "1"}],
)
@pytest.mark.parametrize("how", ["bash_complete", "zsh_complete", "fish_complete", "complete_bash", "x"])
def test_what_is_no_shell_gets_no_traceback(how: str, asked: dict[str, str], home: Path) -> None:
    """Odd variables are nobody's question."""
    done = run(cwd=home, env={"_TWILIODEST_COMPLETE": how, **asked})
    assert (done.returncode in (0, 1), done.stderr) == (True, b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str, home: Path) -> None:
    """The script asks the program in the way that the program answers."""
    done = run("completion", shell, cwd=home)
    assert (done.returncode, f"_TWILIODEST_COMPLETE={shell}_complete" in done.stdout.decode()) == (0, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_options_of_a_command_have_headings(command: str, home: Path) -> None:
    """Who looks for what keeps a send safe finds it in one place, in 80 columns, without words of the parser's."""
    told = run(*command.split(), "--help", cwd=home, env={"COLUMNS": "80"}).stdout.decode()
    found = [line[:-1] for line in told.splitlines() if line.endswith(":") and not line.startswith(" ")]
    known = ["Positional arguments", *HEADINGS, "Commands"]
    assert found == [heading for heading in known if heading in found]
    assert command != "send" or found == known[:-1]
    assert max(map(len, told.splitlines())) <= 80
    assert not set("<>") & set(told.replace(" > twiliodest.schema.json", "").replace(" >> ~/.bashrc", ""))
    assert not re.search("INTEGER|BOOL|TEXT|FLOAT|PATH]?\\.|range", told)


def test_the_manual_has_every_option_of_every_command(home: Path) -> None:
    """What --help says of each command, the page says, and a reader of such pages finds no fault with it."""
    page = run("man", cwd=home).stdout
    plain = page.decode("ascii").replace("\\-", "-").replace("\\[u2026]", "…")
    for command in COMMANDS:
        told = run(*command.split(), "--help", cwd=home).stdout.decode()
        for name in re.findall("^  (-.*?)(?:  |$)", told, re.MULTILINE):
            assert name in plain or name == "--version", (command, name)
        assert f"twiliodest {command}".strip() in plain
    if shutil.which("groff"):
        command_line = ["groff", "-man", "-Tutf8", "-P-cbou", "-ww"]
        read = subprocess.run(command_line, input=page, capture_output=True, check=True, timeout=SECONDS)
        assert read.stderr == b""
        assert b"$ twiliodest send events.jsonl --dry-run" in read.stdout


def test_exit_statuses_are_in_the_help(home: Path) -> None:
    """Who writes a script finds what a status means without leaving the terminal."""
    for command in ("", "send"):
        said = " ".join(run(*command.split(), "--help", cwd=home).stdout.decode().split())
        assert [
            status for status in (0, 1, 2, 3, 4, 130) if f"{status} " not in said.partition("Exit status:")[2]
        ] == []
