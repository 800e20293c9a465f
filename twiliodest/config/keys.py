"""Every key of a configuration: what it is called, what it means, and how its value looks.

The one list of them: the checks take the names that they know from here, and the JSON Schema is made of it. A new key
is a line here, and a row in the docs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from twiliodest.config import shapes
from twiliodest.config.shapes import Shape, amount, count, mapping, setting, text, texts
from twiliodest.guards.durations import DURATION
from twiliodest.guards.quiet_hours import TIME
from twiliodest.messages.parameters import PARAMETERS
from twiliodest.messages.phones import CHANNELS
from twiliodest.messages.send_sms import MEDIA_LIMIT

TO_LIMIT = 100  # alternatives
MOST_REQUESTS = 500  # at once
MOST_MESSAGES = 10**12
POLICIES = ("hold", "send_at")
LATE = ("send", "skip")


class Key(NamedTuple):
    """A sentence on what it does, and the shape of its value."""

    says: str
    shape: Shape


QUIET_HOURS: Mapping[str, Key] = {
    "from": Key('when they begin, like "21:00"', text(TIME, "integer")),
    "to": Key('when they end, like "08:00"', text(TIME, "integer")),
    "policy": Key(
        "hold: a later run sends; send_at: Twilio sends when they are over, through a Messaging Service",
        text("|".join(POLICIES)),
    ),
    "time_zone": Key("for everybody, like Europe/London; without it, each recipient's own", text()),
}

_QUIET = mapping({name: key.shape for name, key in QUIET_HOURS.items()}, "from", "to")
_OFF: Shape = {"anyOf": [text(shapes.SWITCHED_OFF), {"enum": [False]}]}

SHARED: Mapping[str, Key] = {
    "channel": Key("how it is sent; sms by default", text("|".join(CHANNELS))),
    "validity_period": Key("how long Twilio tries, 1s to 10h", text(DURATION)),
    "max_age": Key("of an event; nothing is sent for an older one", text(DURATION)),
    "status_callback": Key("where Twilio reports what became of it: an address, or a template", text()),
    "twilio": Key(
        "any other parameter of Twilio's API, by its own name",
        mapping({name: texts(it.most) if it.most > 1 else text() for name, it in PARAMETERS.items()}),
    ),
}  # of an action, and a setting for all

FIELDS: Mapping[str, Key] = {
    "name": Key("unique; the ledger remembers by it what was sent", text()),
    "trigger": Key("which events, in FQL; without it, every track event", text()),
    "to": Key(
        "the recipient: a path or template, or a list of them, of which the first is used", texts(TO_LIMIT)
    ),
    "to_all": Key("instead of to: everybody there gets a text of their own", texts(TO_LIMIT)),
    "body": Key("the text, a template that gives 1 to 1,600 characters", text()),
    "media_url": Key("makes it an MMS: a path or template, or a list of them", texts(MEDIA_LIMIT)),
    "number": Key("a different sender for this action", text()),
    "content_sid": Key("a content template, HX…, instead of the body", text()),
    "content_variables": Key(
        'what its variables are: {"1": $.properties.name}',
        {"type": "object", "additionalProperties": text(), "minProperties": 1},
    ),
    "send_at": Key("when Twilio should send it: a path or template that gives a time", text()),
    "before": Key("how much earlier than send_at, like 2h", text(DURATION)),
    "after": Key("how much later than send_at, like 30m", text(DURATION)),
    "late": Key("what to do when that time has passed", text("|".join(LATE))),
    **SHARED,
    "quiet_hours": Key("its own, instead of the setting's; off for none", {"anyOf": [_QUIET, _OFF]}),
    "cooldown": Key(
        "between two texts of this action to one person, like 1h; off for none",
        {"anyOf": [text(DURATION), _OFF]},
    ),
    "enabled": Key("false leaves the action out", text(shapes.SWITCH, "boolean")),
}  # of an action

SETTINGS: Mapping[str, Key] = {
    "account": Key("the account's SID, AC…; without it TWILIO_ACCOUNT_SID", setting(shapes.ACCOUNT)),
    "account_file": Key("a file that contains the account's SID", setting()),
    "token": Key(
        "the auth token, from the environment: ${TWILIO_AUTH_TOKEN}",
        setting(shapes.TOKEN, "number", "boolean"),
    ),
    "token_file": Key("a file that contains the auth token, as containers mount it", setting()),
    "api_key": Key("an API key's SID, SK…; the token is then its secret", setting(shapes.API_KEY)),
    "number": Key(
        "the sender: a number in quotes, a short code, an alphanumeric sender or a Messaging Service, MG…",
        setting(),
    ),
    "actions": Key("what is texted, to whom, on which events", {}),
    "edge": Key("Twilio's edge, like dublin", setting(shapes.HOST, "number", "boolean")),
    "region": Key("Twilio's region, like ie1", setting(shapes.HOST, "number", "boolean")),
    "api_base": Key("another server: a sandbox or your own gateway", setting()),
    "default_region": Key(
        "a country like US, whose national numbers are read", setting(shapes.REGION, "boolean")
    ),
    "event_id": Key(
        "what tells events apart: a path or template, or a list of them; $.messageId by default",
        {"anyOf": [setting(), {"type": "array", "items": setting(), "minItems": 1}]},
    ),
    "events_at": Key("where the events are in an envelope, like $.results", setting()),
    "rate": Key("messages per second, at most", amount(0.001)),
    "concurrency": Key("requests at a time; 10 by default", count(MOST_REQUESTS)),
    "max_messages": Key("files that make more messages than this send nothing", count(MOST_MESSAGES)),
    "price_per_segment": Key("for the estimate of costs", amount(0)),
    "price_per_mms": Key("for the estimate of costs", amount(0)),
    "currency": Key("the prices' currency; USD by default", setting(shapes.CURRENCY, "boolean")),
    "ledger": Key("the file that remembers what was sent", setting()),
    "quiet_hours": Key(
        'hours in which nobody is texted: {from: "21:00", to: "08:00"}',
        _QUIET,
    ),
    "cooldown": Key("between two texts of one action to one person, like 1h", setting(DURATION)),
    "suppress": Key("a file of numbers that are never texted", setting()),
    "smart_encoding": Key(
        "true lets Twilio replace typographic characters", setting(shapes.SWITCH, "boolean")
    ),
    "list_separator": Key("between the items of a list in a text; a comma and a space by default", text()),
    "time": Key("where events say when they happened; $.timestamp by default", text()),
    **SHARED,
}


def schema() -> dict[str, Any]:
    """The whole configuration as a JSON Schema."""
    action = {
        **mapping(_described(FIELDS), "name"),
        "allOf": [_any_of("body", "media_url", "content_sid"), _any_of("to", "to_all")],
        "not": {"required": ["to", "to_all"]},
    }
    settings = _described(SETTINGS)
    settings["actions"] |= {"type": "array", "minItems": 1, "items": action}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The configuration of twiliodest",
        **mapping(settings, "number", "actions"),
        "not": {"anyOf": [{"required": [name, f"{name}_file"]} for name in ("account", "token")]},
    }


def _any_of(*names: str) -> Shape:
    return {"anyOf": [{"required": [name]} for name in names]}


def _described(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {name: {"description": key.says, **key.shape} for name, key in keys.items()}
