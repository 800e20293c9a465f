"""Content templates: the sandbox's own, and the text that one gives with its variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from twiliodest.sandbox.life import End, end
from twiliodest.sandbox.refusals import Refusal

SID = re.compile(r"HX[0-9a-fA-F]{32}")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_MISSING = 63028


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A content template; `variables` are what stands in for a variable that is not given."""

    name: str = ""
    body: str = ""
    media: list[str] = []
    variables: dict[str | int, str | int] = {}


class Content(msgspec.Struct, frozen=True):
    """What a content template gives; `ends` is how the message ends if a variable has no value."""

    body: str
    media: tuple[str, ...] = ()
    ends: End | None = None


def content(fields: Mapping[str, str], templates: Mapping[str, Template] | None) -> Content | Refusal | None:
    """The content that a form asks for; None if it asks for none.

    Without `templates` every well-formed SID is one, whose text names it and its variables.
    """
    sid, variables = fields.get("ContentSid", ""), fields.get("ContentVariables", "")
    if not sid:
        return Refusal(21654, "ContentVariables needs a ContentSid.") if variables else None
    if not SID.fullmatch(sid) or (templates is not None and sid not in templates):
        return Refusal(21655, f"The ContentSid is invalid: {sid}")
    given = _variables(variables)
    if given is None:
        return Refusal(21656, "The Content Variables parameter is invalid.")
    if templates is None:
        return Content(", ".join([f"[{sid}]", *(f"{name}: {value}" for name, value in given.items())]))
    return _render(templates[sid], given)


def resource(sid: str, template: Template) -> Mapping[str, Any]:
    """A template as Twilio's Content API shows it."""
    url = f"https://content.twilio.com/v1/Content/{sid}"
    kind: dict[str, Any] = {"body": template.body, **({"media": template.media} if template.media else {})}
    return {
        "sid": sid,
        "account_sid": None,
        "friendly_name": template.name or sid,
        "language": "en",
        "variables": {str(name): str(value) for name, value in template.variables.items()},
        "types": {"twilio/media" if template.media else "twilio/text": kind},
        "date_created": "1970-01-01T00:00:00Z",
        "date_updated": "1970-01-01T00:00:00Z",
        "url": url,
        "links": {"approval_fetch": f"{url}/ApprovalRequests"},
    }


def approvals(sid: str) -> Mapping[str, Any]:
    """Every template of the sandbox is approved for WhatsApp."""
    url = f"https://content.twilio.com/v1/Content/{sid}/ApprovalRequests"
    whatsapp = {"name": sid.lower(), "category": "UTILITY", "status": "approved", "rejection_reason": ""}
    return {"sid": sid, "account_sid": None, "whatsapp": whatsapp, "url": url}


def _variables(text: str) -> dict[str, str] | None:
    if not text:
        return {}
    try:
        values = msgspec.json.decode(text, type=dict[str, str | int | float])
    except ValueError:
        return None
    return {name: str(value) for name, value in values.items()}


def _render(template: Template, given: Mapping[str, str]) -> Content:
    values = {**{str(name): str(value) for name, value in template.variables.items()}, **given}
    missing = [
        name for text in (template.body, *template.media) for name in _names(text) if name not in values
    ]
    fill: Callable[[str], str] = lambda text: _VARIABLE.sub(lambda it: values.get(it[1], it[0]), text)  # noqa: E731
    return Content(fill(template.body), tuple(map(fill, template.media)), end(_MISSING) if missing else None)


def _names(text: str) -> list[str]:
    return [str(name) for name in _VARIABLE.findall(text)]
