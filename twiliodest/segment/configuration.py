"""Answers of Segment's API become the text of a configuration, and what is to be said about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from twiliodest.messages.phones import sender
from twiliodest.segment.actions import draft_of, kind_of
from twiliodest.segment.answers import Answers, Mapped
from twiliodest.segment.drafts import Draft
from twiliodest.segment.yaml_text import comment, in_quotes, member, scalar

FIRST_LINE = (
    "# What Segment sent, translated for twiliodest; docs/segment.md has the differences, and how to switch."
)
_FOR_EDITORS = "# yaml-language-server:"  # only in the first line
_SEPARATOR = ","  # as JavaScript makes a text of a list
_ACCOUNT, _API_KEY, _NUMBER = ("accountId", "accountSID"), ("apiKeySID",), "phoneNumber"


class TakenOver(NamedTuple):
    """A configuration; `actions` and how many of them are not enabled; `remarks` are for standard error."""

    text: str
    actions: int
    disabled: int
    remarks: Sequence[str]


class _Settings(NamedTuple):
    """What the destination itself says; `None` where it does not, or says something else."""

    account: str | None
    api_key: str | None
    number: str | None
    enabled: bool


def configuration_of(answers: Sequence[Answers], starter: str, known: Collection[str]) -> TakenOver | None:
    """The configuration for these answers, commented as the `starter` is; `None` where nothing texts anybody.

    `known` are the keys of an action.
    """
    taken = list(_taken([each for answer in answers for each in answer.mappings], known))
    drafts = [draft for draft in taken if isinstance(draft, Draft)]
    if not drafts:
        return None
    settings = _settings(answers)
    number = settings.number or _sender_of(drafts)
    remarks = [remark for each in taken for remark in _remarks(each)]
    if number is None:
        remarks.append("Segment's answers do not say who sends: write your sender as number")
    lines = list(_head(starter, settings, number))
    for each in taken:
        lines += _action(each, number, settings) if isinstance(each, Draft) else comment(each, "  ")
        lines.append("")
    disabled = sum(bool(draft.faults) or not (draft.enabled and settings.enabled) for draft in drafts)
    return TakenOver("\n".join(lines), len(drafts), disabled, remarks)


def _taken(mappings: Sequence[Mapped], known: Collection[str]) -> Iterator[Draft | str]:
    """An action for each mapping, or what is said of it where it is for something else."""
    names: set[str] = set()
    for mapped in mappings:
        kind = kind_of(mapped)
        if kind is None:
            action = f'"{mapped.action}"' if mapped.action else "without a name"
            name = _name(mapped, "a mapping")
            yield f'"{name}" is not imported: its action {action} does not send texts through Twilio'
        else:
            yield draft_of(mapped, kind, _new(_name(mapped, kind), names), known)


def _remarks(taken: Draft | str) -> Iterator[str]:
    if isinstance(taken, str):
        yield taken
        return
    yield from (f'action "{taken.name}" is not enabled: {fault}' for fault in taken.faults)
    yield from (f'action "{taken.name}": {warning}' for warning in taken.warnings)


def _settings(answers: Sequence[Answers]) -> _Settings:
    destinations = [each for answer in answers for each in answer.destinations]
    told: dict[str, Any] = {}
    for destination in reversed(destinations):
        told |= {name: value for name, value in destination.settings.items() if isinstance(value, str)}
    return _Settings(
        account=_matching(told, _ACCOUNT, r"AC[0-9a-fA-F]{32}"),
        api_key=_matching(told, _API_KEY, r"SK[0-9a-fA-F]{32}"),
        number=sender(told[_NUMBER], None) if told.get(_NUMBER) else None,
        enabled=all(each.enabled for each in destinations),
    )


def _matching(told: Mapping[str, str], names: Sequence[str], pattern: str) -> str | None:
    return next((told[name] for name in names if re.fullmatch(pattern, told.get(name, ""))), None)


def _name(mapped: Mapped, otherwise: str) -> str:
    name = " ".join("".join(char if char.isprintable() else " " for char in mapped.name).split())
    return name or otherwise


def _new(name: str, names: set[str]) -> str:
    """The name, with a number behind it where it is taken."""
    count, found = 1, name
    while found in names:
        count += 1
        found = f"{name} {count}"
    names.add(found)
    return found


def _sender_of(drafts: Sequence[Draft]) -> str | None:
    """The sender of the first action that has one."""
    senders = (entry.value for draft in drafts for entry in draft.entries if entry.key == "number")
    return next((value for value in senders if isinstance(value, str) and ":" not in value), None)


def _head(starter: str, settings: _Settings, number: str | None) -> Iterator[str]:
    """The starter's lines up to its actions, with what the destination says."""
    first, *rest = starter.splitlines()
    yield from (first, FIRST_LINE) if first.startswith(_FOR_EDITORS) else (FIRST_LINE, first)
    for line in rest:
        key = line.partition(":")[0]
        if key == "account" and settings.account:
            yield f"account: {settings.account}"
        elif key == "token" and settings.api_key:
            yield f"api_key: {settings.api_key}"
            yield f"{line}  # the secret of this key"
        elif key == "number":
            if number is None:
                yield from comment("Segment's answers did not say who sends. Write your own sender here:")
            yield f"number: {in_quotes(number)}" if number else line
            yield "\n# Segment joins the items of a list so:"
            yield f"list_separator: {in_quotes(_SEPARATOR)}"
        else:
            yield line
        if key == "actions":
            return


def _action(draft: Draft, number: str | None, settings: _Settings) -> Iterator[str]:
    yield f"  - name: {scalar(draft.name)}"
    if draft.faults:
        yield "    enabled: false"
        yield from (line for fault in draft.unplaced for line in comment(f"not enabled: {fault}", "    "))
    elif not draft.enabled:
        yield "    enabled: false  # as at Segment"
    elif not settings.enabled:
        yield "    enabled: false  # as the whole destination at Segment"
    for entry in draft.entries:
        yield from (line for remark in entry.remarks for line in comment(remark, "    "))
        if entry.value is not None and (entry.key != "number" or entry.value != number):
            yield from member(entry.key, entry.value, "    ", quoted=entry.quoted)
