"""Events are told apart by what they say of themselves, as long as that says something; else by their content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import CREDENTIALS, run

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import WHOLE, canonical
from twiliodest.planning.identity import ID_LIMIT, compile_identity
from twiliodest.sandbox import Sandbox

CONFIG = """\
number: "+15005550006"
actions:
  - {name: a, trigger: 'true', to: $.phone, body: "Hi {{name}}"}
"""


def identity(said: dict[str, Any], *rule: str) -> str:
    raw = json.dumps(said).encode()
    return compile_identity(rule or ["$.messageId"]).of(WHOLE(raw), raw)


@pytest.mark.parametrize(
    ("value", "known"),
    [("m-1", "m-1"), (" m ", " m "), (17, "17"), (12.50, "12.5"), (-3, "-3"), ("0", "0"), ("false", "false")],
)
def test_what_ledgers_know_events_by_stays(value: object, known: str) -> None:
    """A text or a number at the default path, as it was written."""
    assert identity({"messageId": value}) == known
    assert identity({"a": {"b": value}}, "$.a.b") == identity({"a": {"b": value}}, "a.b") == known
    assert identity({"messageId": value}, "{{messageId}}") in (known, known.strip())


def test_digests_that_ledgers_know_events_by_stay() -> None:
    """Of content in any order and spacing, and of an identity that is too long."""
    assert identity({"b": [1.50, "é"], "a": None}) == "digest:e2d2a83f7080a449edc0cdd2e141240b"
    assert identity({"messageId": "x" * (ID_LIMIT + 1)}) == "digest:0b2c2b0de02938ad7a728b51e8da3357"


@pytest.mark.parametrize("value", [False, True, 0, 0.0, -0.0, None, "", " \n", [1], ["a"], [], {}, {"a": 1}])
@pytest.mark.parametrize(
    "rule", ["$.messageId", "{{messageId}}", "{{a}}/{{messageId}}", "{{messageId | upcase}}"]
)
def test_what_says_nothing_is_no_identity(value: object, rule: str) -> None:
    """Two events with such an identity are two; which of them is texted does not depend on the other."""
    first, second = ({"messageId": value, "a": "x", "n": number} for number in (1, 2))
    assert identity(first, rule).startswith("digest:")
    assert identity(first, rule) != identity(second, rule)


def test_pairs_and_alternatives_tell_events_apart() -> None:
    """CloudEvents are known by source and id together; the first alternative that an event has counts."""
    pair = "{{source}}/{{id}}"
    assert identity({"source": "/shop", "id": "1"}, pair) == "/shop/1"
    assert identity({"source": "/shop", "id": 2}, pair) == "/shop/2"
    assert identity({"id": "1"}, pair).startswith("digest:")
    several = ("$.messageId", pair, "$.uuid")
    assert identity({"messageId": "m", "uuid": "u"}, *several) == "m"
    assert identity({"messageId": 0, "uuid": "u"}, *several) == "u"
    assert identity({"uuid": "u", "source": "s", "id": "1"}, *several) == "s/1"
    assert identity({"n": 1}, *several).startswith("digest:")
    long = "x" * ID_LIMIT
    assert identity({"source": long, "id": "1"}, pair) != identity({"source": long, "id": "2"}, pair)


@given(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=4), st.randoms())
def test_the_order_of_keys_and_the_spacing_change_no_identity(said: dict[str, Any], random: Any) -> None:
    """An event that was written again is the same event."""
    keys = list(said)
    random.shuffle(keys)
    assert canonical(json.dumps({key: said[key] for key in keys}, indent=1).encode()) == canonical(
        json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    )


def test_rules_of_the_same_text_are_the_same() -> None:
    """A ledger can remember by which rule it knows events."""
    assert compile_identity(["messageId"]).text == compile_identity(["$.messageId"]).text == "$.messageId"
    assert compile_identity(["{{a}}/{{b}}"]).text == "{{a}}/{{b}}"
    assert compile_identity(["$.a", "$.b"]).text == '["$.a","$.b"]'


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{{ 'x' }}", "the same for every event"),
        ("{% if true %}x{% endif %}", "the same for every event"),
        ("$.a[", "event_id must be a JSONPath"),
        ("{{a", "never closed"),
        ("{{ 'now' | date: '%s' }}{{a}}", "when it is rendered"),
    ],
)
def test_a_rule_that_tells_nothing_apart_is_refused(rule: str, message: str) -> None:
    """Not every template can be an identity."""
    with pytest.raises(ExpressionError, match=message):
        compile_identity([rule])


def write(home: Path, setting: str, *events: dict[str, Any]) -> None:
    (home / "twiliodest.yaml").write_text(setting + CONFIG)
    (home / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def dry(home: Path, *more: str) -> list[dict[str, Any]]:
    done = run("send", "events.jsonl", "-n", "-o", "jsonl", *more, cwd=home, env=CREDENTIALS)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


ANN = {"source": "a", "id": "1", "phone": "+14155550134", "name": "Ann"}
BOB = {"source": "b", "id": "1", "phone": "+14155550135", "name": "Bob"}


@pytest.mark.parametrize(
    ("setting", "identities"),
    [
        ('event_id: "{{source}}/{{id}}"\n', ["a/1", "b/1"]),
        ("event_id: [$.messageId, '{{source}}/{{id}}']\n", ["a/1", "b/1"]),
        ("event_id:\n  - $.messageId\n  - $.phone\n", ["+14155550134", "+14155550135"]),
        ("event_id: source\n", ["a", "b"]),
    ],
)
def test_the_setting_is_a_path_a_template_or_a_list(
    tmp_path: Path, setting: str, identities: list[str]
) -> None:
    """Both events are texted."""
    write(tmp_path, setting, ANN, BOB)
    assert [record["event_id"] for record in dry(tmp_path)] == identities


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("event_id: []\n", "1:11"),
        ("event_id: [$.a, '$.b[']\n", "1:22"),
        ("event_id: [$.a, [b]]\n", "1:17"),
        ("event_id: {a: b}\n", "1:11"),
        ("event_id: '{{ \"x\" }}'\n", "1:12"),
    ],
)
def test_a_wrong_rule_is_told_at_its_place(tmp_path: Path, setting: str, place: str) -> None:
    """An alternative that cannot be read is pointed at."""
    write(tmp_path, setting)
    done = run("check", cwd=tmp_path)
    assert done.returncode == 2
    assert f"twiliodest.yaml:{place}" in done.stderr.decode()


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (ANN, ""),
        (ANN | {"name": "Zoë"}, ", with another text"),
        (ANN | {"phone": "+14155550135"}, ", to another recipient"),
        (BOB, ", to another recipient and with another text"),
    ],
)
def test_a_repeat_that_differs_says_so(tmp_path: Path, other: dict[str, Any], told: str) -> None:
    """Within a run, in a preview, and against the ledger: two events that share an identity are noticed."""
    write(tmp_path, "event_id: $.id\n", ANN, other)
    first, second = dry(tmp_path)
    assert (first["status"], second["status"]) == ("planned", "already")
    assert second["reason"] == f"the same event as events.jsonl:1{told}"
    with Sandbox() as sandbox:
        options = ("-o", "jsonl", "--yes", "--ledger", "ledger.db", "--api-base", sandbox.url)
        done = run("send", "events.jsonl", *options, cwd=tmp_path, env=CREDENTIALS)
        sent = {record["line"]: record for record in map(json.loads, done.stdout.splitlines())}
        assert (sent[1]["status"], sent[2]["status"]) == ("sent", "already"), done.stderr.decode()
        assert sent[2]["reason"].startswith("sent at ")
        assert sent[2]["reason"].partition(",")[2] == told.removeprefix(",")
        again = dry(tmp_path, "--ledger", "ledger.db", "--api-base", sandbox.url)
    assert [record["status"] for record in again] == ["already"] * 2
    assert again[1]["reason"] == sent[2]["reason"]
    assert again[0]["reason"].startswith("sent at ")
    assert "another" not in again[0]["reason"]


def checked(home: Path) -> tuple[Any, str]:
    found = run("check", "--events", "events.jsonl", "-o", "json", cwd=home)
    shown = run("check", "--events", "events.jsonl", cwd=home)
    return json.loads(found.stdout)["events"]["no_identity"], " ".join(shown.stdout.decode().split())


@pytest.mark.parametrize(
    ("more", "setting", "nearest"),
    [
        ({"uuid": "u-{}"}, "$.uuid", "$.uuid"),
        ({"event_id": "u-{}", "id": "same"}, "$.event_id", "$.event_id"),
        ({"specversion": "1.0", "source": "/s", "id": "{}"}, '"{{source}}/{{id}}"', "{{source}}/{{id}}"),
        ({"properties": {"$insert_id": "{}", "id": "{}"}}, "\"$.properties['$insert_id']\"", None),
        ({"id": "the user's, and always the same"}, None, None),
        ({"id": 0}, None, None),
    ],
)
def test_a_check_names_what_could_tell_events_apart(
    tmp_path: Path, more: dict[str, Any], setting: str | None, nearest: str | None
) -> None:
    """How many events have no identity, and the setting that would give them one: which then does."""
    events = [
        json.loads(json.dumps(ANN | {"id": None} | more | {"n": number}).replace("{}", str(number)))
        for number in range(12)
    ]
    write(tmp_path, "", *events)
    found, shown = checked(tmp_path)
    assert (found["events"], found["rule"], found["event_id"]) == (12, "$.messageId", setting)
    assert "12 of 12 matched events have no identity at $.messageId" in shown
    if setting:
        assert found["found"] == 12
        assert found["nearest"] == (nearest or setting.strip('"'))
        assert f"set event_id: {setting}" in shown
        write(tmp_path, f"event_id: {setting}\n", *events)
        assert checked(tmp_path)[0] is None


def test_a_check_keeps_the_rule_that_works_for_some(tmp_path: Path) -> None:
    """The setting that it names leaves the events alone that have an identity already."""
    events = [ANN | {"messageId": str(n)} if n % 2 else ANN | {"uuid": str(n)} for n in range(10)]
    write(tmp_path, "", *events)
    found, _ = checked(tmp_path)
    assert (found["events"], found["event_id"]) == (5, '["$.messageId", "$.uuid"]')
    write(tmp_path, f"event_id: {found['event_id']}\n", *events)
    assert checked(tmp_path)[0] is None
