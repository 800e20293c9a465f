"""What an action has beyond a recipient, a text and media reaches Twilio as it says, or stops the message."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from twiliodest.errors import ExpressionError
from twiliodest.messages.options import Age, Options, Schedule
from twiliodest.messages.parameters import PARAMETERS, URL_LIMIT, callback, content_sid
from twiliodest.messages.phones import PhoneError, recipient, sender_on
from twiliodest.messages.send_sms import RECIPIENTS_LIMIT, SendSms
from twiliodest.model import Extras, Invalid, Message
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.grammar import parse

ANN, BO = "+14155550134", "+14155550155"
CONTENT, SERVICE, APPLICATION = "HX" + "0a" * 16, "MG" + "0" * 32, "AP" + "0F" * 16
SWITCHED = {"true": "true", "Yes": "true", "on": "true", "FALSE": "false", "no": "false", "Off": "false"}
VALUES: Mapping[
    str, tuple[Mapping[str, str], Sequence[str]]
] = {  # what is taken and becomes of it; what is not
    "AddressRetention": ({"retain": "retain", "obfuscate": "obfuscate"}, ["", "discard", "Retain"]),
    "ApplicationSid": ({APPLICATION: APPLICATION}, ["", APPLICATION[:-1], APPLICATION + "0", CONTENT]),
    "Attempt": ({"1": "1", "10": "10", "999999999": "999999999"}, ["", "0", "-1", "1.5", "1234567890", "١"]),
    "ContentRetention": ({"retain": "retain", "discard": "discard"}, ["", "obfuscate"]),
    "FallbackFrom": ({ANN: ANN, "Acme": "Acme"}, []),
    "ForceDelivery": (SWITCHED, ["", "1", "y", "maybe"]),
    "MaxPrice": ({"0": "0", "0.05": "0.05", "123456.123456": "123456.123456"}, ["", "1.", ".5", "-1", "1e3"]),
    "PersistentAction": ({"geo:1,2": "geo:1,2"}, []),
    "ProvideFeedback": (SWITCHED, ["", "1"]),
    "RiskCheck": ({"enable": "enable", "disable": "disable"}, ["", "true", "off"]),
    "SendAsMms": (SWITCHED, ["", "1"]),
    "ShortenUrls": (SWITCHED, ["", "1"]),
    "TrafficType": ({"free": "free"}, ["", "Free", "paid"]),
}


def action(to: Sequence[str] = ("$.to",), body: str | None = "Hello", **options: Any) -> SendSms:
    return SendSms(
        name="one",
        trigger=parse("true"),
        to=[compile_field(field) for field in to],
        body=body and compile_field(body),  # type: ignore[arg-type] # None stays None
        media=[],
        sender="+15551234567",
        options=Options(**options),
    )


def extras(said: dict[str, Any], **options: Any) -> Extras:
    made = action(**options).render({"to": ANN, **said}, json.dumps(said).encode())
    assert isinstance(made, Message), made
    assert made.extras
    return made.extras


def refused(said: dict[str, Any], **options: Any) -> str:
    made = action(**options).render({"to": ANN, **said}, json.dumps(said).encode())
    assert isinstance(made, Invalid), made
    return made.reason


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_takes_what_twilio_takes(name: str) -> None:
    """And nothing else: a wrong value would cost every message, one by one."""
    taken, others = VALUES[name]
    for given, posted in taken.items():
        parameters = [(name, compile_field("{{x}}"))]
        assert extras({"x": f" {given}\n"}, parameters=parameters).parameters == ((name, posted),)
    for given in others:
        with pytest.raises(ExpressionError):
            PARAMETERS[name].read(given)
    assert sorted(VALUES) == sorted(PARAMETERS)


def test_some_parameters_are_of_messaging_services_and_one_has_several_values() -> None:
    """As Twilio's description of its API says."""
    assert [name for name, it in PARAMETERS.items() if it.needs_service] == ["FallbackFrom", "ShortenUrls"]
    assert {name: it.most for name, it in PARAMETERS.items() if it.most > 1} == {"PersistentAction": 10}


def test_a_wrong_value_of_an_event_is_quoted_in_short() -> None:
    """With the parameter's name and what it takes."""
    parameters = [("RiskCheck", compile_field("{{x}}"))]
    assert refused({"x": "off"}, parameters=parameters) == 'RiskCheck is "off": it must be enable or disable'
    said = refused({"x": "o" * 80}, parameters=parameters)
    assert f'"{"o" * 80}"' in said
    said = refused({"x": "o" * 81}, parameters=parameters)
    assert f'"{"o" * 79}…"' in said


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        *((url, True) for url in ("https://example.com", "http://example.com:8080/a?b#c", "HTTPS://a.b/ü")),
        *(
            (url, True)
            for url in ("https://user:pass@example.com/", "https://[::1]:5/x", "https://1.2.3.4?x=1")
        ),
        *((url, False) for url in ("", "example.com", "ftp://example.com", "https://", "https:///x")),
        *((url, False) for url in ("https://a b", "https://a_b.example.com/x", "https://a:123456/")),
        ("https://example.com/a_b", True),
        ("https://a.b/".ljust(URL_LIMIT, "x"), True),
        ("https://a.b/".ljust(URL_LIMIT + 1, "x"), False),
    ],
)
def test_a_callback_is_an_address_that_twilio_can_call(text: str, is_fine: bool) -> None:
    """Else nobody learns what became of a message."""
    if is_fine:
        assert callback(text) == text
        assert extras({}, status_callback=compile_field(text)).status_callback == text
    else:
        with pytest.raises(ExpressionError):
            callback(text)


@pytest.mark.parametrize("text", ["", "HX", CONTENT[:-1], CONTENT + "0", "hx" + "0a" * 16, "HX" + "0g" * 16])
def test_a_content_template_has_a_sid(text: str) -> None:
    """Whatever else is given is not one."""
    assert content_sid(CONTENT) == CONTENT
    with pytest.raises(ExpressionError, match="HX and 32 hexadecimal digits"):
        content_sid(text)


def test_what_an_action_has_is_in_its_message() -> None:
    """Variables as one JSON text, times as seconds, and nothing that was not asked for."""
    time = compile_field("$.at")
    options = {
        "content_sid": compile_field(CONTENT),
        "content_variables": [("1", compile_field("{{name}}")), ("2", compile_field("“{{n}}”"))],
        "validity_period": 60,
        "schedule": Schedule(time, shift=-3_600, skips_late=True),
        "age": Age(time, 7_200),
    }
    made = extras({"name": "Ann", "n": 5, "at": "2026-03-01T09:00:00Z"}, body=None, **options)
    assert (made.content_sid, made.validity_period) == (CONTENT, 60)
    assert json.loads(made.content_variables or "") == {"1": "Ann", "2": "“5”"}
    nine = 1_772_355_600.0
    assert (made.due, made.skips_late, made.happened, made.max_age) == (nine - 3_600, True, nine, 7_200)
    assert extras({}) == Extras()


def test_a_schedule_without_a_shift_is_the_time_itself() -> None:
    """And what is late is sent, unless it is to be skipped."""
    made = extras({"at": "2026-03-01T10:00:00+01:00"}, schedule=Schedule(compile_field("$.at")))
    assert (made.due, made.skips_late, made.happened, made.max_age) == (1_772_355_600.0, False, None, None)
    assert Options(schedule=Schedule(compile_field("$.at"))).is_timed
    assert Options(age=Age(compile_field("$.at"), 5)).is_timed
    assert not Options(validity_period=5).is_timed


@pytest.mark.parametrize("option", ["schedule", "age"])
def test_a_time_that_may_be_another_elsewhere_is_none(option: str) -> None:
    """A day, or a clock without its offset from UTC."""
    field = compile_field("$.at")
    given = {"schedule": Schedule(field), "age": Age(field, 60)}[option]
    for at, reason in (("2026-03-01", "a day without a time"), ("2026-03-01T09:00", "no UTC offset")):
        assert reason in refused({"at": at}, **{option: given})
    assert refused({"at": "soon"}, **{option: given}).startswith(
        f'{ {"schedule": "send_at", "age": "time"}[option] } is "soon": '
    )


SENDERS = {  # a sender, and what it is on each channel
    ANN: {"sms": ANN, "whatsapp": f"whatsapp:{ANN}"},
    "12345": {"sms": "12345"},
    "Acme": {"sms": "Acme"},
    SERVICE: dict.fromkeys(("sms", "whatsapp", "rcs", "messenger"), SERVICE),
    f"whatsapp:{ANN}": {"whatsapp": f"whatsapp:{ANN}"},
    "rcs:acme": {"rcs": "rcs:acme"},
    "messenger:1": {"messenger": "messenger:1"},
}


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("channel", ["sms", "whatsapp", "rcs", "messenger"])
def test_a_sender_sends_where_it_can(sender: str, channel: str) -> None:
    """A number has a WhatsApp address of its own; a brand has none; a Messaging Service is at home everywhere."""
    assert sender_on(channel, sender) == SENDERS[sender].get(channel)


@pytest.mark.parametrize(
    ("value", "channel", "address"),
    [
        (ANN, "sms", ANN),
        (ANN, "whatsapp", f"whatsapp:{ANN}"),
        (ANN, "rcs", f"rcs:{ANN}"),
        (f"whatsapp:{ANN}", "whatsapp", f"whatsapp:{ANN}"),
        ("(415) 555-0134", "whatsapp", f"whatsapp:{ANN}"),
        ("12345678", "messenger", "messenger:12345678"),
        (f"whatsapp:{ANN}", "sms", None),
        (f"whatsapp:{ANN}", "rcs", None),
        ("messenger:1", "whatsapp", None),
    ],
)
def test_a_recipient_is_reached_on_the_channel_of_its_action(
    value: str, channel: str, address: str | None
) -> None:
    """One that names another channel is refused: who wrote it meant that one."""
    if address is None:
        with pytest.raises(PhoneError):
            recipient(value, "US", channel)
    else:
        assert recipient(value, "US", channel) == address


def all_of(said: dict[str, Any], to: Sequence[str] = ("$.to",)) -> list[str]:
    """To whom a message goes, and why to nobody else."""
    made = action(to).render_all(said, json.dumps(said).encode())
    assert all(it.extras and it.extras.is_one_of_many for it in made if isinstance(it, Message))
    return [it.to if isinstance(it, Message) else it.reason for it in made]


def test_several_recipients_get_one_message_each() -> None:
    """In one spelling or several, a person is one; who cannot be reached keeps nobody else from it."""
    assert all_of({"to": [ANN, BO, f"whatsapp:{ANN}"]})[:2] == [ANN, BO]
    assert "different channels" in all_of({"to": [ANN, BO, f"whatsapp:{ANN}"]})[2]
    assert all_of({"to": [ANN, "tel:+14155550134", ANN]}) == [ANN]
    assert all_of({"to": ["me", ANN]})[1:] == [ANN]
    assert '"me"' in all_of({"to": ["me", ANN]})[0]
    assert all_of({"b": BO}, ["$.a", "$.b"])[1:] == [BO]
    assert all_of({"b": BO}, ["$.a", "$.b"])[0].startswith("nothing at $.a")


def test_so_many_recipients_and_no_more() -> None:
    """A list that somebody has put into an event by mistake texts nobody."""
    many = [f"+1415555{number:04}" for number in range(RECIPIENTS_LIMIT + 1)]
    assert all_of({"to": many[:-1]}) == many[:-1]
    (reason,) = all_of({"to": many})
    assert reason == f"there are {RECIPIENTS_LIMIT + 1:,} recipients; at most {RECIPIENTS_LIMIT} are allowed"
