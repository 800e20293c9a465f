"""What people and scripts see of an inquiry: each action's verdict, why it is that, and the message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twiliodest.checks.inquiry import Answer, Explained
from twiliodest.model import Outcome, Status
from twiliodest.screens.report import record
from twiliodest.screens.screen import console, plain, print_line
from twiliodest.screens.send_columns import STYLES

MOST = 8  # conditions of one action
VERDICTS = {
    Status.PLANNED: "matches and would be sent",
    Status.ALREADY: "matches, but was already handled",
    Status.INVALID: "matches, but cannot be sent",
    Status.HELD: "matches, but would be held",
    Status.SUPPRESSED: "matches, but is suppressed",
    Status.UNKNOWN: "matches, and may have been sent",
    Status.REJECTED: "matches, but Twilio rejected it",
}


def print_answer(answer: Answer) -> None:
    """An event and, action by action, what becomes of it."""
    place = f"{answer.source}:{answer.line}"
    if answer.fault is not None:
        print_line(f"{place}  not an event: {answer.fault}", "red", stderr=False)
        return
    name = f' "{answer.event}"' if answer.event is not None else ""
    print_line(f"{place}  {answer.type or 'no type'}{name}", "bold", stderr=False)
    for each in answer.actions:
        _print_action(each)


def document(answer: Answer) -> Mapping[str, Any]:
    """The same for scripts."""
    return {
        "source": answer.source,
        "line": answer.line,
        "fault": answer.fault,
        "type": answer.type,
        "event": answer.event,
        "actions": [
            {
                "action": each.action.name,
                "matches": bool(each.outcomes),
                "conditions": [
                    {"condition": it.text, "holds": it.holds, "values": it.values}
                    for it in (each.reasons.conditions if each.reasons else ())
                ],
                "outcomes": [record(outcome) for outcome in each.outcomes],
            }
            for each in answer.actions
        ],
    }


def _print_action(each: Explained) -> None:
    conditions = [str(it) for it in each.reasons.conditions] if each.reasons else []
    if not each.outcomes:
        print_line(f"{each.action.name}: does not match", "dim", stderr=False)
        _print_all(conditions or ["its trigger is not for events with this type and name"])
        return
    for outcome in each.outcomes:
        verdict = VERDICTS.get(outcome.status, f"matches, and is {outcome.status.value}")
        verdict = verdict if each.reasons else "nobody can tell whether it matches"
        reason = f": {outcome.reason}" if outcome.reason else ""
        print_line(f"{each.action.name}: {verdict}{reason}", STYLES[outcome.status], stderr=False)
        _print_all(conditions)
        _print_message(outcome)


def _print_all(lines: Sequence[str]) -> None:
    for line in _shortened(lines):
        print_line(f"  {line}", stderr=False)


def _shortened(lines: Sequence[str]) -> Iterable[str]:
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"… and {len(lines) - MOST:,} more conditions"


def _print_message(outcome: Outcome) -> None:
    message = outcome.message
    if not message:
        return
    segments = f"{message.segments} segment{'' if message.segments == 1 else 's'}"
    kind = "MMS" if message.media_urls else f"{segments}, {message.encoding}"
    print_line(f"  to {message.to} from {message.sender} ({kind})", stderr=False)
    for text in (*message.body.splitlines(), *(f"+ {url}" for url in message.media_urls)):
        console().print(plain(f"  | {text}"), soft_wrap=True)
