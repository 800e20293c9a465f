"""Compare Liquid templates with liquidjs, the Liquid of JavaScript, on seeded templates and events.

    mkdir /tmp/liquidjs && cd /tmp/liquidjs && npm install liquidjs
    python benchmarks/compare_liquid.py /tmp/liquidjs/node_modules/liquidjs

Nothing is downloaded here; without Node.js or the package it says so and stops. Exit status 1 where a text differs
in another way than these, each of which is meant:

- **Strict.** Where liquidjs writes nothing for a missing, null or empty value, or leaves a value that a filter
  cannot use as it is (`"soon" | date`, `"abc" | plus: 1`, `1 | divided_by: 0`), the message is `invalid`: no
  half-filled text is sent. An event without the variable makes no text at all, whatever liquidjs writes. So are a
  `for` through a text or a number, a negative `offset` or `limit`, and what is decoded and is not UTF-8.
- **Nothing is left over.** What stands behind the last argument of a tag or filter, between `case` and its first
  `when`, or behind an `else`, is a problem of the configuration; liquidjs passes over most of it.
- **Numbers stand as written.** `12.50` stays `12.50`, `1e5` stays `1e5`; JavaScript writes `12.5`, `100000`. What is
  calculated is exact, and written without zeros behind the point, as in JavaScript: `0.1 | plus: 0.2` is `0.3`,
  not `0.30000000000000004`. A quotient without an end is written with 16 digits. `round: 2` keeps two decimals, and
  halves are rounded away from zero, as in Ruby.
- **Lists** without `join` are joined with a comma and a space, as in every other field; liquidjs joins with nothing.
- **White space alone is empty** for `default`, as in every other field; liquidjs keeps it.
- **Objects have no size:** `.size`, `.first` and `.last` of an object are its members, or missing; the filters of
  these names do not suit it.
- **Code points, not UTF-16 units** are counted by `size`, `slice` and `truncate`: no emoji is cut in half.
- **Texts have no escapes,** as in Ruby: `"\\n"` is a backslash and an n. liquidjs writes a new line.
- **Dates** keep the offset that the event gives (liquidjs with `preserveTimezones`), never that of the machine; `%Z`
  is that offset, or the zone's abbreviation. Only ISO 8601, RFC 2822, eight digits (a day; seconds in liquidjs) and
  seconds since 1970 are dates; a day without a time is that day in every time zone. A time zone is a name of the
  IANA database, never a number of minutes. `%F`, `%T`, `%D`, `%R`, `%r`, `%G` and `%V` are filled in, as in Ruby;
  liquidjs leaves them, and what it does not know, either; that is a problem of the configuration here.
- **As in Ruby:** `split: " "` splits at any white space of ASCII; `truncatewords` adds an ellipsis only where it
  cuts; `blank.a` is a path.
- **Counters** begin at 0; in liquidjs at the event's number of that name.
- **Loops**: the `else` of a `for` stands for every loop that goes nowhere, also where `offset` skips everything, and
  `forloop.parentloop` works, as in Ruby. Without an `else`, a loop over nothing makes the message `invalid`. A
  `forloop` that is kept in a variable stays what it was then; in liquidjs it goes on.
- **As in liquidjs, not in Ruby:** a `when` is written once, however many of its values fit, and white space that
  stands alone in a block is written.
- **`nil < 1`** is false, as in Ruby; true in JavaScript.
- **`strip_html`** knows `<SCRIPT>` in capitals, too.

What is invalid, and numbers that differ in their digits alone, are counted apart below; the others do not occur in
the templates. White space at the ends
is not compared: a body's is trimmed.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from twiliodest.errors import ExpressionError
from twiliodest.events.decoding import view
from twiliodest.templates.fields import Unresolved, compile_field

CASES = 2000
VALUES = [
    "name",
    "title",
    "total",
    "count",
    "flag",
    "tags",
    "items",
    "when",
    "nested.city",
    "missing",
    "code",
]
TEXT_FILTERS = [
    *("upcase", "downcase", "capitalize", "strip", "append: '!'", "prepend: '#'", "truncate: 6", "squish"),
    *(
        "truncate: 7, '~'",
        "strip | truncatewords: 9",
        "replace: 'a', 'oo'",
        "replace_first: 'n', ''",
        "remove: 'o'",
    ),
    *("slice: 1, 3", "slice: -3, 2", "split: 'a' | join: '_'", "split: 'n' | last", "escape", "url_encode"),
    *("remove_last: 'a'", "replace_last: 'a', 'b'", "lstrip", "rstrip", "strip_html", "strip_newlines"),
    *(
        "newline_to_br",
        "size",
        "split: '' | reverse | join: ''",
        "base64_encode",
        "split: 'o' | size",
        "first",
    ),
    *("url_decode", "escape_once", "base64_encode | base64_decode", "remove_first: 'e'"),
]
NUMBER_FILTERS = [
    *("plus: 1", "minus: 2.5", "times: 3", "times: 0.5", "divided_by: 4", "divided_by: 7, true", "modulo: 3"),
    *(
        "round",
        "round: 1",
        "ceil",
        "floor",
        "abs",
        "at_least: 10",
        "at_most: 5",
        "append: ' $'",
        "divided_by: 8",
    ),
]
LIST_FILTERS = [
    *("join: ', '", "first", "last", "size", "reverse | join: '/'", "sort | join", "uniq | join: '+'"),
    *("sort_natural | join", "slice: 1, 2 | join", "concat: properties.tags | size", "compact | size"),
]
ITEM_FILTERS = [
    *("map: 'name' | join: ' & '", "where: 'gift' | map: 'name' | join", "sum: 'price'", "size"),
    *("where: 'price', 2 | size", "sort: 'price' | map: 'name' | join: ','", "reject: 'gift' | size"),
    *("has: 'name', 'Tea'", "has: 'gift'", "map: 'price' | sum"),
]
FORMATS = [*"aAbBCdeHIjklLmMpPqsSuUwWyYz%cxX", "-d", "_m", "^b", "05d", "3N", "-I", "#p", ":z", "-e"]
CONDITIONS = [
    *("properties.flag", "properties.missing", "properties.total > 100", "properties.count <= 3"),
    *("properties.name == 'Ann'", "properties.name contains 'n'", "properties.tags contains 'vip'"),
    *(
        "properties.missing == nil",
        "properties.name != blank",
        "properties.tags == empty",
        "properties.total == 12.5",
    ),
    *("properties.flag and properties.count > 1 or properties.name == 'Ann'", "properties.tags.size > 1"),
    *(
        "properties.flag == false",
        "properties.code > 5",
        "properties.missing or properties.flag and properties.missing",
    ),
]

SAID: dict[str, Any] = {
    "lang": "k",
    "k": "no",
    "idx": 1,
    "blank": {"a": 1},
    "white": " ",
    "gone": None,
    "nbsp": "10\u00a0000 x",
    "properties": {
        "k": "member",
        "имя": "Аня",
        "payé": True,
        "tags": ["vip", "eu"],
        "text": "abc",
        "bare": [],
        "items": [{"name": "Tea", "price": 2.5}, {"name": "Cup", "price": 1}],
        "moment": "2026-03-01T23:30:00Z",
    },
}
FOUND = [
    *(
        "{{ properties[lang] }}",
        "{{ properties['lang'] | default: 'none' }}",
        "{{ properties[properties.none].x }}!",
    ),
    *("{{ properties.items.size | default: '0' }}", "{{ properties.items.first.name | default: 'none' }}"),
    *("{{ properties.items[idx].name | default: 'x' }}", "{{ properties.items[none].name | default: 'x' }}"),
    *("{{ 'hello' | default: 'foo' }}", "{{ 1.5 }}", "{{ true }}{{ false }}", "{{ properties.text.size }}"),
    *("{{ properties.имя }}", "{% if properties.payé %}y{% else %}n{% endif %}"),
    *(
        "{{ 123456789012345 | divided_by: 1 }}",
        "{{ 1 | divided_by: 3 | times: 3 }}",
        "{{ 20 | divided_by: 8 }}",
    ),
    *("{{ 1234 | round: -2 }}", "{{ 12.345 | round: 2 }}", "{{ 12.5 | at_least: 20 }}", "{{ -12.5 | abs }}"),
    *("{% increment n %}{% increment n %}{{ n }}", "{% decrement n %}{{ n }}{% if n < 0 %}y{% endif %}"),
    "{% increment n %}{% assign n = 'own' %}{{ n }}{% increment n %}",
    "{% for i in properties.tags %}{% for j in properties.tags %}{{ forloop.index }}{% endfor %}{% endfor %}",
    *(
        "{{ '<!-- a > b -->c' | strip_html }}",
        "{{ 'x<script>a<b</script>y<style>p</style>z<br>' | strip_html }}",
    ),
    *(
        "{{ 'a < b and c > d' | strip_html }}",
        "{{ '1 < 2' | strip_html }}",
        "{{ 'Gr%C3%BC%C3%9Fe+an' | url_decode }}",
    ),
    *(
        "{% if properties.tags contains none %}y{% else %}n{% endif %}",
        "{% if (1..3) contains 2 %}y{% endif %}",
    ),
    "{% if properties.text contains gone %}y{% else %}n{% endif %}",
    "{% case blank %}{% when white %}w{% when '' %}e{% else %}n{% endcase %}",
    "{% case white %}{% when blank %}w{% else %}n{% endcase %}",
    "{% case properties.text %}{% when 'a', 'abc' %}1{% when 'b' or 'abc' %}2{% else %}3{% endcase %}",
    "{% if white == blank %}y{% endif %}{% if white == empty %}n{% endif %}{% if blank == empty %}n{% endif %}",
    "{% if true and false or true %}y{% else %}n{% endif %}{% if true or true and false %}y{% endif %}",
    *(
        "{% capture 'v' %}x{% endcapture %}{{ v }}",
        "{% assign r = (2..4) %}{{ r.first }}{{ r.size }}{{ r[1] }}",
    ),
    *("{{ nbsp | split: ' ' | join: '_' }}", "{{ properties.tags[-1] }}{{ properties.tags.last }}"),
    *(
        "{{ properties.moment | date: '%H:%M', 'Europe/Berlin' }}",
        "{{ properties.moment | date: '%d', 'UTC' }}",
    ),
    *(
        "{% unless false %}a{% elsif true %}b{% else %}c{% endunless %}",
        "{% raw %}{{ a }}{% endraw %}{{- 1 -}} x",
    ),
    *(
        "{% liquid\nif true\necho 'a' | upcase\nendif\n%}",
        "{% comment %}a{% endcomment %}b",
        "{{ 'a' | append: 'b' }}",
    ),
    *(
        "{% if a %}{% else %}{% else %}{% endif %}",
        "{% if a %}{% endfor %}",
        "{% nope %}",
        "{{ a",
    ),
]  # what once differed without a word; and what both refuse


def main() -> int:
    """Compare, print what differs, and count."""
    node = shutil.which("node")
    package = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("node_modules/liquidjs")
    if not node or not package.is_dir():
        print("skipped: this needs Node.js and the folder of an installed liquidjs as its argument")  # noqa: T201
        return 0
    rng = random.Random(20240501)  # noqa: S311 -- reproducible, not secret
    cases = [(template(rng), event(rng)) for _ in range(CASES)]
    cases += [(source, SAID) for source in FOUND]
    script = Path(__file__).with_suffix(".mjs")
    done = subprocess.run(  # noqa: S603 -- the node that the user has
        [node, str(script), str(package.resolve())],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    counts: Counter[str] = Counter()
    for (source, said), theirs in zip(cases, json.loads(done.stdout), strict=True):
        ours, verdict = compare(source, said, theirs)
        counts[verdict] += 1
        if verdict == "DIFFERENT":
            print(f"{source!r}\n  event    {json.dumps(said)}\n  here     {ours!r}\n  liquidjs {theirs!r}")  # noqa: T201
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))  # noqa: T201
    return 1 if counts["DIFFERENT"] else 0


def compare(source: str, said: Any, theirs: str | None) -> tuple[str, str]:
    """Our text or reason, and how it stands to theirs."""
    try:
        ours = compile_field(source).render(view([()])(json.dumps(said).encode()))
    except Unresolved as nothing:
        return str(nothing), "invalid here"
    except ExpressionError as problem:
        return str(problem), "refused by both" if theirs is None else "DIFFERENT"
    ours, theirs = ours.strip(), theirs and theirs.strip()  # as a body is
    if ours == theirs:
        return ours, "equal"
    if theirs is not None and _figures(ours) == _figures(theirs):
        return ours, "equal but for the digits of numbers"
    return ours, "DIFFERENT"


def _figures(text: str) -> list[str | float]:
    parts = re.split(r"(\d+(?:\.\d+)?)", text)
    return [round(float(part), 9) if place % 2 else part for place, part in enumerate(parts)]


def event(rng: random.Random) -> dict[str, Any]:
    """A track event; each property is there most of the time."""
    items = [
        {
            "name": rng.choice(["Tea", "Cup", "Spoon"]),
            "price": rng.choice([1, 2, 3.5]),
            "gift": rng.random() < 0.5,
        }
        for _ in range(rng.randint(2, 4))
    ]
    properties: dict[str, Any] = {
        "name": rng.choice(["Ann", "bob  van Dyke", " Zoë ", "O'Neil & <b>Sons</b>", "anna banana", "x"]),
        "title": rng.choice(["The quick brown fox", "a\nb", "50% off", "tea+cup", "Ünïcode naïve"]),
        "total": rng.choice([120, 12.5, 99.99, 0, 1000000, 7, 2.25]),
        "count": rng.choice([1, 2, 3, 10]),
        "flag": rng.random() < 0.5,
        "tags": rng.sample(["vip", "new", "eu", "Zed", "alpha"], rng.randint(1, 4)),
        "items": items,
        "when": rng.choice(
            [
                "2024-05-01T10:00:00Z",
                "2023-12-31T23:59:59.123+02:00",
                "2024-02-29",
                "2024-01-01 07:05:09Z",
                1700000000,
            ]
        ),
        "nested": {"city": rng.choice(["Oslo", "São Paulo"])},
        "code": rng.choice(["7", "003", "12.50", "abc"]),
    }
    gone = rng.sample([name for name in properties if name != "tags"], rng.choice([0, 0, 0, 1]))
    return {
        "type": "track",
        "properties": {name: value for name, value in properties.items() if name not in gone},
    }


def template(rng: random.Random) -> str:
    """Some text, values, conditions, loops and white space control."""
    return "".join(rng.choice(_PARTS)(rng) for _ in range(rng.randint(1, 4)))


def _said(rng: random.Random) -> str:
    name = rng.choice(["name", "title", "nested.city", "total", "tags", "items", "when", "code", "missing"])
    match name:
        case "total":
            chain = rng.sample(NUMBER_FILTERS, rng.randint(0, 3))
            chain.sort(key=lambda each: each.startswith("append"))
        case "tags":
            chain = [rng.choice(LIST_FILTERS)]
        case "items":
            chain = [rng.choice(ITEM_FILTERS)]
        case "when":
            chain = ["date: '" + " ".join(f"%{rng.choice(FORMATS)}" for _ in range(3)) + "'"]
        case "code":
            chain = [rng.choice(["plus: 1", "times: 2", "upcase", "round: 1"])]
        case "missing":
            chain = ["default: 'friend'", *rng.sample(TEXT_FILTERS[:6], 1)]
        case _:
            chain = rng.sample(TEXT_FILTERS, rng.randint(0, 2))
            chain.sort(key=lambda each: each == "size")
    left, right = rng.choice(["{{", "{{-"]), rng.choice(["}}", "-}}"])
    return f"{left} {' | '.join([f'properties.{name}', *chain])} {right};"


def _choice(rng: random.Random) -> str:
    word = rng.choice(["if", "unless"])
    other = rng.choice(["", "{% else %} no", "{%- elsif properties.count == 2 -%} two {% else %} no"])
    return f"{{% {word} {rng.choice(CONDITIONS)} %}} yes {other} {{%- end{word} %}}"


def _loop(rng: random.Random) -> str:
    extra = rng.choice(
        ["", " limit: 2", " offset: 1", " reversed", " limit: 1 offset: 1", " reversed limit: 2"]
    )
    inner = rng.choice(
        [
            "{{ i.name }}{% unless forloop.last %}, {% endunless %}",
            "{{ forloop.index }}/{{ forloop.length }} {{ i.price | times: 2 }};",
            "{% if i.gift %}{% continue %}{% endif %}{{ i.name | upcase }}",
            "{% if forloop.first %}{{ i.name }}{% else %}{% break %}{% endif %}",
            "{% cycle 'a', 'b' %}{% assign last = i.name %}",
        ]
    )
    return f"{{% for i in properties.items{extra} %}}{inner}{{% else %}}none{{% endfor %}}"


def _own(rng: random.Random) -> str:
    return rng.choice(
        [
            "{% assign n = properties.count | plus: 1 %}{{ n }}",
            "{% capture c %}<{{ properties.name }}>{% endcapture %}{{ c | size }}",
            "{% case properties.count %}{% when 1, 2 %}few{% when 3 or 10 %}many{% else %}?{% endcase %}",
            "{% for k in (1..properties.count) %}{{ k }}{% endfor %}",
            "{% raw %}{{ raw }}{% endraw %}{% comment %}x{% endcomment %}",
            "{% liquid\nassign z = properties.name | upcase\necho z\n%}",
            "{% increment q %}{% decrement q %}",
            "{% assign p = properties.tags | sort %}{{ p | join: '-' }}{{ p.first }}{{ p[0] }}{{ p.size }}",
            "{% for p in properties.nested %}{{ p[0] }}={{ p[1] }}{% endfor %}",
        ]
    )


def _text(rng: random.Random) -> str:
    return rng.choice(["Hi ", "\n  line\n", " – ", "5% {x} ", "costs $5 "])


_PARTS = [_said, _said, _said, _choice, _loop, _own, _text]

if __name__ == "__main__":
    sys.exit(main())
