"""Addresses of servers, read wholly before anything is sent to them: what passes here can be connected to."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from twiliodest.errors import ExpressionError

WEB = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is. `host` is lower case, an IPv6 address without brackets; `path` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def netloc(self) -> str:
        """Host and port as a URL has them; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == WEB.get(self.scheme) else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def is_public(self) -> bool:
        """Whether it is an IP address of the open internet; of a name, nobody knows before it is asked for."""
        with contextlib.suppress(ValueError):
            return is_public(self.host)
        return False

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


class PrivateAddress(str):
    """The text of an address that may be http:// although it is not on this machine: its user says so."""

    __slots__ = ()


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet. Raises ValueError for what is not one."""
    found = ipaddress.ip_address(address)
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    found = inner or found
    return not (found.is_private or found.is_loopback or found.is_link_local)


def read_address(url: str, ports: Mapping[str, int] = WEB) -> Address:
    """An address in its one spelling; `ports` are its possible schemes, and the port of each.

    Raises `ExpressionError`, which quotes nothing, with a sentence about "it".
    """
    found = _URL.fullmatch(url)
    scheme = found[1].lower() if found else ""
    if not found or scheme not in ports:
        raise ExpressionError(f"it does not begin with {' or '.join(f'{name}://' for name in ports)}")
    if "@" in found[2]:
        raise ExpressionError("it must not contain a user name or password")
    host, port = _parted(found[2])
    if port is not None and not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise ExpressionError("its port is not a number from 1 to 65535")
    path = found[3].rstrip("/")
    if not _PATH.fullmatch(path):
        raise ExpressionError("it has a query, or characters that a path cannot have")
    return Address(scheme=scheme, host=_host(host), port=int(port or ports[scheme]), path=path)


def split_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """An address without its user name and password, and those. Raises `ExpressionError`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ExpressionError("it cannot be read") from None
    login, at, host = parts.netloc.rpartition("@")
    if re.search(r"[\x00-\x20\x7f\\]", url) or "@" in parts.path + parts.query + parts.fragment:
        raise ExpressionError(
            "it contains characters that must be percent-encoded like %20, for example in its password"
        )
    user, _, password = login.partition(":")
    bare = f"{parts.scheme}://{host}{parts.path}"
    return bare, (unquote(user), unquote(password)) if at else None


_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\\]*)([^\\]*)", re.DOTALL)
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*)*")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def _parted(netloc: str) -> tuple[str, str | None]:
    """Host and port as they are written."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::(.*))?", netloc, re.DOTALL)
    if not found:
        raise ExpressionError("its host is not valid")
    return found[1], found[2]


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            if "%" in text:
                raise ExpressionError("its IPv6 address must not have a zone")
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ipaddress.AddressValueError:
            raise ExpressionError("its IPv6 address is not valid") from None
    if not text:
        raise ExpressionError("it has no host name")
    if not text.isascii():
        raise ExpressionError(f"its host name is not ASCII{_ascii_form(text)}")
    host = text.lower()
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)):
        raise ExpressionError("its host name is not valid (a typo, or a part that is empty or too long)")
    if len(host) > 253:
        raise ExpressionError("its host name is too long")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ipaddress.AddressValueError:
            raise ExpressionError("its IPv4 address is not valid") from None
    return host


def _ascii_form(host: str) -> str:
    """What to write instead of a name beyond ASCII, where that is certain."""
    try:
        encoded = host.encode("idna").decode()
    except UnicodeError:
        return ""
    return f": write {encoded}" if all(map(_LABEL.fullmatch, encoded.lower().split("."))) else ""
