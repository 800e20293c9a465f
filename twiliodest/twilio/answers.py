"""What Twilio's answer to a POST means: sent, refused, tried again, or not known; its error codes are in `codes`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from twiliodest.model import Attempt, Verdict
from twiliodest.twilio.codes import REFUSAL, VERDICTS

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
    proves = VERDICTS.get(code or 0, Verdict.DOUBTFUL)
    said = next((text for text in (body.message, body.title) if text and isinstance(text, str)), "")
    said = redact(said)[:300] or f"HTTP status {status}"
    if status >= 500 or status in (100, 101, 408) or proves is Verdict.UNKNOWN:
        return Attempt(verdict=Verdict.UNKNOWN, code=code, reason=f"Twilio failed: {said}")
    if status == 429 or proves is Verdict.AGAIN:
        return Attempt(
            verdict=Verdict.AGAIN,
            code=code,
            reason=f"Twilio is busy: {said}",
            busy=True,
            retry_after=redact(headers["Retry-After"]) if "Retry-After" in headers else None,
        )
    advice = f"; {REFUSAL[code]}" if code and code in REFUSAL else ""
    if status < 400:
        advice = "; this is not Twilio's API, check api_base"
    if status < 400 or status in (401, 403, 404, 407):
        proves = Verdict.FORBIDDEN
    return Attempt(verdict=proves, code=code, reason=f"Twilio refused it: {said}{advice}")


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


class _Answer(msgspec.Struct):
    sid: Any = None
    to: Any = None
    code: Any = None
    message: Any = None
    title: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)
