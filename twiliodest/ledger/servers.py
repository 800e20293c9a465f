"""Which addresses are one server, so that a rehearsal is never taken for the performance."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from twiliodest.addresses import Address, read_address

TWILIO = "https://api.twilio.com"  # stands for every host of Twilio's
LOOPBACK = "127.0.0.1"
DIVERTED = ", diverted to "
ASIDE = ".diverted-"  # in the name of a rehearsal's ledger
NAMES = ("localhost", "::1")  # of the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a ledger is used for: an account (empty: none yet), a server, and the rule for an event's identity.

    `server` is as `server_of` has it, `api_base` the address by which it is asked.
    """

    account: str
    server: str
    api_base: str
    rule: str


def server_of(api_base: str) -> str:
    """The same text for all addresses of one server, different ones for different servers.

    Raises `ExpressionError` if it is not an address.
    """
    address = _address(api_base)
    return TWILIO if _is_twilio(address) else str(address)


def is_own(server: str) -> bool:
    """Whether a server is Twilio's, or on this machine: whether it may be given the token unasked."""
    address = _address(server)
    return _is_twilio(address) or address.is_loopback


def diverted_server(server: str, phone: str | None) -> str:
    """What a ledger knows a server by, if all that goes there is diverted to a phone: a rehearsal is apart."""
    return f"{server}{DIVERTED}{phone}" if phone else server


def parted(server: str) -> tuple[str, str | None]:
    """A server, and the phone to which all that goes there is diverted, if it is."""
    base, _, phone = server.partition(DIVERTED)
    return base, phone or None


def diverted_ledger(path: Path, phone: str) -> Path:
    """The ledger of a rehearsal on a phone, beside that of the real thing."""
    return path.with_name(f"{path.stem}{ASIDE}{phone.lstrip('+')}{path.suffix}")


def ledger_name(account: str, server: str) -> str:
    """The name of the ledger's file for what an account sends through a server, as `server_of` has it."""
    if server == TWILIO:
        return f"{account}.db"
    address = _address(server)
    place = f"{address.host}-{address.port}"
    told = re.sub(r"[^a-z0-9.-]", "_", place)[:80]
    usual = "http" if address.is_loopback else "https"
    if told != place or address.path or address.scheme != usual:
        told += f"-{hashlib.blake2b(server.encode(), digest_size=4).hexdigest()}"
    return f"{account}@{told}.db"


def _address(url: str) -> Address:
    """An address in its one spelling; every name of this machine is one."""
    address = read_address(url)
    host = LOOPBACK if address.host in NAMES else address.host.rstrip(".")
    return replace(address, host=host, path=re.sub("/+", "/", address.path))


def _is_twilio(address: Address) -> bool:
    return address.host == "twilio.com" or address.host.endswith(".twilio.com")
