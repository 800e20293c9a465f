"""Whether Twilio would let the actions send: read-only requests about the account and every sender."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from twiliodest.checks.findings import Grade, Verified
from twiliodest.messages.phones import SenderKind, sender_kind
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Account
from twiliodest.twilio.reader import Unreachable

Get = Callable[[str, Mapping[str, str]], tuple[int, Mapping[str, Any]]]
"""GET a path with a query: the status below 500 and the JSON object, or `Unreachable`."""


def verify(account: Account, actions: Sequence[SendSms], get: Get) -> list[Verified]:
    """Ask about the account, and if that can send, about every sender. It ends where Twilio cannot be reached."""
    found: list[Verified] = []
    try:
        found += _account(account, get)
        if found[0].grade is Grade.REFUSED:
            return found
        is_trial = any(item.message == _TRIAL for item in found)
        for sender in dict.fromkeys(action.sender for action in actions):
            media = [action.name for action in actions if action.sender == sender and action.media]
            found += _sender(sender, media, account.sid, is_trial, get)
    except Unreachable as error:
        hint = "check the network, the proxy and api_base, and try again"
        message = f"Twilio cannot be reached: {error}"
        found.append(Verified(subject="network", grade=Grade.UNREACHABLE, message=message, hint=hint))
    return found


_TRIAL = "a trial account can text verified numbers only, and puts a notice before every text"
_LISTED = 200  # senders of a Messaging Service that are looked at


def _account(account: Account, get: Get) -> Iterator[Verified]:
    status, body = get(f"/2010-04-01/Accounts/{account.sid}.json", {})
    is_key = account.user != account.sid
    if body.get("code") == 20008:
        hint = "use the account's live credentials: with the test ones Twilio sends nothing and shows nothing"
        yield _refused("account", "these are test credentials: messages sent with them reach nobody", hint)
    elif is_key and status in (401, 403):
        yield _key(account, get)
    elif status == 200 and body.get("status") in ("suspended", "closed"):
        hint = "Twilio's console says why; Twilio's support can open it again"
        yield _refused("account", f"the account is {body['status']}", hint)
    elif status == 200:
        credentials = "API key works" if is_key else "credentials work"
        yield _ok("account", f"the {credentials}, and the account is active")
        if body.get("type") == "Trial":
            yield _warning("account", _TRIAL, "upgrade it in Twilio's console to text anybody")
    elif status == 404:
        yield _refused(
            "account",
            f"there is no account {account.sid} on this server",
            "check account, region and api_base",
        )
    else:
        hint = (
            "compare both with Twilio's console: account SID and auth token, for the region of this host; "
            "a suspended or closed account is refused in the same way"
        )
        yield _refused("account", f"Twilio does not accept the account and token{_told(status, body)}", hint)


def _key(account: Account, get: Get) -> Verified:
    """An API key of the Standard type may read everything but the account itself."""
    status, body = get(f"/2010-04-01/Accounts/{account.sid}/Messages.json", {"PageSize": "1"})
    if status == 200:
        return _ok(
            "account",
            "the API key works; it may not read the account, so a trial or a suspension cannot be seen",
        )
    if status == 403:
        hint = "a restricted key must have the permission to create messages; a Standard key has it"
        return _warning("account", f"the API key may not read messages{_told(status, body)}", hint)
    hint = (
        "compare with Twilio's console: the key must exist, and belong to this account and the region of this host; "
        "token is the key's secret, which is shown only once"
    )
    return _refused(
        "account", f"Twilio does not accept the API key and its secret{_told(status, body)}", hint
    )


def _sender(sender: str, media: Sequence[str], account: str, is_trial: bool, get: Get) -> Iterator[Verified]:
    match sender_kind(sender):
        case SenderKind.NUMBER:
            yield _number(sender, media, account, get)
        case SenderKind.SHORT_CODE:
            yield _short_code(sender, media, account, get)
        case SenderKind.MESSAGING_SERVICE:
            yield _service(sender, media, account, get)
        case SenderKind.ALPHANUMERIC if media:
            hint = "give the action a number or a Messaging Service, or drop its media_url"
            yield _refused(sender, f"an alphanumeric sender cannot send MMS, and {_names(media)}", hint)
        case SenderKind.ALPHANUMERIC if is_trial:
            hint = "upgrade the account, or use a number"
            yield _refused(sender, "a trial account cannot use an alphanumeric sender", hint)
        case SenderKind.ALPHANUMERIC:
            hint = "some countries want it registered, some (the US and Canada) refuse it: send one text to try it"
            yield _warning(sender, "Twilio has no way to verify an alphanumeric sender", hint)
        case _:
            yield _warning(sender, "a channel's address cannot be verified here", "send one text to try it")


def _number(sender: str, media: Sequence[str], account: str, get: Get) -> Verified:
    path = f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json"
    status, body = get(path, {"PhoneNumber": sender})
    if status in (401, 403):
        return _unreadable(sender, "phone numbers", status, body)
    own = [item for item in _items(body, "incoming_phone_numbers") if item.get("phone_number") == sender]
    if not own:
        hint = "choose one from Phone Numbers > Manage > Active numbers in Twilio's console, for this account"
        return _refused(sender, f"the account does not have the number {sender}", hint)
    able = _abilities(own[0])
    if "sms" not in able:
        return _refused(
            sender, "this number cannot send SMS", "choose a number that can, in Twilio's console"
        )
    if media and "mms" not in able:
        hint = "choose a number that can, or drop media_url"
        return _refused(sender, f"this number cannot send MMS, and {_names(media)}", hint)
    return _ok(sender, f"the account's number, and it can send SMS{' and MMS' if media else ''}")


def _short_code(sender: str, media: Sequence[str], account: str, get: Get) -> Verified:
    path = f"/2010-04-01/Accounts/{account}/SMS/ShortCodes.json"
    status, body = get(path, {"ShortCode": sender})
    if status in (401, 403):
        return _unreadable(sender, "short codes", status, body)
    if not any(item.get("short_code") == sender for item in _items(body, "short_codes")):
        hint = "choose one from Phone Numbers > Manage > Short codes in Twilio's console"
        return _refused(sender, f"the account does not have the short code {sender}", hint)
    if media:
        hint = "ask Twilio's support, or send an MMS to try it"
        return _warning(
            sender, f"the account's short code; not every one can send MMS, and {_names(media)}", hint
        )
    return _ok(sender, "the account's short code")


def _service(sender: str, media: Sequence[str], account: str, get: Get) -> Verified:
    path = f"/v1/Services/{sender}"
    status, body = get(path, {})
    if status in (401, 403):
        return _unreadable(sender, "Messaging Services", status, body)
    if status != 200 or body.get("account_sid") not in (None, account):
        hint = "choose one from Messaging > Services in Twilio's console, for this account"
        return _refused(sender, "the account has no such Messaging Service", hint)
    number_status, numbers = get(f"{path}/PhoneNumbers", {"PageSize": str(_LISTED)})
    code_status, codes = get(f"{path}/ShortCodes", {"PageSize": str(_LISTED)})
    if {number_status, code_status} != {200}:
        return _ok(sender, "the account's Messaging Service; which senders it has is not known")
    pool, short = _items(numbers, "phone_numbers"), _items(codes, "short_codes")
    if not pool and not short:
        hint = "add one in Twilio's console, unless it should use only its alphanumeric or other senders"
        return _warning(sender, "this Messaging Service has no number and no short code", hint)
    if media and len(pool) < _LISTED and not any("mms" in _abilities(item) for item in [*pool, *short]):
        hint = "add a number that can, or drop media_url"
        return _refused(
            sender, f"no sender of this Messaging Service can send MMS, and {_names(media)}", hint
        )
    return _ok(
        sender, f"the account's Messaging Service, with {len(pool) + len(short)} numbers and short codes"
    )


def _items(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = body.get(name)
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _abilities(item: Mapping[str, Any]) -> set[str]:
    """`capabilities` are flags in one of Twilio's products and a list of names in the other."""
    able = item.get("capabilities")
    if isinstance(able, dict):
        return {name.lower() for name, can in able.items() if can is True}
    return {name.lower() for name in able if isinstance(name, str)} if isinstance(able, list) else set()


def _unreadable(sender: str, what: str, status: int, body: Mapping[str, Any]) -> Verified:
    hint = "verify with the account's token or a Standard API key, or give this key the permission"
    return _warning(sender, f"cannot be verified: the API key may not read {what}{_told(status, body)}", hint)


def _names(actions: Sequence[str]) -> str:
    return f"{', '.join(actions)} {'has' if len(actions) == 1 else 'have'} media"


def _told(status: int, body: Mapping[str, Any]) -> str:
    """What Twilio said in numbers; its words could repeat what was sent to it."""
    code = body.get("code")
    return (
        f" (HTTP {status}, code {code})"
        if type(code) is int and 0 < code < 1_000_000
        else f" (HTTP {status})"
    )


def _ok(subject: str, message: str) -> Verified:
    return Verified(subject=subject, grade=Grade.OK, message=message)


def _warning(subject: str, message: str, hint: str) -> Verified:
    return Verified(subject=subject, grade=Grade.WARNING, message=message, hint=hint)


def _refused(subject: str, message: str, hint: str) -> Verified:
    return Verified(subject=subject, grade=Grade.REFUSED, message=message, hint=hint)
