"""A validator that is given Twilio's own OpenAPI description finds nothing to say about the sandbox's answers.

The description is not kept here: TWILIO_OPENAPI names the folder `spec/json` of a copy of
github.com/twilio/twilio-oai.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from test_sandbox import ACCOUNT, MESSAGES, SERVICE, post, sandbox

FOLDER = os.environ.get("TWILIO_OPENAPI")
START = 1_700_000_000.0


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    if not FOLDER:
        pytest.skip("TWILIO_OPENAPI does not name a folder with Twilio's OpenAPI description")
    read: dict[str, Any] = json.loads((Path(FOLDER) / "twilio_api_v2010.json").read_text())
    return read


def resolved(schema: Any, whole: dict[str, Any]) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema: references put in place, and null where it may be."""
    if isinstance(schema, list):
        return [resolved(it, whole) for it in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found = whole
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = {**found, **{name: it for name, it in schema.items() if name != "$ref"}}
    made = {name: resolved(it, whole) for name, it in schema.items() if name not in ("nullable", "format")}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made


def complaints(answer: httpx.Response, path: str, whole: dict[str, Any]) -> list[str]:
    """What the description does not allow in an answer to a request of that path, as it names it."""
    operation = whole["paths"][path][answer.request.method.lower()]
    described = operation["responses"][str(answer.status_code)]
    if "content" not in described:
        return [] if not answer.content else ["a body where there is none"]
    schema = resolved(described["content"]["application/json"]["schema"], whole)
    shown = answer.json()
    named = schema.get("properties", {})
    unknown = [f"{name} is not described" for name in shown if name not in named]
    return unknown + [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(shown)]


def test_every_answer_is_one_that_twilio_describes(description: dict[str, Any]) -> None:
    """Create, fetch, list, update, delete and media, in every status."""
    base = "/2010-04-01/Accounts/{AccountSid}/Messages"
    now = [START]
    found: dict[str, list[str]] = {}

    def ask(what: str, path: str, answer: httpx.Response) -> Any:
        found[what] = complaints(answer, path, description)
        return answer.json() if answer.content else None

    with sandbox(clock=lambda: now[0]) as (_, client):
        forms: dict[str, dict[str, Any]] = {
            "plain": {},
            "service": {"From": SERVICE},
            "scheduled": {"From": SERVICE, "ScheduleType": "fixed", "SendAt": "2023-11-15T00:00:00Z"},
            "media": {"MediaUrl": "https://example.com/a.png"},
            "undelivered": {"To": "+15005530003"},
        }
        for name, form in forms.items():
            sid = ask(name, f"{base}.json", post(client, **form))["sid"]
            one = MESSAGES.replace(".json", f"/{sid}.json")
            for second in (0, 0.3, 0.6, 1.5, 5):
                now[0] = START + second
                ask(f"{name} after {second} s", f"{base}/{{Sid}}.json", client.get(one))
            now[0] = START
        waiting = MESSAGES.replace(".json", f"/{_of(client, 'scheduled')}.json")
        ask("canceled", f"{base}/{{Sid}}.json", client.post(waiting, data={"Status": "canceled"}))
        now[0] += 10
        ask("list", f"{base}.json", client.get(MESSAGES, params={"PageSize": 2}))
        media = MESSAGES.replace(".json", f"/{_of(client, 'MM')}/Media.json")
        (picture,) = ask("media list", f"{base}/{{MessageSid}}/Media.json", client.get(media))["media_list"]
        ask("one of media", f"{base}/{{MessageSid}}/Media/{{Sid}}.json", client.get(picture["uri"]))
        ask("deleted", f"{base}/{{Sid}}.json", client.delete(media.replace("/Media.json", ".json")))
        ask("account", "/2010-04-01/Accounts/{Sid}.json", client.get(f"/2010-04-01/Accounts/{ACCOUNT}.json"))
    assert {what: said for what, said in found.items() if said} == {}


def _of(client: httpx.Client, what: str) -> str:
    """The SID of the message that has this status, or begins so."""
    messages = client.get(MESSAGES).json()["messages"]
    return next(str(it["sid"]) for it in messages if what in (it["status"], it["sid"][:2]))
