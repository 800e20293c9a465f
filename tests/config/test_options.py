"""What an action has beyond text and media is checked with its place, and what can never work is not sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from twiliodest.config.settings import load
from twiliodest.errors import UsageError

CONTENT = "HX" + "0" * 32
SERVICE = "MG" + "0" * 32


def written(settings: str, action: str, folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text(
        f'{settings}\nactions:\n  - name: a\n    trigger: event = "A"\n'
        + "".join(f"    {line}\n" for line in action.splitlines())
    )
    return path


NUMBER, SENDER = 'number: "+15005550006"', f"number: {SERVICE}"
TEXT = "to: $.phone\nbody: Hello\n"


@pytest.mark.parametrize(
    ("settings", "action", "told"),
    [
        (NUMBER, TEXT + "content_sid: HX12", "7:18 a content template's SID"),
        (
            NUMBER,
            'to: $.phone\ncontent_variables: {"1": a}\nbody: b',
            "6:24 content_variables are for a content",
        ),
        (
            NUMBER,
            f"to: $.phone\ncontent_sid: {CONTENT}\ncontent_variables: []",
            '7:24 "content_variables" must',
        ),
        (
            NUMBER,
            f'to: $.phone\ncontent_sid: {CONTENT}\ncontent_variables: {{"1": "{{{{a"}}',
            "7:31 this {{ is never closed",
        ),
        (NUMBER, TEXT + "channel: fax", "7:14 this is not a channel"),
        ("number: ACME", TEXT + "channel: whatsapp", "7:14 ACME cannot send on the channel whatsapp"),
        (NUMBER, TEXT + "channel: rcs", "7:14 +15005550006 cannot send on the channel rcs"),
        ('number: "whatsapp:+15005550006"', TEXT + "channel: sms", "7:14 whatsapp:+15005550006 cannot send"),
        (NUMBER, TEXT + "channel: messenger\nnumber: ACME", "8:13 ACME cannot send on the channel messenger"),
        (NUMBER, TEXT + "send_at: $.at", "7:14 send_at needs a Messaging Service"),
        (SENDER, TEXT + "send_at: tomorrow", "7:14 send_at is not a time"),
        (SENDER, TEXT + "send_at: 2026-12-01", "7:14 send_at is not a time: it is a day without a time"),
        (SENDER, TEXT + 'send_at: "2026-12-01T10:00"', "7:14 send_at is not a time: it has no UTC offset"),
        (SENDER, TEXT + "send_at: $.at\nbefore: 2h\nafter: 1h", "9:12 before and after cannot be combined"),
        (SENDER, TEXT + "send_at: $.at\nbefore: soon", "8:13 "),
        (SENDER, TEXT + "send_at: $.at\nlate: maybe", '8:11 "late" must be send or skip'),
        (SENDER, TEXT + "late: skip", '7:11 "late" goes with send_at'),
        (SENDER, TEXT + "before: 2h", '7:13 "before" goes with send_at'),
        (NUMBER, TEXT + "validity_period: 0s", "7:22 validity_period must be from 1s to 10h"),
        (NUMBER, TEXT + "validity_period: 11h", "7:22 validity_period must be from 1s to 10h"),
        (NUMBER, TEXT + "max_age: 0s", "7:14 max_age must be 1s or more"),
        (NUMBER, TEXT + "status_callback: example.com", "7:22 a callback's address must begin with https://"),
        (
            NUMBER,
            TEXT + "status_callback: https://my_host.example",
            "7:22 Twilio does not call host names with",
        ),
        (NUMBER, TEXT + "twilio: 5", '7:13 "twilio" must have fields'),
        (NUMBER, TEXT + "twilio: {ShortenURLs: true}", '7:14 unknown parameter "ShortenURLs" in twilio'),
        (NUMBER, TEXT + "twilio: {Body: hi}", "7:20 Body has a key of its own"),
        (NUMBER, TEXT + "twilio: {ShortenUrls: true}", "7:27 ShortenUrls needs a Messaging Service"),
        (f"{NUMBER}\ntwilio: {{ShortenUrls: true}}", TEXT, "2:23 ShortenUrls needs a Messaging Service"),
        (NUMBER, TEXT + "twilio: {RiskCheck: off}", "7:25 RiskCheck: it must be enable or disable"),
        (NUMBER, TEXT + "twilio: {SendAsMms: 1}", "7:25 SendAsMms: it must be true or false"),
        (NUMBER, TEXT + "twilio: {ProvideFeedback: [a, b]}", '7:31 "ProvideFeedback" must be a single text'),
        (
            f"{NUMBER}\nstatus_callback: https://a.example",
            TEXT + f"twilio: {{ApplicationSid: AP{'0' * 32}}}",
            "8:13 Twilio ignores ApplicationSid",
        ),
        (NUMBER, "to: $.phone\nto_all: $.phones\nbody: b", "6:13 to and to_all cannot be combined"),
        (NUMBER, "to_all: phones\nbody: b", '5:13 "phones" is not'),
        (NUMBER, TEXT + "quiet_hours: 5", "7:18 quiet_hours must have from and to"),
        (
            NUMBER,
            TEXT + 'quiet_hours: {from: "21:00", to: "08:00", policy: send_at}',
            "7:55 policy: schedule needs",
        ),
        (f"{NUMBER}\ntime: yesterday", TEXT, '2:7 "time" is the same for every event'),
    ],
)
def test_what_cannot_work_is_told_with_its_place(
    settings: str, action: str, told: str, tmp_path: Path
) -> None:
    """A schedule without a service, a parameter that does not exist: said before anything is sent."""
    with pytest.raises(UsageError) as caught:
        load(written(settings, action, tmp_path), {})
    errors = [problem for problem in caught.value.problems if not problem.warning]
    assert len(errors) == 1, errors
    place = errors[0].place
    assert place
    assert f"{place.line}:{place.column} {errors[0].message}".startswith(told)


@pytest.mark.parametrize(
    ("settings", "action", "sender"),
    [
        (NUMBER, TEXT + "channel: whatsapp", "whatsapp:+15005550006"),
        (NUMBER, TEXT + "channel: sms", "+15005550006"),
        (SENDER, TEXT + "channel: rcs", SERVICE),
        ("number: rcs:acme_agent", TEXT + "channel: rcs", "rcs:acme_agent"),
        (f"{NUMBER}\nchannel: whatsapp", TEXT, "whatsapp:+15005550006"),
        (f"{NUMBER}\nchannel: whatsapp", TEXT + "channel: sms", "+15005550006"),
        (f"{NUMBER}\ntwilio: {{ShortenUrls: true}}", TEXT + "twilio: {ShortenUrls: false}", "+15005550006"),
    ],
)
def test_a_channel_gives_the_sender_its_prefix(
    settings: str, action: str, sender: str, tmp_path: Path
) -> None:
    """One number sends texts and WhatsApp messages without being written twice."""
    assert load(written(settings, action, tmp_path), {}).actions[0].sender == sender


def test_a_body_beside_a_content_template_is_warned_of(tmp_path: Path) -> None:
    """Twilio would not send it, and nobody would notice."""
    config = load(written(NUMBER, TEXT + f"content_sid: {CONTENT}", tmp_path), {})
    assert [it.message for it in config.warnings] == [
        "Twilio sends the content template, and ignores this body"
    ]


def test_an_action_s_quiet_hours_and_cooldown_are_its_own(tmp_path: Path) -> None:
    """A login code does not wait for the morning, whatever holds for all others."""
    settings = f'{NUMBER}\nquiet_hours: {{from: "21:00", to: "08:00"}}\ncooldown: 1h'
    config = load(written(settings, TEXT + "quiet_hours: off\ncooldown: off", tmp_path), {})
    assert config.quiet_hours
    assert (config.own_quiet_hours, config.actions[0].cooldown) == ({"a": None}, 0)
