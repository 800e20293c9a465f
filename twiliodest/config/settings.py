"""The configuration: a YAML file becomes a `Config`, or all its problems at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from twiliodest.config import values as values
from twiliodest.config.actions import Defaults, read_actions
from twiliodest.config.credentials import CREDENTIALS, Credentials
from twiliodest.config.fields import Fields
from twiliodest.config.guards import read_list, read_own_quiet_hours, read_quiet_hours
from twiliodest.config.keys import FIELDS, MOST_MESSAGES, MOST_REQUESTS, QUIET_HOURS, SETTINGS
from twiliodest.config.masks import is_reference
from twiliodest.config.nodes import Document, Node
from twiliodest.config.options import read_event_time, read_shared
from twiliodest.config.secrecy import ANY, Public
from twiliodest.errors import ExpressionError, Problem
from twiliodest.events.envelopes import EventsAt, read_events_at
from twiliodest.guards.durations import read_duration
from twiliodest.guards.quiet_hours import QuietHours
from twiliodest.guards.suppression import Suppressed
from twiliodest.messages.parameters import PARAMETERS
from twiliodest.messages.send_sms import SendSms
from twiliodest.model import Secret
from twiliodest.planning.identity import Identity, compile_identity
from twiliodest.templates.fields import SEPARATOR

T = TypeVar("T")

DEFAULT_EVENT_ID = "$.messageId"
KEYS = tuple(SETTINGS)
_BELOW: dict[str, Public] = {
    "quiet_hours": {key: {} for key in QUIET_HOURS},
    "twilio": {parameter: {} for parameter in PARAMETERS},
    "content_variables": {ANY: {}},
}
PUBLIC: Public = {
    name: {"actions": {field: _BELOW.get(field, {}) for field in FIELDS}}.get(name, _BELOW.get(name, {}))
    for name in SETTINGS
    if name not in CREDENTIALS
}
EDGES = {"au1": "sydney", "ie1": "dublin", "jp1": "tokyo"}  # a region's host names its edge since April 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A checked configuration. `account` and `token` may be missing: a dry run needs neither.

    `rate` is in messages a second; the prices are in `currency`; `disabled` names the actions left out;
    `lacking` says of credentials why they could not be read. `cooldown` (seconds) and `quiet_hours` are for actions
    that have none of their own; `own_quiet_hours` are by action, `None` where it has none at all.
    """

    account: str | None
    token: Secret | None
    lacking: Mapping[str, str]
    api_key: str | None
    number: str
    actions: Sequence[SendSms]
    disabled: Sequence[str]
    api_base: str
    event_id: Identity
    events_at: EventsAt | None
    default_region: str | None
    rate: float | None
    concurrency: int
    max_messages: int | None
    price_per_segment: float | None
    price_per_mms: float | None
    currency: str
    ledger: Path | None
    quiet_hours: QuietHours | None
    own_quiet_hours: Mapping[str, QuietHours | None]
    cooldown: int | None
    suppressed: Suppressed | None
    files: Sequence[Path]
    warnings: Sequence[Problem]


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read and check a configuration. Raises `UsageError` with every problem, warnings among them."""
    document = Document(path, PUBLIC)
    root = document.root
    read = _Settings(document, root, environ)
    region = read.setting("default_region", values.country)
    number = read.sender(region)
    credentials = Credentials(document, read.nodes, read.setting, environ)
    listed = read.setting("suppress", values.file("suppress"))
    smart_encoding = read.setting("smart_encoding", values.switch("smart_encoding")) or False
    fields = Fields(document, region, smart_encoding=smart_encoding, separator=read.separator())
    time = read_event_time(document, fields, read.nodes.get("time"))
    shared = read_shared(document, fields, read.nodes)
    defaults = Defaults(number, region, smart_encoding, time, shared)
    actions, disabled, quiet = read_actions(document, fields, root, read.nodes.get("actions"), defaults)
    all_others = [action for action in actions if action.name not in quiet]
    return Config(
        account=credentials.account(),
        token=credentials.token(),
        lacking=credentials.lacking,
        api_key=read.setting("api_key", values.api_key),
        number=number or "",
        actions=actions,
        disabled=disabled,
        api_base=read.api_base(),
        event_id=read.identity() or compile_identity([DEFAULT_EVENT_ID]),
        events_at=read.setting("events_at", read_events_at),
        default_region=region,
        rate=read.setting("rate", values.amount(0.001, "rate must be a number of messages per second")),
        concurrency=read.setting("concurrency", values.count(MOST_REQUESTS, "concurrency")) or 10,
        max_messages=read.setting("max_messages", values.count(MOST_MESSAGES, "max_messages")),
        price_per_segment=read.price("price_per_segment"),
        price_per_mms=read.price("price_per_mms"),
        currency=read.setting("currency", values.currency) or "USD",
        ledger=read.setting("ledger", values.file("ledger")),
        quiet_hours=read_quiet_hours(document, read.nodes.get("quiet_hours"), all_others),
        own_quiet_hours=read_own_quiet_hours(document, quiet, actions),
        cooldown=read.setting("cooldown", read_duration),
        suppressed=read_list(document, read.nodes.get("suppress"), listed, region),
        files=[path, *([listed] if listed else []), *credentials.files],
        warnings=document.conclude(),
    )


class _Settings:
    """The settings of a document, with the values of environment variables put in."""

    def __init__(self, document: Document, root: Node, environ: Mapping[str, str]) -> None:
        self.nodes, unknown = document.members(root, KEYS)
        document.complain_of_unknown(unknown, KEYS, "setting")
        self._root = root
        self._document = document
        self._environ = environ

    def setting(self, name: str, read: Callable[[str], T]) -> T | None:
        """The value of a setting; `None` where it is missing or wrong."""
        node = self.nodes.get(name)
        return self._value(node, name, read) if node else None

    def identity(self) -> Identity | None:
        """The rule by which events are told apart: a path, a template, or a list of alternatives."""
        node, name = self.nodes.get("event_id"), "event_id"
        nodes = self._document.items(node) if node else None
        if not node or nodes is None:
            return self.setting(name, lambda text: compile_identity([text]))
        texts: list[str] = []
        for each in nodes:
            text = self._value(each, name, lambda text: bool(compile_identity([text])) and text)
            texts += [text] if text else []
        if not nodes:
            self._document.complain(node, '"event_id" has no value')
        return compile_identity(texts) if texts else None

    def _value(self, node: Node, name: str, read: Callable[[str], T]) -> T | None:
        text = self._document.text(node, f'"{name}"', secret=name in CREDENTIALS)
        if text is None:
            return None
        expanded = self._expand(node, name, text)
        if expanded is None:
            return None
        try:
            return read(expanded.strip())
        except ExpressionError as error:
            offset = error.offset + len(text) - len(text.lstrip()) if expanded == text else None
            self._document.complain(node, error.message, error.hint, offset=offset)
            return None

    def separator(self) -> str:
        """What stands between the items of a list, white space and all."""
        node = self.nodes.get("list_separator")
        return (self._document.text(node, '"list_separator"') if node else None) or SEPARATOR

    def sender(self, region: str | None) -> str | None:
        """The number, which must be there."""
        if "number" not in self.nodes:
            self._document.lacks(self._root, ["number"], '"number" is missing', 'add number: "+15551234567"')
        return self.setting("number", functools.partial(values.sender, default_region=region))

    def price(self, name: str) -> float | None:
        """An amount of money."""
        return self.setting(name, values.amount(0, f"{name} must be a number, 0 or more"))

    def api_base(self) -> str:
        """The address of the API: as it is set, or composed of edge and region."""
        edge = self.setting("edge", values.edge)
        region = self.setting("region", values.region)
        if region and "edge" not in self.nodes and region != "us1" and not (edge := EDGES.get(region)):
            hint = "add edge: …, as Twilio's console names it"
            self._document.complain(self.nodes["region"], "a region also needs an edge", hint)
        if node := self.nodes.get("api_base"):
            if "edge" in self.nodes or "region" in self.nodes:
                self._document.complain(node, "api_base cannot be combined with edge or region")
            return self.setting("api_base", values.api_base) or ""
        if not edge:
            return "https://api.us1.twilio.com" if region else "https://api.twilio.com"
        return f"https://api.{edge}.{region or 'us1'}.twilio.com"

    def _expand(self, node: Node, name: str, text: str) -> str | None:
        """A text with the environment's values; `None` where one is not set, which only a real send minds."""
        try:
            expanded = values.expand(text, self._environ)
        except ExpressionError as error:
            self._document.fault(node, error)
            return None
        except values.UnsetError as unset:
            message, credential = f"the environment variable {unset.name} is not set", name in CREDENTIALS
            if credential and not is_reference(f"${{{unset.name}}}"):
                message = "this environment variable is not set"  # it may be a secret in the wrong place
            hint = f"a real send needs {name.removesuffix('_file')}" if credential else None
            self._document.complain(node, message, hint, warning=credential)
            return None
        if not expanded.strip():
            self._document.complain(node, f'"{name}" has no value', warning=name in CREDENTIALS)
            return None
        return expanded
