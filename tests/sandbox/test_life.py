"""A message lives in the sandbox as it does at Twilio: its statuses, how it ends, what it costs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_sandbox import ACCOUNT, FORM, MESSAGES, SERVICE, post, sandbox

from twiliodest.sandbox import Template, life

START = 1_700_000_000.0
HX = "HX" + "a" * 32
SERVED = {"From": None, "MessagingServiceSid": SERVICE}


def at(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def one(sid: str) -> str:
    return MESSAGES.replace(".json", f"/{sid}.json")


def story(form: dict[str, Any], seconds: list[float], **options: Any) -> list[tuple[str, int | None]]:
    """The status and the error code of a message, so many seconds after it was posted."""
    now = [START]
    with sandbox(clock=lambda: now[0], **options) as (_, client):
        created = post(client, **form)
        assert created.status_code == 201, created.text
        seen = []
        for second in seconds:
            now[0] = START + second
            shown = client.get(one(created.json()["sid"])).json()
            seen.append((shown["status"], shown["error_code"]))
    return [(created.json()["status"], created.json()["error_code"]), *seen]


@pytest.mark.parametrize(
    ("form", "seconds", "statuses"),
    [
        ({}, [0, 2, 4, 12], ["queued", "queued", "sending", "sent", "delivered"]),
        (SERVED, [0, 1, 2, 4, 12], ["accepted", "accepted", "queued", "sending", "sent", "delivered"]),
        (
            {**SERVED, "ScheduleType": "fixed", "SendAt": at(1000)},
            [999, 1000, 1001, 1002, 1004, 1012],
            ["scheduled", "scheduled", "accepted", "queued", "sending", "sent", "delivered"],
        ),
        ({"ValidityPeriod": "3"}, [2, 3, 12], ["queued", "queued", "failed", "failed"]),
        ({**SERVED, "ValidityPeriod": "1"}, [0.5, 2, 12], ["accepted", "accepted", "failed", "failed"]),
        ({"ValidityPeriod": "5"}, [12], ["queued", "delivered"]),
    ],
)
def test_the_statuses_come_in_twilio_s_order(
    form: dict[str, Any], seconds: list[float], statuses: list[str]
) -> None:
    """At the pace that is set: twelve seconds from the queue to the phone."""
    assert [status for status, _ in story(form, seconds, pace=12)] == statuses


@pytest.mark.parametrize(
    ("to", "options", "end"),
    [
        ("+15005530003", {}, ("undelivered", 30003)),
        ("+15005530034", {}, ("undelivered", 30034)),
        ("+15005530001", {}, ("failed", 30001)),
        ("+15005539999", {}, ("undelivered", 39999)),
        ("whatsapp:+15005563024", {}, ("undelivered", 63024)),
        ("+15557654321", {"undelivered": {"+15557654321": 30006}}, ("undelivered", 30006)),
        ("+15557654322", {"undelivered": {"+15557654321": 30006}}, ("delivered", None)),
        ("+15005540003", {}, ("delivered", None)),
    ],
)
def test_some_recipients_are_never_reached(to: str, options: Any, end: tuple[str, int | None]) -> None:
    """Accepted with no error, and later undelivered with the code: by a magic number, or a rule."""
    sender = "whatsapp:+15551234567" if ":" in to else "+15551234567"
    first, *_, last = story({"To": to, "From": sender}, [0.2, 3], **options)
    assert first == ("queued", None)
    assert last == end


@pytest.mark.parametrize(
    ("form", "price"),
    [
        ({}, "-0.00790"),
        ({"Body": "a" * 161}, "-0.01580"),
        ({"MediaUrl": "https://example.com/a.png"}, "-0.02000"),
        ({"Body": "a" * 400, "SendAsMms": "true"}, "-0.02000"),
        ({"To": "whatsapp:+15557654321", "From": "whatsapp:+15551234567"}, "-0.00500"),
        ({"To": "+15005530003"}, "-0.00790"),
        ({"To": "+15005530001"}, None),
    ],
)
def test_what_was_sent_has_a_price(form: dict[str, Any], price: str | None) -> None:
    """Null until it is sent, then a negative decimal text; what never left costs nothing."""
    now = [START]
    with sandbox(clock=lambda: now[0]) as (_, client):
        created = post(client, **form).json()
        assert (created["price"], created["price_unit"]) == (None, "USD")
        now[0] += 10
        assert client.get(one(created["sid"])).json()["price"] == price


@given(
    st.floats(0, 1000),
    st.booleans(),
    st.none() | st.floats(300, 1e6),
    st.none() | st.sampled_from([30001, 30003, 21610]),
    st.none() | st.integers(1, 300),
)
def test_every_life_goes_forward_and_ends(
    pace: float, service: bool, ahead: float | None, code: int | None, validity: int | None
) -> None:
    """No status comes twice or before its time, and the last one is final."""
    due = None if ahead is None else START + ahead
    ends = None if code is None else life.end(code)
    steps, end = life.steps(START, pace, service=service, due=due, ends=ends, validity=validity)
    assert [it for it, _ in steps] == sorted(it for it, _ in steps)
    names = [name for _, name in steps]
    assert len(set(names)) == len(names)
    assert names[-1] in life.FINAL
    assert (names[-1] == "delivered") == (end is None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ScheduleType": "fixed"}, 35111),
        ({"ScheduleType": "soon", "SendAt": at(1000)}, 35126),
        ({"ScheduleType": "fixed", "SendAt": "tomorrow"}, 35114),
        ({"ScheduleType": "fixed", "SendAt": at(-1)}, 35115),
        ({"ScheduleType": "fixed", "SendAt": at(300)}, 35115),
        ({"ScheduleType": "fixed", "SendAt": at(301)}, None),
        ({"ScheduleType": "fixed", "SendAt": at(35 * 86400)}, None),
        ({"ScheduleType": "fixed", "SendAt": at(35 * 86400 + 1)}, 35115),
        ({"ScheduleType": "fixed", "SendAt": "2023-11-14T23:30:00+01:00"}, None),
        (
            {
                "ScheduleType": "fixed",
                "SendAt": at(1000),
                "MessagingServiceSid": None,
                "From": "+15551234567",
            },
            35118,
        ),
        ({"ScheduleType": "fixed", "SendAt": at(1000), "MessagingServiceSid": None, "From": SERVICE}, None),
        ({"ShortenUrls": "true", "MessagingServiceSid": None, "From": "+15551234567"}, 20001),
        ({"ShortenUrls": "true"}, None),
        ({"ShortenUrls": "yes"}, 20001),
        ({"FallbackFrom": "+15551234567", "MessagingServiceSid": None, "From": "+15551234567"}, 21664),
        ({"FallbackFrom": "+15551234567"}, None),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "1"}, None),
        ({"ValidityPeriod": "36000"}, None),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "5m"}, 21624),
        ({"ValidityPeriod": "٣"}, 21624),
        ({"StatusCallback": "https://example.com/x?y=1#rc=2"}, None),
        ({"StatusCallback": "http://127.0.0.1:1/"}, None),
        ({"StatusCallback": "http://[::1]:80/"}, None),
        ({"StatusCallback": "example.com"}, 21609),
        ({"StatusCallback": "ftp://example.com"}, 21609),
        ({"StatusCallback": "https://a_b.example.com/"}, 21609),
        ({"StatusCallback": "https://example.com:99999/"}, 21609),
        ({"StatusCallback": "https://exa mple.com/"}, 21609),
        ({"StatusCallback": "https://example.com/\r\nHost:x"}, 21609),
        ({"StatusCallback": "https://[broken"}, 21609),
        ({"StatusCallback": "https:///path"}, 21609),
        ({"StatusCallback": "https://example.com/" + "x" * 4000}, 21609),
        ({"ApplicationSid": "AP" + "1" * 32}, None),
        ({"ApplicationSid": "APx"}, 20001),
        ({"Attempt": "2"}, None),
        ({"Attempt": "two"}, 20001),
        ({"MaxPrice": "0.05"}, None),
        ({"MaxPrice": "cheap"}, 20001),
        ({"RiskCheck": "disable"}, None),
        ({"RiskCheck": "off"}, 20001),
        ({"ContentRetention": "discard", "AddressRetention": "obfuscate", "TrafficType": "free"}, None),
        ({"ContentRetention": "never"}, 20001),
        ({"AddressRetention": "hide"}, 20001),
        ({"TrafficType": "paid"}, 20001),
        ({"ProvideFeedback": "true", "ForceDelivery": "false", "SmartEncoded": "True"}, None),
        ({"PersistentAction": ["geo:1,2|x", "geo:3,4|y"], "Unheard": "of"}, None),
        ({"To": "whatsapp:+15557654321", "From": "+15551234567", "MessagingServiceSid": None}, 21910),
        ({"From": "whatsapp:+15551234567", "MessagingServiceSid": None}, 21910),
    ],
)
def test_each_parameter_is_checked_as_twilio_checks_it(change: dict[str, Any], code: int | None) -> None:
    """What Twilio would refuse is refused with its code; what it takes is taken."""
    with sandbox(clock=lambda: START) as (_, client):
        answer = post(client, **{**SERVED, **change})
    assert (answer.json().get("code"), answer.status_code) == (code, 400 if code else 201)


def test_links_are_shortened_when_asked() -> None:
    """Twilio lists the text with its own links in it."""
    with sandbox() as (_, client):
        body = post(client, **SERVED, ShortenUrls="true", Body="see https://example.com/a?b=c now").json()[
            "body"
        ]
    assert body.startswith("see https://twil.io/")
    assert body.endswith(" now")


TEMPLATES = {
    HX: Template(body="Hi {{1}}, order {{ order }} is here", variables={1: "there"}),
    "HX" + "b" * 32: Template(body="A picture", media=["https://example.com/{{1}}.png"]),
}


@pytest.mark.parametrize(
    ("change", "body", "code"),
    [
        ({"ContentVariables": json.dumps({"1": "Ann", "order": "#7"})}, "Hi Ann, order #7 is here", None),
        ({"ContentVariables": json.dumps({"order": 7})}, "Hi there, order 7 is here", None),
        (
            {"ContentVariables": json.dumps({"1": "{{order}}", "order": "x"})},
            "Hi {{order}}, order x is here",
            None,
        ),
        ({"Body": "ignored", "ContentVariables": '{"order": "x"}'}, "Hi there, order x is here", None),
        ({"ContentVariables": "{'1': 'Ann'}"}, None, 21656),
        ({"ContentVariables": '["Ann"]'}, None, 21656),
        ({"ContentVariables": '{"1": {"a": 1}}'}, None, 21656),
        ({"ContentSid": "HX" + "c" * 32}, None, 21655),
        ({"ContentSid": "HXnonsense"}, None, 21655),
        ({"ContentSid": None, "Body": "x", "ContentVariables": "{}"}, None, 21654),
        ({"ContentVariables": json.dumps({"order": "x" * 1600})}, None, 21617),
    ],
)
def test_a_content_template_gives_its_text(
    change: dict[str, Any], body: str | None, code: int | None
) -> None:
    """Rendered in the answer and in lists; a value is never read as a placeholder; Twilio's own errors."""
    form = {"Body": None, "ContentSid": HX, **change}
    with sandbox(templates=TEMPLATES) as (running, client):
        answer = post(client, **form)
        assert (answer.json().get("body"), answer.json().get("code")) == (body, code)
        assert [text.body for text in running.messages()] == ([body] if body else [])


def test_a_template_s_variable_without_a_value_fails_later() -> None:
    """Twilio takes such a message, and reports 63028 when it looks at it."""
    form = {"Body": None, "ContentSid": HX}
    assert story(form, [5], templates=TEMPLATES) == [("queued", None), ("failed", 63028)]


def test_any_template_exists_in_a_sandbox_without_templates() -> None:
    """The inbox names it and its variables, so that a person sees what was meant."""
    with sandbox() as (_, client):
        variables = json.dumps({"1": "Ann", "2": "#7"})
        answer = post(client, Body=None, ContentSid=HX, ContentVariables=variables)
        assert answer.json()["body"] == f"[{HX}], 1: Ann, 2: #7"
        assert post(client, Body=None, ContentSid="HX1").json()["code"] == 21655


def test_a_template_can_have_media_and_be_looked_up() -> None:
    """As Twilio's Content API shows it, approved for WhatsApp."""
    sid = "HX" + "b" * 32
    with sandbox(templates=TEMPLATES) as (_, client):
        made = post(client, Body=None, ContentSid=sid, ContentVariables='{"1": "cat"}').json()
        assert (made["sid"][:2], made["num_media"], made["body"]) == ("MM", "1", "A picture")
        shown = client.get(f"/v1/Content/{HX}").json()
        assert shown["types"]["twilio/text"]["body"] == TEMPLATES[HX].body
        assert shown["variables"] == {"1": "there"}
        assert client.get(f"/v1/Content/{HX}/ApprovalRequests").json()["whatsapp"]["status"] == "approved"
        assert client.get("/v1/Content/HX" + "c" * 32).json()["code"] == 20404


def test_a_scheduled_message_is_canceled_until_it_is_due() -> None:
    """After that 30409, as for everything that was never scheduled."""
    now = [START]
    scheduled = {**SERVED, "ScheduleType": "fixed", "SendAt": at(1000)}
    with sandbox(clock=lambda: now[0]) as (running, client):
        first, second = (post(client, **scheduled).json()["sid"] for _ in range(2))
        plain = post(client).json()["sid"]
        now[0] += 999
        assert client.post(one(first), data={"Status": "canceled"}).json()["status"] == "canceled"
        now[0] += 100
        assert client.get(one(first)).json()["status"] == "canceled"
        for sid in (first, second, plain):
            refused = client.post(one(sid), data={"Status": "canceled"})
            assert refused.json()["code"] == 30409
        assert client.post(one(second), data={"Status": "sent"}).json()["code"] == 20001
        assert client.post(one("SM" + "0" * 32), data={"Status": "canceled"}).json()["code"] == 20404
        assert [text.sid for text in running.messages()] == [first, second, plain]


def test_a_finished_message_can_be_redacted_and_deleted() -> None:
    """Not before it is finished (20009); a deleted one is gone from lists and look-ups."""
    now = [START]
    with sandbox(clock=lambda: now[0]) as (_, client):
        sid = post(client).json()["sid"]
        other = post(client, Body="other").json()["sid"]
        assert client.post(one(sid), data={"Body": ""}).json()["code"] == 20009
        assert client.delete(one(sid)).json()["code"] == 20009
        now[0] += 10
        assert client.post(one(sid), data={"Body": "another"}).json()["code"] == 20001
        assert client.post(one(sid), data={"Body": ""}).json()["body"] == ""
        assert client.get(one(sid)).json()["body"] == ""
        gone = client.delete(one(sid))
        assert (gone.status_code, gone.content) == (204, b"")
        assert client.delete(one(sid)).json()["code"] == client.get(one(sid)).json()["code"] == 20404
        for query in ({}, {"To": FORM["To"]}):
            listed = client.get(MESSAGES, params=query).json()["messages"]
            assert [text["sid"] for text in listed] == [other]


def test_media_are_listed_fetched_and_deleted() -> None:
    """Each with a SID and the type that its name tells."""
    with sandbox() as (_, client):
        urls = ["https://example.com/a.png?x=1", "https://example.com/b"]
        sid = post(client, MediaUrl=urls).json()["sid"]
        path = one(sid).replace(".json", "/Media")
        first, second = client.get(f"{path}.json").json()["media_list"]
        assert (first["content_type"], first["parent_sid"]) == ("image/png", sid)
        assert client.get(f"{path}/{first['sid']}.json").json() == first
        assert client.delete(f"{path}/{first['sid']}.json").status_code == 204
        assert client.get(f"{path}.json").json()["media_list"] == [second]
        for gone in (
            f"{path}/{first['sid']}.json",
            f"{path}/ME1.json",
            one("SM1").replace(".json", "/Media.json"),
        ):
            assert client.get(gone).json()["code"] == 20404


def test_another_account_s_messages_cannot_be_touched() -> None:
    """Neither seen nor changed."""
    other = "AC" + "9" * 32
    with sandbox() as (running, client):
        path = one(post(client).json()["sid"]).replace(ACCOUNT, other)
        for answer in (client.get(path), client.delete(path), client.post(path, data={"Body": ""})):
            assert answer.json()["code"] == 20404
        assert len(running.messages()) == 1


def test_a_messaging_service_chooses_a_number() -> None:
    """No sender is shown until it has, and the filter of a list goes by what is shown."""
    now = [START]
    senders = frozenset({SERVICE, "+15550000009", "+15550000008"})
    with sandbox(clock=lambda: now[0], senders=senders) as (_, client):
        made = post(client, **SERVED).json()
        query = {"From": "+15550000008"}
        assert (made["from"], client.get(MESSAGES, params=query).json()["messages"]) == (None, [])
        now[0] += 10
        (listed,) = client.get(MESSAGES, params=query).json()["messages"]
    assert (listed["sid"], listed["from"]) == (made["sid"], "+15550000008")
    assert listed["messaging_service_sid"] == SERVICE


def test_what_is_not_to_be_kept_is_gone_once_it_is_sent() -> None:
    """The text with ContentRetention, the end of the number with AddressRetention."""
    now = [START]
    with sandbox(clock=lambda: now[0]) as (_, client):
        made = post(client, ContentRetention="discard", AddressRetention="obfuscate").json()
        assert (made["body"], made["to"]) == (FORM["Body"], FORM["To"])
        now[0] += 10
        shown = client.get(one(made["sid"])).json()
    assert (shown["body"], shown["to"]) == ("", "+1555765XXXX")
