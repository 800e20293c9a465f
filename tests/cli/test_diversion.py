"""`--divert`: a rehearsal on one phone does what the real run would do, and leaves the real run all of it to do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from harness import ACCOUNT, CONFIG, SENDER, TOKEN, Bench, Ended, bench, lines, order
from shell import BIN, on_terminal

from twiliodest.sandbox import RESET, RESET_AFTER_ACCEPT, Answer, Form, refuse

PHONE = "+14155550199"
EVENTS = [order(number) for number in range(5)]
EVERY = Counter(f"Order {number} for you" for number in range(5))


def rehearse(made: Bench, *arguments: object, phone: str = PHONE) -> Ended:
    return real(made, "--divert", phone, *arguments)


def real(made: Bench, *arguments: object) -> Ended:
    return made.run("send", "events.jsonl", "--api-base", made.sandbox.url, "-o", "jsonl", *arguments)


def reached(made: Bench) -> list[str]:
    return [message.to for message in made.sandbox.messages()]


def ledgers(made: Bench) -> list[str]:
    return sorted(path.name for path in made.folder.rglob("*.db"))


def test_a_rehearsal_goes_to_one_phone_and_is_no_performance(tmp_path: Path) -> None:
    """Everybody's text goes there, once; the real run then texts everybody, once; neither knows of the other."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        ended = rehearse(made)
        assert (ended.status, ended.statuses) == (0, {"sent": 5})
        assert reached(made) == [PHONE] * 5
        assert Counter(made.bodies()) == EVERY
        assert [(it["to"], it["diverted_to"]) for it in sorted(ended.records, key=lambda it: it["line"])] == [
            (event["to"], PHONE) for event in EVENTS
        ]
        assert f"diverted  all to {PHONE}, and none to the recipients" in ended.err
        assert rehearse(made).statuses == {"already": 5}
        performed = real(made)
        assert performed.statuses == {"sent": 5}
        assert "diverted" not in performed.err + performed.out
        assert sorted(reached(made)[5:]) == sorted(event["to"] for event in EVENTS)
        assert rehearse(made).statuses == real(made).statuses == {"already": 5}
        assert rehearse(made, phone="+14155550198").statuses == {"sent": 5}
        names = ledgers(made)
        assert len(names) == 3
        assert sum(".diverted-14155550199.db" in name for name in names) == 1


@pytest.mark.parametrize("named", ["--ledger", "ledger:"])
def test_a_ledger_that_is_named_is_left_for_the_real_run(tmp_path: Path, named: str) -> None:
    """With `--ledger` or the setting, too, the rehearsal's is beside it: any command can be rehearsed."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        made.configure(**({"ledger": "texts.db"} if named == "ledger:" else {}))
        words = () if named == "ledger:" else ("--ledger", "texts.db")
        assert rehearse(made, *words).statuses == {"sent": 5}
        assert ledgers(made) == ["texts.diverted-14155550199.db"]
        assert real(made, *words).statuses == {"sent": 5}
        assert ledgers(made) == ["texts.db", "texts.diverted-14155550199.db"]


def test_a_rehearsal_s_ledger_is_refused_for_the_real_run(tmp_path: Path) -> None:
    """Whoever puts the one in the place of the other is told; nobody is texted, and nobody passed over."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        rehearse(made, "--ledger", "texts.db")
        (tmp_path / "texts.diverted-14155550199.db").rename(tmp_path / "texts.db")
        for words in (("--ledger", "texts.db"), ("--ledger", "texts.db", "-n")):
            refused = real(made, *words)
            assert (refused.status, refused.out) == (2, "")
            assert f"diverted to {PHONE}" in refused.err
        assert len(reached(made)) == 5


def test_a_dry_run_shows_the_rehearsal(tmp_path: Path) -> None:
    """It says so in every record, posts nothing and creates nothing."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        before = sorted(tmp_path.rglob("*"))
        ended = rehearse(made, "-n")
        assert (ended.statuses, {it["diverted_to"] for it in ended.records}) == ({"planned": 5}, {PHONE})
        assert (sorted(tmp_path.rglob("*")), made.posts()) == (before, 0)
        table = made.run("send", "events.jsonl", "-n", "--divert", PHONE)
        assert table.out.count(f"→ {PHONE}") == 5
        assert all(event["to"] in table.out for event in EVENTS)
        rehearse(made)
        assert rehearse(made, "-n").statuses == {"already": 5}


GUARDED = {
    "cooldown": (
        "cooldown: 1h",
        [order(0, to="+14155550101"), order(1, to="+14155550101")],
        ["sent", "held"],
    ),
    "suppressed": ("suppress: stop.txt", [order(0, to="+14155550102"), order(1)], ["suppressed", "sent"]),
}


@pytest.mark.parametrize("name", GUARDED)
def test_guards_ask_about_whom_a_text_is_for(tmp_path: Path, name: str) -> None:
    """Who would not be texted for real is not rehearsed either; two people's texts do not cool each other down."""
    setting, events, statuses = GUARDED[name]
    (tmp_path / "stop.txt").write_text("+14155550102\n")
    with bench(tmp_path) as made:
        made.configure(f"{setting}\n{CONFIG}")
        made.write(events)
        ended = rehearse(made)
        assert [it["status"] for it in sorted(ended.records, key=lambda it: it["line"])] == statuses
        again = [it["status"] for it in sorted(rehearse(made).records, key=lambda it: it["line"])]
        assert again == ["already" if it == "sent" else it for it in statuses]
    if name == "cooldown":
        other = tmp_path / "other"
        other.mkdir()
        with bench(other) as made:
            made.configure(f"{setting}\n{CONFIG}")
            made.write([order(0, to="+14155550101"), order(1, to="+14155550103")])
            assert rehearse(made).statuses == {"sent": 2}


def test_channels_media_and_whom_no_phone_can_stand_for(tmp_path: Path) -> None:
    """A WhatsApp text stays one, a picture goes along; a Messenger id is not a number, and never texted instead."""
    actions = f"""account: ${{TWILIO_ACCOUNT_SID}}
token: ${{TWILIO_AUTH_TOKEN}}
number: "{SENDER}"
actions:
  - {{name: mms, trigger: k = "mms", to: $.to, body: look, media_url: "https://example.com/a.png"}}
  - {{name: wa, trigger: k = "wa", to: "whatsapp:{{{{to}}}}", body: hi, number: "whatsapp:{SENDER}"}}
  - {{name: fb, trigger: k = "fb", to: "messenger:{{{{to}}}}", body: hi, number: "messenger:12345"}}
"""
    people = {"mms": "+14155550101", "wa": "+14155550102", "fb": "9988"}
    with bench(tmp_path) as made:
        made.configure(actions)
        made.write(lines([{"k": kind, "to": to, "messageId": kind} for kind, to in people.items()]))
        for words, went in ((("-n",), "planned"), ((), "sent")):
            ended = rehearse(made, *words)
            found = {it["action"]: it for it in ended.records}
            assert [found[kind]["status"] for kind in people] == [went, went, "invalid"]
            assert found["wa"]["to"] == "whatsapp:+14155550102"
            assert "cannot be diverted" in found["fb"]["reason"]
        sent = {message.body: message for message in made.sandbox.messages()}
        assert {body: message.to for body, message in sent.items()} == {
            "look": PHONE,
            "hi": f"whatsapp:{PHONE}",
        }


WRONG = {
    "555": "not in E.164 form",
    "": "--divert",
    "14155550199": "not in E.164 form",
    "+0": "--divert",
    "whatsapp:+14155550199": "keeps its channel",
    "messenger:12": "keeps its channel",
    SENDER: "the sender",
    "+14155550102": "is on the list stop.txt",
    "+14155550199\n\x1b[2Jerror: x": "--divert",
}


@pytest.mark.parametrize("phone", WRONG)
@pytest.mark.parametrize("words", [(), ("-n",)])
def test_a_phone_that_cannot_be_texted_is_refused(tmp_path: Path, phone: str, words: Sequence[str]) -> None:
    """A number is read as everywhere, and what could not be sent to it is not begun."""
    (tmp_path / "stop.txt").write_text("+14155550102\n")
    with bench(tmp_path) as made:
        made.configure(suppress="stop.txt")
        made.write(EVENTS)
        ended = rehearse(made, *words, phone=phone)
        assert (ended.status, ended.out, made.posts()) == (2, "", 0)
        assert WRONG[phone] in ended.err
        assert "\x1b" not in ended.err


def test_a_number_is_read_as_everywhere(tmp_path: Path) -> None:
    """Punctuation, a scheme and a national form with `default_region` give the one number."""
    with bench(tmp_path) as made:
        made.configure(default_region="US")
        made.write(EVENTS)
        for phone in ("+1 415-555-0199", "tel:+14155550199", "(415) 555-0199"):
            assert {it["diverted_to"] for it in rehearse(made, "-n", phone=phone).records} == {PHONE}


def test_what_is_in_doubt_is_looked_up_where_it_went(tmp_path: Path) -> None:
    """A lost answer is found in the phone's list; `ledger resolve` of the rehearsal's ledger looks there, too."""
    fates: dict[str, Answer] = {"Order 1 for you": RESET_AFTER_ACCEPT, "Order 2 for you": RESET}
    blind = [True]
    with bench(
        tmp_path,
        lambda form: fates.get(dict(form)["Body"]),
        query_script=lambda query: refuse(20500, 500) if blind else None,
    ) as made:
        made.write(EVENTS)
        assert rehearse(made, "--ledger", "x.db").statuses == {"sent": 3, "unknown": 2}
        blind.clear()
        name = "x.diverted-14155550199.db"
        ended = made.run("ledger", "resolve", "--ledger", name, "--api-base", made.sandbox.url)
        assert (ended.status, "1 found" in ended.err) == (3, True)
        rows = made.run("ledger", "list", "--ledger", name, "-o", "jsonl").records
        assert {it["event_id"]: it["status"] for it in rows}["m1"] == "sent"
        assert {it["to"] for it in rows} == {event["to"] for event in EVENTS}


def test_the_same_text_to_two_people_proves_nothing(tmp_path: Path) -> None:
    """On one phone their texts cannot be told apart: of two in doubt and one that arrived, none is `sent`."""
    fates = iter([RESET_AFTER_ACCEPT, RESET])
    with bench(tmp_path, lambda form: next(fates, None)) as made:
        made.configure(CONFIG.replace("Order {{$.order}} for you", "Your order is ready"))
        made.write([order(0, to="+14155550101"), order(1, to="+14155550102")])
        ended = rehearse(made, "--concurrency", 2)
        assert (ended.status, ended.statuses) == (3, {"unknown": 2})


def test_a_phone_that_opted_out_ends_the_rehearsal(tmp_path: Path) -> None:
    """The same refusal many times is not the recipients' fault here."""

    def stops(form: Form) -> Answer:
        return refuse(21610)

    with bench(tmp_path, stops) as made:
        made.write([order(number) for number in range(60)])
        ended = rehearse(made, "--concurrency", 1)
        assert ended.status == 4
        assert made.posts() < 20


def test_the_question_says_where_everything_goes(tmp_path: Path) -> None:
    """In its head, for each text that it shows, and in the question itself."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        address = ("--api-base", made.sandbox.url)
        command = (BIN / "twiliodest", "send", "events.jsonl", *address, "--divert", PHONE)
        env = {**made.variables(), "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
        status, shown = on_terminal(command, cwd=tmp_path, env=env, answer="n")
        asked = shown.partition("[y/N]")[0]
        assert (status, made.posts()) == (1, 0)
        assert f"everything goes to {PHONE}" in asked
        assert f"{EVENTS[0]['to']} → {PHONE}" in asked
        assert f"Send to {PHONE} through " in asked
        assert "for real" not in asked


def test_limits_hold_in_a_rehearsal(tmp_path: Path) -> None:
    """`--limit` and `max_messages` count texts, wherever they go."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        assert rehearse(made, "--limit", 2).statuses == {"sent": 2}
        made.configure(max_messages=2)
        assert (rehearse(made).status, made.posts()) == (2, 2)


def test_a_sandbox_can_be_rehearsed_with(tmp_path: Path) -> None:
    """Without an account, too: one thread in the inbox."""
    with bench(tmp_path) as made:
        made.write(EVENTS)
        ended = made.run("send", "events.jsonl", "--sandbox", "-o", "jsonl", "--divert", PHONE)
        assert {(it["status"], it["diverted_to"]) for it in ended.records} == {("sent", PHONE)}
        assert json.loads(ended.out.splitlines()[0])["to"] != PHONE
