"""Segment's own engine, from npm, and what `init --from` makes of the same mappings, for the same events.

Only here is anything of Segment's run: its packages go into a temporary folder. Where Node.js or npm are missing, or
the registry is, this is skipped.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from seeds import TRIGGERS, event, mapping
from segment_api import DESTINATION, listed, subscription, taken_over
from shell import run

from twiliodest.messages.phones import canonical_address

PACKAGES = ("@segment/actions-core@3.170.0", "@segment/destination-subscriptions@3.37.0", "liquidjs@10.25.7")
DESTINATIONS = "@segment/action-destinations@3.497.0"  # alone: what it needs for other destinations is large
ENGINE = Path(__file__).parents[1] / "harness" / "segment_engine.cjs"
SECONDS = 240
MAPPINGS, EVENTS = 400, 30
DOCUMENTED = re.compile(
    r"(nothing at )?\$.*|.*E\.164.*|.*decimal number.*|the recipient is empty.*|the body is empty.*|.*media URL.*"
)  # why a message is invalid: a value that is missing or is no text, a number or an address that is none
Posted = tuple[str, str, str, tuple[str, ...], dict[str, Any]]  # recipient, sender, text, media, and more


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Segment's packages."""
    if not shutil.which("node") or not (npm := shutil.which("npm")):
        pytest.skip("Node.js and npm are not there, so Segment's engine is not")
    folder = tmp_path_factory.mktemp("engine")
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    (folder / "package.json").write_text("{}")
    for command in ([npm, "install", *quiet, *PACKAGES], [npm, "pack", *quiet, DESTINATIONS]):
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=SECONDS)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"npm does not give Segment's packages: {error}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    (folder / "package" / "dist" / "destinations").rename(folder / "destinations")
    return folder


def posted_there(
    engine: Path, cases: Sequence[tuple[str, dict[str, Any], str]], events: Any
) -> list[list[Any]]:
    """For each mapping and event, the form that Segment would post to Twilio, or `None`."""
    lines = [
        json.dumps({"kind": action, "mapping": fields, "trigger": trigger, "events": events})
        for action, fields, trigger in cases
    ]
    done = subprocess.run(
        ["node", ENGINE, engine],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def as_posted(form: Sequence[tuple[str, str]]) -> Posted:
    """A form in our spelling of numbers, without white space at the ends of the text."""
    fields = {name: value for name, value in form if name != "MediaUrl"}
    media = tuple(value.strip() for name, value in form if name == "MediaUrl" and value.strip())
    sender = fields.get("From") or fields["MessagingServiceSid"]
    variables = json.loads(fields.get("ContentVariables", "{}"))
    more = {
        "ContentSid": fields.get("ContentSid"),
        "ContentVariables": {name: _written(value) for name, value in variables.items()},
        "ValidityPeriod": fields.get("ValidityPeriod"),
    }
    return canonical_address(fields["To"].strip()), sender, fields.get("Body", "").strip(), media, more


def _written(value: Any) -> str:
    """What Twilio puts in a content template's place for a value of JSON."""
    return value.strip() if isinstance(value, str) else json.dumps(value)


def planned_here(folder: Path) -> dict[tuple[str, str], Any]:
    """The records of a dry run by action and event."""
    done = run("send", "-n", "-q", "-o", "jsonl", "events.jsonl", cwd=folder)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert records, done.stderr.decode()
    return {(record["action"], record["event_id"]): record for record in records}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_text_of_segment_is_planned_or_its_absence_is_explained(
    engine: Path, tmp_path: Path, seed: int
) -> None:
    """For hundreds of mappings and events: the same text to the same person, or a reason that the docs give.

    And the other way round: what Segment would not have sent is not planned.
    """
    random = Random(seed)
    events = [event(random, number) for number in range(EVENTS)]
    cases = [(*mapping(random), random.choice(TRIGGERS)) for _ in range(MAPPINGS)]
    there = posted_there(engine, cases, events)
    (tmp_path / "events.jsonl").write_text(
        "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in events)
    )
    mappings = [
        subscription(f"n{number}", action, settings=fields, trigger=trigger)
        for number, (action, fields, trigger) in enumerate(cases)
    ]
    _, said = taken_over(tmp_path, listed(*mappings), DESTINATION)
    disabled = set(re.findall(r'action "(n\d+)" is not enabled', said))
    here = planned_here(tmp_path)
    counts: Counter[str] = Counter()
    for number, (case, forms) in enumerate(zip(cases, there, strict=True)):
        if f"n{number}" in disabled:
            counts["disabled"] += 1
            continue
        for each, form in zip(events, forms, strict=True):
            record = here.get((f"n{number}", each["messageId"]))
            ours = record and record["status"] == "planned" and _posted(record)
            shown = f"{case}\n{each}\nthere: {form}\nhere: {record}"
            if form and record and not ours:
                assert DOCUMENTED.fullmatch(record["reason"]), shown
                counts["invalid"] += 1
            else:
                assert (ours or None) == (as_posted(form) if form else None), shown
                counts["same" if form else "none"] += 1
    assert counts["disabled"] < MAPPINGS / 4, counts
    assert counts["same"] > MAPPINGS, counts


def _posted(record: Any) -> Posted:
    posted = [("To", record["to"]), ("From", record["from"]), ("Body", record["body"])]
    media = [("MediaUrl", url) for url in record["media_urls"]]
    return as_posted([*posted, *media, *record["parameters"].items()])
