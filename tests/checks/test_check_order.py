"""`check` says first what is wrong and then the answer; it knows what other programs call things."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import run

CONFIG = """\
number: "+15005550006"
actions:
  - {name: Greeting, trigger: 'event = "Hello"', to: $.phone, body: "Hi {{name}} {{city}}‽"}
  - {name: Farewell, trigger: 'event = "Bye"', to: $.phone, body: Bye}
"""
PHONE = "+14155550134"
EVENTS = [
    {"event": "Hello", "phone": PHONE, "name": "Ann", "city": "Ulm"},
    {"event": "Hello", "phone": PHONE, "name": "Bo"},
    {"event": "Bye", "phone": PHONE},
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, EVENTS)))
    return tmp_path


@pytest.mark.parametrize("option", ["--actions", "-v", "--verbose"])
def test_actions_are_listed_when_asked(home: Path, option: str) -> None:
    """A check of a configuration with fifty actions is one line, unless somebody wants to see them."""
    plain, asked = run("check", cwd=home), run("check", option, cwd=home)
    assert (plain.returncode, plain.stdout) == (0, b"")
    assert plain.stderr.decode().splitlines()[-1] == "the configuration is valid: 2 actions"
    assert b"Greeting" in asked.stdout
    assert plain.stderr == asked.stderr


def test_problems_come_first_and_the_answer_last(home: Path) -> None:
    """Whoever reads from the top sees what is to be mended; whoever reads the end, how it ended."""
    shown = run("check", "e.jsonl", cwd=home)
    lines = shown.stdout.decode().splitlines()
    assert lines[0].startswith("invalid   Greeting: 1 × nothing at $.city (e.jsonl:2)")
    assert [line for line in lines if line.startswith("events ")] == ["events    3 read, 3 matched"]
    said = shown.stderr.decode().splitlines()
    assert "warning: " in said[0]
    assert said[-1] == "the configuration is valid: 2 actions"
    assert shown.returncode == 1


def test_only_paths_that_are_not_always_there_are_listed(home: Path) -> None:
    """What is always there needs no look; the document for programs has every path."""
    shown = run("check", "e.jsonl", cwd=home).stdout.decode()
    assert "$.city" in shown
    assert "$.phone" not in shown
    found = json.loads(run("check", "e.jsonl", "-o", "json", cwd=home).stdout)["events"]
    assert [path["path"] for path in found["actions"][0]["paths"]] == ["$.phone", "$.name", "$.city"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["e.jsonl"],
        ["--events", "e.jsonl"],
        ["--events", "e.jsonl", "-c", "twiliodest.yaml"],
        ["-"],
    ],
)
def test_events_are_named_as_for_send(home: Path, arguments: list[str]) -> None:
    """By position, as one types them for `send`; the old option means the same."""
    done = run("check", *arguments, cwd=home, stdin=(home / "e.jsonl").read_bytes())
    assert b"3 read, 3 matched" in done.stdout


def test_a_configuration_is_not_taken_for_events(home: Path) -> None:
    """`check other.yaml` is likely meant as the configuration: it says how to name one."""
    done = run("check", "twiliodest.yaml", cwd=home)
    assert done.returncode == 2
    assert b"-c twiliodest.yaml" in done.stderr


FIELDS = {
    "trigger": ["when", "condition", "filter", "If"],
    "body": ["text", "message", "content", "sms"],
    "to": ["phone", "recipient", "phone_number", "phoneNumber", "mobile"],
    "media_url": ["media", "mediaUrl", "media-url", "image", "picture", "attachments"],
    "number": ["from", "sender", "messaging_service_sid"],
    "name": ["title", "label"],
    "enabled": ["active", "disabled"],
    "content_sid": ["template_sid", "contentSid"],
    "content_variables": ["variables"],
    "send_at": ["schedule", "sendAt"],
    "status_callback": ["webhook"],
}
SETTINGS = {
    "number": ["from", "sender", "from_number"],
    "token": ["auth_token", "secret", "password", "authToken"],
    "account": ["sid", "account_sid", "accountSid", "username"],
    "actions": ["messages", "rules"],
    "default_region": ["country"],
    "suppress": ["blocklist", "opt_outs"],
    "ledger": ["database"],
    "api_base": ["base_url", "endpoint"],
    "event_id": ["message_id", "dedupe"],
    "max_messages": ["limit"],
    "rate": ["rate_limit", "mps"],
}


@pytest.mark.parametrize(("meant", "named"), [(key, name) for key, names in FIELDS.items() for name in names])
def test_a_field_by_another_name_gets_a_hint(home: Path, meant: str, named: str) -> None:
    """What other programs call it is told by the name that it has here."""
    (home / "twiliodest.yaml").write_text(CONFIG + f"    # more\n  - name: x\n    {named}: y\n")
    assert f'did you mean "{meant}"?' in run("check", cwd=home).stderr.decode()


@pytest.mark.parametrize(
    ("meant", "named"), [(key, name) for key, names in SETTINGS.items() for name in names]
)
def test_a_setting_by_another_name_gets_a_hint(home: Path, meant: str, named: str) -> None:
    """What other programs call it is told by the name that it has here, and no secret is shown with it."""
    (home / "twiliodest.yaml").write_text(f"{named}: hunter2hunter2\n{CONFIG}")
    told = run("check", cwd=home).stderr.decode()
    assert f'did you mean "{meant}"?' in told
    assert meant not in ("token", "account") or "hunter2" not in told


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("start", "from"),
        ("begin", "from"),
        ("end", "to"),
        ("until", "to"),
        ("timezone", "time_zone"),
        ("tz", "time_zone"),
    ],
)
def test_quiet_hours_have_their_own_synonyms(home: Path, named: str, meant: str) -> None:
    """What a name stands for depends on where it stands."""
    (home / "twiliodest.yaml").write_text(f"quiet_hours: {{{named}: '1:00'}}\n{CONFIG}")
    assert f'did you mean "{meant}"?' in run("check", cwd=home).stderr.decode()


def test_the_known_keys_are_said_once(home: Path) -> None:
    """Ten strange keys need no ten lists of all that there are."""
    strange = "".join(f"zz{letter * 3}: 1\n" for letter in "abc")
    (home / "twiliodest.yaml").write_text(strange + CONFIG + "  - {name: x, zzz: 1, yyy: 2}\n")
    told = run("check", cwd=home).stderr.decode()
    assert told.count("the known ones are: account, ") == 1
    assert told.count("the known ones are: name, ") == 1


@pytest.mark.parametrize(
    "line",
    [
        "quiet_hours: 21:00-08:00",
        "quiet_hours: 9pm to 8am",
        'quiet_hour: {from: "21:00", to: "08:00"}',
        'quiet_hours: {start: "21:00", to: "08:00"}',
        'quiet_hours: {from: "21:00", until: "08:00"}',
    ],
)
def test_what_is_no_secret_is_shown(home: Path, line: str) -> None:
    """A line that only has hours in it is shown as it is: a mask would hide what is to be mended."""
    (home / "twiliodest.yaml").write_text(f"{line}\n{CONFIG}")
    told = run("check", cwd=home).stderr.decode()
    assert f" | {line}\n" in told


@pytest.mark.parametrize(
    "line", ["quiet_hours: hunter2hunter2", "secret_hours: 21:00", "quiet: {x: hunter2}"]
)
def test_what_could_be_a_secret_is_not_shown(home: Path, line: str) -> None:
    """Where nobody can tell, nothing is shown."""
    (home / "twiliodest.yaml").write_text(f"{line}\n{CONFIG}")
    told = run("check", cwd=home).stderr.decode()
    assert line.partition(":")[2].strip("{} x:") not in told
