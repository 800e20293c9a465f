"""`check --online` tells whether Twilio would let the actions send, and what to do if not; it only reads."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import ACCOUNT, CREDENTIALS, TOKEN, run

from twiliodest.checks.findings import Grade
from twiliodest.checks.online import verify
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Account, Secret
from twiliodest.sandbox import Answer, Sandbox, Settings
from twiliodest.templates.fields import compile_field
from twiliodest.triggers.grammar import parse
from twiliodest.twilio.reader import Reader, Unreachable

NUMBER = "+15005550006"
SERVICE = "MG" + "1" * 32
KEY = "SK" + "2" * 32


def config(home: Path, url: str, sender: str = NUMBER, *, key: str = "", media: bool = False) -> None:
    (home / "twiliodest.yaml").write_text(
        f'number: "{sender}"\napi_base: {url}\n'
        + (f"api_key: {key}\n" if key else "")
        + 'actions:\n  - name: Greeting\n    trigger: type = "track" and event = "Hello"\n'
        + "    to: $.phone\n    body: Hello\n"
        + ("    media_url: $.picture\n" if media else "")
    )


def check(home: Path, env: dict[str, str] | None = None) -> tuple[int, list[dict[str, Any]], bytes]:
    """Exit status, what was found, and everything that was shown."""
    done = run("check", "--online", "-o", "json", cwd=home, env=CREDENTIALS if env is None else env)
    found = json.loads(done.stdout)["online"] if done.stdout else []
    return done.returncode, found, done.stdout + done.stderr


def grades(found: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["subject"], item["grade"]) for item in found]


@pytest.mark.parametrize("sender", [NUMBER, "12345", SERVICE])
@pytest.mark.parametrize("key", ["", KEY])
def test_what_twilio_knows_is_fine(sender: str, key: str, tmp_path: Path) -> None:
    """Account or API key, and a number, short code or Messaging Service that exists: nothing to do."""
    senders = frozenset({NUMBER, "12345", SERVICE})
    settings = Settings(account=ACCOUNT, token=TOKEN, api_key=key or None, senders=senders)
    with Sandbox(settings) as sandbox:
        config(tmp_path, sandbox.url, sender, key=key)
        status, found, _ = check(tmp_path)
        methods = {request.method for request in sandbox.requests()}
    assert (status, grades(found)) == (0, [("account", "ok"), (sender, "ok")])
    assert methods == {"GET"}


@pytest.mark.parametrize("sender", ["+15005550010", "54321", "MG" + "9" * 32])
def test_a_sender_that_the_account_does_not_have_is_refused(sender: str, tmp_path: Path) -> None:
    """The status is 4, and the hint says where the account's senders are listed."""
    with Sandbox(Settings(senders=frozenset({NUMBER, "12345", SERVICE}))) as sandbox:
        config(tmp_path, sandbox.url, sender)
        status, found, _ = check(tmp_path)
    assert (status, grades(found)) == (4, [("account", "ok"), (sender, "refused")])
    assert "Twilio's console" in found[1]["hint"]


@pytest.mark.parametrize("key", ["", KEY])
def test_wrong_credentials_are_refused_and_never_shown(key: str, tmp_path: Path) -> None:
    """The status is 4; what follows would only repeat the same refusal and is not asked."""
    with Sandbox(Settings(account=ACCOUNT, token="another", api_key=key or None)) as sandbox:
        config(tmp_path, sandbox.url, key=key)
        status, found, shown = check(tmp_path)
    assert (status, grades(found)) == (4, [("account", "refused")])
    assert "console" in found[0]["hint"]
    assert TOKEN.encode() not in shown


def test_a_standard_key_that_cannot_read_the_account_is_verified(tmp_path: Path) -> None:
    """Twilio refuses the account resource to Standard API keys; that they can read messages is enough."""
    refusal = Answer(accept=False, status=401, code=20003, message="Authenticate")
    account_only = Settings(query_script=lambda query: None if query else refusal)
    with Sandbox(account_only) as sandbox:
        config(tmp_path, sandbox.url, key=KEY)
        status, found, _ = check(tmp_path)
    assert (status, grades(found)) == (0, [("account", "ok"), (NUMBER, "ok")])
    assert "API key works" in found[0]["message"]


def test_test_credentials_get_a_clear_word(tmp_path: Path) -> None:
    """Test credentials can read nothing; that is not taken for wrong ones."""
    with Sandbox(Settings(test_credentials=True)) as sandbox:
        config(tmp_path, sandbox.url)
        status, found, _ = check(tmp_path)
    assert (status, grades(found)) == (4, [("account", "refused")])
    assert "test credentials" in found[0]["message"]


def test_a_trial_account_is_a_warning(tmp_path: Path) -> None:
    """It can send, but to verified numbers only."""
    with Sandbox(Settings(trial=True)) as sandbox:
        config(tmp_path, sandbox.url)
        status, found, _ = check(tmp_path)
    assert (status, grades(found)) == (0, [("account", "ok"), ("account", "warning"), (NUMBER, "ok")])
    assert "verified numbers only" in found[1]["message"]


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_a_suspended_or_closed_account_is_refused(state: str, tmp_path: Path) -> None:
    """Its credentials still work, and nothing would be sent."""
    body = json.dumps({"sid": ACCOUNT, "status": state, "type": "Full"}).encode()
    answer = Answer(accept=False, status=200, body=body)
    with Sandbox(Settings(query_script=lambda query: answer)) as sandbox:
        config(tmp_path, sandbox.url)
        status, found, _ = check(tmp_path)
    assert (status, grades(found)) == (4, [("account", "refused")])
    assert state in found[0]["message"]


@pytest.mark.parametrize(
    ("capabilities", "media", "grade"),
    [
        ({"sms": True, "mms": False}, False, "ok"),
        ({"sms": True, "mms": False}, True, "refused"),
        ({"SMS": True, "MMS": True}, True, "ok"),
        ({"sms": False, "mms": True}, False, "refused"),
        (None, False, "refused"),
    ],
)
def test_a_number_must_be_able_to_do_what_the_actions_want(
    capabilities: object, media: bool, grade: str, tmp_path: Path
) -> None:
    """SMS always, and MMS where an action has media."""
    listed = {"incoming_phone_numbers": [{"phone_number": NUMBER, "capabilities": capabilities}]}
    answer = Answer(accept=False, status=200, body=json.dumps(listed).encode())
    with Sandbox(Settings(query_script=lambda query: answer if query else None)) as sandbox:
        config(tmp_path, sandbox.url, media=media)
        status, found, _ = check(tmp_path)
    assert grades(found) == [("account", "ok"), (NUMBER, grade)]
    assert status == (0 if grade == "ok" else 4)


@pytest.mark.parametrize(("media", "grade"), [(False, "warning"), (True, "refused")])
def test_an_alphanumeric_sender_cannot_be_verified(media: bool, grade: str, tmp_path: Path) -> None:
    """Twilio lists no such senders, which is said; that they send no media is known."""
    with Sandbox() as sandbox:
        config(tmp_path, sandbox.url, "Acme", media=media)
        _, found, _ = check(tmp_path)
    assert grades(found) == [("account", "ok"), ("Acme", grade)]


def test_missing_credentials_are_a_usage_error(tmp_path: Path) -> None:
    """Without account and token nothing is asked: status 2, and where to put them."""
    config(tmp_path, "http://127.0.0.1:9")
    status, found, shown = check(tmp_path, {})
    assert (status, found) == (2, [])
    assert b"TWILIO_AUTH_TOKEN" in shown


def test_an_unreachable_network_is_told_in_words(tmp_path: Path) -> None:
    """Nothing is known then: status 1, neither a refusal nor a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    config(tmp_path, f"http://127.0.0.1:{port}")
    status, found, shown = check(tmp_path)
    assert (status, grades(found)) == (1, [("network", "unreachable")])
    assert b"Traceback" not in shown


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"[" * 100_000, b'"' + b"x" * (2 << 20) + b'"'])
def test_a_server_that_is_not_twilio_is_told(body: bytes, tmp_path: Path) -> None:
    """Whatever it answers, it is no proof of anything."""
    answer = Answer(accept=False, status=200, body=body)
    with Sandbox(Settings(query_script=lambda query: answer)) as sandbox:
        config(tmp_path, sandbox.url)
        status, found, _ = check(tmp_path)
    assert (status, grades(found)) == (1, [("network", "unreachable")])


def test_people_see_each_failure_with_what_to_do(tmp_path: Path) -> None:
    """Without `-o json` a finding is a line, and its hint the next."""
    with Sandbox(Settings(senders=frozenset({SERVICE}))) as sandbox:
        config(tmp_path, sandbox.url)
        done = run("check", "--online", cwd=tmp_path, env=CREDENTIALS)
    shown = done.stdout.decode()
    assert done.returncode == 4
    assert f"refused   {NUMBER}: the account does not have the number {NUMBER}" in shown
    assert "Active numbers" in shown


def test_every_action_s_sender_is_verified(tmp_path: Path) -> None:
    """An action's own number counts like the destination's, and each is asked about once."""
    with Sandbox(Settings(senders=frozenset({NUMBER, "12345"}))) as sandbox:
        config(tmp_path, sandbox.url)
        path = tmp_path / "twiliodest.yaml"
        more = '  - {name: "%s", trigger: \'event = "X"\', to: $.phone, body: Hi, number: "%s"}\n'
        path.write_text(path.read_text() + more % ("b", "12345") + more % ("c", "12345"))
        status, found, _ = check(tmp_path)
    assert (status, grades(found)) == (0, [("account", "ok"), (NUMBER, "ok"), ("12345", "ok")])


def test_messaging_services_are_on_a_host_of_their_own() -> None:
    """At Twilio the Messaging product has its own host, also at an edge; any other server is everything."""
    bases = {
        "https://api.twilio.com": "https://messaging.twilio.com",
        "https://api.dublin.ie1.twilio.com": "https://messaging.dublin.ie1.twilio.com",
        "http://127.0.0.1:8025": "http://127.0.0.1:8025",
        "https://api.example.com": "https://api.example.com",
    }
    for base, messaging in bases.items():
        reader = Reader(Account(sid=ACCOUNT, user=ACCOUNT, token=Secret(TOKEN), api_base=base), {})
        assert reader.bases == (base, messaging)
        reader.close()


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([NUMBER, "sms", "active", "Trial", ACCOUNT]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("status", "type", "code", "account_sid", "incoming_phone_numbers", "phone_number"),
                    *("capabilities", "short_codes", "phone_numbers", "sms", "short_code"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_answer_of_twilio_s_makes_it_stumble(data: st.DataObject) -> None:
    """Whatever shape an answer has, there is a finding with a grade, and a hint unless all is well."""
    sender = data.draw(st.sampled_from([NUMBER, "12345", SERVICE, "Acme", "whatsapp:+15005550006"]))
    action = SendSms(
        name="one",
        trigger=parse("true"),
        to=[compile_field("$.to")],
        body=None,
        media=[compile_field("$.media")] if data.draw(st.booleans()) else [],
        sender=sender,
    )
    user = data.draw(st.sampled_from([ACCOUNT, KEY]))

    def get(path: str, params: object) -> tuple[int, dict[str, Any]]:
        status = data.draw(st.sampled_from([200, 200, 200, 400, 401, 403, 404, 0]))
        if not status:
            raise Unreachable("gone")
        body = data.draw(ANSWERS)
        return status, body if isinstance(body, dict) else {}

    account = Account(sid=ACCOUNT, user=user, token=Secret(TOKEN), api_base="")
    found = verify(account, [action], get)
    assert found
    assert all(item.hint for item in found if item.grade is not Grade.OK)
