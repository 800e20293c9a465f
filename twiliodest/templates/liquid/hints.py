"""What to write instead of what is no Liquid: the spellings of other languages, and how a tag looks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from twiliodest.errors import ExpressionError

SHAPES = {
    "if": "{% if properties.total > 100 %}",
    "elsif": "{% elsif properties.total > 50 %}",
    "unless": "{% unless properties.paid %}",
    "case": "{% case properties.plan %}",
    "when": '{% when "gold", "silver" %}',
    "for": "{% for item in properties.items %}",
    "assign": "{% assign name = properties.first_name %}",
    "capture": "{% capture name %}",
    "cycle": '{% cycle "one", "two" %}',
    "increment": "{% increment counter %}",
    "decrement": "{% decrement counter %}",
    "echo": "{% echo properties.name %}",
}  # how a tag is written


def nearest(name: str, names: Iterable[str]) -> str | None:
    """A hint for a name that is not known."""
    near = difflib.get_close_matches(name, list(names), 1)
    return f'did you mean "{near[0]}"?' if near else None


def tag_hint(name: str, names: Iterable[str]) -> str | None:
    """A hint for a tag that is not known."""
    known = _TAGS.get(name.lower())
    return f"write {known}" if known else nearest(name, names)


def filter_hint(name: str, names: Iterable[str]) -> str | None:
    """A hint for a filter that is not known."""
    known = _FILTERS.get(name.lower())
    return f"write {known}" if known else nearest(name, names)


def sign_hint(text: str, tag: str) -> str | None:
    """A hint for a sign or a word that cannot be where it is; `tag` is "" in a placeholder."""
    if text in ("||", "or", "??") and not tag:
        return 'write | default: "text" for what is missing'
    if text in ("==", "!=", "<", ">", "<=", ">=", "<>", "contains", "and", "&&", "?", "if") and not tag:
        return "write conditions in a tag: {% if properties.total > 100 %}…{% endif %}"
    if text == "|" and tag in ("if", "elsif", "unless", "when", "case", "for"):
        return "use filters in an assign: {% assign count = properties.items | size %}"
    if tag == "when" and text in ("==", "!=", "<", ">", "<=", ">=", "<>", "contains", "and", "&&"):
        return 'separate the values of when with commas or "or": ' + SHAPES["when"]
    return _SIGNS.get(text)


def foreign(inner: str, at: int) -> ExpressionError | None:
    """What a placeholder of another template language is told; `None` where it is none."""
    written = inner.strip()
    at += len(inner) - len(inner.lstrip())
    for pattern, message, hint in _FOREIGN:
        if found := re.match(pattern, written):
            return ExpressionError(message.format(found[0].strip()), at, hint)
    return None


_TAGS = {
    **dict.fromkeys(("elseif", "elif"), "{% elsif … %}"),
    **dict.fromkeys(("set", "let", "var", "define"), SHAPES["assign"]),
    **dict.fromkeys(("foreach", "each"), SHAPES["for"]),
    **dict.fromkeys(("print", "output"), "{{ properties.name }}"),
    **dict.fromkeys(("endforeach", "endeach", "next"), "{% endfor %}"),
    "switch": SHAPES["case"],
    "default": "{% else %}",
    "fi": "{% endif %}",
}
_FILTERS = {
    **dict.fromkeys(("upper", "uppercase", "toupper", "touppercase", "upcase!"), "upcase"),
    **dict.fromkeys(("lower", "lowercase", "tolower", "tolowercase"), "downcase"),
    **dict.fromkeys(("length", "len", "count"), "size"),
    **dict.fromkeys(("title", "titlecase", "titleize", "ucfirst"), "capitalize"),
    **dict.fromkeys(("money", "currency", "number_format", "format_number", "tofixed"), "round: 2"),
    **dict.fromkeys(("strftime", "date_format", "format_date"), 'date: "%B %-d"'),
    **dict.fromkeys(("trim", "chomp"), "strip"),
    **dict.fromkeys(("fallback", "if_empty", "ifempty"), 'default: "text"'),
    **dict.fromkeys(("add", "sub", "subtract"), "plus or minus"),
    **dict.fromkeys(("mul", "multiply", "multiplied_by"), "times"),
    **dict.fromkeys(("div", "divide"), "divided_by"),
    **dict.fromkeys(("mod",), "modulo"),
    **dict.fromkeys(("urlencode", "encode_uri", "url_escape"), "url_encode"),
    **dict.fromkeys(("substring", "substr"), "slice"),
    **dict.fromkeys(("filter", "select"), "where"),
    **dict.fromkeys(("unique", "distinct"), "uniq"),
}
_NO_PARENTHESES = "Liquid has no parentheses: nest one if in another, or use assign"
_QUOTES = "use straight quotes: \"text\" or 'text'"
_SIGNS = {
    "&&": 'write "and"',
    "&": 'write "and"',
    "||": 'write "or"',
    "!": "write {% unless … %}, or compare: properties.paid == false",
    "not": "write {% unless … %}, or compare: properties.paid == false",
    "=": "write == to compare",
    "===": 'write "=="',
    "!==": 'write "!="',
    "...": "a range has two dots: (1..5)",
    "?": "write {% if … %}…{% else %}…{% endif %}",
    "(": _NO_PARENTHESES,
    ")": _NO_PARENTHESES,
    "+": "write | plus: 1, or | append: properties.name",
    "++": "write | plus: 1, or {% increment counter %}",
    "-": "write | minus: 1",
    "*": "write | times: 2",
    "/": "write | divided_by: 2",
    "%": "write | modulo: 2",
    "“": _QUOTES,
    "”": _QUOTES,
    "„": _QUOTES,
    "‘": _QUOTES,
    "’": _QUOTES,
    "`": _QUOTES,
    "@": "write a path: properties.name",
    ";": "a tag or placeholder has one expression",
}
_IF, _FOR = (
    "{% if … %}…{% else %}…{% endif %}",
    "{% for item in properties.items %}{{ item.name }}{% endfor %}",
)
_OTHER = "{} is from another template language"
_FOREIGN = (
    (r"\{", "triple braces are from another template language", "write {{name}}: nothing is escaped here"),
    (r"&", _OTHER, "write {{name}}: nothing is escaped here"),
    (r"[#/]\s*(?:each|for)\b", _OTHER, f"write {_FOR}"),
    (r"[#/]\s*unless\b|\^", _OTHER, "write {% unless … %}…{% endunless %}"),
    (r"[#/]\s*[^\s}]*", _OTHER, f"write {_IF}"),
    (r"!(?:--|\s)", _OTHER, "write {% comment %}…{% endcomment %}"),
    (r">\s*\S*", _OTHER, "a template cannot include other templates"),
    (r"@\w*", _OTHER, f"within {_FOR} use forloop.index and forloop.last"),
    (r"\.(?![0-9])[^\s}]*", _OTHER, "a path begins at the event: properties.name"),
    (
        r"(?:else|elsif|elseif|if|unless|endif|endfor|endunless|for|end)(?=\s*\Z|\s+[^\s|.\[])",
        "{} is a tag: write it within {{%% %%}}".replace("%%", "%"),
        f"write {_IF}; for a member of the event, write {{{{ $.name }}}}",
    ),
    (r"this(?![\w-])", _OTHER, f"write {_FOR}; for a member of the event, write {{{{ $.this }}}}"),
)
