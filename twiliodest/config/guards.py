"""The settings of what keeps texts back: quiet hours and the list of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from twiliodest.config.keys import POLICIES, QUIET_HOURS
from twiliodest.config.nodes import Document, Node
from twiliodest.config.shapes import OFF
from twiliodest.errors import ExpressionError
from twiliodest.guards.quiet_hours import QuietHours, is_zone, read_time, read_zone
from twiliodest.guards.suppression import Suppressed, read_suppressed
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import is_messaging_service

KEYS = tuple(QUIET_HOURS)
EXAMPLE = 'quiet_hours: {from: "21:00", to: "08:00"}'
T = TypeVar("T")


def read_quiet_hours(document: Document, node: Node | None, actions: Sequence[SendSms]) -> QuietHours | None:
    """The quiet hours of these actions; `None` where they are missing or wrong. Problems are the document's."""
    if node is None:
        return None
    if not document.is_mapping(node):
        document.complain(node, "quiet_hours must have from and to", EXAMPLE)
        return None
    nodes, unknown = document.members(node, KEYS)
    document.complain_of_unknown(unknown, KEYS, "key", "in quiet_hours")

    def value(name: str, read: Callable[[str], T]) -> T | None:
        text = document.text(nodes[name], name) if name in nodes else None
        try:
            return None if text is None else read(text.strip())
        except ExpressionError as error:
            document.complain(nodes[name], error.message, error.hint)
            return None

    for name in ("from", "to"):
        if name not in nodes:
            document.lacks(node, [name], f'"{name}" is missing', EXAMPLE)
    start, end = value("from", read_time), value("to", read_time)
    zone, schedules = value("time_zone", read_zone), value("policy", _policy) == "send_at"
    unable = [action for action in actions if not is_messaging_service(action.sender)]
    if schedules and unable:
        message = (
            f"policy: schedule needs a Messaging Service, but {unable[0].name} sends from {unable[0].sender}"
        )
        document.complain(nodes["policy"], message, "set its number to one (MG…), or use policy: hold")
    if not is_zone("Europe/London"):
        document.complain(node, "this machine has no time zone database", "pip install tzdata")
    if start is None or end is None:
        return None
    if start == end:
        document.complain(
            nodes["to"], "from and to are the same", "to have no quiet hours, remove quiet_hours"
        )
    return QuietHours(start=start, end=end, time_zone=zone, schedules=schedules)


def read_own_quiet_hours(
    document: Document, nodes: Mapping[str, Node], actions: Sequence[SendSms]
) -> Mapping[str, QuietHours | None]:
    """The quiet hours of each action that has its own, by name; `None` where it has none of all. As above."""
    own: dict[str, QuietHours | None] = {}
    for action in actions:
        if node := nodes.get(action.name):
            own[action.name] = None if _is_off(node) else read_quiet_hours(document, node, [action])
    return own


def _is_off(node: Node) -> bool:
    return isinstance(node.value, str) and node.value.strip().lower() in OFF


def read_list(
    document: Document, node: Node | None, file: Path | None, region: str | None
) -> Suppressed | None:
    """The numbers in a file, which is named from the configuration's folder. Problems are the document's."""
    if node is None or file is None:
        return None
    path = Path(document.name).parent / file
    try:
        return read_suppressed(path, region, document.problems)
    except OSError as error:
        document.complain(node, f"cannot read {path}: {error.strerror}")
        return None


def _policy(text: str) -> str:
    if text not in POLICIES:
        raise ExpressionError("this is not a policy", 0, f"use {' or '.join(POLICIES)}")
    return text
