"""What the surroundings say about the network: proxies and certificates, judged before anything is sent."""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import os
import re
import resource
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import getproxies

import certifi

from twiliodest.addresses import WEB, Address, read_address, split_login
from twiliodest.errors import ExpressionError, Problem, UsageError

_SOCKS = {"socks5": 1080, "socks5h": 1080, "socks": 1080}
_OTHER_FILES = 32  # standard streams, the ledger's files, inputs, the event loop's own
_AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where to have tunnels opened. `variable` named it; `resolves`: it looks names up, else this machine does."""

    address: Address
    login: tuple[str, str] | None = field(repr=False)
    variable: str
    resolves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How to get to one server. `patience`: seconds for each step, which are connecting, a tunnel and a handshake."""

    tls: ssl.SSLContext
    proxy: Proxy | None
    patience: float = 10.0


def route_to(api_base: str, variables: Mapping[str, str]) -> Route:
    """The way to a server, as the environment's variables have it; this machine is reached without a proxy.

    Raises `UsageError`, which names the variable and never its value.
    """
    server = read_address(api_base)
    if server.scheme == "http":  # on this machine: nothing is encrypted, and nobody between
        return Route(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), proxy=None)
    return Route(tls=_tls(variables), proxy=None if server.is_loopback else _proxy(server, variables))


def allow_connections(count: int) -> None:
    """Have the system let us open so many at once, and what else a run opens. Raises `UsageError` if it does not."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed, wanted = count + _OTHER_FILES, 2 * count + _OTHER_FILES  # a sandbox of the run's own has as many
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
        soft = limit
    if soft < needed:
        message = f"{count} requests at once need {needed} open files, but the limit is {soft}"
        hint = "raise the limit (ulimit -n), or lower concurrency"
        raise UsageError([Problem(message=message, hint=hint)])


def _proxy(server: Address, variables: Mapping[str, str]) -> Proxy | None:
    """The proxy for a server, if one is named and the server is not exempt."""
    _, exempt = _named(variables, "no_proxy")
    if _is_exempt(server, exempt):
        return None
    variable, value = _named(variables, "https_proxy")
    if not value:
        variable, value = _named(variables, "all_proxy")
    if not value and sys.platform in ("darwin", "win32"):  # what the system's own settings say
        variable, value = "the system's settings", getproxies().get("https", "")
    return _read_proxy(variable, value) if value else None


def _named(variables: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable and its value; the lower-case one counts where it is set, be it to nothing."""
    variable = name if name in variables else name.upper()
    return variable, variables.get(variable, "").strip()


def _read_proxy(variable: str, value: str) -> Proxy:
    try:
        bare, login = split_login(value if "://" in value else f"http://{value}")
        address = read_address(bare.lower(), {**WEB, **_SOCKS})
    except ExpressionError as error:
        hint = "write it like http://host:port, https://host:port or socks5://host:port"
        raise _unusable(variable, f"names a proxy that cannot be used: {error.message}", hint) from None
    if address.scheme in _SOCKS:
        try:
            importlib.import_module("socksio")
        except ImportError:
            raise _unusable(
                variable, "names a SOCKS proxy, which needs an extra", 'pip install "twiliodest[socks]"'
            ) from None
        if login and not all(1 <= len(text.encode()) <= 255 for text in login):
            raise _unusable(
                variable, "has a user name or password that SOCKS cannot carry", "use 1 to 255 bytes"
            )
    elif login and (":" in login[0] or re.search(r"[\x00-\x1f\x7f]", "".join(login))):
        raise _unusable(variable, "has a user name or password that HTTP cannot carry", "choose another one")
    return Proxy(address=address, login=login, variable=variable, resolves=address.scheme != "socks5")


def _is_exempt(server: Address, entries: str) -> bool:
    """Whether `NO_PROXY` names a server: by its name or a domain above it, with or without a port, or by network."""
    for entry in re.split(r"[\s,]+", entries.lower()):
        found = re.fullmatch(r"(?:\w+://)?(?:\[([^\]]*)\]|([^:]*)|(.*:.*:.*))(?::([0-9]+))?", entry)
        if not entry or not found or (found[4] and int(found[4]) != server.port):
            continue
        name = (found[1] or found[2] or found[3] or "").removeprefix("*").strip(".")
        if entry == "*" or (name and f".{server.host}".endswith(f".{name}")) or _is_within(server.host, name):
            return True
    return False


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _tls(variables: Mapping[str, str]) -> ssl.SSLContext:
    """Settings for every connection: certificates are verified, always."""
    variable = next((name for name in _AUTHORITIES if variables.get(name, "").strip()), "")
    named = variables.get(variable, "").strip()
    folder = variables.get("SSL_CERT_DIR", "").strip()
    if named and Path(named).is_dir():
        folder, named, variable = named, "", variable
    if named:
        _check_readable(variable, named)
    if folder and not any(Path(part).is_dir() for part in folder.split(os.pathsep)):
        raise _unusable(
            "SSL_CERT_DIR", "does not name a folder", "name a folder with certificates, or unset it"
        )
    try:
        context = ssl.create_default_context(
            cafile=named or (None if folder else certifi.where()), capath=folder or None
        )
    except ssl.SSLError:
        raise _unusable(variable, "names a file without certificates", "they must be in PEM form") from None
    except OSError as error:
        if not variables.get("SSLKEYLOGFILE"):
            raise
        message = f"names a file that cannot be written: {error.strerror}"
        raise _unusable("SSLKEYLOGFILE", message, "name another file, or unset it") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _check_readable(variable: str, path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not a possible file name"
        hint = "name a file with certificates in PEM form, or unset it"
        raise _unusable(variable, f"names a file that cannot be read: {cause}", hint) from None


def _unusable(variable: str, message: str, hint: str) -> UsageError:
    return UsageError([Problem(message=f"the variable {variable} {message}", hint=hint)])
