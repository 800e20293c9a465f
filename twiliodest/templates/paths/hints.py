"""What to write instead of what a path does not have: other JSONPaths, other languages, slips of the pen."""

from __future__ import annotations

import re

from twiliodest.templates.paths.names import UNSEEN

Fault = tuple[str, str | None]
_Faults = list[tuple[str, str, str | None]]


def fault(context: str, text: str, at: int) -> Fault:
    """Message and hint for what is at `at`; `context` says what was expected there."""
    for pattern, message, hint in (*_EVERYWHERE, *_FAULTS.get(context, ())):
        if found := re.compile(pattern, re.DOTALL).match(text, at):
            return message, _filled(hint, found) if hint else None
    return _OTHERWISE[context]


_QUOTED_LIMIT = (
    16  # characters of what is quoted in a hint; tokens are longer, and may be anywhere by mistake
)


def _filled(hint: str, found: re.Match[str]) -> str:
    """A hint with what was found; a long name is told by a shorter one."""
    fits = not found.lastindex or len(found[1]) <= _QUOTED_LIMIT
    return found.expand(hint) if fits else hint.replace("[\\1]", "['name']").replace("\\1", "name")


_EVERYWHERE = [
    (
        rf"[{UNSEEN}\x85]",
        "there is an invisible character here",
        "remove it, or quote the name that contains it",
    ),
    (r"[“”„«»‘’‚‹›]", "these are typographic quotes", "use straight quotes: 'text'"),
]
_NO_OPERATOR = "this is not an operator"
_REGEX = (
    "paths do not have =~",
    "write match(@.name, 'a.*') to match the whole text, search(@.name, 'a') for part of it",
)
_CALCULATES = (
    "a path cannot calculate",
    "write two placeholders, {{a}} {{b}}, or a filter: {{ properties.quantity | times: 2 }}",
)
_CHANGES = (
    "a path has no functions, except within a filter [?…]",
    'change a value with a Liquid filter: {{ properties.name | split: "," | first }}',
)
_SCRIPT = ("a path cannot run scripts", "the last item is [-1]; a filter begins with ?: [?@.price > 10]")
_LENGTH = (
    r"(?<=\.(?:length|len\w\w\w))\(",
    "a path has no functions, except within a filter [?…]",
    "in a filter, write length(@.name); in a template, {{ properties.name | size }}",
)
_UNCLOSED_FILTER = (r"\Z", "this filter is never closed", "close it with ]")
_UNCLOSED = (r"\Z", "this [ is never closed", "close it with ]")

_OPERATORS: _Faults = [
    _UNCLOSED_FILTER,
    (r"and\b|&", _NO_OPERATOR, "write &&"),
    (r"or\b|\|", _NO_OPERATOR, "write ||"),
    (r"(?:=~|~=?|(?:matches|match|regex|like)\b)", *_REGEX),
    (
        r"(?:in|nin|not|contains|subsetof|anyof|noneof)\b",
        _NO_OPERATOR,
        "write each value: @.size == 'S' || @.size == 'M'; for part of a text, search(@.name, 'part')",
    ),
    (r"===|(?:eq|is)\b", _NO_OPERATOR, "write =="),
    (r"!==|<>|≠|ne\b", _NO_OPERATOR, "write !="),
    (r"=>|≥|ge\b", _NO_OPERATOR, "write >="),
    (r"=<|≤|le\b", _NO_OPERATOR, "write <="),
    (
        r"(?:==|!=|[<>])",
        "a condition cannot be compared",
        "join two with &&; put parentheses around a whole condition",
    ),
    (r"=", _NO_OPERATOR, "write =="),
    (r"[-+*/%]", *_CALCULATES),
    _LENGTH,
    (r"\(", *_CHANGES),
    (r"[\],]", "a ( is not closed here", "close it with )"),
]

_FAULTS: dict[str, _Faults] = {
    "path": [
        (r"\Z", "there is white space after this path", "remove it"),
        (r"[|,]", "a path selects one thing", "write alternatives as a list: [$.a.phone, $.b.phone]"),
        (r"[-+*/%]", *_CALCULATES),
        _LENGTH,
        (r"[(`]", *_CHANGES),
        (r"where\b", "paths do not have where", "write a filter: $.items[?@.name]"),
        (r"[=!<>&~]", "a comparison must be inside a filter", "write $.items[?@.price > 10]"),
        (r"\]", "this ] closes nothing", None),
        (
            r"\w",
            "a dot, a [ or the end of the path is missing here",
            "quote a name with spaces: ['first name']",
        ),
    ],
    "name": [
        (r"\Z", "the name after the dot is missing", "write $.properties.name"),
        (r"(\d+)(?![\w-])", "write an index in brackets", r"write [\1] without the dot"),
        (r"([\w@$#:][\w@$#:-]*)", "this name must be quoted", r"write ['\1'] without the dot"),
        (r"""(['"][^'"]*['"])""", "write a quoted name in brackets", r"write [\1] without the dot"),
        (r"[\[?]", "there must be no dot before [", "remove it"),
        (r"\.", "there are too many dots", "one dot selects a member, two select everything below"),
        (r"\s", "there is white space after this dot", "remove it, or quote the name: ['first name']"),
        (r"`", *_CHANGES),
        (r"\(", *_SCRIPT),
        (r"[-+/%]", *_CALCULATES),
    ],
    "selector": [
        _UNCLOSED,
        (r"\]", "an index or a name is missing here", "[0], ['name'], or [*] for all"),
        (r"\(", *_SCRIPT),
        (r"[@$]", "a path in brackets must be inside a filter", "write [?@.name == 'x']"),
        (r"([^\W\d][\w-]*)", "a name in brackets must be quoted", r"write ['\1']"),
    ],
    "bracket": [
        _UNCLOSED,
        (r"[.e]", "an index must be a whole number", None),
        (r":", "a slice has a start, an end and a step", "write [0:10:2]"),
        (r"""['"\w*?]""", "separate names and indexes in brackets with commas", "write ['a', 'b']"),
    ],
    "string": [
        (r"""['"]""", "this quote is never closed", "close it with the same quote"),
        (
            r"[\x00-\x1f]",
            "there is a control character in quotes",
            r"write it as an escape, like \\n, \\t or \\u0007",
        ),
    ],
    "filter": _OPERATORS,
    "operand": [
        _UNCLOSED_FILTER,
        (r"(?i:true\b)", "write true in lower case", "write true"),
        (r"(?i:false\b)", "write false in lower case", "write false"),
        (r"(?i:(?:null|none|nil|undefined)\b)", "use null for no value", "write null"),
        (r"not\b", _NO_OPERATOR, "write !(…)"),
        (r"/", "a regular expression must be in quotes", _REGEX[1]),
        (r"[=<>!]", "a value is missing here", "write @.name == 'x'"),
        (r"[-+]?\.?\d", "this is not a number", "write numbers like 12, 0.5 or -1.5e3"),
        (r"\(", "put parentheses around a whole condition", "write (@.a == 1) && (@.b == 2)"),
        (r"[\])]", "a condition is missing here", "write @.name == 'x'"),
        (r"(length|count|value|match|search)\s+\(", "there must be no space before this (", r"write \1("),
        (r"[^\W\d][\w-]*\s*\(", *_CHANGES),
        (
            r"([^\W\d][\w-]*)",
            "a word by itself is neither text nor a name",
            r"write '\1' for text, @.\1 for a member",
        ),
    ],
}
_OTHERWISE: dict[str, Fault] = {
    "path": (
        "this is not part of a path",
        "quote a name with special characters: $.properties['first name']",
    ),
    "name": (
        "a name cannot begin like this",
        "quote a name with special characters: $.properties['first name']",
    ),
    "dash": ("a path cannot calculate", "quote a name with a dash before a digit: ['line-1']"),
    "selector": ("this is neither a name nor an index", "[0], ['name'], or [*] for all"),
    "bracket": ("a comma or a ] is missing here", None),
    "index": ("an index cannot begin with zeros", None),
    "string": ("this character cannot be in quotes", None),
    "escape": (
        "there is no such escape",
        r"\\ is a backslash, \' and \" are quotes, \n is a new line; any other character is written like \u263a",
    ),
    "filter": ("this is not part of a condition", "compare with ==, !=, <, <=, >, >=; join with && and ||"),
    "negated": ("! must be before a whole condition", "write !(@.a == 1), or @.a != 1"),
    "literal": ("a value by itself is not a condition", "compare it: @.name == 'x'"),
    "valued": ("this function returns a value, not a condition", "compare it: length(@.name) > 3"),
    "logical": (
        "this function returns a condition, which cannot be compared",
        "use it by itself, or with ! before it",
    ),
    "plural": (
        "only single values can be compared",
        "a path to a single value has only names and indexes; to count values, write count(@.items[*])",
    ),
    "argument": (
        "this function takes a single value",
        "use text, a number, or a path with only names and indexes",
    ),
    "nodes": (
        "this function takes a path",
        "write count(@.items[*]); for the length of text, write length(@.name)",
    ),
    "function": (
        "there is no such function",
        "the functions are length, count, match, search and value; in a template, use Liquid's filters",
    ),
    "operand": ("this is neither a value nor a path", "write @.name, 'text', 12.5, true, false or null"),
}
