"""What Twilio's answer to a POST means: sent, refused, to be tried again, or not known.

Sources of the codes: https://www.twilio.com/docs/api/errors and the support article on API error 20429.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from twiliodest.model import Attempt, Verdict

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what a decoder raises


def classify(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    fault: str = "",
    to: str | None = None,
    redact: Callable[[str], str] = str,
) -> Attempt:
    """What an answer to a POST means. Unknown codes are never taken for more than they say.

    `fault`: why there is no content. `to`: the recipient, whom an acceptance must name. `redact` takes secrets out of
    what Twilio says.
    """
    try:
        body = _ANSWER.decode(content)
    except UNREADABLE:
        body = _Answer()
    if 200 <= status < 300:
        if not is_sid(body.sid, redact):
            cause = f": {fault}" if fault else ""
            return Attempt(
                verdict=Verdict.UNKNOWN, reason=f"Twilio's answer ({status}) cannot be read{cause}"
            )
        if to is not None and not names(body.to, to):
            reason = "Twilio's answer is about another message: it does not name this recipient"
            return Attempt(verdict=Verdict.UNKNOWN, reason=reason)
        return Attempt(verdict=Verdict.ACCEPTED, sid=body.sid)
    code = body.code if isinstance(body.code, int) and 0 < body.code < 1_000_000 else None
    said = next((text for text in (body.message, body.title) if text and isinstance(text, str)), "")
    said = redact(said)[:300] or f"HTTP status {status}"
    if status >= 500 or status in (100, 101, 408) or code in _MAYBE:
        return Attempt(verdict=Verdict.UNKNOWN, code=code, reason=f"Twilio failed: {said}")
    if status == 429 or code in _AGAIN:
        return Attempt(
            verdict=Verdict.AGAIN,
            code=code,
            reason=f"Twilio is busy: {said}",
            busy=True,
            retry_after=redact(headers["Retry-After"]) if "Retry-After" in headers else None,
        )
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    if status < 400:
        advice = "; this is not Twilio's API, check api_base"
    return Attempt(verdict=_verdict(status, code), code=code, reason=f"Twilio refused it: {said}{advice}")


def is_sid(said: object, redact: Callable[[str], str] = str) -> bool:
    """Whether it is a message's SID, and no secret in the shape of one."""
    return isinstance(said, str) and _SID.fullmatch(said) is not None and redact(said) == said


def names(said: object, to: str) -> bool:
    """Whether an answer's `to` is the recipient of a message, as far as it is shown.

    Twilio writes numbers in its own canonical form, and where an account has phone numbers redacted, with `XXXX` for
    their last four digits. A channel may be another one than was asked for; the person is the same.
    """
    if not isinstance(said, str):
        return False
    asked, told = (text.rpartition(":")[2].strip().lower() for text in (to, said))
    if told == asked:
        return bool(told)
    ours, theirs = (re.sub(r"[^0-9x]", "", text.replace("*", "x")) for text in (asked, told))
    shown = theirs.rstrip("x")
    if not re.fullmatch(r"\+[0-9]+", asked) or len(theirs) - len(shown) > 4 or len(shown) < 3:
        return False
    return any(len(it) == len(theirs) and it.startswith(shown) for it in _spellings(ours))


def _spellings(digits: str) -> tuple[str, ...]:
    """A number with and without the digit that Mexico and Argentina put before their mobiles."""
    for country, mobile in (("52", "1"), ("54", "9")):
        if digits.startswith(country):
            rest = digits.removeprefix(country)
            return digits, country + (rest[1:] if rest.startswith(mobile) else mobile + rest)
    return (digits,)


_SID = re.compile(r"(?:SM|MM)[0-9A-Za-z]{1,62}")
_FORBIDDEN = {
    *(20003, 20005, 90010, 10001, 20006, 20403, 70051, 20008, 20010, 20011, 20012, 20426, 20404),  # account
    *(21212, 21267, 21601, 21603, 21605, 21607, 21616, 21660, 21661),  # sender
    *(21701, 21704, 21705),  # Messaging Service
    *(30037, 63001, 63002, 63007, 63008, 63038, 63051),  # channel, or the account's daily limit
}
_SENDER = {21606, 21657, 21659, 21703}  # the sender is wrong, or is wrong for this destination
_REJECTED = {
    *(20422, 21211, 21214, 21217, 21265, 21266, 21268, 21401, 21602, 21604, 21610, 21612, 21614),
    *(21617, 21618, 21619, 21620, 21623, 21635, 21653, 21656, 21658),
    *(63003, 63005, 63006, 63013, 63014, 63015, 63016, 63021, 63024, 63030, 63033, 63034, 63036),
}
_DELAYED = {21611, 35125}  # the sender's queue is full
_MAYBE = {20500, 20503, 20504}  # Twilio failed, whatever the status says
_AGAIN = {20429, 21702, 21730, 63017, 63018}

_ADVICE = {
    20003: "check account and token, and that they belong to the host's region",
    20404: "check the account SID",
    21212: "check number",
    21408: "enable the country under Messaging > Geo permissions in Twilio's console",
    21601: "check number: it is not one of the account's",
    21606: "check number: it is not the account's, or cannot text this destination",
    21608: "the account may text verified numbers only",
    21610: "the recipient has opted out (STOP)",
    21611: "the sender's queue is full; run again later",
    21659: "check number: it is not a Twilio number",
    21660: "check number: it belongs to another account",
    21701: "check number: this Messaging Service does not exist",
    21704: "add a sender to the Messaging Service",
}


class _Answer(msgspec.Struct):
    sid: Any = None
    to: Any = None
    code: Any = None
    message: Any = None
    title: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)


def _verdict(status: int, code: int | None) -> Verdict:
    if status in (401, 403, 404, 407) or status < 400 or code in _FORBIDDEN:
        return Verdict.FORBIDDEN
    if code in _SENDER:
        return Verdict.SENDER
    if code in _DELAYED:
        return Verdict.DELAYED
    return Verdict.REJECTED if code in _REJECTED else Verdict.DOUBTFUL
