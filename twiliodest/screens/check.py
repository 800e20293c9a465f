"""What people see of a survey and of Twilio's answers: tables and lines, on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from twiliodest.checks.findings import (
    ActionUse,
    Findings,
    Grade,
    Mismatch,
    NoIdentity,
    PathUse,
    Reason,
    Verified,
)
from twiliodest.screens.controls import one_line
from twiliodest.screens.screen import print_table, print_told

COUNTRIES = 8
STYLES = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.REFUSED: "red", Grade.UNREACHABLE: "red"}


def print_verified(found: Iterable[Verified]) -> None:
    """What Twilio says about account and senders, with what to do."""
    for item in found:
        told = one_line(f"{item.subject}: {item.message}")
        print_told(f"{item.grade.value:<9} {told}", STYLES[item.grade], stderr=False)
        if item.hint:
            print_told(f"          {one_line(item.hint)}", stderr=False)


def print_findings(found: Findings) -> None:
    """The survey of events: what is wrong, per action, per path that does not always lead to something, the whole."""
    for label, text in _problems(found):
        print_told(f"{label:<9} {one_line(text)}", "red" if label == "invalid" else "", stderr=False)
    print_table(
        ("action", "matched", "to send", "invalid", "segments: texts", "longest text"),
        [_action(use) for use in found.actions],
        numbers=(1, 2, 3),
    )
    print_table(
        ("action", "field", "path", "resolved"),
        [row for use in found.actions if use.matched for row in _paths(use)],
        numbers=(3,),
    )
    for label, text in _lines(found):
        print_told(f"{label:<9} {one_line(text)}", stderr=False)


def _action(use: ActionUse) -> Sequence[str]:
    sizes = [f"{size}: {count:,}" for size, count in use.segments.items()]
    if use.mms:
        sizes.append(f"MMS: {use.mms:,}")
    longest = use.longest
    return (
        use.action,
        f"{use.matched:,}",
        f"{use.to_send:,}",
        f"{use.invalid:,}",
        "\n".join(sizes) or "–",
        f"{longest.characters:,} characters, {longest.encoding}, {longest.place}" if longest else "–",
    )


def _paths(use: ActionUse) -> Iterable[Sequence[str]]:
    for path in use.paths:
        if not path.missing:
            continue
        yield use.action, path.field, path.path, f"{path.resolved:,} of {use.matched:,}", _failure(path)


def _failure(path: PathUse) -> str:
    text = f"{path.first}: it {path.fault}"
    if path.nearest:
        text += f"; there is {path.nearest}"
    if path.covered:
        text += f" ({path.covered:,} had a default or an alternative)"
    return text


def _problems(found: Findings) -> Iterable[tuple[str, str]]:
    for use in found.actions:
        yield from (("invalid", f"{use.action}: {_reason(reason)}") for reason in use.reasons)
    yield from (("no event", _reason(reason)) for reason in found.not_events)
    yield from (("trigger", _mismatch(mismatch)) for mismatch in found.mismatches)
    if found.no_identity:
        yield "identity", _no_identity(found.no_identity, found.matched)


def _lines(found: Findings) -> Iterable[tuple[str, str]]:
    people = found.recipients
    yield "events", f"{found.events:,} read, {found.matched:,} matched"
    yield "messages", _messages(found)
    if people.countries:
        yield "countries", _counts(people.countries)
    if people.most:
        yield "most", f"{people.most} would get {people.texts:,} text{'' if people.texts == 1 else 's'}"
    if already := sum(use.already for use in found.actions):
        texts = f"{already:,} text{'' if already == 1 else 's'}"
        yield "already", f"{texts} for an event that came before, and would not be sent again"
    for use in found.actions:
        if use.ucs2:
            texts = f"{use.ucs2.texts:,} text{'' if use.ucs2.texts == 1 else 's'}"
            yield (
                "UCS-2",
                f"{use.action}: {texts}, the first {use.ucs2.place}, because of {use.ucs2.character}",
            )
    if found.smart_encoding:
        yield "saving", found.smart_encoding.sentence
    for row in found.unmatched:
        name = f' "{row.event}"' if row.event is not None else ""
        yield "unmatched", f"{row.count:,} × {row.type or 'no type'}{name}"
    if found.unmatched_other:
        yield "unmatched", f"{found.unmatched_other:,} others"


def _no_identity(it: NoIdentity, matched: int) -> str:
    events = f"{it.events:,} of {matched:,} matched events have" if matched > 1 else "the matched event has"
    known = "they are identified by their content" if it.events > 1 else "it is identified by its content"
    text = f"{events} no identity at {it.rule}: {known}"
    if it.event_id:
        text += f"; {it.found:,} could be identified by {it.nearest}: set event_id: {it.event_id}"
    return text


def _mismatch(it: Mismatch) -> str:
    events = f"{it.count:,} of {it.of:,} events" if it.of > 1 else "1 event"
    return f"{it.action}: {it.field} is {it.found} in {events}, but the trigger compares it with {it.wanted}"


def _messages(found: Findings) -> str:
    if not found.messages:
        return "0"
    people = found.recipients
    more = "" if people.exact else "more than "
    recipients = f"{more}{people.count:,} recipient{'' if people.count == 1 else 's'}"
    mms = f", {found.mms:,} MMS" if found.mms else ""
    cost = "" if found.cost is None else f", about {found.cost:,.2f} {found.currency}"
    segments = f"{found.segments:,} segment{'' if found.segments == 1 else 's'}"
    return f"{found.messages:,} to {recipients}, {segments}{mms}{cost}"


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{name or 'unknown'} {count:,}" for name, count in list(counts.items())[:COUNTRIES]]
    return ", ".join(shown) + (f" and {len(counts) - COUNTRIES} more" if len(counts) > COUNTRIES else "")


def _reason(reason: Reason) -> str:
    place = reason.first if reason.count == 1 else f"first {reason.first}"
    return f"{reason.count:,} × {reason.reason} ({place})"
