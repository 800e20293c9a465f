"""What Segment's Public API answers, made up; and what `init --from` makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shell import CREDENTIALS, run

TRIGGER = 'type = "track"'
SERVICE = "MG" + "0" * 32
CONTENT = "HX" + "0" * 32
DESTINATION = {
    "data": {
        "destination": {
            "id": "dest",
            "name": "Texts",
            "enabled": True,
            "settings": {"accountId": "AC" + "2" * 32, "token": "hunter2", "phoneNumber": "+15005550006"},
        }
    }
}
SMS = {"To": {"@path": "$.properties.phone"}, "Body": "Hello"}
MESSAGE = {
    "channel": "SMS",
    "senderType": "Phone number",
    "fromPhoneNumber": "+15005550006",
    "toPhoneNumber": {"@path": "$.properties.phone"},
    "contentTemplateType": "Inline",
    "inlineBody": "Hello",
}


def subscription(name: str = "Greeting", action: str = "sendSMS", **more: Any) -> dict[str, Any]:
    """One subscription; `settings` are what its action is given."""
    settings = SMS if action == "sendSMS" else MESSAGE
    return {
        "name": name,
        "actionSlug": action,
        "enabled": True,
        "trigger": TRIGGER,
        "settings": settings,
        **more,
    }


def listed(*subscriptions: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to "list subscriptions"."""
    return {"data": {"subscriptions": subscriptions, "pagination": {"current": "MA=="}}}


def taken_over(folder: Path, *answers: Any) -> tuple[str, str]:
    """The configuration that the answers become, which `check` finds nothing wrong with, and standard error."""
    names = [f"answer-{number}.json" for number in range(len(answers))]
    for name, answer in zip(names, answers, strict=True):
        (folder / name).write_text(json.dumps(answer))
    done = run("init", "--from", *names, cwd=folder)
    assert done.returncode == 0, done.stderr.decode()
    checked = run("check", cwd=folder, env=CREDENTIALS)
    assert checked.returncode == 0, checked.stderr.decode()
    return (folder / "twiliodest.yaml").read_text(), done.stderr.decode()
