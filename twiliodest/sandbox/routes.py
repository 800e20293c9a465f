"""Which resource a path names, and what it shows to whoever only looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twiliodest.sandbox import contents, listing
from twiliodest.sandbox.messages import Text, resource
from twiliodest.sandbox.refusals import Refusal, not_found
from twiliodest.sandbox.settings import Settings
from twiliodest.sandbox.store import Request, Store

_PATH = re.compile(
    r"/2010-04-01/Accounts/(?P<account>AC[0-9a-fA-F]{32})"
    r"(?:/(?P<kind>SMS/ShortCodes|\w+)(?:/(?P<sid>\w+)(?:/(?P<part>Media|Feedback)(?:/(?P<media>\w+))?)?)?)?\.json"
)
_SERVICE = re.compile(r"/v1/Services/(MG[0-9a-fA-F]{32})(?:/(PhoneNumbers|ShortCodes))?")
_CONTENT = re.compile(r"/v1/Content/(HX[0-9a-fA-F]{32})(/ApprovalRequests)?")
_LISTS = ("IncomingPhoneNumbers", "SMS/ShortCodes", "Balance")

Path = Mapping[str, str | None]


def read(path: str) -> Path | None:
    """The parts of a path under an account: `account`, `kind`, `sid`, `part`, `media`."""
    found = _PATH.fullmatch(path)
    return found.groupdict() if found else None


def look_up(
    request: Request, path: Path | None, settings: Settings, store: Store
) -> Mapping[str, Any] | Refusal:
    """What a GET shows."""
    if path is None:
        return _other(request.path, settings)
    account, kind, now = str(path["account"]), path["kind"], settings.clock()
    if kind is None:
        return listing.account(account, trial=settings.trial)
    if kind in _LISTS and not path["sid"]:
        return _of_account(account, kind, request, settings)
    if kind == "Messages" and not path["sid"]:
        return listing.messages(account, request.query, store, now)
    text = message(path, store)
    if text is None or path["part"] == "Feedback":
        return not_found(request.path)
    if path["part"] is None:
        return resource(text, now)
    shown = listing.media(text)
    if path["media"] is None:
        return shown
    return next((it for it in shown["media_list"] if it["sid"] == path["media"]), None) or not_found(
        request.path
    )


def message(path: Path, store: Store) -> Text | None:
    """The message that a path names, if it is the account's."""
    text = store.get(path["sid"] or "") if path["kind"] == "Messages" else None
    return text if text and text.account == path["account"] else None


def _of_account(account: str, kind: str, request: Request, settings: Settings) -> Mapping[str, Any]:
    if kind == "IncomingPhoneNumbers":
        return listing.numbers(account, request.query, settings.senders)
    if kind == "SMS/ShortCodes":
        return listing.short_codes(account, request.query, settings.senders)
    return {"account_sid": account, "balance": "0.00", "currency": "USD"}


def _other(path: str, settings: Settings) -> Mapping[str, Any] | Refusal:
    """What is beside the accounts: Messaging Services and content templates."""
    if found := _SERVICE.fullmatch(path):
        senders = settings.senders
        if senders is not None and found[1] not in senders:
            return not_found(path)
        return listing.pool(found[2], senders) if found[2] else listing.service(found[1])
    found = _CONTENT.fullmatch(path)
    template = (settings.templates or {}).get(found[1]) if found else None
    if not found or template is None:
        return not_found(path)
    return contents.approvals(found[1]) if found[2] else contents.resource(found[1], template)
