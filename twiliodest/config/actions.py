"""The nodes of the actions become `SendSms`, with every problem and everything odd in them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from twiliodest.config.lints import Finding, constant, likely_path, lint_body, lint_path
from twiliodest.config.nodes import Document, Node
from twiliodest.config.trigger_lints import lint_trigger
from twiliodest.config.values import FALSE, TRUE
from twiliodest.config.values import sender as read_sender
from twiliodest.errors import ExpressionError
from twiliodest.guards.durations import read_duration
from twiliodest.messages.phones import PhoneError, recipient
from twiliodest.messages.send_sms import MEDIA_LIMIT, SendSms
from twiliodest.templates.fields import Field, compile_field
from twiliodest.triggers.grammar import Expression, parse
from twiliodest.triggers.matching import paths

FIELDS = ("name", "trigger", "to", "body", "media_url", "number", "cooldown", "enabled")
TO, BODY, MEDIA = '"to"', '"body"', '"media_url"'
SCHEMES = ("https://", "http://")
DEFAULT_TRIGGER = 'type = "track"'
TO_LIMIT = 100  # alternatives
_MARKUP = re.compile(r"\{[{%]")
T = TypeVar("T")


def read_actions(
    document: Document,
    root: Node,
    node: Node | None,
    sender: str | None,
    region: str | None,
    *,
    smart_encoding: bool,
) -> tuple[Sequence[SendSms], Sequence[str]]:
    """The enabled actions, and the names of the others; `sender` is whose that name none.

    Problems are the document's.
    """
    items = document.items(node) if node else None
    if node is None:
        document.complain(root, '"actions" is missing', "add actions: and a list of them")
    elif not items:
        message = '"actions" must be a list with at least one action'
        document.complain(node, message, "begin each with - name: …")
    reader = _Reader(document, sender, region, smart_encoding)
    for number, item in enumerate(items or (), 1):
        reader.read(item, number)
    return reader.actions, reader.disabled


class _Reader:
    """Reads one action after the other; a node that aliases repeat is read once."""

    def __init__(
        self, document: Document, sender: str | None, region: str | None, smart_encoding: bool
    ) -> None:
        self.actions: list[SendSms] = []
        self.disabled: list[str] = []
        self._document = document
        self._complain = document.complain
        self._sender = sender
        self._region = region
        self._smart_encoding = smart_encoding
        self._lines: dict[str, int] = {}  # of the actions, by name
        self._triggers: dict[Node, Expression | None] = {}
        self._fields: dict[tuple[Node, str], Sequence[Field]] = {}

    def read(self, item: Node, number: int) -> None:
        """Add the action to `actions` if it is enabled and complete."""
        if not self._document.is_mapping(item):
            self._complain(item, "an action must have fields", f"they are: {', '.join(FIELDS)}")
            return
        nodes, unknown = self._document.members(item, FIELDS)
        name = self._name(item, nodes.get("name"))
        where = f'in action "{name}"' if name else f"in action {number}"
        self._document.complain_of_unknown(unknown, FIELDS, "field", where)
        enabled = self._enabled(nodes.get("enabled"))
        trigger = self._trigger(item, nodes.get("trigger"), name or "this action")
        to = self._texts(nodes.get("to"), TO, TO_LIMIT)
        body = self._texts(nodes.get("body"), BODY, 1)
        media = self._texts(nodes.get("media_url"), MEDIA, MEDIA_LIMIT)
        read = functools.partial(read_sender, default_region=self._region)
        sender = self._plain(nodes["number"], "number", read) if "number" in nodes else self._sender
        cooldown = self._plain(nodes["cooldown"], "cooldown", read_duration) if "cooldown" in nodes else None
        if "to" not in nodes:
            hint = "add to: $.properties.phone, or wherever events have the number"
            self._complain(item, f'"to" is missing {where}', hint)
        if "body" not in nodes and "media_url" not in nodes:
            self._complain(item, f'"body" is missing {where}', 'add body: "…", or media_url')
        if name and not enabled:
            self.disabled.append(name)
        if enabled and name and trigger and to and sender:
            self.actions.append(
                SendSms(
                    name=name,
                    trigger=trigger,
                    to=to,
                    body=body[0] if body else None,
                    media=media,
                    sender=sender,
                    default_region=self._region,
                    smart_encoding=self._smart_encoding,
                    cooldown=cooldown,
                )
            )

    def _name(self, item: Node, node: Node | None) -> str | None:
        if node is None:
            hint = "the ledger knows what was sent by the action's name"
            self._complain(item, 'an action has no "name"', hint)
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

    def _plain(self, node: Node, name: str, read: Callable[[str], T]) -> T | None:
        text = self._document.text(node, f'"{name}"')
        try:
            return read(text.strip()) if text else None
        except ExpressionError as error:
            self._complain(node, error.message, error.hint)
            return None

    def _trigger(self, item: Node, node: Node | None, name: str) -> Expression | None:
        if node is None:
            message = f"{name} has no trigger: it texts on every track event"
            hint = f'say which: trigger: {DEFAULT_TRIGGER} and event = "…"'
            self._complain(item, message, hint, warning=True)
            return parse(DEFAULT_TRIGGER)
        if node not in self._triggers:
            trigger = self._triggers[node] = self._compiled(node, '"trigger"', parse)
            if trigger:
                self._warn(node, lint_trigger(trigger))
                self._warn(node, map(lint_path, sorted(paths(trigger))))
        return self._triggers[node]

    def _texts(self, node: Node | None, what: str, limit: int) -> Sequence[Field]:
        """The fields of a text or, where there can be several, of a list of texts."""
        if node is None:
            return ()
        if (node, what) in self._fields:
            return self._fields[node, what]
        items = self._document.items(node)
        if items is not None and limit == 1:
            self._complain(node, f"{what} must be a single text, not a list")
            items = ()
        elif items is not None and not 0 < len(items) <= limit:
            self._complain(
                node, f"{what} takes {limit} texts at most" if items else f"{what} is an empty list"
            )
            items = ()
        fields = [
            field for item in ([node] if items is None else items) if (field := self._field(item, what))
        ]
        self._fields[node, what] = fields
        return fields

    def _field(self, node: Node, what: str) -> Field | None:
        field = self._compiled(node, what, compile_field)
        if field:
            self._warn(node, (lint_path(prefix) for path in field.paths for prefix in path.prefixes))
            self._warn(node, lint_body(field, self._smart_encoding) if what == BODY else ())
            self._complain_of_constant(node, what, field)
        return field

    def _warn(self, node: Node, findings: Iterable[Finding | None]) -> None:
        for found in filter(None, findings):
            self._complain(
                node, found.message, found.hint, offset=found.offset, warning=True, member=found.member
            )

    def _complain_of_constant(self, node: Node, what: str, field: Field) -> None:
        """Note a recipient or a media URL that can never work, whatever an event holds."""
        text = constant(field)
        if what == TO and text is not None:
            try:
                recipient(text, self._region)
            except PhoneError as error:
                hint = "write a path such as $.properties.phone"
                meant = likely_path(text)
                self._complain(node, error.reason, f"did you mean {meant}?" if meant else hint)
        elif what == MEDIA and field.fixed is not None:
            start = (_MARKUP.split(field.source, maxsplit=1)[0] if text is None else text).strip().lower()
            if start and not any(start.startswith(it) or it.startswith(start) for it in SCHEMES):
                hint = "write an address that begins with https://, or a path such as $.properties.image"
                meant = likely_path(start)
                message = "a media URL begins with https:// or http://"
                self._complain(node, message, f"did you mean {meant}?" if meant else hint)

    def _compiled(self, node: Node, what: str, compile_: Callable[[str], T]) -> T | None:
        """What a text means. Where YAML took a part of it for a comment, that is told instead of what follows."""
        text = self._document.text(node, what)
        if text is None:
            return None
        comment = self._document.comment_behind(node)
        tight = comment[1:2].strip() != ""
        if "{{" in comment or (tight and what == BODY):
            self._document.complain_of_comment(node, what)
            return None
        try:
            return compile_(text)
        except ExpressionError as error:
            if tight:
                self._document.complain_of_comment(node, what)
            else:
                self._document.fault(node, error)
            return None
