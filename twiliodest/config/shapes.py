"""How values of a configuration look: patterns that the checks read by, and the same as JSON Schema for editors.

A shape lets through whatever the checks do, as YAML's own types or in quotes; where `${…}` may be, any text that
has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Shape = Mapping[str, Any]

ACCOUNT = "AC[0-9a-fA-F]{32}"
API_KEY = "SK[0-9a-fA-F]{32}"
TOKEN = "[!-~]+"  # noqa: S105 -- what one looks like
HOST = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
CURRENCY = "[A-Z]{3}"
REGION = "[A-Z]{2}"
COUNT = "[0-9]{1,15}"
AMOUNT = r"[+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
TRUE, FALSE = ("true", "yes", "on"), ("false", "no", "off")
OFF = FALSE  # of what can be switched off for one action


def _in_any_case(words: Iterable[str]) -> str:
    return "|".join("".join(f"[{it}{it.upper()}]" for it in word) for word in words)


SWITCH = _in_any_case((*TRUE, *FALSE))
SWITCHED_OFF = _in_any_case(OFF)

SCALARS = ("string", "number", "boolean")


def text(pattern: str = "", *kinds: str) -> Shape:
    """A text of an action. `kinds` are what else YAML may take it for: anything, without a `pattern`."""
    types = ["string", *kinds] if pattern else [*SCALARS]
    return {"type": types, "pattern": rf"^\s*(?:{pattern})\s*$" if pattern else r"\S"}


def texts(most: int) -> Shape:
    """One text or a list of them."""
    return {"anyOf": [text(), {"type": "array", "items": text(), "minItems": 1, "maxItems": most}]}


def setting(pattern: str = "", *kinds: str) -> Shape:
    """A text of a setting, into which values of the environment are put. See `text`."""
    shape = dict(text(pattern, *kinds))
    return {**shape, "pattern": rf"{shape['pattern']}|\$\{{"} if pattern else shape


def amount(least: float) -> Shape:
    """A number of a setting."""
    return {**setting(AMOUNT, "number"), "minimum": least, "exclusiveMaximum": 1e9}


def count(most: int) -> Shape:
    """A whole number of a setting, from 1 on."""
    return {**setting(COUNT, "integer"), "minimum": 1, "maximum": most}


def mapping(keys: Mapping[str, Any], *required: str) -> Shape:
    """Keys of these names alone; `keys` has their shapes."""
    known = {"type": "object", "properties": keys, "additionalProperties": False}
    return {**known, "required": [*required]} if required else known
