"""Names and texts of every script, and halves of characters, through the installed command: each run is fresh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell import run

CONFIG = """\
number: "+15005550006"
event_id: $['événement']
actions:
  - name: a
    trigger: type = "track" and !(properties.désabonné = true) and !(properties.отписан = true)
    to: $.properties['téléphone']
    body: "{% if properties.payé %}Paid.{% else %}Please pay.{% endif %} {{properties['имя'] | default: 'x'}}"
"""
SAID = {"téléphone": "+33612345679", "payé": True, "désabonné": False, "имя": "Анна"}


def planned(home: Path, events: bytes, config: str = CONFIG, status: int = 0) -> list[dict[str, Any]]:
    (home / "twiliodest.yaml").write_text(config)
    (home / "events.jsonl").write_bytes(events)
    done = run("send", "events.jsonl", "-n", "-o", "jsonl", cwd=home)
    assert b"Traceback" not in done.stderr
    assert done.returncode == status, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("count", [1, 20_000])  # in this process, and in helpers
def test_names_of_every_script_are_seen(tmp_path: Path, ascii_only: bool, count: int) -> None:
    r"""In triggers, fields, templates and identities; also where an event writes `\u00e9`, and in large files."""
    event = {"événement": "é-1", "type": "track", "properties": SAID, "more": "x" * 100}
    off = {**event, "properties": SAID | {"désabonné": True}}
    lines = (json.dumps(event, ensure_ascii=ascii_only) + "\n") * count
    lines += json.dumps(off, ensure_ascii=ascii_only) + "\n"
    lines += json.dumps({"batch": [event | {"événement": "é-2"}, off]}, ensure_ascii=ascii_only)
    first, *_, last = found = planned(tmp_path, lines.encode())
    for record, identity in ((first, "é-1"), (last, "é-2")):
        assert (record["event_id"], record["to"], record["body"], record["status"]) == (
            *(identity, "+33612345679", "Paid. Анна", "planned"),
        )
    assert len(found) == count + 1


def test_a_check_of_events_sees_names_of_every_script(tmp_path: Path) -> None:
    """What is there is not said to be missing."""
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    event = {"événement": "1", "type": "track", "properties": SAID}
    (tmp_path / "events.jsonl").write_text(json.dumps(event))
    done = run("check", "--events", "events.jsonl", "-o", "json", cwd=tmp_path)
    (action,) = json.loads(done.stdout)["events"]["actions"]
    assert [path["missing"] for path in action["paths"]] == [0] * len(action["paths"])


HALVES = """\
number: "+15005550006"
actions:
  - {{name: a, trigger: 'type = "track"', to: $.properties.phone, body: "{body}"}}
"""
HALF = rb'{"messageId":"1","type":"track","event":"E","properties":{"phone":"+14155550134","bio":"cut \ud83d"%s}}'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Hi", "Hi"),
        ("Hi {{properties.name | default: 'you'}}", "Hi you"),
        ("{{properties.bio}}", None),
        ("{{properties.bio | default: 'x'}}", None),
        ("{{properties.bio | upcase}}", None),
        ("{{properties.bio | url_encode}}", None),
        ("{% if properties.bio == 'cut' %}a{% else %}b{% endif %}", None),
        ("{% if false %}{{properties.bio}}{% endif %}Hi", "Hi"),
    ],
)
def test_half_an_emoji_costs_only_those_who_use_it(tmp_path: Path, body: str, text: str | None) -> None:
    """A value that JavaScript has cut in two is no reason to lose an event that does not need it."""
    config = HALVES.format(body=body)
    (record,) = planned(tmp_path, HALF % b"", config, status=0 if text else 1)
    reason = None if text else "$.properties.bio contains half of a character"
    assert (record["status"], record["body"], record["reason"]) == (
        *("planned" if text else "invalid", text, reason),
    )


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        (HALF % rb',"\udc00":{"phone":1}', "planned", None),
        (HALF.replace(b'"1"', rb'"\ud83d"') % b"", "planned", None),
        (HALF.replace(b'"E"', rb'"E\ud83d"') % b"", "planned", None),
        (
            HALF.replace(b"0134", rb"013\ud83d") % b"",
            "invalid",
            "$.properties.phone contains half of a character",
        ),
        (b'{"batch":[' + HALF % b"" + rb'],"context":{"a":"\ud83d"}}', "planned", None),
        (HALF % rb',"more":[{"a":["\udfff"]}]', "planned", None),
    ],
)
def test_halves_of_characters_stand_anywhere(
    tmp_path: Path, raw: bytes, status: str, reason: str | None
) -> None:
    """In names, identities, names of events and batches; records stay UTF-8, and rejects as they were."""
    (tmp_path / "twiliodest.yaml").write_text(HALVES.format(body="Hi"))
    (tmp_path / "events.jsonl").write_bytes(raw)
    done = run("send", "events.jsonl", "-n", "-o", "jsonl", "--rejects", "rejects.jsonl", cwd=tmp_path)
    (record,) = (json.loads(line) for line in done.stdout.decode().splitlines())
    assert (record["status"], record["reason"]) == (status, reason)
    assert record["event_id"].encode()
    assert (tmp_path / "rejects.jsonl").read_bytes().strip() == (raw if status == "invalid" else b"")
    checked = run("check", "--events", "events.jsonl", cwd=tmp_path)
    assert b"Traceback" not in checked.stderr
    assert checked.returncode == (1 if reason else 0)


TRIGGERS = {
    '!(properties.bio = "stop")': True,
    'contains(properties.bio, "cut")': True,
    "properties.tags in [1, 2]": True,
    'type = "page" and properties.bio = "x"': False,
    'type = "track" or properties.bio = "x"': False,
    'event = "Other"': False,
    "properties.phone != null": False,
}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_trigger_that_looks_at_half_a_character_decides_nothing(tmp_path: Path, trigger: str) -> None:
    """Nobody is texted, or left out in silence, because of a value that is damaged: that is told instead."""
    config = HALVES.format(body="Hi").replace('type = "track"\'', trigger + "'")
    looks = TRIGGERS[trigger]
    raw = HALF % rb',"tags":["\ud83d"]'
    found = planned(tmp_path, raw, config, status=int(looks))
    reasons = [record["reason"] for record in found if record["reason"]]
    field = "tags" if "tags" in trigger else "bio"
    assert reasons == ([f"$.properties.{field} contains half of a character"] if looks else [])


def test_a_recipient_in_halves_is_not_replaced_by_another(tmp_path: Path) -> None:
    """An alternative stands in for what is missing, not for what is damaged."""
    config = HALVES.format(body="Hi").replace("$.properties.phone", "[$.properties.bio, $.properties.phone]")
    (record,) = planned(tmp_path, HALF % b"", config, status=1)
    assert record["reason"] == "$.properties.bio contains half of a character"


def test_events_that_differ_in_a_half_are_two_events(tmp_path: Path) -> None:
    """Their digests differ, and are the same in the next run; so are those of damaged identities."""
    without = (HALF % b"").replace(b'"messageId":"1",', b"")
    damaged = (HALF % b"").replace(b'"1"', rb'"\ud83d"')
    lines = [without, without.replace(b"ud83d", b"ud83c"), damaged, damaged.replace(b"ud83d", b"udc00")]
    first, second = (planned(tmp_path, b"\n".join(lines), HALVES.format(body="Hi")) for _ in range(2))
    assert [record["event_id"] for record in first] == [record["event_id"] for record in second]
    assert len({record["event_id"] for record in first}) == 4
