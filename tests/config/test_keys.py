"""Every key of the docs' tables does what it says: a run with it differs from one without it in just that."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from harness import ACCOUNT, PATIENCE, TOKEN, Bench, Record, bench, order
from loopback import Client, Server, created, http, local, serving
from pages import rows

from twiliodest.sandbox import Sandbox, Settings

ANN, BO, CY = "+14155550134", "+14155550155", "+14155550136"
SERVICE, API_KEY = "MG" + "0" * 32, "SK" + "2" * 32
EVENTS = [
    order(1, ANN, spare=CY),
    order(2, "(415) 555-0155"),
    {"results": [order(3, CY)]},
    order(4, ANN),
]
CREDENTIALS = ("account", "account_file", "token", "token_file", "api_key")
ADDRESSES = ("edge", "region", "api_base")
ALONE = (
    *CREDENTIALS,
    *ADDRESSES,
    "actions",
    "ledger",
    "rate",
    "concurrency",
    "price_per_mms",
    "list_separator",
)  # below
ACTION = {
    "name": "order",
    "trigger": 'event = "Order"',
    "to": "$.to",
    "body": "It’s order {{order}}",
}


class Ran(NamedTuple):
    """What a run gave: its records by line, what it posted, and what it said."""

    status: int
    records: dict[int, Record]
    posts: list[dict[str, str]]
    said: str

    def said_of(self, field: str) -> dict[int, Any]:
        return {line: record[field] for line, record in self.records.items()}


def run(made: Bench, settings: str = "", events: str = "", **fields: Any) -> Ran:
    """A send with these settings, of `EVENTS` or of the file that is named; keys without a value are left out."""
    settings = settings if "number:" in settings else f'number: "+15551234567"\n{settings}'
    if "api_base:" not in settings and "HTTPS_PROXY" not in made.environment:  # never Twilio itself
        settings += f"\napi_base: {made.sandbox.url}"
    action = {name: value for name, value in {**ACTION, **fields}.items() if value is not None}
    made.configure(f"{settings}\nactions:\n  - {json.dumps(action)}\n")
    ended = made.run("send", "-y", "-o", "jsonl", events or made.write(EVENTS))
    posts = [dict(request.form) for request in made.sandbox.requests() if request.method == "POST"]
    return Ran(ended.status, {record["line"]: record for record in ended.records}, posts, ended.err)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, api_key=API_KEY) as made:
        (made.folder / "never.txt").write_text(ANN)
        yield made


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run with none of the keys that may be left out."""
    with bench(tmp_path_factory.mktemp("plain")) as made:
        return run(made)


def around_now() -> str:
    now = datetime.now(ZoneInfo("America/Los_Angeles"))  # where Ann's number is from
    times = {"from": now - timedelta(hours=6), "to": now + timedelta(hours=6)}
    window = {name: f"{moment:%H:%M}" for name, moment in times.items()}
    return json.dumps(window)


def in_days(days: int) -> str:
    """The start of a minute some days ahead, as events have it."""
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:00:00Z}"


def two_hours_off(text: str, hours: int) -> str:
    return f"{datetime.fromisoformat(text) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def posted(field: str) -> Callable[[Ran], object]:
    return lambda ran: [post.get(field) for post in ran.posts]


class With(dict[str, Any]):
    """A key that takes others to be seen at work."""


SOON, CONTENT, NOBODY = in_days(3), "HX" + "0" * 32, {1: "invalid", 2: "invalid", 4: "invalid"}
SCHEDULED = With(number=SERVICE, send_at=SOON)
PLAIN = {1: "sent", 2: "invalid", 4: "sent"}
SETTINGS: dict[str, tuple[str, Callable[[Ran], object], object, object]] = {
    # the lines, what is looked at, and what that is without and with them
    "number": (
        f"number: {SERVICE}",
        lambda ran: [post.get("MessagingServiceSid") for post in ran.posts],
        [None, None],
        [SERVICE, SERVICE],
    ),
    "default_region": (
        "default_region: US",
        lambda ran: [ran.records[2]["status"], ran.records[2]["to"]],
        ["invalid", None],
        ["sent", BO],
    ),
    "event_id": ("event_id: $.order", lambda ran: ran.records[1]["event_id"], "m1", "1"),
    "events_at": (
        "events_at: $.results",
        lambda ran: [post["To"] for post in ran.posts if post["To"] == CY],
        [],
        [CY],
    ),
    "max_messages": ("max_messages: 1", lambda ran: len(ran.posts), 2, 0),
    "price_per_segment": (
        "price_per_segment: 0.5",
        lambda ran: re.findall(r"\d+\.\d\d [A-Z]{3}", ran.said),
        [],
        ["1.00 USD"],
    ),
    "currency": (
        "currency: EUR\nprice_per_segment: 0.25",
        lambda ran: re.findall(r"\d+\.\d\d [A-Z]{3}", ran.said),
        [],
        ["0.50 EUR"],
    ),
    "smart_encoding": (
        "smart_encoding: true",
        lambda ran: [ran.posts[0].get("SmartEncoded"), ran.records[1]["encoding"]],
        [None, "UCS-2"],
        ["true", "GSM-7"],
    ),
    "quiet_hours": (
        "",  # they are around the moment of the test
        lambda ran: ran.said_of("status"),
        PLAIN,
        {1: "held", 2: "invalid", 4: "held"},
    ),
    "cooldown": (
        "cooldown: 1h",
        lambda ran: ran.said_of("status"),
        PLAIN,
        {1: "sent", 2: "invalid", 4: "held"},
    ),
    "suppress": (
        "suppress: never.txt",
        lambda ran: ran.said_of("status"),
        PLAIN,
        {1: "suppressed", 2: "invalid", 4: "suppressed"},
    ),
    "channel": ("channel: whatsapp", posted("To"), [ANN, ANN], [f"whatsapp:{ANN}", f"whatsapp:{ANN}"]),
    "validity_period": ("validity_period: 2m", posted("ValidityPeriod"), [None, None], ["120", "120"]),
    "max_age": ("max_age: 1h", lambda ran: ran.said_of("status"), PLAIN, NOBODY),  # these events have no time
    "time": ("max_age: 1h\ntime: $.when", lambda ran: ran.records[1]["reason"], None, "nothing at $.when"),
    "status_callback": (
        "status_callback: https://example.com/{{order}}",
        posted("StatusCallback"),
        [None, None],
        ["https://example.com/1", "https://example.com/4"],
    ),
    "twilio": ("twilio: {RiskCheck: disable}", posted("RiskCheck"), [None, None], ["disable", "disable"]),
}
FIELDS: dict[str, tuple[Any, Callable[[Ran], object], object, object]] = {
    "name": ("other", lambda ran: ran.records[1]["action"], "order", "other"),
    "trigger": ('event = "Order" and order > 2', lambda ran: sorted(ran.records), [1, 2, 4], [4]),
    "to": (
        ["$.none", "$.spare", "$.to"],
        lambda ran: [post["To"] for post in ran.posts],
        [ANN, ANN],
        [CY, ANN],
    ),
    "body": (
        "Ahoy {{order}}",
        lambda ran: [post["Body"] for post in ran.posts],
        ["It’s order 1", "It’s order 4"],
        ["Ahoy 1", "Ahoy 4"],
    ),
    "media_url": (
        "https://example.com/{{order}}.png",
        lambda ran: [post.get("MediaUrl") for post in ran.posts],
        [None, None],
        ["https://example.com/1.png", "https://example.com/4.png"],
    ),
    "number": (
        "+15551230000",
        lambda ran: {post["From"] for post in ran.posts},
        {"+15551234567"},
        {"+15551230000"},
    ),
    "cooldown": ("1h", lambda ran: ran.records[4]["status"], "sent", "held"),
    "quiet_hours": (
        json.loads(around_now()),
        lambda ran: ran.records[4]["status"],
        "sent",
        "held",
    ),
    "to_all": (
        With(to=None, to_all=["$.to", "$.spare"]),
        lambda ran: sorted(post["To"] for post in ran.posts),
        [ANN, ANN],
        sorted([ANN, CY, ANN]),
    ),
    "content_sid": (
        With(body=None, content_sid=CONTENT),
        posted("ContentSid"),
        [None, None],
        [CONTENT, CONTENT],
    ),
    "content_variables": (
        With(body=None, content_sid=CONTENT, content_variables={"1": "{{order}}"}),
        posted("ContentVariables"),
        [None, None],
        ['{"1":"1"}', '{"1":"4"}'],
    ),
    "channel": (
        With(number=SERVICE, channel="rcs"),
        posted("To"),
        [ANN, ANN],
        [f"rcs:{ANN}", f"rcs:{ANN}"],
    ),
    "send_at": (SCHEDULED, posted("SendAt"), [None, None], [SOON, SOON]),
    "before": (With(SCHEDULED, before="2h"), posted("SendAt"), [None, None], [two_hours_off(SOON, -2)] * 2),
    "after": (With(SCHEDULED, after="2h"), posted("SendAt"), [None, None], [two_hours_off(SOON, 2)] * 2),
    "late": (
        With(SCHEDULED, before="30d", late="skip"),
        lambda ran: ran.records[1]["status"],
        "sent",
        "expired",
    ),
    "validity_period": ("1m", posted("ValidityPeriod"), [None, None], ["60", "60"]),
    "max_age": ("1h", lambda ran: ran.records[1]["status"], "sent", "invalid"),
    "status_callback": (
        "https://example.com/{{order}}",
        posted("StatusCallback"),
        [None, None],
        ["https://example.com/1", "https://example.com/4"],
    ),
    "twilio": ({"RiskCheck": "disable"}, posted("RiskCheck"), [None, None], ["disable", "disable"]),
    "enabled": (False, lambda ran: len(ran.posts), 2, 0),
}


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_does_what_it_says(key: str, made: Bench, plain: Ran) -> None:
    """What its row of the table says is so with it, and is not so without it."""
    settings, look, without, having = SETTINGS[key]
    assert look(plain) == without
    assert look(run(made, settings or f"quiet_hours: {around_now()}")) == having


@pytest.mark.parametrize("key", FIELDS)
def test_a_key_of_an_action_does_what_it_says(key: str, made: Bench, plain: Ran) -> None:
    """What its row of the table says is so with it, and is not so without it."""
    value, look, without, having = FIELDS[key]
    assert look(plain) == without
    assert look(run(made, **(value if isinstance(value, With) else {key: value}))) == having


def test_an_action_s_own_cooldown_goes_before_the_setting_s(made: Bench) -> None:
    """`0s` is none, whatever holds for the others."""
    assert run(made, "cooldown: 1h", cooldown="0s").said_of("status") == PLAIN


def test_without_a_trigger_every_track_event_texts(made: Bench) -> None:
    """And no other event."""
    others = [order(number, ANN, type=kind) for number, kind in enumerate(("identify", "page", "Track"), 5)]
    made.write([*EVENTS, *others, order(9, ANN, event="Anything")], "more.jsonl")
    assert sorted(run(made, events="more.jsonl", trigger=None).records) == [1, 2, 4, 8]


def test_a_price_for_media_is_not_that_of_segments(made: Bench) -> None:
    """Two texts, of which each has a picture."""
    ran = run(made, "price_per_segment: 0.25\nprice_per_mms: 1.5", media_url="https://example.com/a.png")
    assert re.findall(r"\d+\.\d\d USD", ran.said) == ["3.00 USD"]


@pytest.mark.parametrize("user", [ACCOUNT, API_KEY])
def test_credentials_in_the_file_are_those_that_are_used(user: str, made: Bench) -> None:
    """Of an API key, the token is the secret; the messages are the account's all the same."""
    made.environment = {}
    settings = f"account: {ACCOUNT}\ntoken: ${{SECRET}}"
    assert run(made, settings).status == 2  # a token that is named is not made up
    assert (
        "sent" not in run(made).said_of("status").values()
    )  # what stands in for none at a sandbox opens no other
    made.environment = {"SECRET": TOKEN}
    key = f"\napi_key: {API_KEY}" if user == API_KEY else ""
    ran = run(made, settings + key)
    assert ran.said_of("status") == PLAIN
    assert {text.account for text in made.sandbox.messages()} == {ACCOUNT}


def test_credentials_in_other_files_are_those_that_are_used(made: Bench) -> None:
    """As containers mount them, and without a variable."""
    made.environment = {}
    (made.folder / "sid").write_text(f"{ACCOUNT}\n")
    (made.folder / "secret").write_text(f"{TOKEN}\n")
    assert run(made, "account_file: sid\ntoken_file: secret").said_of("status") == PLAIN
    (made.folder / "secret").unlink()  # the one place where the token may stand


def test_another_key_s_secret_is_refused(made: Bench) -> None:
    """With a key that Twilio does not know, nobody is texted."""
    ran = run(made, f"api_key: SK{'3' * 32}")
    assert "sent" not in ran.said_of("status").values()
    assert ran.status > 1


def test_the_ledger_is_the_file_that_is_named(made: Bench) -> None:
    """Whoever names another file has another memory of what was sent."""
    assert run(made, "ledger: mine.db").said_of("status") == PLAIN
    assert (made.folder / "mine.db").exists()
    assert run(made, "ledger: mine.db").said_of("status") == {1: "already", 2: "invalid", 4: "already"}
    assert run(made, "ledger: other.db").said_of("status") == PLAIN


def test_a_rate_is_the_most_messages_a_second(made: Bench) -> None:
    """Two messages at one in two seconds take two seconds at least."""
    begin = time.monotonic()
    assert run(made, "rate: 0.5").said_of("status") == PLAIN
    assert time.monotonic() - begin >= 2


class Crowd:
    """Lets nobody go before `most` are there, and then waits a little for one more."""

    def __init__(self, most: int) -> None:
        self.peak = self._here = 0
        self._most = most
        self._changed = threading.Condition()

    def enter(self) -> None:
        with self._changed:
            self._here += 1
            self.peak = max(self.peak, self._here)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.peak >= self._most, timeout=PATIENCE / 2)
            self._changed.wait_for(lambda: self.peak > self._most, timeout=0.1)
            self._here -= 1


@pytest.mark.parametrize(("settings", "most"), [("concurrency: 1", 1), ("concurrency: 2", 2), ("", 5)])
def test_concurrency_is_how_many_requests_are_out_at_a_time(settings: str, most: int, made: Bench) -> None:
    """As many messages to different people as it says are on their way at once, and never more."""
    crowd, numbers = Crowd(most), itertools.count(1)

    def serve(_: Server, client: Client) -> None:
        while request := client.request():
            crowd.enter()
            client.say(created(request, next(numbers)))

    made.write([order(number, f"+1415555010{number}") for number in range(5)], "crowd.jsonl")
    with serving(serve) as server:
        ran = run(made, f"{settings}\napi_base: {local(server)}", events="crowd.jsonl")
    assert (set(ran.said_of("status").values()), crowd.peak) == ({"sent"}, most)


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ("edge: sydney", "api.sydney.us1.twilio.com"),
        ("region: ie1", "api.dublin.ie1.twilio.com"),
        ("edge: dublin\nregion: au1", "api.dublin.au1.twilio.com"),
    ],
)
def test_edge_and_region_are_where_messages_go(settings: str, host: str, made: Bench) -> None:
    """Seen by a proxy on the way, which lets nothing through."""
    asked: set[bytes] = set()

    def proxy(server: Server, client: Client) -> None:
        asked.add(client.request().split(b"\r\n")[0])
        client.say(http(403, b""))

    with serving(proxy) as server:
        made.environment |= {"HTTPS_PROXY": f"http://127.0.0.1:{server.port}"}
        ran = run(made, settings)
    assert asked == {f"CONNECT {host}:443 HTTP/1.1".encode()}
    assert "sent" not in ran.said_of("status").values()


def test_an_address_is_where_messages_go(made: Bench) -> None:
    """To another server all that would go to Twilio goes there."""
    with Sandbox(Settings(account=ACCOUNT, token=TOKEN)) as other:
        assert run(made, f"api_base: {other.url}").said_of("status") == PLAIN
        assert len(other.messages()) == 2
    assert made.posts() == 0


@pytest.mark.parametrize(
    ("settings", "body"), [("", "1, b"), ('list_separator: ","', "1,b"), ('list_separator: " + "', "1 + b")]
)
def test_a_list_is_joined_with_what_the_separator_says(made: Bench, settings: str, body: str) -> None:
    """White space counts, and a comma and a space are what stands there by default."""
    made.write([{"event": "Order", "messageId": "1", "to": ANN, "order": [1, "b"]}], "lists.jsonl")
    ran = run(made, settings, "lists.jsonl", body="{{order}}")
    assert [post["Body"] for post in ran.posts] == [body]


def test_every_key_of_the_docs_has_an_example() -> None:
    """A key that the tables get is one that has a test here."""
    told: dict[str, list[str]] = {"settings": [], "fields": []}
    for row in rows("docs/configuration.md"):
        keys = re.findall("`(.*?)`", row[0])
        told["settings" if "name" not in told["fields"] and "name" not in keys else "fields"] += keys
    assert sorted(told["settings"]) == sorted((*SETTINGS, *ALONE))
    assert sorted(told["fields"]) == sorted(FIELDS)
