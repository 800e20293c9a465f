"""Nothing in a folder, and nothing that is no event, is passed over without a word; and each is said once."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard
from shell import run

CONFIG = """\
number: "+15005550006"
actions:
  - {name: a, trigger: 'type = "track"', to: $.properties.phone, body: "{{messageId}}"}
"""


def line(name: str) -> bytes:
    event = {"messageId": name, "type": "track", "properties": {"phone": "+14155550134"}}
    return json.dumps(event).encode() + b"\n"


def dry_run(home: Path, *names: str, stdin: bytes = b"") -> tuple[int, list[str], str, list[str]]:
    """Exit status, the bodies, the summary in one line, and the reasons."""
    (home / "twiliodest.yaml").write_text(CONFIG)
    done = run("send", *names, "-n", "-o", "jsonl", cwd=home, stdin=stdin)
    records = [json.loads(row) for row in done.stdout.splitlines()]
    bodies = [it["body"] for it in records if it["status"] == "planned"]
    reasons = [it["reason"] for it in records if it["status"] == "invalid"]
    return done.returncode, bodies, " ".join(done.stderr.decode().split()), reasons


def test_a_folder_is_read_whole_and_in_order(tmp_path: Path) -> None:
    """Folders within it, names in capitals, compressed files by their content; the rest is said in one line."""
    folder = tmp_path / "events"
    (folder / "c" / "deep").mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(line("1"))
    (folder / "b.JSONL").write_bytes(line("2"))
    (folder / "archive.1.gz").write_bytes(gzip.compress(line("3")))
    (folder / "c" / "deep" / "x.ndjson").write_bytes(line("4"))
    (folder / "c.jsonl.zst").write_bytes(zstandard.compress(line("5")))
    (folder / "d.txt").write_text("a note")
    (folder / "e.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    (folder / "loop").symlink_to(folder)
    (folder / "gone.txt").symlink_to(folder / "nowhere")
    (folder / ".hidden.jsonl").write_bytes(line("6"))
    status, bodies, told, _ = dry_run(tmp_path, "events")
    assert (status, bodies) == (0, ["1", "3", "2", "4", "5"])
    assert "left out events/.hidden.jsonl (hidden), events/d.txt, events/e.gz," in told
    assert "gone.txt (a link to nothing)" in told
    assert "loop (a folder that has already been read)" in told


def test_gzip_members_and_byte_order_marks_follow_each_other(tmp_path: Path) -> None:
    """What `cat` puts together is read as what it was."""
    (tmp_path / "e.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + line("1")) + gzip.compress(line("2")))
    (tmp_path / "e.jsonl").write_bytes(b"\xef\xbb\xbf" + line("3") + b"\xef\xbb\xbf" + line("4"))
    (tmp_path / "e.zst").write_bytes(zstandard.compress(line("5")) + zstandard.compress(line("6")))
    status, bodies, _, _ = dry_run(tmp_path, "e.gz", "e.jsonl", "e.zst")
    assert (status, bodies) == (0, ["1", "2", "3", "4", "5", "6"])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("people.csv", b"name,phone\nAnn,+1415\nBo,+1416\n", "people.csv looks like CSV; events are JSON"),
        ("people.tsv", b"name\tphone\nAnn\t1\nBo\t2\n", "people.tsv looks like CSV; events are JSON"),
        ("page.html", b"<!DOCTYPE html>\n<html>\n</html>\n", "page.html looks like an HTML page"),
        ("a.xml", b'<?xml version="1.0"?>\n<a/>\n', "a.xml looks like XML"),
        ("a.log", b"2026-11-25 10:00:00 INFO x\n2026-11-25 10:00:01 INFO y\n", "a.log looks like a log"),
        ("a.yaml", b"a: 1\nb:\n  - c\n", "a.yaml looks like YAML"),
        ("a.zip", b"PK\x03\x04rest", "a.zip is a ZIP archive: decompress it first"),
        ("a.parquet", b"PAR1rest", "a.parquet is Parquet; events are JSON"),
        ("a.xz", b"\xfd7zXZ\0rest", "a.xz is xz: decompress it first"),
        ("wide.json", '[{"type": "track"}]'.encode("utf-16"), "UTF-16"),
        ("wide2.json", '[{"type": "track"}]'.encode("utf-16-be"), "UTF-16"),
        ("wide4.json", '[{"type": "track"}]'.encode("utf-32"), "UTF-32"),
    ],
)
def test_what_is_no_events_at_all_is_said_once(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    """One sentence for the file says what it is, instead of one for every line of it."""
    (tmp_path / name).write_bytes(content)
    status, bodies, _, reasons = dry_run(tmp_path, name)
    assert (status, bodies, len(reasons)) == (1, [], 1)
    assert reason in reasons[0]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_input_says_so(content: bytes, tmp_path: Path) -> None:
    """Nothing to send because nothing is there is not the same as nothing to send."""
    (tmp_path / "e.jsonl").write_bytes(content)
    assert "e.jsonl holds no events" in dry_run(tmp_path, "e.jsonl")[2]
    assert "standard input holds no events" in dry_run(tmp_path, "-", stdin=content)[2]


def test_an_envelope_that_nobody_has_opened_is_named(tmp_path: Path) -> None:
    """An object that matches nothing and holds many others is probably not one event."""
    inner = [json.loads(line(str(number))) for number in range(250)]
    (tmp_path / "e.json").write_text(json.dumps({"events": inner}))
    (tmp_path / "f.json").write_text(json.dumps({"data": {"results": inner}}, indent=1))
    assert '1 object holds 250 objects in "events": set events_at' in dry_run(tmp_path, "e.json")[2]
    assert '1 object holds 250 objects in "data.results": set events_at' in dry_run(tmp_path, "f.json")[2]


def test_an_event_with_a_list_of_its_own_that_matches_is_no_envelope(tmp_path: Path) -> None:
    """An order has items."""
    event = json.loads(line("1"))
    event["properties"]["products"] = [{"id": 1}, {"id": 2}]
    (tmp_path / "e.json").write_text(json.dumps(event))
    assert "events_at" not in dry_run(tmp_path, "e.json")[2]


def test_a_dry_run_that_matches_nothing_shows_the_warnings(tmp_path: Path) -> None:
    """Nobody has to guess that -v would have said why nothing matches."""
    config = CONFIG.replace('type = "track"', 'type = "trak"')
    (tmp_path / "e.jsonl").write_bytes(line("1"))
    (tmp_path / "c.yaml").write_text(config)
    told = run("send", "e.jsonl", "-n", "-c", "c.yaml", cwd=tmp_path).stderr.decode()
    assert 'no event has the type "trak"' in told
    assert "warning" not in dry_run(tmp_path, "e.jsonl")[2]
