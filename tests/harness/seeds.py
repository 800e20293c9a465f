"""Seeded events and mappings for Segment's engine: what people write, and what they would never think of."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from segment_api import CONTENT, SERVICE

PHONES = ("+14155550134", "+447911123456", "+4915112345678")
ODD_PHONES: tuple[Any, ...] = ("415", "", None, 14155550134, "+1 415 555 0134", " +14155550134 ", False, {})
SCALARS = (
    "Ada",
    "Nov 30",
    "",
    "ß İstanbul Σας",
    "a-b-c-a",
    "{x}",
    "a,b",
    "<b>&'\"",
    "\U0001f389",
    "https://a.example/x",
)
VALUES = (*SCALARS, 12.5, 7, 0, -3, 0.1, True, False, None, {"k": "v"})
PATHS = (
    *("$.properties.name", "properties.total", "$.properties.flag", "$.properties.code", "$.traits.name"),
    *("$.properties['first name']", "$.properties.order_id", "$.properties.missing"),
    *("$.properties.items[0].name", "$.properties.items.0.name"),
)
LISTS = "properties.tags"  # in templates alone: elsewhere Segment takes no list
TEXTS = ("Hi ", "Your order #", " { ", "} ", "$.", "{% x %}", " done. ", " ", "Ünï ", "100% *|X|* ")
PLAIN = (
    "Hello",
    "A {{name}} text",
    "{% raw %}",
    "$.50 off",
    5,
    12.5,
    True,
    "{{",
    "a}}b",
    'it\'s "x" \\ y',
    "l\nb",
)
TRIGGERS = (
    *(
        'type = "track"',
        'type = "track" and event = "Order Completed"',
        'type = "identify" or event = "Order Shipped"',
    ),
    *(
        "properties.total > 1",
        '!contains(properties.name, "A")',
        "properties.flag = true",
        "properties.flag != true",
    ),
    *(
        'properties.code != null and match(event, "Order*")',
        "properties.total != 7",
        'type = "track" AND name = null',
    ),
)
LIQUIDS = (
    *(
        "Hi {{ properties.name | default: 'there' }}",
        "{{ traits.name | append: '!' | strip }} {{properties.name}}",
    ),
    "{% if properties.code %}{{ properties.code | upcase }}{% else %}none{% endif %}",
    "{% unless properties.flag == true %}no{% endunless %}{% assign n = traits.name %} {{n | downcase}}",
    "{% if properties.code == blank %}B{% else %}N{% endif %} {{properties.name | replace: 'a', 'b'}}",
    "{{ properties.name | remove_first: '-' }}{{ properties.order_id | upcase }}",
    *("{{ properties.total | plus: 1 }}", "{% for x in properties.items %}{{ x.name }}{% endfor %}"),
)


def event(random: Random, number: int) -> dict[str, Any]:
    """One event, with its values of any type at places that mappings look at."""
    names = ("name", "total", "flag", "code", "first name", "order_id")
    properties: dict[str, Any] = {name: random.choice(VALUES) for name in names if random.random() < 0.75}
    if random.random() < 0.6:
        properties["tags"] = [random.choice(("a", "b c", 1, 2.5, True)) for _ in range(random.randrange(4))]
    if random.random() < 0.85:
        properties["phone"] = random.choice((*PHONES * 4, *ODD_PHONES))
    if random.random() < 0.5:
        properties["pic"] = random.choice(
            ("https://a.example/1.png", "https://a.example/2.png", "", "x", None)
        )
    if random.random() < 0.5:
        pictures = ("https://a.example/1.png", "https://a.example/2.png", None)
        properties["items"] = [
            {"image": random.choice(pictures), "name": random.choice(VALUES)}
            for _ in range(random.randrange(4))
        ]
    traits = {"name": random.choice(VALUES), "phone": random.choice((*PHONES, None, ""))}
    return {
        "messageId": f"m{number}",
        "type": random.choice(("track", "track", "identify")),
        "event": random.choice(("Order Completed", "Order Shipped")),
        "properties": properties,
        "traits": traits,
    }


def mapping(random: Random) -> tuple[str, dict[str, Any]]:
    """An action (sendSMS or sendMessage) and what its fields are mapped to."""
    text = {"@liquid": random.choice(LIQUIDS)} if random.random() < 0.15 else _text(random)
    to = _to(random)
    if random.random() < 0.5:
        fields = {"To": to, "Body": text}
        if random.random() < 0.3:
            picture = {"@template": "https://a.example/{{properties.order_id}}.png"}
            fields["MediaUrl"] = random.choice(
                ({"@path": "$.properties.pic"}, "https://a.example/3.png", picture)
            )
        return "sendSMS", fields
    channel = random.choice(("SMS", "MMS", "RCS", "Whatsapp"))
    message: dict[str, Any] = {"channel": channel, "contentTemplateType": "Inline", "toPhoneNumber": to}
    if channel == "RCS" or random.random() < 0.5:
        message |= {
            "senderType": "Messaging Service",
            "messagingServiceSid": random.choice((SERVICE, f"A [{SERVICE}]")),
        }
    else:
        message |= {"senderType": "Phone number", "fromPhoneNumber": "+15005550006"}
    if random.random() < 0.2:
        message["validityPeriod"] = random.choice((60, 14400, 90))
    if random.random() < 0.3:
        variables = {"1": text, "name": _path(random), "2": random.choice(("x", 5, _template(random)))}
        content = {"contentTemplateType": "Text", "contentSid": random.choice((CONTENT, f"A [{CONTENT}]"))}
        return "sendMessage", message | content | {"contentVariables": variables}
    if random.random() < 0.9:
        message["inlineBody"] = text
    if random.random() < 0.4:
        path, shape = {"@path": "$.properties.pic"}, ["$.properties.items", {"@path": "$.image"}]
        message["inlineMediaUrls"] = random.choice(
            ([path], ["https://a.example/3.png", path], path, {"@arrayPath": shape})
        )
    return "sendMessage", message


def _path(random: Random) -> Any:
    return {"@path": random.choice(PATHS)}


def _template(random: Random) -> Any:
    text = ""
    for _ in range(random.randrange(1, 4)):
        braces = random.choice(("{{%s}}", "{{ %s }}", "{{{%s}}}", "{{{ %s }}}"))
        text += random.choice(TEXTS) + braces % random.choice((*PATHS, LISTS)).replace("$.", "")
    return {"@template": text + random.choice(("", " bye", "!", "{"))}


def _to(random: Random) -> Any:
    path, spaced = {"@path": "$.properties.phone"}, {"pattern": " ", "value": {"@path": "$.properties.phone"}}
    either = {random.choice(("exists", "blank")): path, "then": path, "else": {"@path": "$.traits.phone"}}
    others = ({"@if": either}, {"@template": "{{properties.phone}}"}, "+14155550100", {"@replace": spaced})
    return random.choice((path, path, path, *others))


def _text(random: Random, *, inner: bool = False) -> Any:
    kinds: tuple[Callable[[Random], Any], ...] = (
        _path,
        _template,
        _template,
        _plain,
        _if,
        _case,
        _replace,
        _other,
    )
    return random.choice(kinds[:4] if inner else kinds)(random)


def _plain(random: Random) -> Any:
    return random.choice((*PLAIN, {"@literal": random.choice(("x", "", 5, None))}))


def _if(random: Random) -> Any:
    tested = (_path(random), _path(random), _template(random), {"@literal": "x"})
    options = {random.choice(("exists", "blank")): random.choice(tested)}
    if random.random() < 0.9:
        options["then"] = _text(random, inner=random.random() < 0.7)
    if random.random() < 0.8:
        options["else"] = _text(random, inner=random.random() < 0.7)
    return {"@if": options}


def _case(random: Random) -> Any:
    return {
        "@case": {
            "operator": random.choice(("lower", "upper")),
            "value": _text(random, inner=random.random() < 0.7),
        }
    }


def _replace(random: Random) -> Any:
    options: dict[str, Any] = {"pattern": random.choice(("-", "a", "A", "1", ".", " ", "$", "a-"))}
    options["value"] = random.choice((_path, _template))(random)
    if random.random() < 0.8:
        options["replacement"] = random.choice(("", "_", "$$", "$&", "x"))
    for name in ("global", "ignorecase"):
        if random.random() < 0.3:
            options[name] = random.random() < 0.5
    if random.random() < 0.2:
        options |= {"pattern2": "b", "replacement2": "B"}
    return {"@replace": options}


def _other(random: Random) -> Any:
    encoded, merged = (
        {"@json": {"mode": "encode", "value": _path(random)}},
        {"@merge": {"objects": [], "direction": "left"}},
    )
    return random.choice((encoded, merged, {"@excludeWhenNull": _path(random)}))
