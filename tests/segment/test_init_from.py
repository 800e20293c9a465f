"""`init --from`: what it reads, what it writes, and what it leaves alone. Run as a subprocess."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from segment_api import DESTINATION, SMS, listed, subscription, taken_over
from shell import BIN, environment, run

ORDER = subscription(
    "Order confirmation",
    trigger='type = "track" and event = "Order Completed"',
    settings={
        "To": {"@path": "$.properties.phone"},
        "Body": {
            "@template": "Your order #{{properties.order_id}} has been confirmed! "
            "Estimated delivery: {{properties.delivery_date}}"
        },
    },
)
EVENT = {
    "messageId": "m1",
    "type": "track",
    "event": "Order Completed",
    "properties": {"order_id": "12345", "delivery_date": "Nov 30", "phone": "+14155550134"},
}
FOREIGN = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n", "it is empty"),
    "broken": (b'{"data": {"subscriptions": [', "it is not JSON"),
    "cut off": (json.dumps(listed(ORDER)).encode()[:-9], "it is not JSON"),
    "latin": ('{"name": "Zoë"}'.encode("latin-1"), "it is not text in UTF-8"),
    "utf-16": (json.dumps(listed(ORDER)).encode("utf-16"), "it is not text in UTF-8"),
    "nan": (b'{"data": NaN}', "it is not JSON"),
    "deep": (b"[" * 100_000, "it is not JSON"),
    "nested": (b"[" * 500 + b"]" * 500, "it is nested more"),
    "number": (b"17", "it is a number"),
    "list": (b"[]", "it is empty"),
    "object": (b"{}", "it is empty"),
    "event": (json.dumps(EVENT).encode(), "it is an event"),
    "other": (b'{"data": {"sources": [{"name": "x"}]}}', "something else"),
    "none": (b'{"data": {"subscriptions": []}}', "has no mappings"),
    "error": (b'{"errors": [{"type": "forbidden"}]}', "answered with an error"),
    "yaml": (b"number: 1\n", "it is not JSON"),
}


def test_the_order_confirmation_texts_what_it_did(tmp_path: Path) -> None:
    """Two commands after the answers were fetched, a dry run shows the text that Segment would have sent."""
    text, said = taken_over(tmp_path, listed(ORDER), DESTINATION)
    (tmp_path / "events.jsonl").write_text(json.dumps(EVENT))
    done = run("send", "-n", "-o", "jsonl", "events.jsonl", cwd=tmp_path)
    record = json.loads(done.stdout)
    assert (record["status"], record["to"], record["body"]) == (
        "planned",
        "+14155550134",
        "Your order #12345 has been confirmed! Estimated delivery: Nov 30",
    )
    assert "warning" not in said
    assert 'trigger: type = "track" and event = "Order Completed"\n' in text
    assert "to: $.properties.phone\n" in text


def test_secrets_stay_where_they_are(tmp_path: Path) -> None:
    """No token, no key's secret and nothing that could be one is written; the account and the sender are."""
    written = {"accountId": "AC" + "2" * 32, "apiKeySID": "SK" + "3" * 32, "phoneNumber": "+15005550006"}
    secret = {"token": "hunter2", "apiKeySecret": "hunter3", "password": "hunter4"}
    text, said = taken_over(
        tmp_path, listed(ORDER), {"data": {"destination": {"settings": {**written, **secret}}}}
    )
    assert [value for value in secret.values() if value in text + said] == []
    assert [value for value in written.values() if value not in text] == []
    assert "token: ${TWILIO_AUTH_TOKEN}" in text


@pytest.mark.parametrize("account", ["hunter2", "AC12", "", 5, None, "SK" + "0" * 32])
def test_what_is_no_account_is_not_written(tmp_path: Path, account: Any) -> None:
    """A secret in the wrong place is a secret all the same."""
    text, _ = taken_over(
        tmp_path, listed(ORDER), {"data": {"destination": {"settings": {"accountId": account}}}}
    )
    assert "account: ${TWILIO_ACCOUNT_SID}\n" in text


@pytest.mark.parametrize(
    "answer",
    [
        listed(ORDER),
        {"data": {"subscription": ORDER}},
        {"data": listed(ORDER)},
        [ORDER],
        ORDER,
        [listed(ORDER)],
        {"data": [ORDER]},
        {"subscriptions": [ORDER]},
        {"data": {"subscriptions": [ORDER], **DESTINATION["data"]}},
    ],
)
def test_every_shape_of_an_answer_is_read(tmp_path: Path, answer: Any) -> None:
    """A list, one subscription, a bare list, and what clients wrap around them."""
    text, _ = taken_over(tmp_path, answer, DESTINATION)
    assert [action["name"] for action in yaml.safe_load(text)["actions"]] == ["Order confirmation"]


def test_names_order_and_what_is_disabled_are_kept(tmp_path: Path) -> None:
    """Doubled names are numbered, also where the number is taken; nothing that was off is on."""
    names = ["b", "a", "a 2", "a", "", " a ", "b\u2028\x1b[2J"]
    mappings = [subscription(name, enabled=name != "b") for name in names]
    text, said = taken_over(tmp_path, listed(*mappings[:3]), listed(*mappings[3:]), DESTINATION)
    actions = yaml.safe_load(text)["actions"]
    assert [action["name"] for action in actions] == ["b", "a", "a 2", "a 3", "Send SMS", "a 4", "b [2J"]
    assert [action.get("enabled", True) for action in actions] == [False, *[True] * 6]
    assert "7 actions, 1 of them not enabled" in said


def test_a_disabled_destination_texts_nobody(tmp_path: Path) -> None:
    """Segment sends nothing from it, whatever its mappings say."""
    off = {"data": {"destination": {**DESTINATION["data"]["destination"], "enabled": False}}}
    text, _ = taken_over(tmp_path, listed(ORDER, subscription()), off)
    assert [action["enabled"] for action in yaml.safe_load(text)["actions"]] == [False, False]


def test_another_action_is_told_of_and_left_out(tmp_path: Path) -> None:
    """A mapping that sends no text becomes a comment at its place and a line on standard error."""
    text, said = taken_over(tmp_path, listed(subscription("Flow", "triggerStudioFlow"), ORDER), DESTINATION)
    assert len(yaml.safe_load(text)["actions"]) == 1
    assert '# "Flow" is not imported' in text
    assert '"Flow" is not imported' in said


def test_without_the_destination_the_sender_is_asked_for(tmp_path: Path) -> None:
    """Send SMS has its sender from the destination: without it, that is said, and the file is valid."""
    _, said = taken_over(tmp_path, listed(ORDER))
    assert "do not say who sends" in said


@pytest.mark.parametrize(("data", "sentence"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_answer_is_said_in_a_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    """Broken, empty and foreign files: a sentence each with the file's name, and nothing is written."""
    (tmp_path / "answer.json").write_bytes(data)
    (tmp_path / "good.json").write_text(json.dumps(listed(ORDER)))
    done = run("init", "--from", "good.json", "answer.json", cwd=tmp_path)
    said = done.stderr.decode()
    assert (done.returncode, said.count("\n")) == (2, 1), said
    assert said.startswith("answer.json: error: ")
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "twiliodest.yaml").exists()


def test_every_input_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a folder and a broken file are three sentences."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.json").write_text("{")
    done = run("init", "--from", "missing.json", "folder", "broken.json", cwd=tmp_path)
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.decode().splitlines()] == [
        "missing.json",
        "folder",
        "broken.json",
    ]


@pytest.mark.parametrize(
    "arguments", [("--from", "a.json"), ("--from", "a.json", "b.json"), ("mine.yaml", "--from", "a.json")]
)
def test_nothing_is_overwritten(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A configuration that is there stays as it is, and so does every input."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(listed(ORDER)))
    for name in ("twiliodest.yaml", "mine.yaml"):
        (tmp_path / name).write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = run("init", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert b"already exists and was not changed" in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_link_into_nowhere_is_not_followed(tmp_path: Path) -> None:
    """Nothing is written through a link that somebody has laid."""
    (tmp_path / "a.json").write_text(json.dumps(listed(ORDER)))
    (tmp_path / "twiliodest.yaml").symlink_to(tmp_path / "elsewhere")
    assert run("init", "--from", "a.json", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "elsewhere").exists()


def test_of_two_at_once_one_writes(tmp_path: Path) -> None:
    """Two that start together make one file between them, and it is whole."""
    (tmp_path / "a.json").write_text(json.dumps(listed(*[ORDER] * 50)))
    command = [str(BIN / "twiliodest"), "init", "--from", "a.json"]
    started = [
        subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.DEVNULL)
        for _ in range(4)
    ]
    assert sorted(process.wait(60) for process in started) == [0, 2, 2, 2]
    assert len(yaml.safe_load((tmp_path / "twiliodest.yaml").read_text())["actions"]) == 50


def test_standard_input_and_another_file_to_write(tmp_path: Path) -> None:
    """What another program fetched can be piped in, and the file to write is named by its ending."""
    done = run("init", "texts.yaml", "--from", "-", cwd=tmp_path, stdin=json.dumps(listed(ORDER)).encode())
    assert done.returncode == 0, done.stderr.decode()
    assert len(yaml.safe_load((tmp_path / "texts.yaml").read_text())["actions"]) == 1


def test_two_files_to_write_are_one_too_many(tmp_path: Path) -> None:
    """Without inputs there is one path; with them, one that ends in .yaml."""
    assert b'does not take "b"' in run("init", "a", "b", cwd=tmp_path).stderr
    assert b'does not take "b.yml"' in run("init", "a.yaml", "b.yml", "--from", "x", cwd=tmp_path).stderr


def test_what_holds_no_text_at_all_is_a_mistake(tmp_path: Path) -> None:
    """A destination without its subscriptions makes no configuration."""
    (tmp_path / "a.json").write_text(json.dumps(DESTINATION))
    done = run("init", "--from", "a.json", cwd=tmp_path)
    assert done.returncode == 2
    assert b"it has no mapping that sends a text" in done.stderr


def test_hostile_names_and_texts_are_data(tmp_path: Path) -> None:
    """Whatever a mapping holds, the file is valid YAML that says it, and the terminal shows no control characters."""
    hostile = [
        "# x",
        "- y",
        "{a: b}",
        '"',
        "'",
        "\\",
        "a: b",
        "x #y",
        "\x1b[2J",
        "a\u2028b",
        "no",
        "~",
        "1",
        "é\U0001f389",
        "!!python/x",
        "&a",
        "*a",
        "|",
        ">",
    ]
    mappings = [subscription(text, settings={**SMS, "Body": f"{text}\n\t{text}"}) for text in hostile]
    text, said = taken_over(tmp_path, listed(*mappings), DESTINATION)
    actions = yaml.safe_load(text)["actions"]
    assert [action["name"] for action in actions] == [
        " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "Send SMS"
        for name in hostile
    ]
    assert [action["body"] for action in actions] == [
        f"{text}\n\t{text}".replace("{{", '{{ "{" }}{') for text in hostile
    ]
    assert "\x1b" not in said
