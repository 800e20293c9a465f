"""Whom a command asks about the messages of a ledger."""

from __future__ import annotations

from twiliodest.cli.command import mistake
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.servers import is_own, parted, server_of
from twiliodest.screens import screen


def address_to_ask(ledger: Ledger, usual: str, named: str | None) -> str:
    """The address to ask: the server's where the ledger's messages went. Raises `UsageError`.

    The token goes to Twilio, to this machine, and to where the user says; to no other place that a file names.
    """
    held = [(parted(server)[0], address) for server, address in ledger.servers()]
    if not held or server_of(usual) in [server for server, _ in held]:
        return usual
    server, address = held[0]
    if named:
        message = f"the messages of this ledger went to {server}, not to {server_of(named)}"
        raise mistake(message, f"leave out --api-base, or write --api-base {address}")
    if not is_own(server):
        message = (
            f"the messages of this ledger went to {server}, but the configuration says {server_of(usual)}"
        )
        raise mistake(message, f"to ask there, write --api-base {address}")
    screen.print_line(f"asking {server}, where the messages of this ledger went")
    return address
