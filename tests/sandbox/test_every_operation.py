"""The same script of every operation on messages, through Twilio's SDKs for Python and for Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_sandbox_sdk import ACCOUNT, SERVICE, ToSandbox

from twiliodest.sandbox import Sandbox, Settings, Template

HX = "HX" + "a" * 32
PACE = 0.3
TO, FROM = "+15557654321", "+15551234567"
SETTINGS = Settings(pace=PACE, templates={HX: Template(body="Hi {{1}}")})
EXPECTED = {
    "created": ["queued", "queued", "queued", "scheduled", "accepted"],
    "body": "Hi Ann",
    "canceled": "canceled",
    "tooLate": 30409,
    "delivered": ["delivered", "-0.00790", "USD", None],
    "undelivered": ["undelivered", 30003],
    "listed": ["canceled", "delivered", "delivered", "delivered"],
    "since": 3,
    "media": [2, "image/png"],
    "feedback": "confirmed",
    "redacted": "",
    "gone": [True, True, 20404],
    "noContent": 21655,
    "account": "active",
}


def test_the_sdk_for_python_does_every_operation() -> None:
    """Create with each parameter, fetch, list, cancel, redact, delete, media, feedback, account."""
    pytest.importorskip("twilio")
    with Sandbox(SETTINGS) as sandbox:
        assert _in_python(sandbox.url) == EXPECTED


def _in_python(url: str) -> dict[str, Any]:
    from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped] # the SDK has no types
    from twilio.rest import Client  # type: ignore[import-untyped] # the SDK has no types

    client = Client(ACCOUNT, "token", http_client=ToSandbox(url))
    messages = client.messages

    def code(do: Any) -> int | None:
        try:
            do()
        except TwilioRestException as error:
            return int(error.code)
        return None

    plain = messages.create(
        to=TO, from_=FROM, body="Hello", validity_period=600, provide_feedback=True, attempt=1,
        smart_encoded=True, risk_check="disable", content_retention="retain", address_retention="retain",
        force_delivery=False, status_callback="http://127.0.0.1:1/callback",
    )  # fmt: skip
    pictures = ["https://example.com/a.png", "https://example.com/b.png"]
    picture = messages.create(to=TO, from_=FROM, body="Look", media_url=pictures)
    template = messages.create(to=TO, from_=FROM, content_sid=HX, content_variables='{"1": "Ann"}')
    later = datetime.now(UTC) + timedelta(hours=1)
    service: Any = {"messaging_service_sid": SERVICE}
    scheduled = messages.create(to=TO, body="Soon", schedule_type="fixed", send_at=later, **service)
    linked = messages.create(to="+15550000002", body="Hi", shorten_urls=True, **service)
    unreachable = messages.create(to="+15005530003", from_=FROM, body="Hello")
    canceled = messages(scheduled.sid).update(status="canceled")
    too_late = code(lambda: messages(plain.sid).update(status="canceled"))
    time.sleep(PACE + 0.2)
    delivered, undelivered = messages(plain.sid).fetch(), messages(unreachable.sid).fetch()
    listed = messages.list(to=TO, page_size=2)
    since = messages.list(date_sent_after=datetime.now(UTC) - timedelta(days=1), limit=3)
    media = messages(picture.sid).media.list()
    one = messages(picture.sid).media(media[0].sid).fetch()
    feedback = messages(plain.sid).feedback.create(outcome="confirmed")
    redacted = messages(plain.sid).update(body="")
    media_gone = messages(picture.sid).media(media[0].sid).delete()
    gone = messages(template.sid).delete()
    return {
        "created": [it.status for it in (plain, picture, template, scheduled, linked)],
        "body": template.body,
        "canceled": canceled.status,
        "tooLate": too_late,
        "delivered": [delivered.status, delivered.price, delivered.price_unit, delivered.error_code],
        "undelivered": [undelivered.status, undelivered.error_code],
        "listed": [it.status for it in listed],
        "since": len(since),
        "media": [len(media), one.content_type],
        "feedback": feedback.outcome,
        "redacted": redacted.body,
        "gone": [media_gone, gone, code(messages(template.sid).fetch)],
        "noContent": code(lambda: messages.create(to=TO, from_=FROM, content_sid="HX" + "b" * 32)),
        "account": client.api.accounts(ACCOUNT).fetch().status,
    }


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Twilio's SDK for Node: that of TWILIO_NODE, or one that npm fills now."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs Node and npm on the PATH")
    if given := os.environ.get("TWILIO_NODE"):
        return Path(given)
    folder = tmp_path_factory.mktemp("node")
    command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "twilio@6"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm cannot install Twilio's SDK: {error}")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_sdk_for_node_does_every_operation(node: Path) -> None:
    """The same script, with the same results."""
    script = Path(__file__).with_name("every_operation.mjs")
    with Sandbox(SETTINGS) as sandbox:
        command = ["node", str(script), sandbox.url, str(PACE)]
        done = subprocess.run(command, cwd=node, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED
