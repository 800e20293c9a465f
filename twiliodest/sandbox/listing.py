"""What Twilio's read-only resources show: lists in pages, the account, numbers, Messaging Services."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from twiliodest.sandbox.chaos import Form
from twiliodest.sandbox.messages import POOL, Text, media_sids, resource, rfc2822
from twiliodest.sandbox.refusals import Refusal
from twiliodest.sandbox.store import Store

_DAY = timedelta(days=1).total_seconds()
_SHORT_CODE = re.compile(r"[1-9][0-9]{4,5}")
_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}|[1-9][0-9]{4,5}")


def messages(account: str, query: Form, store: Store, now: float) -> Mapping[str, Any] | Refusal:
    """A page of the account's messages, newest first, recorded refusals among them.

    Filters: To, From, DateSent (a day), `DateSent<`, `DateSent>` (both inclusive); a message that was
    not sent yet passes no DateSent filter. PageToken stays right while new messages arrive.
    """
    asked = dict(query)
    try:
        size, page = int(asked.get("PageSize") or 50), int(asked.get("Page") or 0)
        before = int(asked["PageToken"].removeprefix("PASM")) if "PageToken" in asked else None
        tests = _tests(asked, now)
    except ValueError as error:
        return Refusal(20001, f"Invalid parameter: {error}")
    if not 1 <= size <= 1000 or page < 0:
        return Refusal(20007, "Page size must be between 1 and 1000.")
    texts = store.texts_to(asked["To"]) if asked.get("To") else store.texts()
    found = _select(reversed(texts), account, before, tests)
    start = page * size
    rows = found[:size] if before is not None else found[start : start + size]
    more = len(found) > (size if before is not None else start + size)
    path = f"/2010-04-01/Accounts/{account}/Messages.json"
    filters = [(name, value) for name, value in query if name not in ("Page", "PageToken", "PageSize")]

    def uri(number: int, *token: tuple[str, str]) -> str:
        return f"{path}?{urlencode([*filters, ('PageSize', size), ('Page', number), *token])}"

    token = ("PageToken", f"PASM{rows[-1].seq}") if more else None
    return {
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1, token) if token else None,
        "previous_page_uri": uri(page - 1) if page else None,
        "uri": uri(page, *((("PageToken", asked["PageToken"]),) if before is not None else ())),
        "page": page,
        "page_size": size,
        "start": start,
        "end": max(start + len(rows) - 1, 0),
        "messages": [resource(text, now) for text in rows],
    }


def media(text: Text) -> Mapping[str, Any]:
    """The media of a message, each with a SID of its own."""
    path = f"/2010-04-01/Accounts/{text.account}/Messages/{text.sid}/Media"
    date = rfc2822(int(text.at))
    found = []
    for sid, url in zip(media_sids(text), text.media, strict=True):
        kind = mimetypes.guess_type(url.partition("?")[0])[0] or "application/octet-stream"
        shown = {"sid": sid, "account_sid": text.account, "parent_sid": text.sid, "content_type": kind}
        found.append({**shown, "date_created": date, "date_updated": date, "uri": f"{path}/{sid}.json"})
    page = {"page": 0, "page_size": 50, "start": 0, "end": max(len(found) - 1, 0)}
    uri = f"{path}.json?PageSize=50&Page=0"
    more = {"first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None, "uri": uri}
    return {"media_list": found, **page, **more}


def account(sid: str, *, trial: bool) -> Mapping[str, Any]:
    uri = f"/2010-04-01/Accounts/{sid}"
    created = rfc2822(0)
    return {
        "sid": sid,
        "friendly_name": "Sandbox",
        "status": "active",
        "type": "Trial" if trial else "Full",
        "owner_account_sid": sid,
        "date_created": created,
        "date_updated": created,
        "subresource_uris": {"messages": f"{uri}/Messages.json"},
        "uri": f"{uri}.json",
    }


def service(sid: str) -> Mapping[str, Any]:
    """A Messaging Service; its account is not known from the request and left out."""
    return {
        "sid": sid,
        "account_sid": None,
        "friendly_name": "Sandbox",
        "date_created": "1970-01-01T00:00:00Z",
        "date_updated": "1970-01-01T00:00:00Z",
        "smart_encoding": False,
        "mms_converter": True,
        "validity_period": 36000,
        "url": f"https://messaging.twilio.com/v1/Services/{sid}",
        "links": {"phone_numbers": f"https://messaging.twilio.com/v1/Services/{sid}/PhoneNumbers"},
    }


def numbers(account: str, query: Form, senders: Collection[str] | None) -> Mapping[str, Any]:
    """The account's numbers, all able to send; any number that is asked for when no senders are set."""
    asked = dict(query).get("PhoneNumber")
    owned: Iterable[str] = senders if senders is not None else [asked] if asked else []
    found = sorted(n for n in owned if _NUMBER.fullmatch(n) and (not asked or asked == n))
    uri = f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers"
    return {
        "incoming_phone_numbers": [
            {
                "sid": f"PN{number.lstrip('+'):0>32}",
                "account_sid": account,
                "phone_number": number,
                "friendly_name": number,
                "capabilities": {"sms": True, "mms": True, "voice": True, "fax": False},
                "uri": f"{uri}/PN{number.lstrip('+'):0>32}.json",
            }
            for number in found
        ],
        "page": 0,
        "page_size": 50,
        "start": 0,
        "end": max(len(found) - 1, 0),
        "first_page_uri": f"{uri}.json?PageSize=50&Page=0",
        "next_page_uri": None,
        "previous_page_uri": None,
        "uri": f"{uri}.json?PageSize=50&Page=0",
    }


def short_codes(account: str, query: Form, senders: Collection[str] | None) -> Mapping[str, Any]:
    """The account's short codes, or any that is asked for, as with numbers."""
    asked = dict(query).get("ShortCode")
    owned: Iterable[str] = senders if senders is not None else [asked] if asked else []
    found = sorted(n for n in owned if _SHORT_CODE.fullmatch(n) and (not asked or asked == n))
    return {
        "short_codes": [
            {"sid": f"SC{code:0>32}", "account_sid": account, "short_code": code, "friendly_name": code}
            for code in found
        ],
        "page": 0,
        "page_size": 50,
        "next_page_uri": None,
    }


def pool(kind: str, senders: Collection[str] | None) -> Mapping[str, Any]:
    """The senders of every Messaging Service: the account's numbers and short codes, or one number."""
    key, name = ("phone_numbers", "phone_number") if kind == "PhoneNumbers" else ("short_codes", "short_code")
    owned = sorted({POOL} if senders is None else filter(_NUMBER.fullmatch, senders))
    return {
        key: [
            {name: number, "country_code": "US", "capabilities": ["SMS", "MMS"]}
            for number in owned
            if number.startswith("+") == (kind == "PhoneNumbers")
        ],
        "meta": {"page": 0, "page_size": 50, "next_page_url": None, "key": key},
    }


Test = Callable[[Text], bool]


def _select(texts: Iterable[Text], account: str, before: int | None, tests: list[Test]) -> list[Text]:
    return [
        text
        for text in texts
        if text.account == account
        and (before is None or text.seq < before)
        and all(passes(text) for passes in tests)
    ]


def _tests(asked: Mapping[str, str], now: float) -> list[Test]:
    tests: list[Test] = []
    if sender := asked.get("From"):
        tests.append(lambda text: text.sender_in(text.status(now)) == sender)
    for name in ("DateSent", "DateSent<", "DateSent>"):
        if value := asked.get(name):
            low, high = _span(value)
            low, high = (0.0 if name[-1] == "<" else low), (now if name[-1] == ">" else high)
            tests.append(lambda text, low=low, high=high: low <= _sent(text) <= min(high, now))  # type: ignore[misc] # mypy cannot type defaults
    return tests


def _sent(text: Text) -> float:
    return next((at for at, status in text.steps if status == "sent"), float("inf"))


def _span(value: str) -> tuple[float, float]:
    """The seconds that an ISO 8601 or RFC 2822 date means: a whole day, or one moment. Else ValueError."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = parsedate_to_datetime(value)
    start = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return (start, start + _DAY - 1) if len(value) <= len("2026-01-02") else (start, start)
