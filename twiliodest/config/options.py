"""The nodes of what few actions have beyond text and media, for one action or as the settings of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from twiliodest.config.fields import Fields
from twiliodest.config.keys import LATE
from twiliodest.config.lints import constant
from twiliodest.config.nodes import Document, Node
from twiliodest.errors import ExpressionError
from twiliodest.guards.durations import UNITS, read_duration
from twiliodest.messages.options import Age, Options, Schedule
from twiliodest.messages.parameters import KEYS, PARAMETERS, callback, content_sid
from twiliodest.messages.phones import CHANNELS
from twiliodest.model import is_messaging_service
from twiliodest.templates.fields import Field, compile_field
from twiliodest.templates.liquid.dates import parse_moment

SCHEDULE = ("send_at", "before", "after", "late")
TIME = "$.timestamp"
VALIDITY = 10 * UNITS["h"]  # seconds
T = TypeVar("T")


class Shared(NamedTuple):
    """What an action may have of its own, and all have that have none."""

    channel: str | None = None
    validity_period: int | None = None
    max_age: int | None = None
    status_callback: Field | None = None
    parameters: Mapping[str, Sequence[Field]] = {}
    services: Mapping[str, Node] = {}  # parameters that want a Messaging Service


def read_shared(
    document: Document, fields: Fields, nodes: Mapping[str, Node], all_: Shared | None = None
) -> Shared:
    """These of an action, or of all actions. Problems are the document's."""
    all_ = all_ or Shared()

    def value(name: str, read: Callable[[str], T], otherwise: T | None) -> T | None:
        return plain(document, nodes[name], name, read) if name in nodes else otherwise

    parameters, services = dict(all_.parameters), dict(all_.services)
    if node := nodes.get("twilio"):
        _read_parameters(document, fields, node, parameters, services)
    callbacks = nodes.get("status_callback")
    found = Shared(
        channel=value("channel", _channel, all_.channel),
        validity_period=value("validity_period", _validity, all_.validity_period),
        max_age=value("max_age", _age, all_.max_age),
        status_callback=fields.text(callbacks, '"status_callback"', callback)
        if callbacks
        else all_.status_callback,
        parameters=parameters,
        services=services,
    )
    if found.status_callback and "ApplicationSid" in parameters and (at := nodes.get("twilio") or callbacks):
        message = "Twilio ignores ApplicationSid if there is a status_callback"
        document.complain(at, message, "leave out one of them")
    return found


def read_options(
    document: Document,
    fields: Fields,
    nodes: Mapping[str, Node],
    shared: Shared,
    sender: str | None,
    time: Field,
) -> Options | None:
    """What an action has; `None` if it has nothing of it. Problems are the document's."""
    is_service = sender is None or is_messaging_service(sender)  # a sender that is wrong is told of elsewhere
    if not is_service and (name := next(iter(shared.services), None)):
        document.complain(
            shared.services[name],
            f"{name} needs a Messaging Service as the sender",
            "set number to one (MG…)",
        )
    content = nodes.get("content_sid")
    variables = nodes.get("content_variables")
    if variables and not content:
        document.complain(variables, "content_variables are for a content template", "add content_sid: HX…")
    if content and (body := nodes.get("body")):
        message = "Twilio sends the content template, and ignores this body"
        document.complain(body, message, "leave out one of them", warning=True)
    options = Options(
        content_sid=fields.text(content, '"content_sid"', content_sid),
        content_variables=_variables(document, fields, variables),
        status_callback=shared.status_callback,
        validity_period=shared.validity_period,
        parameters=[(name, field) for name, found in shared.parameters.items() for field in found],
        schedule=_schedule(document, fields, nodes, is_service=is_service),
        age=None if shared.max_age is None else Age(time, shared.max_age),
    )
    return None if options == Options(parameters=[]) else options


def plain(document: Document, node: Node, name: str, read: Callable[[str], T]) -> T | None:
    """A value that is the same for every event."""
    text = document.text(node, f'"{name}"')
    try:
        return read(text.strip()) if text else None
    except ExpressionError as error:
        document.complain(node, error.message, error.hint)
        return None


def read_event_time(document: Document, fields: Fields, node: Node | None) -> Field:
    """Where events say when they happened."""
    found = fields.text(node, '"time"')
    if node and found and constant(found) is not None:
        document.complain(node, '"time" is the same for every event', f"write a path such as {TIME}")
    return found or compile_field(TIME)


def _variables(document: Document, fields: Fields, node: Node | None) -> Sequence[tuple[str, Field]]:
    if node is None:
        return ()
    pairs = document.pairs(node)
    if not pairs:
        hint = 'write the variables\' names, each with a path or a template: {"1": $.properties.name}'
        document.complain(node, '"content_variables" must have fields', hint)
        return ()
    found = ((name, fields.text(value, f'content variable "{name}"')) for name, value in pairs)
    return [(name, field) for name, field in found if field]


def _read_parameters(
    document: Document,
    fields: Fields,
    node: Node,
    parameters: dict[str, Sequence[Field]],
    services: dict[str, Node],
) -> None:
    if not document.is_mapping(node):
        document.complain(node, '"twilio" must have fields', "write Twilio's own names: {ShortenUrls: true}")
        return
    nodes, unknown = document.members(node, (*PARAMETERS, *KEYS))
    document.complain_of_unknown(unknown, tuple(PARAMETERS), "parameter", "in twilio")
    for name, value in nodes.items():
        if name in KEYS:
            document.complain(value, f"{name} has a key of its own", f"set {KEYS[name]} instead")
            continue
        parameter = PARAMETERS[name]
        parameters[name] = fields.texts(value, f'"{name}"', parameter.most)
        for field in parameters[name]:
            fields.check(value, field, _named(name, parameter.read))
        services.pop(name, None)
        is_off = [constant(field) for field in parameters[name]] == ["false"]
        if parameter.needs_service and not is_off:
            services[name] = value


def _named(name: str, read: Callable[[str], str]) -> Callable[[str], str]:
    def named(text: str) -> str:
        try:
            return read(text)
        except ExpressionError as error:
            raise ExpressionError(f"{name}: {error.message}", error.offset, error.hint) from None

    return named


def _schedule(
    document: Document, fields: Fields, nodes: Mapping[str, Node], *, is_service: bool
) -> Schedule | None:
    node = nodes.get("send_at")
    if node is None:
        for name in SCHEDULE[1:]:
            if name in nodes:
                document.complain(
                    nodes[name], f'"{name}" goes with send_at', "add send_at: $.properties.time"
                )
        return None
    if not is_service:
        hint = "set number to one (MG…), or remove send_at"
        document.complain(node, "send_at needs a Messaging Service as the sender", hint)
    if "before" in nodes and "after" in nodes:
        document.complain(nodes["after"], "before and after cannot be combined", "leave out one of them")
    time = fields.text(node, '"send_at"', _time)
    shifts = {
        name: plain(document, nodes[name], name, read_duration)
        for name in ("before", "after")
        if name in nodes
    }
    late = plain(document, nodes["late"], "late", _late) if "late" in nodes else None
    shift = (shifts.get("after") or 0) - (shifts.get("before") or 0)
    return Schedule(time, shift, late == "skip") if time else None


def _time(text: str) -> str:
    try:
        parse_moment(text)
    except ValueError as error:
        raise ExpressionError(
            f"send_at is not a time: {error}", 0, "write a path such as $.properties.time"
        ) from None
    return text


def _channel(text: str) -> str:
    if text not in CHANNELS:
        raise ExpressionError("this is not a channel", 0, f"use {', '.join(CHANNELS[:-1])} or {CHANNELS[-1]}")
    return text


def _late(text: str) -> str:
    if text not in LATE:
        raise ExpressionError(
            '"late" must be send or skip', 0, "what to do with a text whose time has passed"
        )
    return text


def _validity(text: str) -> int:
    seconds = read_duration(text)
    if not 1 <= seconds <= VALIDITY:
        raise ExpressionError("validity_period must be from 1s to 10h")
    return seconds


def _age(text: str) -> int:
    seconds = read_duration(text)
    if not seconds:
        raise ExpressionError("max_age must be 1s or more", 0, "all events are older than that")
    return seconds
