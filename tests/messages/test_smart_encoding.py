"""Smart Encoding: Twilio replaces look-alikes of plain characters, and segments are counted after that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import CREDENTIALS, run

from twiliodest.config.lints import lint_body
from twiliodest.messages.savings import Savings
from twiliodest.messages.segments import measure, smart_encode
from twiliodest.model import Message
from twiliodest.sandbox import Sandbox
from twiliodest.templates.fields import compile_field

PHONE = "+14155550100"
CURLY = "It’s ready… " + "y" * 80
EMOJI = "🎉 It’s ready " + "y" * 80


def message(body: str, *, to: str = PHONE, smart: bool = False, media: tuple[str, ...] = ()) -> Message:
    encoding, segments = measure(smart_encode(body) if smart else body)
    return Message(
        to=to,
        sender="+15005550006",
        body=body,
        media_urls=media,
        encoding=encoding,
        segments=segments,
        smart_encoded=smart,
    )


def saving(*messages: Message) -> str:
    savings = Savings()
    for one in messages:
        savings.add(one)
    return str(savings)


def dry_run(home: Path, body: str, setting: str = "") -> tuple[dict[str, Any], str]:
    """The record of one text, and the summary."""
    action = '{name: a, trigger: type = "track", to: $.p, body: "{{b}}"}'
    (home / "twiliodest.yaml").write_text(f'number: "+15005550006"\n{setting}\nactions: [{action}]\n')
    (home / "e.jsonl").write_text(json.dumps({"type": "track", "p": PHONE, "b": body}))
    done = run("send", "-n", "-o", "jsonl", "e.jsonl", cwd=home)
    return json.loads(done.stdout), done.stderr.decode()


def test_segments_are_those_after_the_replacement(tmp_path: Path) -> None:
    """With the setting a text with curly quotes is GSM-7; the record shows it as it was written."""
    record, summary = dry_run(tmp_path, CURLY, "smart_encoding: true")
    assert (record["body"], record["encoding"], record["segments"]) == (CURLY, "GSM-7", 1)
    assert "smart_encoding" not in summary


def test_one_character_without_a_replacement_is_still_ucs2(tmp_path: Path) -> None:
    """Smart Encoding does not take emoji away."""
    record, summary = dry_run(tmp_path, EMOJI, "smart_encoding: true")
    assert (record["encoding"], record["segments"]) == ("UCS-2", 2)
    assert "smart_encoding" not in dry_run(tmp_path, EMOJI)[1] + summary


def test_a_dry_run_tells_what_it_would_save(tmp_path: Path) -> None:
    """Without the setting, the summary names the texts, the segments and the characters."""
    record, summary = dry_run(tmp_path, CURLY)
    assert (record["encoding"], record["segments"]) == ("UCS-2", 2)
    assert "1 text would cost 1 segment instead of 2 with smart_encoding: " in summary
    assert "curly quotes" in summary


def test_a_check_of_events_tells_it_as_data(tmp_path: Path) -> None:
    """The survey has the same saving, with its numbers."""
    dry_run(tmp_path, CURLY)
    done = run("check", "--events", "e.jsonl", "-o", "json", cwd=tmp_path)
    found = json.loads(done.stdout)["events"]["smart_encoding"]
    assert (found["texts"], found["segments"], found["with_smart_encoding"]) == (1, 2, 1)
    assert sorted(found["characters"]) == ["curly quotes", "ellipses"]
    dry_run(tmp_path, CURLY, "smart_encoding: true")
    done = run("check", "--events", "e.jsonl", "-o", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["events"]["smart_encoding"] is None


@pytest.mark.parametrize("setting", ["smart_encoding: true", "smart_encoding: false", ""])
def test_a_send_asks_twilio_for_it_only_if_it_is_set(setting: str, tmp_path: Path) -> None:
    """`SmartEncoded=true` is posted with the text as it was written, and is not posted otherwise."""
    with Sandbox() as sandbox:
        dry_run(tmp_path, CURLY, setting)
        done = run("send", "-y", "e.jsonl", "--api-base", sandbox.url, cwd=tmp_path, env=CREDENTIALS)
        (arrived,) = sandbox.messages()
    form = dict(arrived.form)
    is_on = "true" in setting
    assert done.returncode == 0
    assert (form["Body"], form.get("SmartEncoded")) == (CURLY, "true" if is_on else None)
    assert (arrived.body, arrived.segments) == ((smart_encode(CURLY), 1) if is_on else (CURLY, 2))


def test_a_wrong_value_is_a_problem_with_its_place(tmp_path: Path) -> None:
    """The setting is true or false."""
    dry_run_config = (
        'number: "+15005550006"\nsmart_encoding: perhaps\nactions: [{name: a, to: $.p, body: b}]\n'
    )
    (tmp_path / "twiliodest.yaml").write_text(dry_run_config)
    done = run("check", cwd=tmp_path)
    assert done.returncode == 2
    assert b"twiliodest.yaml:2:17: error: smart_encoding must be true or false" in done.stderr


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], ""),
        ([message("plain " * 30)], ""),
        ([message("It’s")], ""),
        ([message(EMOJI)], ""),
        ([message(CURLY, smart=True)], ""),
        ([message(CURLY, media=("https://example.com/a.png",))], ""),
        ([message(CURLY, to=f"whatsapp:{PHONE}")], ""),
        (
            [message("“" + "y" * 80)] * 12,
            "12 texts would cost 1 segment instead of 2 with smart_encoding: curly quotes",
        ),
        (
            [message("–" + "y" * 200)] * 2,
            "2 texts would cost 2 segments each instead of 3 with smart_encoding: long dashes",
        ),
        (
            [message("“" + "y" * 80), message("`" + "y" * 200)],
            "2 texts would cost 3 segments instead of 5 with smart_encoding: curly quotes, backticks",
        ),
        (
            [message("½" + "y" * 80)],
            "1 text would cost 1 segment instead of 2 with smart_encoding: "
            '"½" (U+00BD VULGAR FRACTION ONE HALF)',
        ),
        (
            [message("½" * 2 + "y" * 200), message("½" + "y" * 200), message("`" + "y" * 80)],
            "3 texts would cost 5 segments instead of 9 with smart_encoding: "
            '"½" (U+00BD VULGAR FRACTION ONE HALF), backticks',
        ),
        (
            [message("–" + "y" * 200)],
            "1 text would cost 2 segments instead of 3 with smart_encoding: long dashes",
        ),
        (
            [message("“–…" + "y" * 80)],
            "1 text would cost 1 segment instead of 2 with smart_encoding: curly quotes, long dashes, ellipses",
        ),
        (
            [message("“–…`•" + "y" * 80), message("`" + "y" * 80)],
            "2 texts would cost 1 segment instead of 2 with smart_encoding: "
            "backticks, curly quotes, long dashes and more",
        ),
        (
            [message("“" + "y" * 80)] * 1_000,
            "1,000 texts would cost 1 segment instead of 2 with smart_encoding: curly quotes",
        ),
    ],
)
def test_a_saving_is_told_in_a_sentence(messages: list[Message], told: str) -> None:
    """It counts texts that would cost less, and names what is replaced; more kinds than three are not listed."""
    assert saving(*messages) == told


@pytest.mark.parametrize(
    ("kind", "characters"),
    [
        ("curly quotes", "‘’‚‛“”„‟"),
        ("long dashes", "‐‑‒–—―"),
        ("ellipses", "…"),
        ("bullets", "•"),
        ("backticks", "`"),
        ("tabs", "\t"),
        ("invisible characters", "\u200b\u200c\u2060\ufeff"),
        ("hard spaces", "\u00a0\u2007\u202f"),
    ],
)
def test_what_is_replaced_often_has_a_name_of_its_own(kind: str, characters: str) -> None:
    """One that the author of a text knows; of each that Twilio replaces."""
    for character in characters:
        if smart_encode(character) != character:
            told = saving(message(character + "y" * 80))
            assert told == f"1 text would cost 1 segment instead of 2 with smart_encoding: {kind}"


@given(st.lists(st.text(st.sampled_from("ay‘’“…–½\u00a0\t🎉é"), min_size=1, max_size=200), max_size=8))
def test_a_saving_is_what_the_bills_differ_by(bodies: list[str]) -> None:
    """The segments saved are exactly those of the texts that would cost less."""
    savings = Savings()
    for body in bodies:
        savings.add(message(body))
    cheaper = [
        (before, after)
        for before, after in ((measure(body)[1], measure(smart_encode(body))[1]) for body in bodies)
        if after < before
    ]
    assert savings.texts == len(cheaper)
    assert savings.before - savings.after == sum(before - after for before, after in cheaper)


def test_a_warning_counts_with_the_setting() -> None:
    """A curly quote in a body is odd only without smart_encoding; an emoji is with it, too."""
    curly, emoji = compile_field("It’s {{name}}"), compile_field("It’s 🎉 {{name}}")
    first, *_ = lint_body(curly)
    assert "smart_encoding" in str(first.hint)
    assert list(lint_body(curly, True)) == []
    (found,) = lint_body(emoji, True)
    assert "PARTY POPPER" in found.message
    assert found.offset == 5
    assert "smart_encoding" not in str(found.hint)
