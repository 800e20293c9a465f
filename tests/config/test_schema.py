"""What an editor marks by the schema is what `check` refuses, and the other way round as far as a schema can tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pages import ROOT, blocks, name, rows
from shell import run

from twiliodest.config.keys import FIELDS, QUIET_HOURS, SETTINGS, schema
from twiliodest.config.settings import load
from twiliodest.errors import UsageError

VALIDATOR = jsonschema.Draft7Validator(schema())
NUMBER = 'number: "+15005550006"\n'
ACTIONS = "actions:\n  - {name: any, trigger: 'type = \"track\"', to: $.phone, body: Hello}\n"
SERVICE = f"MG{'0' * 32}"


class Loader(yaml.SafeLoader):
    """YAML as editors read it: a date is text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def marks(text: str) -> list[str]:
    """What editors mark, whether they take a value for a number or a text."""
    found: list[str] = []
    for loader in (Loader, yaml.BaseLoader):
        values = json.loads(json.dumps(yaml.load(text, loader), default=str))
        found += [error.message for error in VALIDATOR.iter_errors(values)]
    return found


def refusals(text: str, folder: Path) -> list[str]:
    """What `check` refuses."""
    path = folder / "twiliodest.yaml"
    path.write_text(text)
    try:
        load(path, {"X": "x", "S": f"AC{'1' * 32}"})
    except UsageError as error:
        return [problem.message for problem in error.problems if not problem.warning]
    return []


def whole(text: str) -> str:
    if text.startswith("- "):
        return f"{NUMBER}actions:\n{text}"
    return text if "actions:" in text else NUMBER * ("number:" not in text) + text + ACTIONS


def samples() -> Iterator[Any]:
    for block in blocks("yaml"):
        if block.note != "file: broken.yaml":
            yield pytest.param(whole(block.text), id=name(block))
    for path in (ROOT / "sample-config.yaml", files("twiliodest.config").joinpath("starter.yaml")):
        yield pytest.param(path.read_text(encoding="utf-8"), id=str(path.name))


def test_the_schema_is_one() -> None:
    """It is valid by the standard's own schema, and each key says what it does."""
    jsonschema.Draft7Validator.check_schema(schema())
    for key in (*SETTINGS.values(), *FIELDS.values(), *QUIET_HOURS.values()):
        assert len(key.says) > 10


@pytest.mark.parametrize("text", [*samples()])
def test_every_configuration_of_the_docs_is_valid(text: str) -> None:
    """No editor marks what the docs show."""
    assert marks(text) == []


def test_every_key_of_the_docs_is_in_the_schema() -> None:
    """Whatever a table explains, an editor completes."""
    told = {key for row in rows("docs/configuration.md") for key in re.findall("`(.*?)`", row[0])}
    assert told == {*SETTINGS, *FIELDS}


VALUES = [
    *("x", "5", "0.5", "-1", "0", "1e3", "1_000", "+5", ".5", "1e400", ".inf", "0x10", "010", "1:30", "501"),
    *("true", "no", "On", "OFF", "null", "~", '""', '" "', "[]", "[x]", "[[x]]", "{}", "{a: b}", "{{x}}"),
    *(
        "2026-11-25",
        '"5"',
        '"true"',
        "$.a",
        '"{{a}}"',
        "${X}",
        '"a ${X:-5} b"',
        "$$x",
        "ü",
        '"٥"',
        "1h",
        "5 m",
    ),
    *(
        '"21:00"',
        "21:00",
        "9:05",
        "25:00",
        "US",
        "NO",
        "us",
        "usd",
        "USD",
        "YES",
        "dublin",
        "-x",
        "x-",
        "Dublin",
    ),
    *("+15005550006", '"+15005550006"', "12345", "ACME", SERVICE, f"AC{'1' * 32}", f"SK{'2' * 32}", "AC1"),
    *(
        "hold",
        "send_at",
        "schedule",
        "Europe/London",
        "https://a.example",
        "http://a.example",
        "HTTPS://A.EXAMPLE",
    ),
    *("[$.a, $.b]", '["+15005550006"]', "[null]", "[true]", f"[{'$.a, ' * 10}]", f"[{'$.a, ' * 101}]"),
    *("{from: '21:00', to: '08:00'}", "{from: 21:00, to: 8:00}", "{from: '21:00'}", "{from: a, to: b}"),
    *("{from: '1:00', to: '2:00', zone: x}", "{from: '1:00', to: '2:00', policy: wait, time_zone: Mars}"),
    *(
        "{from: '1:00', to: '2:00', policy: hold, time_zone: Europe/London}",
        "|\n    text\n",
        "'a # b'",
        "!x y",
    ),
]


def variants() -> Iterator[str]:
    """Every key with every value, and without it."""
    for key in SETTINGS:
        rest = NUMBER * (key != "number") + ACTIONS * (key != "actions")
        yield rest
        yield from (f"{key}: {value}\n{rest}" for value in VALUES)
    action = {"name": "any", "trigger": "'type = \"track\"'", "to": "$.phone", "body": "Hello"}
    for key in FIELDS:
        for value in (None, *VALUES):
            lines = {name: it for name, it in {**action, key: value}.items() if it is not None}
            yield (
                f"{NUMBER}actions:\n  - "
                + "\n    ".join(f"{name}: {it}" for name, it in lines.items())
                + "\n"
            )


def test_an_editor_marks_nothing_that_is_accepted(tmp_path: Path) -> None:
    """Whatever value a key has, what `check` lets through is right for the schema, too."""
    wrong = []
    for text in variants():
        try:
            found = marks(text)
        except (yaml.YAMLError, ValueError):
            continue  # it is no YAML, or none that has the values of JSON
        if found and not refusals(text, tmp_path):
            wrong.append((text, found))
    assert wrong == []


NEAR_MISSES = r"""
numbr: x
account: AC1
account: [x]
account: SKx
token: a b
token: {a: b}
token:
api_key: AC
rate: fast
rate: 0
rate: -1
rate: true
rate: []
concurrency: 0
concurrency: 501
concurrency: many
max_messages: 0
max_messages: 1.5
price_per_segment: -1
price_per_mms: x
currency: usd
currency: dollars
default_region: USA
default_region: us
edge: Dublin
edge: a.b
region: -x
smart_encoding: maybe
smart_encoding: 1
cooldown: 1
cooldown: 1 hour
cooldown: 1y
quiet_hours: x
quiet_hours: {}
quiet_hours: {from: "21:00"}
quiet_hours: {from: "24:00", to: "1:00"}
quiet_hours: {from: "1:00", to: "2:00", policy: wait}
quiet_hours: {from: "1:00", to: "2:00", zone: x}
event_id: []
event_id: {a: b}
events_at: [x]
events_at:
ledger: [x]
suppress: {a: b}
ledger: ""
token: x\ntoken_file: y
account: ${A}\naccount_file: y
token_file: [a]
text: x
from: x
messages: []
actions: []
actions: x
actions: {a: b}
actions: [x]
actions: [{}]
actions:
number:
number: []
number: {}
number: ""
""".strip("\n").splitlines()
NEAR_MISSES_OF_ACTIONS = r"""
media: x
name:
name: []
to: []
to: {a: b}
to:
body: [x]
body: {a: b}
body:
body: " "
media_url: []
enabled: maybe
enabled: 1
enabled:
cooldown: 1
cooldown: soon
cooldown: [1h]
number: []
trigger: []
trigger: {a: b}
trigger:
text: x
from: x
when: x
phone: x
to: [[$.a]]
to_all: $.phones
channel: smoke
channel: []
validity_period: 5
validity_period: soon
max_age: 1
max_age: 10 minutes
status_callback: []
twilio: x
twilio: {ShortenUrl: true}
twilio: {RiskCheck: {a: b}}
content_variables: x
content_variables: {}
content_variables: {1: []}
send_at: []
late: maybe
before: tomorrow
after: 1
quiet_hours: never
quiet_hours: {from: "1:00"}
""".strip("\n").splitlines()


@pytest.mark.parametrize("miss", NEAR_MISSES)
def test_both_refuse_a_near_miss(miss: str, tmp_path: Path) -> None:
    """A mistake in a setting that a schema can see is marked while it is typed, and refused by `check`."""
    key, miss = miss.partition(":")[0], miss.replace(r"\n", "\n")
    text = f"{miss}\n{NUMBER * (key != 'number')}{ACTIONS * (key != 'actions')}"
    assert (bool(marks(text)), bool(refusals(text, tmp_path))) == (True, True)


TOO_MANY = [f"media_url: [{'$.a, ' * 11}]", f"to: [{'$.a, ' * 101}]"]


@pytest.mark.parametrize("miss", [*NEAR_MISSES_OF_ACTIONS, *TOO_MANY])
def test_both_refuse_a_near_miss_in_an_action(miss: str, tmp_path: Path) -> None:
    """As in settings, so in an action."""
    action = {"name": "any", "trigger": "'true'", "to": "$.phone", "body": "Hello"}
    key, _, value = miss.partition(": ")
    action[key.rstrip(":")] = value
    text = f"{NUMBER}actions:\n  - " + "\n    ".join(f"{name}: {it}" for name, it in action.items()) + "\n"
    assert (bool(marks(text)), bool(refusals(text, tmp_path))) == (True, True)


@pytest.mark.parametrize("left_out", ["name", "to", "body"])
def test_both_miss_what_an_action_must_have(left_out: str, tmp_path: Path) -> None:
    """Without a name, a recipient or a text there is no action."""
    action = {"name": "any", "trigger": "'true'", "to": "$.phone", "body": "Hello"}
    del action[left_out]
    text = f"{NUMBER}actions: [{{{', '.join(f'{name}: {it}' for name, it in action.items())}}}]\n"
    assert (bool(marks(text)), bool(refusals(text, tmp_path))) == (True, True)


def test_init_writes_the_schema_that_its_file_names(tmp_path: Path) -> None:
    """Editors find the schema beside the file, with no network; one that is there already stays."""
    assert run("init", "new.yaml", cwd=tmp_path).returncode == 0
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", (tmp_path / "new.yaml").read_text())
    assert named
    path = tmp_path / named[1]
    assert json.loads(path.read_text()) == schema() == json.loads(run("schema", cwd=tmp_path).stdout)
    path.write_text("mine")
    assert run("init", "other.yaml", cwd=tmp_path).returncode == 0
    assert path.read_text() == "mine"
