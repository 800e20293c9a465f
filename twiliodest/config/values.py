"""Texts of settings become values, or an `ExpressionError` with what was expected, which quotes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from twiliodest.addresses import PrivateAddress, read_address
from twiliodest.config import shapes
from twiliodest.config.shapes import FALSE, TRUE
from twiliodest.errors import ExpressionError
from twiliodest.messages.phones import check_region
from twiliodest.messages.phones import sender as canonical_sender


class UnsetError(Exception):
    """A variable that has no value and no default; `name` is its name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:-default}` replaced, `$$` a dollar. Raises `ExpressionError` and `UnsetError`."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match[1] is None:
            hint = "write ${NAME} or ${NAME:-default}"
            raise ExpressionError("this ${ cannot be read", match.start(), hint)
        given = environ.get(match[1]) or match[2]
        if given is None:
            raise UnsetError(match[1])
        return given

    return _VARIABLE.sub(value, text)


def account(text: str) -> str:
    """An account SID."""
    if text.startswith("SK"):
        message = "account must be the account's SID (AC…), but this is an API key"
        raise ExpressionError(message, 0, "put it in api_key")
    return _matching(shapes.ACCOUNT, "account must be an account SID: AC and 32 hexadecimal digits")(text)


def sender(text: str, default_region: str | None = None) -> str:
    """Any sender that Twilio knows; a number is read as a recipient's is."""
    if known := canonical_sender(text, default_region):
        return known
    hint = (
        "use a number like +15551234567, a short code, an alphanumeric sender, or a Messaging Service (MG…)"
    )
    raise ExpressionError("this is not a valid sender", 0, hint)


def country(text: str) -> str:
    """An ISO country code."""
    if hint := check_region(text):
        raise ExpressionError("default_region must be an ISO country code", 0, hint)
    return text


def file(name: str) -> Callable[[str], Path]:
    """A reader of a file's path; `~` is the home folder."""

    def read(text: str) -> Path:
        try:
            if "\0" not in text:
                return Path(text).expanduser()
        except RuntimeError:  # nobody knows whose home it is
            pass
        raise ExpressionError(f"{name} must be the path of a file")

    return read


def api_base(text: str) -> str:
    """An address in its one spelling, without the slash at its end."""
    if fault := check_api_base(text):
        raise ExpressionError(fault)
    return str(read_address(text))


def check_api_base(url: str) -> str | None:
    """Why an address cannot be the API's base, or `None`. What a `PrivateAddress` leads to is checked by `dial`."""
    try:
        address = read_address(url)
    except ExpressionError as error:
        return f"api_base must be an address like https://api.twilio.com: {error.message}"
    may_be_plain = address.is_loopback or (isinstance(url, PrivateAddress) and not address.is_public)
    if address.scheme == "http" and not may_be_plain:
        return "api_base must be https, or the account's token would be sent in the clear"
    return None


def amount(least: float, message: str) -> Callable[[str], float]:
    """A reader of numbers that are not below `least`."""

    def read(text: str) -> float:
        try:
            number = float(text) if re.fullmatch(shapes.AMOUNT, text) else -1
        except ValueError:
            number = -1
        if least <= number < 1e9:
            return number
        raise ExpressionError(message)

    return read


def count(most: int, name: str) -> Callable[[str], int]:
    """A reader of whole numbers from 1 on."""

    def read(text: str) -> int:
        if re.fullmatch(shapes.COUNT, text) and 1 <= int(text) <= most:
            return int(text)
        raise ExpressionError(f"{name} must be a whole number from 1 to {most:,}")

    return read


def switch(name: str) -> Callable[[str], bool]:
    """A reader of true and false, with all of YAML's words for them."""

    def read(text: str) -> bool:
        if text.lower() in TRUE:
            return True
        if text.lower() in FALSE:
            return False
        raise ExpressionError(f"{name} must be true or false")

    return read


def _matching(pattern: str, message: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if re.fullmatch(pattern, text):
            return text
        raise ExpressionError(message)

    return read


api_key = _matching(shapes.API_KEY, "api_key must be an API key's SID: SK and 32 hexadecimal digits")
token = _matching(shapes.TOKEN, "token contains white space or other characters that a token cannot have")
edge = _matching(shapes.HOST, "edge must be a name like dublin")
region = _matching(shapes.HOST, "region must be a name like ie1")
currency = _matching(shapes.CURRENCY, "currency must be a three-letter code like USD")
_VARIABLE = re.compile(r"\$\$|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
