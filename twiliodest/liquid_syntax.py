"""Reads Liquid: python-liquid's grammar, with `$.` paths, without files, and with every fault at its character."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Iterator, Sequence

from liquid import Environment
from liquid.ast import Node
from liquid.exceptions import LiquidError
from liquid.mode import Mode
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.token import TOKEN_EXPRESSION, TOKEN_TAG, Token

from twiliodest.errors import ExpressionError

SOURCE_LIMIT = 10_000  # characters of a template
NESTING_LIMIT = 30  # blocks within blocks


def read(source: str) -> tuple[Sequence[Node], frozenset[int]]:
    """The nodes of a template, and the offsets of the variables that are written with `$`.

    Raises `ExpressionError`.
    """
    if len(source) > SOURCE_LIMIT:
        raise ExpressionError(f"a template has at most {SOURCE_LIMIT:,} characters", SOURCE_LIMIT)
    rooted: set[int] = set()
    try:
        tokens = list(_environment().tokenizer()(source))
        _check_tags(tokens)
        stream = TokenStream(_without_roots(tokens, rooted))
        return get_parser(_environment()).parse(stream), frozenset(rooted)
    except LiquidError as error:
        raise _syntax_error(source, error) from None
    except RecursionError:
        raise ExpressionError("this template is nested too deeply") from None


def assigned(nodes: Iterable[Node]) -> set[str]:
    """The names that a template gives values of its own, anywhere."""
    names: set[str] = set()
    for node in nodes:
        names.update(map(str, node.template_scope()), assigned(node.children(None)))  # type: ignore[arg-type] # unused
    return names


def nearest(name: str, names: Iterable[str]) -> str | None:
    """A hint for a name that is not known."""
    near = difflib.get_close_matches(name, list(names), 1)
    return f'did you mean "{near[0]}"?' if near else None


_ENDS: dict[str, tuple[str, ...]] = {
    "if": ("elsif", "else"),
    "unless": ("elsif", "else"),
    "case": ("when", "else"),
    "for": ("else",),
    "capture": (),
    "comment": (),
    "raw": (),
    "doc": (),
}  # the tags that are closed, and what may stand within
_SINGLE = ("assign", "break", "continue", "cycle", "decrement", "echo", "increment", "liquid", "#")
_FOREIGN = ("include", "render", "layout", "block", "extends", "import", "section", "tablerow", "ifchanged")
_MARK = re.compile(
    r"""(?P<skip>"[^"]*"|'[^']*'|^[ \t]*\#.*$)"""
    r"""|(?P<beyond>\$\.\.|\$?\.\*|\[\s*[*?:]|\[\s*-?\d+\s*[:,])"""
    r"""|(?P<root>\$(?:\.(?=[^\W\d])|(?=\[)))"""
    r"""|(?P<stray>\$)""",
    re.MULTILINE,
)


_KEYWORD = re.compile(
    r"found (?:and|as|blank|cols|contains|continue|else|empty|false|for|if|in|limit|nil|not|null|offset|or|required"
    r"|reversed|true|with)\b"
)


class _Environment(Environment):
    block_nesting_limit = 2 * NESTING_LIMIT  # a {% liquid %} counts, too

    def error(
        self, exc: type[LiquidError] | LiquidError, msg: str | None = None, token: Token | None = None
    ) -> None:
        error = exc if isinstance(exc, LiquidError) else exc(msg, token=token)
        if token and (not error.token or error.token.start_index < 0):
            error.token = token
        raise error


@functools.cache
def _environment() -> _Environment:
    environment = _Environment()
    for name in _FOREIGN:
        environment.tags.pop(name, None)
    for name in ("if", "unless"):
        environment.tags[name].mode = Mode.STRICT  # type: ignore[attr-defined] # an else takes no condition
    return environment


def _check_tags(tokens: Sequence[Token]) -> None:
    """Every tag is known, and every block is closed."""
    opened: list[Token] = []
    for token in tokens:
        name, at = token.value, token.start_index
        if token.kind == TOKEN_EXPRESSION and not name:
            raise ExpressionError("this placeholder is empty", at, "write {{$.properties.name}}")
        if token.kind != TOKEN_TAG or name in _SINGLE:
            continue
        inner = opened[-1].value if opened else ""
        if name in _ENDS:
            opened.append(token)
            if len(opened) > NESTING_LIMIT:
                raise ExpressionError(f"tags stand at most {NESTING_LIMIT} deep in each other", at)
        elif name.startswith("end") and name[3:] in _ENDS:
            if name[3:] != inner:
                hint = f"close the {{% {inner} %}} first" if inner else None
                raise ExpressionError(f"this {{% {name} %}} closes nothing", at, hint)
            opened.pop()
        elif name not in _ENDS.get(inner, ()):
            raise _unknown_tag(name, at)
    if opened:
        last = opened[-1].value
        raise ExpressionError(
            f"this {{% {last} %}} is never closed", opened[-1].start_index, f"close it with {{% end{last} %}}"
        )


def _unknown_tag(name: str, at: int) -> ExpressionError:
    if name in ("else", "elsif", "when"):
        return ExpressionError(f"this {{% {name} %}} stands in no block that has one", at)
    if name in _FOREIGN:
        return ExpressionError(f"the tag {name} is not available here", at, "a template is one text")
    return ExpressionError(f'there is no tag "{name}"', at, nearest(name, (*_ENDS, *_SINGLE)))


def _without_roots(tokens: Iterable[Token], rooted: set[int]) -> Iterator[Token]:
    """The tokens, with white space where Liquid knows no `$.`; no character moves."""
    comment = False
    for token in tokens:
        if token.kind == TOKEN_EXPRESSION and not comment:
            yield token._replace(value=_without_root(token, rooted))
        else:
            yield token
        comment = token.kind == TOKEN_TAG and token.value == "#"


def _without_root(token: Token, rooted: set[int]) -> str:
    def blank(match: re.Match[str]) -> str:
        at = token.start_index + match.start()
        if match["skip"]:
            return match[0]
        if match["root"]:
            rooted.add(token.start_index + match.end())
            return " " * len(match[0])
        if match["stray"]:
            raise ExpressionError("a path goes on with a name", at, "write $.properties.name")
        hint = "go through a list with {% for item in properties.items %}"
        raise ExpressionError("within Liquid, a path has names and indexes only", at, hint)

    return _MARK.sub(blank, token.value)


def _syntax_error(source: str, error: LiquidError) -> ExpressionError:
    message, token = str(error.message), error.token
    at = token.start_index if token and token.start_index >= 0 else len(source)
    if "found end of expression" in message and token:
        at = at + len(token.value) if token.kind == TOKEN_EXPRESSION else max(0, source.rfind("%}", 0, at))
    unknown = re.fullmatch(r"unexpected tag '(\w+)'", message)
    if unknown:
        return _unknown_tag(unknown[1], at)
    for opening, closing in (("{{", "}}"), ("{%", "%}")):
        if source.startswith(opening, at):
            return ExpressionError(f"this {opening} is never closed", at, f"close it with {closing}")
    hint = None
    if "found identstring" in message:
        hint = "give it a name first: {% assign name = $['first name'] %}"
    elif _KEYWORD.search(message):
        hint = "a name that is a word of Liquid is quoted: properties['limit']"
    return ExpressionError(f"this cannot be read as Liquid: {message}", min(at, len(source)), hint)
