"""What the preview shows is what is posted, field by field, with everything that Twilio's API takes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from harness import ACCOUNT, SENDER, Bench, bench
from loopback import Server, answering, created, local, serving

from twiliodest.messages.parameters import KEYS, PARAMETERS

SERVICE, CONTENT = "MG" + "0" * 32, "HX" + "1" * 32
PERSON = "+14155550134"
VALUES = {
    "AddressRetention": "obfuscate",
    "ApplicationSid": "AP" + "0" * 32,
    "Attempt": "2",
    "ContentRetention": "discard",
    "FallbackFrom": "+15005550006",
    "ForceDelivery": "true",
    "MaxPrice": "0.05",
    "PersistentAction": "geo:37.7,-122.4|office",
    "ProvideFeedback": "true",
    "RiskCheck": "disable",
    "SendAsMms": "true",
    "ShortenUrls": "true",
    "TrafficType": "free",
}
BASE = [("To", PERSON), ("From", SENDER), ("Body", "Hi Ann")]
TO_SERVICE = [("To", PERSON), ("MessagingServiceSid", SERVICE), ("Body", "Hi Ann")]
WHATSAPP = [("To", f"whatsapp:{PERSON}"), ("From", f"whatsapp:{SENDER}")]
VARIABLES = 'content_variables: {"1": $.name, link: "https://x.example/{{id}}"}'
FORMS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "text": ("", BASE),
    "whatsapp": ("channel: whatsapp", [*WHATSAPP, ("Body", "Hi Ann")]),
    "media": (
        'media_url: ["https://x.example/{{id}}.png", https://x.example/b.png]',
        [*BASE, ("MediaUrl", "https://x.example/7.png"), ("MediaUrl", "https://x.example/b.png")],
    ),
    "content": (
        f"channel: whatsapp\ncontent_sid: {CONTENT}\n{VARIABLES}\nbody: ",
        [
            *WHATSAPP,
            ("ContentSid", CONTENT),
            ("ContentVariables", '{"1":"Ann","link":"https://x.example/7"}'),
        ],
    ),
    "chosen content": (
        "content_sid: \"{% if name == 'Ann' %}" + CONTENT + '{% else %}none{% endif %}"\nbody: ',
        [*BASE[:2], ("ContentSid", CONTENT)],
    ),
    "callback": (
        "status_callback: https://x.example/twilio?event={{id}}",
        [*BASE, ("StatusCallback", "https://x.example/twilio?event=7")],
    ),
    "validity": ("validity_period: 10m", [*BASE, ("ValidityPeriod", "600")]),
    "schedule": (
        f"number: {SERVICE}\nsend_at: $.at\nbefore: 1h",
        [*TO_SERVICE, ("ScheduleType", "fixed"), ("SendAt", "AT")],
    ),
    "age": ("max_age: 52w", BASE),
    "several of one": (
        "twilio: {PersistentAction: [one, two]}",
        [*BASE, ("PersistentAction", "one"), ("PersistentAction", "two")],
    ),
    "from the event": ("twilio: {Attempt: $.id}", [*BASE, ("Attempt", "7")]),
    **{
        name: (f'number: {SERVICE}\ntwilio: {{{name}: "{value}"}}', [*TO_SERVICE, (name, value)])
        for name, value in VALUES.items()
    },
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def configured(desk: Bench, lines: str) -> None:
    """One action with these lines instead of its own or beside them."""
    keys = {line.partition(":")[0] for line in lines.splitlines()}
    own = {"to": "$.to", "body": '"Hi {{name}}"'}
    rest = [f"{key}: {value}" for key, value in own.items() if key not in keys]
    rest += [line for line in lines.splitlines() if line != "body: "]
    action = "".join(f"    {line}\n" for line in rest)
    desk.configure(
        f'account: {ACCOUNT}\ntoken: ${{TWILIO_AUTH_TOKEN}}\nnumber: "{SENDER}"\n'
        f'actions:\n  - name: a\n    trigger: event = "A"\n{action}'
    )


def shown(record: dict[str, object]) -> list[tuple[str, object]]:
    """The form that a record of a dry run promises."""
    sender = "MessagingServiceSid" if str(record["from"]).startswith("MG") else "From"
    form = [("To", record["to"]), (sender, record["from"])]
    form += [("Body", record["body"])] if record["body"] else []
    form += [("MediaUrl", url) for url in record["media_urls"]]  # type: ignore[attr-defined] # a list
    for name, value in record["parameters"].items():  # type: ignore[attr-defined] # a dict
        form += [(name, each) for each in (value if isinstance(value, list) else [value])]
    return form


@pytest.mark.parametrize("case", FORMS)
def test_the_preview_s_form_is_the_one_that_is_posted(case: str, desk: Bench) -> None:
    """Field by field, to the sandbox and to a server that only writes down what it is sent."""
    lines, expected = FORMS[case]
    configured(desk, lines)
    at = "2030-01-01T10:00:00+01:00" if case != "schedule" else soon()
    event = {"type": "track", "event": "A", "messageId": "1", "to": PERSON, "name": "Ann", "id": 7}
    desk.write([{**event, "timestamp": "2026-01-01T00:00:00Z", "at": at}])
    preview = desk.run("send", "-n", "-o", "jsonl", "events.jsonl")
    assert preview.status == 0, preview.err
    promised = shown(preview.records[0])
    assert [(name, "AT" if name == "SendAt" else value) for name, value in promised] == expected
    assert desk.send("events.jsonl").status == 0
    assert [*map(tuple, desk.sandbox.requests()[-1].form)] == promised
    with serving(answering(lambda request, number: created(request, number))) as server:
        done = desk.run(
            "send", "--api-base", local(server), "-y", "-q", "--ledger", "other.db", "events.jsonl"
        )
        assert done.status == 0, done.err
        assert raw(server) == promised


def raw(server: Server) -> list[tuple[str, str]]:
    """The one form that was posted, off the wire."""
    bodies = [it.partition(b"\r\n\r\n")[2] for it in server.requests if it.startswith(b"POST")]
    assert len(bodies) == 1
    return parse_qsl(bodies[0].decode(), keep_blank_values=True)


def soon() -> str:
    """A time three days ahead, for which a text can be scheduled."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).isoformat(timespec="seconds")


def test_every_parameter_of_twilio_s_has_its_example() -> None:
    """The table above leaves none out, and none has two ways."""
    assert VALUES.keys() == PARAMETERS.keys()
    assert not PARAMETERS.keys() & KEYS.keys()
    posted = {name for _, form in FORMS.values() for name, _ in form}
    assert posted == (PARAMETERS.keys() | KEYS.keys()) - {"SmartEncoded"}


MANY = """
account: ${TWILIO_ACCOUNT_SID}
token: ${TWILIO_AUTH_TOKEN}
number: "+15551234567"
actions:
  - name: order
    trigger: event = "Order"
    to_all: ["$.people[*]", $.owner]
    body: "Order {{order}}"
"""


def test_everybody_is_texted_once_and_known_alone(desk: Bench) -> None:
    """Two people of a booking, one twice and one who cannot be texted: each stands for itself, in every run."""
    desk.configure(MANY)
    people = ["+14155550134", "(415) 555", "+14155550135", "tel:+14155550134"]
    event = {"type": "track", "event": "Order", "messageId": "1", "order": 7, "people": people}
    desk.write([{**event, "owner": "+14155550136"}])
    first = desk.send("events.jsonl")
    assert first.statuses == {"sent": 3, "invalid": 1}
    desk.write([{**event, "owner": "+14155550137"}])
    again = desk.run("send", "-n", *desk.common, "-o", "jsonl", "events.jsonl").records
    assert [(it["status"], it["to"]) for it in again][1:] == [
        ("already", "+14155550134"),
        ("already", "+14155550135"),
        ("planned", "+14155550137"),
    ]
    assert desk.send("events.jsonl").statuses == {"already": 2, "sent": 1, "invalid": 1}
    assert sorted(text.to for text in desk.sandbox.messages()) == [f"+1415555013{n}" for n in (4, 5, 6, 7)]
    assert len(desk.listed()) == 4


def test_a_change_to_several_recipients_does_not_forget_who_was_texted(desk: Bench) -> None:
    """What is in a ledger stays known: an action that texts one person has the identity that it always had."""
    desk.configure(MANY.replace('to_all: ["$.people[*]", $.owner]', "to: $.people[0]"))
    desk.write(
        [{"type": "track", "event": "Order", "messageId": "1", "order": 7, "people": ["+14155550134"]}]
    )
    desk.send("events.jsonl")
    assert desk.send("events.jsonl").statuses == {"already": 1}


def test_what_an_event_gives_and_nobody_can_use_is_invalid(desk: Bench) -> None:
    """With what it was and what it should have been, and nothing is sent."""
    for lines, reason in (
        ("content_sid: $.id\nbody: ", 'content_sid is "7": a content template\'s SID is HX'),
        ("status_callback: $.name", 'status_callback is "Ann": a callback\'s address must begin with'),
        ("twilio: {RiskCheck: $.name}", 'RiskCheck is "Ann": it must be enable or disable'),
        (f"number: {SERVICE}\nsend_at: $.name", 'send_at is "Ann": it is not a date'),
        (f"number: {SERVICE}\nsend_at: $.day", 'send_at is "2026-12-01": it is a day without a time'),
        ("max_age: 10m", "nothing at $.timestamp"),
        ("channel: whatsapp\nto: $.rcs", '"rcs:+14155550134" is on a channel other than whatsapp'),
        (f"content_sid: {CONTENT}\ncontent_variables: {{a: $.none}}\nbody: ", "nothing at $.none"),
    ):
        configured(desk, lines)
        event = {"event": "A", "messageId": "1", "to": PERSON, "name": "Ann", "id": 7, "day": "2026-12-01"}
        desk.write(json.dumps({**event, "rcs": f"rcs:{PERSON}"}) + "\n")
        record = desk.send("events.jsonl").records[0]
        assert (record["status"], record["reason"][: len(reason)]) == ("invalid", reason)
    assert desk.posts() == 0
