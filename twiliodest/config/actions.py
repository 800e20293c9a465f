"""The nodes of the actions become `SendSms`, with every problem and everything odd in them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from twiliodest.config.fields import BODY, MEDIA, TO, TO_ALL, Fields
from twiliodest.config.keys import FIELDS, TO_LIMIT
from twiliodest.config.lints import lint_path
from twiliodest.config.nodes import Document, Node
from twiliodest.config.options import Shared, plain, read_options, read_shared
from twiliodest.config.shapes import FALSE, OFF, TRUE
from twiliodest.config.trigger_lints import lint_trigger
from twiliodest.config.values import sender as read_sender
from twiliodest.guards.durations import read_duration
from twiliodest.messages.phones import sender_on
from twiliodest.messages.send_sms import MEDIA_LIMIT, SendSms
from twiliodest.templates.fields import Field
from twiliodest.triggers.expressions import Expression
from twiliodest.triggers.faults import faults_of
from twiliodest.triggers.grammar import parse
from twiliodest.triggers.scope import paths

KEYS = tuple(FIELDS)
_CONTENT = {"body", "media_url", "content_sid"}  # of which an action must have one
DEFAULT_TRIGGER = 'type = "track"'


class Defaults(NamedTuple):
    """What actions have that say nothing else."""

    sender: str | None
    region: str | None
    smart_encoding: bool
    time: Field
    shared: Shared


class Actions(NamedTuple):
    """The enabled actions, the names of the others, and where actions have quiet hours of their own, by name."""

    enabled: Sequence[SendSms]
    disabled: Sequence[str]
    quiet_hours: Mapping[str, Node]


def read_actions(
    document: Document, fields: Fields, root: Node, node: Node | None, defaults: Defaults
) -> Actions:
    """All actions. Problems are the document's."""
    items = document.items(node) if node else None
    if node is None:
        document.lacks(root, ["actions"], '"actions" is missing', "add actions: and a list of them")
    elif not items:
        message = '"actions" must be a list with at least one action'
        document.complain(node, message, "begin each with - name: …")
    reader = _Reader(document, fields, defaults)
    for number, item in enumerate(items or (), 1):
        reader.read(item, number)
    return Actions(reader.actions, reader.disabled, reader.quiet_hours)


class _Reader:
    """Reads one action after the other."""

    def __init__(self, document: Document, fields: Fields, defaults: Defaults) -> None:
        self.actions: list[SendSms] = []
        self.disabled: list[str] = []
        self.quiet_hours: dict[str, Node] = {}
        self._document = document
        self._complain = document.complain
        self._fields = fields
        self._defaults = defaults
        self._lines: dict[str, int] = {}  # of the actions, by name
        self._triggers: dict[Node, Expression | None] = {}

    def read(self, item: Node, number: int) -> None:
        """Add the action to `actions` if it is enabled and complete."""
        if not self._document.is_mapping(item):
            self._complain(item, "an action must have fields", f"the fields are: {', '.join(KEYS)}")
            return
        nodes, unknown = self._document.members(item, KEYS)
        name = self._name(item, nodes.get("name"))
        where = f'in action "{name}"' if name else f"in action {number}"
        self._document.complain_of_unknown(unknown, KEYS, "field", where)
        enabled = self._enabled(nodes.get("enabled"))
        trigger = self._trigger(item, nodes.get("trigger"), name or "this action")
        to = self._recipients(item, nodes, where)
        body = self._fields.text(nodes.get("body"), BODY)
        media = self._fields.texts(nodes.get("media_url"), MEDIA, MEDIA_LIMIT)
        shared = read_shared(self._document, self._fields, nodes, self._defaults.shared)
        sender = self._sender(nodes, shared.channel)
        options = read_options(self._document, self._fields, nodes, shared, sender, self._defaults.time)
        if not nodes.keys() & _CONTENT:
            hint = 'add body: "…", media_url or content_sid'
            self._document.lacks(item, _CONTENT, f'"body" is missing {where}', hint)
        cooldown = self._plain_cooldown(nodes.get("cooldown"))
        if name and not enabled:
            self.disabled.append(name)
        if enabled and name and trigger and to and sender:
            if quiet := nodes.get("quiet_hours"):
                self.quiet_hours[name] = quiet
            self.actions.append(
                SendSms(
                    name=name,
                    trigger=trigger,
                    to=to,
                    body=body,
                    media=media,
                    sender=sender,
                    default_region=self._defaults.region,
                    smart_encoding=self._defaults.smart_encoding,
                    cooldown=cooldown,
                    to_all="to_all" in nodes,
                    channel=shared.channel,
                    options=options,
                )
            )

    def _name(self, item: Node, node: Node | None) -> str | None:
        if node is None:
            hint = "the ledger knows what was sent by the action's name"
            self._document.lacks(item, ["name"], 'an action has no "name"', hint)
            return None
        text = self._document.text(node, '"name"')
        if text is None:
            return None
        name = text.strip()
        if name in self._lines:
            self._complain(
                node, f'two actions are named "{name}"', f"the first is on line {self._lines[name]}"
            )
        else:
            self._lines[name] = node.start_mark.line + 1
        return name

    def _enabled(self, node: Node | None) -> bool:
        text = self._document.text(node, '"enabled"') if node else "true"
        if node and text and text.strip().lower() not in (*TRUE, *FALSE):
            self._complain(node, '"enabled" must be true or false')
        return text is None or text.strip().lower() not in FALSE

    def _recipients(self, item: Node, nodes: Mapping[str, Node], where: str) -> Sequence[Field]:
        if "to" in nodes and "to_all" in nodes:
            message = "to and to_all cannot be combined"
            self._complain(
                nodes["to_all"], message, "to texts the first that it finds, to_all texts each one"
            )
        elif not {"to", "to_all"} & nodes.keys():
            hint = "add to: $.properties.phone, or wherever events have the number"
            self._document.lacks(item, ["to", "to_all"], f'"to" is missing {where}', hint)
        to = self._fields.texts(nodes.get("to"), TO, TO_LIMIT)
        return self._fields.texts(nodes.get("to_all"), TO_ALL, TO_LIMIT) or to

    def _sender(self, nodes: Mapping[str, Node], channel: str | None) -> str | None:
        """The action's own sender, or everybody's, as the channel wants it."""
        if node := nodes.get("number"):
            read = functools.partial(read_sender, default_region=self._defaults.region)
            sender = plain(self._document, node, "number", read)
        else:
            sender = self._defaults.sender
        if channel is None or sender is None:
            return sender
        fitting = sender_on(channel, sender)
        if fitting is None and (at := node or nodes.get("channel")):
            hint = "give the action a number of its own, or a Messaging Service (MG…)"
            self._complain(at, f"{sender} cannot send on the channel {channel}", hint)
        return fitting

    def _plain_cooldown(self, node: Node | None) -> int | None:
        def read(text: str) -> int:
            return 0 if text.lower() in OFF else read_duration(text)

        return plain(self._document, node, "cooldown", read) if node else None

    def _trigger(self, item: Node, node: Node | None, name: str) -> Expression | None:
        if node is None:
            message = f"{name} has no trigger: it texts on every track event"
            hint = f'say which: trigger: {DEFAULT_TRIGGER} and event = "…"'
            self._document.lacks(item, ["trigger"], message, hint, warning=True)
            return parse(DEFAULT_TRIGGER)
        if node not in self._triggers:
            trigger = self._triggers[node] = self._fields.compiled(node, '"trigger"', parse, faults_of)
            if trigger:
                self._fields.warn(node, lint_trigger(trigger))
                self._fields.warn(node, map(lint_path, sorted(paths(trigger))))
        return self._triggers[node]
