"""The configuration: YAML nodes become a `Config`, or all their problems at once."""

from __future__ import annotations

import difflib
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import yaml

from twiliodest import phones
from twiliodest.actions import MEDIA_LIMIT, SendSms
from twiliodest.errors import ExpressionError, Problem, UsageError
from twiliodest.fields import Field, compile_field, compile_path
from twiliodest.fields import Path as JsonPath
from twiliodest.fql import Expression, parse
from twiliodest.lints import lint_body, lint_path, lint_trigger
from twiliodest.model import Secret
from twiliodest.nodes import Document, Node, members
from twiliodest.triggers import paths

T = TypeVar("T")

DEFAULT_TRIGGER = 'type = "track"'
DEFAULT_EVENT_ID = "$.messageId"
SECRETS = ("account", "token", "api_key")
SETTINGS = (
    *(*SECRETS, "number", "actions", "edge", "region", "api_base", "default_region", "event_id", "rate"),
    *("concurrency", "max_messages", "price_per_segment", "price_per_mms", "currency", "ledger"),
)
FIELDS = ("name", "trigger", "to", "body", "media_url", "number", "enabled")
EDGES = {"au1": "sydney", "ie1": "dublin", "jp1": "tokyo"}  # a region's host names its edge since April 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A checked configuration. `account` and `token` may be missing: a dry run needs neither.

    `rate` is in messages a second; the prices are in `currency`; `disabled` counts the actions left out.
    """

    account: str | None
    token: Secret | None
    api_key: str | None
    number: str
    actions: Sequence[SendSms]
    disabled: int
    api_base: str
    event_id: JsonPath
    default_region: str | None
    rate: float | None
    concurrency: int
    max_messages: int | None
    price_per_segment: float | None
    price_per_mms: float | None
    currency: str
    ledger: Path | None
    warnings: Sequence[Problem]


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read and check a configuration. Raises `UsageError` with every problem, warnings among them."""
    reader = _Reader(Document(path, [name for name in SETTINGS if name not in SECRETS]), environ)
    config = reader.config(path)
    if config is None:
        raise UsageError(reader.problems)
    return config


def check_api_base(url: str) -> str | None:
    """Why an address cannot be the API's base, or `None`."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "api_base must be an address like https://api.twilio.com"
    if parts.username or parts.password:
        return "api_base must not hold a user name or a password"
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return "api_base must be https, or the account's token would travel in the clear"
    return None


class _Reader:
    """Goes through the nodes once and collects what it finds wrong."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self._environ = environ

    def config(self, path: Path) -> Config | None:
        root = self.document.root
        if not isinstance(root, yaml.MappingNode):
            hint = "twiliodest init writes one to start from"
            self.problems.append(Problem(message=f"{self.document.name} holds no settings", hint=hint))
            return None
        nodes = self._known(root, SETTINGS, "setting")
        number = self._required(root, nodes, "number", self._sender)
        region = self._setting(nodes, "default_region", self._region)
        event_id = self._setting(nodes, "event_id", self._path) or compile_path(DEFAULT_EVENT_ID)
        actions, disabled = self._actions(root, nodes.get("actions"), number, region)
        config = Config(
            account=self._setting(nodes, "account", self._account) or self._environ.get("TWILIO_ACCOUNT_SID"),
            token=self._token(nodes.get("token"), path),
            api_key=self._setting(nodes, "api_key", self._api_key),
            number=number or "",
            actions=actions,
            disabled=disabled,
            api_base=self._api_base(nodes),
            event_id=event_id,
            default_region=region,
            rate=self._setting(nodes, "rate", _at_least(0.001, "rate", "messages a second")),
            concurrency=self._setting(nodes, "concurrency", _whole(1, 500, "concurrency")) or 10,
            max_messages=self._setting(nodes, "max_messages", _whole(1, 10**12, "max_messages")),
            price_per_segment=self._setting(
                nodes, "price_per_segment", _at_least(0, "price_per_segment", "an amount")
            ),
            price_per_mms=self._setting(nodes, "price_per_mms", _at_least(0, "price_per_mms", "an amount")),
            currency=self._setting(nodes, "currency", _currency) or "USD",
            ledger=self._setting(nodes, "ledger", lambda text: Path(text).expanduser()),
            warnings=[problem for problem in self.problems if problem.warning],
        )
        return config if all(problem.warning for problem in self.problems) else None

    def _complain(self, node: Node, message: str, hint: str | None = None, *, warning: bool = False) -> None:
        self.problems.append(self.document.problem(node, message, hint, warning=warning))

    def _known(self, node: Node, names: Sequence[str], what: str) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for key, value in members(self.document, node, self.problems):
            if key.value in names:
                found[key.value] = value
                continue
            near = difflib.get_close_matches(key.value, names, 1, 0.5)
            hint = f'did you mean "{near[0]}"?' if near else f"known are: {', '.join(names)}"
            self._complain(key, f'unknown {what} "{key.value}"', hint)
        return found

    def _required(
        self, root: Node, nodes: Mapping[str, Node], name: str, read: Callable[[str], T]
    ) -> T | None:
        if name not in nodes:
            self._complain(root, f'"{name}" is missing', f"add {name}: …")
            return None
        return self._setting(nodes, name, read)

    def _setting(self, nodes: Mapping[str, Node], name: str, read: Callable[[str], T]) -> T | None:
        """The value of a setting, read from its text with environment variables put in."""
        node = nodes.get(name)
        if node is None:
            return None
        text = self._text(node, f'"{name}"')
        if text is None:
            return None
        try:
            expanded = self._expand(text, node, name)
            return None if expanded is None else read(expanded)
        except ExpressionError as error:
            offset = error.offset if "${" not in text else None
            self.problems.append(self.document.problem(node, error.message, error.hint, offset=offset))
            return None

    def _text(self, node: Node, what: str) -> str | None:
        """The text of a scalar, as written: `+15551234567` keeps its plus, `no` stays `no`."""
        if isinstance(node, yaml.ScalarNode):
            if not node.tag.startswith("tag:yaml.org,2002:"):
                self._complain(
                    node, f"{what} begins with !, which YAML takes for a tag", "put it in double quotes"
                )
                return None
            if node.value.strip() and not (node.style is None and node.value in ("~", "null")):
                return str(node.value)
            self._complain(node, f"{what} has no value")
            return None
        hint = None
        if isinstance(node, yaml.MappingNode) and node.flow_style:
            hint = "put a value that begins with { in double quotes"
        self._complain(node, f"{what} must be a text", hint)
        return None

    def _expand(self, text: str, node: Node, name: str) -> str | None:
        """`${NAME}` and `${NAME:-default}` replaced; `None` where a variable of the credentials is not set."""
        unset: list[str] = []

        def value(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            if match[1] is None:
                raise ExpressionError(
                    "this ${ cannot be read", match.start(), "write ${NAME} or ${NAME:-default}"
                )
            given = self._environ.get(match[1]) or match[2]
            if given is None:
                unset.append(match[1])
            return given or ""

        expanded = _VARIABLE.sub(value, text)
        if not unset:
            return expanded.strip()
        variable = f"the environment variable {unset[0]} is not set"
        self._complain(
            node, variable, f"a real send needs {name}" if name in SECRETS else None, warning=name in SECRETS
        )
        return None

    def _token(self, node: Node | None, path: Path) -> Secret | None:
        token = self._setting({"token": node}, "token", _credential) if node else None
        if node is None and "TWILIO_AUTH_TOKEN" in self._environ:
            token = self._environ["TWILIO_AUTH_TOKEN"].strip()
        if (
            token
            and isinstance(node, yaml.ScalarNode)
            and "${" not in node.value
            and path.stat().st_mode & 0o077
        ):
            mode = stat.filemode(path.stat().st_mode)
            self._complain(
                node,
                f"others can read this file and the token in it ({mode})",
                f"chmod 600 {path}",
                warning=True,
            )
        return Secret(token) if token else None

    def _account(self, text: str) -> str:
        if text.startswith("SK"):
            raise ExpressionError(
                "account must be the account's SID (AC…), and this is an API key", 0, "put it in api_key"
            )
        if not re.fullmatch(r"AC[0-9a-fA-F]{32}", text):
            raise ExpressionError("account must be an account SID: AC and 32 hexadecimal digits")
        return text

    def _api_key(self, text: str) -> str:
        if not re.fullmatch(r"SK[0-9a-fA-F]{32}", text):
            raise ExpressionError("api_key must be an API key's SID: SK and 32 hexadecimal digits")
        return text

    def _sender(self, text: str) -> str:
        if phones.sender_kind(text) is None:
            hint = "a number like +15551234567, a short code, an alphanumeric sender, or a Messaging Service (MG…)"
            raise ExpressionError("this is no sender that Twilio knows", 0, hint)
        return text

    def _region(self, text: str) -> str:
        if hint := phones.check_region(text):
            raise ExpressionError("default_region must be an ISO country code", 0, hint)
        return text

    def _path(self, text: str) -> JsonPath:
        return compile_path(text)

    def _api_base(self, nodes: Mapping[str, Node]) -> str:
        edge = self._setting(nodes, "edge", _host_part)
        region = self._setting(nodes, "region", _host_part)
        if region and not edge and region != "us1" and not (edge := EDGES.get(region)):
            self._complain(
                nodes["region"], "a region needs its edge", "add edge: …, as Twilio's console names it"
            )
        if "api_base" in nodes:
            if edge or region:
                self._complain(nodes["api_base"], "api_base and edge or region exclude each other")
            return self._setting(nodes, "api_base", _api_base) or ""
        if not edge:
            return "https://api.us1.twilio.com" if region else "https://api.twilio.com"
        return f"https://api.{edge}.{region or 'us1'}.twilio.com"

    def _actions(
        self, root: Node, node: Node | None, number: str | None, region: str | None
    ) -> tuple[list[SendSms], int]:
        if node is None:
            self._complain(root, '"actions" is missing', "add actions: and a list of them")
            return [], 0
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._complain(
                node, "actions must be a list with at least one action", "begin each with - name: …"
            )
            return [], 0
        actions: list[SendSms] = []
        names: dict[str, int] = {}
        disabled = 0
        for item in node.value:
            if not isinstance(item, yaml.MappingNode):
                self._complain(item, "an action must have fields", f"they are: {', '.join(FIELDS)}")
                continue
            action, enabled = self._action(item, number, region, names)
            if action and enabled:
                actions.append(action)
            disabled += not enabled
        return actions, disabled

    def _action(
        self, item: Node, number: str | None, region: str | None, names: dict[str, int]
    ) -> tuple[SendSms | None, bool]:
        before = len(self.problems)
        nodes = self._known(item, FIELDS, "field")
        name = self._name(item, nodes.get("name"), names)
        enabled = self._enabled(nodes.get("enabled"))
        trigger = self._trigger(item, nodes.get("trigger"), name)
        to = self._fields(nodes.get("to"), '"to"')
        body = next(iter(self._fields(nodes.get("body"), '"body"')), None)
        media = self._fields(nodes.get("media_url"), '"media_url"')
        sender = self._plain(nodes, "number", self._sender) or number
        if "to" not in nodes:
            self._complain(
                item, f'{name}: "to" is missing', "add to: $.properties.phone, or where the number stands"
            )
        if "body" not in nodes and "media_url" not in nodes:
            self._complain(item, f'{name}: "body" is missing', 'add body: "…", or media_url')
        if len(media) > MEDIA_LIMIT:
            self._complain(nodes["media_url"], f"a message takes {MEDIA_LIMIT} media URLs at most")
        if isinstance(nodes.get("body"), yaml.SequenceNode):
            self._complain(nodes["body"], '"body" must be one text')
        if body:
            for message, hint, offset in lint_body(body):
                self.problems.append(
                    self.document.problem(nodes["body"], message, hint, offset=offset, warning=True)
                )
        if any(not problem.warning for problem in self.problems[before:]) or not (trigger and sender):
            return None, enabled
        return SendSms(
            name=name, trigger=trigger, to=to, body=body, media=media, sender=sender, default_region=region
        ), enabled

    def _name(self, item: Node, node: Node | None, names: dict[str, int]) -> str:
        text = self._text(node, '"name"') if node else None
        if node is None:
            self._complain(
                item, 'an action has no "name"', "the ledger knows what was sent by the action's name"
            )
        if text is None:
            return "this action"
        name = text.strip()
        if node and name in names:
            self._complain(node, f'two actions are named "{name}"', f"the first is in line {names[name]}")
        names[name] = item.start_mark.line + 1
        return name

    def _plain(self, nodes: Mapping[str, Node], name: str, read: Callable[[str], T]) -> T | None:
        """A field's value without environment variables: those are for settings only."""
        node = nodes.get(name)
        text = self._text(node, f'"{name}"') if node else None
        try:
            return read(text.strip()) if text else None
        except ExpressionError as error:
            self._complain(node or yaml.Node("", "", None, None), error.message, error.hint)
            return None

    def _enabled(self, node: Node | None) -> bool:
        text = self._text(node, '"enabled"') if node else "true"
        if node and text is not None and text.lower() not in ("true", "false", "yes", "no", "on", "off"):
            self._complain(node, '"enabled" must be true or false')
        return text is None or text.lower() in ("true", "yes", "on")

    def _trigger(self, item: Node, node: Node | None, name: str) -> Expression | None:
        if node is None:
            message = f"{name} has no trigger: it texts on every track event"
            self._complain(
                item, message, f'say which: trigger: {DEFAULT_TRIGGER} and event = "…"', warning=True
            )
            return parse(DEFAULT_TRIGGER)
        text = self._text(node, '"trigger"')
        if text is None:
            return None
        self._refuse_comment(node)
        try:
            trigger = parse(text)
        except ExpressionError as error:
            self.problems.append(self.document.expression_problem(node, error))
            return None
        odd = [*lint_trigger(trigger), *filter(None, map(lint_path, sorted(paths(trigger))))]
        for message, hint in odd:
            self._complain(node, message, hint, warning=True)
        return trigger

    def _fields(self, node: Node | None, what: str) -> list[Field]:
        """The compiled fields of a text or a list of texts."""
        fields: list[Field] = []
        items = node.value if isinstance(node, yaml.SequenceNode) else [node] if node else []
        if node and not items:
            self._complain(node, f"{what} is an empty list")
        for item in items:
            text = self._text(item, what)
            if text is None:
                continue
            self._refuse_comment(item)
            try:
                field = compile_field(text)
            except ExpressionError as error:
                self.problems.append(self.document.expression_problem(item, error))
                continue
            fields.append(field)
            for message, hint in filter(None, map(lint_path, field.paths)):
                self._complain(item, message, hint, warning=True)
        return fields

    def _refuse_comment(self, node: Node) -> None:
        comment = self.document.comment_behind(node)
        if len(comment) > 1 and (comment[1] != " " or "{{" in comment):
            self._complain(
                node, "this text ends at the #: YAML takes the rest for a comment", "put it in double quotes"
            )


_VARIABLE = re.compile(r"\$\$|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")


def _credential(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text):
        raise ExpressionError("the token holds white space or characters that no token has")
    return text


def _host_part(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+", text):
        raise ExpressionError("this is no part of a host name")
    return text


def _api_base(text: str) -> str:
    if fault := check_api_base(text):
        raise ExpressionError(fault)
    return text.rstrip("/")


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ExpressionError("currency must be a code of three letters, like USD")
    return text


def _at_least(least: float, name: str, what: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not least <= number < 1e9:
            raise ExpressionError(f"{name} must be a number: {what}")
        return number

    return read


def _whole(least: int, most: int, name: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ExpressionError(f"{name} must be a whole number, {least} or more")
        return int(text)

    return read
