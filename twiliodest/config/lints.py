"""What is allowed in a text or a path but probably not meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import NamedTuple

from twiliodest.messages.segments import describe, first_outside_gsm7, measure, smart_encode
from twiliodest.templates.fields import Field, Unresolved

ROOTS = (
    *("type", "event", "messageId", "userId", "anonymousId", "properties", "traits", "context", "timestamp"),
    *(
        "sentAt",
        "receivedAt",
        "originalTimestamp",
        "name",
        "category",
        "groupId",
        "previousId",
        "integrations",
    ),
    *("version", "channel", "projectId", "_metadata"),
)  # the members of an event in the tracking specification of customer-data platforms
TEXTS = {*ROOTS} - {"properties", "traits", "context", "integrations", "_metadata", "name"}
PEOPLE = (
    "customer",
    "user",
    "person",
    "contact",
    "profile",
    "subscriber",
    "recipient",
)  # elsewhere, for traits


class Finding(NamedTuple):
    """Something odd: its message and hint, and its offset in the text, where there is one.

    `member` is what it says events do not have at their top; it is not a finding if they do.
    """

    message: str
    hint: str | None = None
    offset: int | None = None
    member: str | None = None


def lint_body(body: Field, smart_encoding: bool = False) -> Iterator[Finding]:
    """What is odd in a body; what Twilio's Smart Encoding fixes is not."""
    yield from _lint_markup(body)
    if not body.fixed:
        return
    if not body.paths and "." in body.fixed and (path := likely_path(body.fixed)):
        yield Finding(f'every text says "{body.fixed.strip()}"', f"did you mean {path}?")
    encoded = smart_encode(body.fixed)
    fixed = encoded if smart_encoding else body.fixed
    encoding, segments = measure(fixed)
    if outside := first_outside_gsm7(fixed):
        character = outside[1]
        is_mended = not smart_encoding and first_outside_gsm7(encoded) is None
        yield Finding(
            f"{describe(character)} needs UCS-2: a segment holds 70 characters instead of 160",
            f"replace it with a plain character, if you can{_MENDED if is_mended else ''}",
            max(0, body.source.find(character)),
        )
    if segments > 1:
        yield Finding(f"the fixed part alone takes {segments} segments ({encoding})")


def lint_path(names: tuple[str, ...]) -> Finding | None:
    """What is odd in a path that begins with these names, which are not quite those of an event."""
    if not names:
        return None
    first, *others = names
    rest = [*others] if others and others[0] in ROOTS else ["properties", *others]
    if first in TEXTS and others:
        message = f'in events "{first}" is text, so it has no members'
        return Finding(message, f'did you mean "{".".join(rest)}"?', member=first)
    if first in ROOTS:
        return None
    if first.lower() in PEOPLE and others:
        near = "traits"
    else:
        near = next(iter(difflib.get_close_matches(first, ROOTS, 1, 0.75)), "")
    if not near:
        return None
    return Finding(f'events have no "{first}"', f'did you mean "{".".join([near, *others])}"?', member=first)


def likely_path(text: str) -> str | None:
    """The path that was probably meant by a text such as `properties.phone` or `phone`."""
    text = text.strip()
    if not _NAMES.fullmatch(text):
        return None
    if text.partition(".")[0] in ("properties", "traits", "context"):
        return f"$.{text}"
    return None if "." in text else f"$.properties.{text}"


def constant(field: Field) -> str | None:
    """The text that a field gives whatever the event says; `None` if it depends on the event."""
    if field.paths:
        return None
    try:
        return field.render({})
    except Unresolved:
        return ""


_MENDED = ", or let Twilio do it with smart_encoding: true"
_NAMES = re.compile(r"[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)*")
_SINGLE_BRACES = re.compile(
    r"(?<!\{)[$%#!]?\{\s*!?[A-Za-z_$][\w.$]*\s*\}(?!\})|(?<!\{)\{[\w.$ ]+\}\}|\{\{[\w.$ ]+\}(?!\})"
)
_MERGE_TAGS = re.compile(
    r"\*\|[A-Z0-9_:]+\|\*"  # Mailchimp
    r"|%%[\w.]+%%"  # Salesforce Marketing Cloud
    r"|%recipient\.\w+%|%[A-Z][A-Z0-9_]{2,}%"  # Mailgun, ActiveCampaign
    r"|\[\[\s*[\w.]+\s*\]\]"  # Braze, Drip and others
    r"|<%=?.{1,200}?%>"  # ERB, EJS
    r"|\$json(?:\.\w+|\[)[\w.\[\]\"']*",  # n8n
    re.DOTALL,
)
_ESCAPE = re.compile(r"(?<!\\)\\[nrt]")
_DATE_FORMAT = re.compile(r"""\|\s*date\s*:\s*("[^"%]*"|'[^'%]*')""")
_WORD_FORMATS = {"YYYY": "%Y", "yyyy": "%Y", "MM": "%m", "DD": "%d", "dd": "%d", "HH": "%H", "mm": "%M"}


def _lint_markup(body: Field) -> Iterator[Finding]:
    """Placeholders of other programs, escapes that are none, and formats that format nothing."""
    source = body.source
    stray = _SINGLE_BRACES.search(source)
    if stray is None and (stray := _MERGE_TAGS.search(source)) and stray[0] not in (body.fixed or ""):
        stray = None  # it is within a placeholder, which has faults of its own
    if stray:
        shown = stray[0] if len(stray[0]) <= 40 else f"{stray[0][:39]}…"
        yield Finding(
            f"{shown} is not a placeholder: it is sent as is",
            "placeholders are written {{name}}",
            stray.start(),
        )
    if (escape := _ESCAPE.search(source)) and escape[0] in (body.fixed or ""):
        hint = "in double quotes YAML reads \\n as a new line; in single quotes or none it does not"
        yield Finding(f"{escape[0]} is sent as a backslash and a letter", hint, escape.start())
    for found in _DATE_FORMAT.finditer(source):
        written = found[1][1:-1]
        mended = re.sub("|".join(_WORD_FORMATS), lambda word: _WORD_FORMATS[word[0]], written)
        hint = f"did you mean {mended}?" if "%" in mended else "write %Y-%m-%d, or %B %-d for November 30"
        yield Finding(f'this date format has no %, so every text says "{written[:40]}"', hint, found.start(1))
