"""Read-only requests for a person who waits: one after another, each answer an object of JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from twiliodest.addresses import read_address
from twiliodest.model import Account
from twiliodest.twilio.answers import UNREADABLE
from twiliodest.twilio.connection import READ_TIMEOUT, Connection
from twiliodest.twilio.faults import NeverLeft, NoAnswer
from twiliodest.twilio.network import route_to


class Unreachable(Exception):  # noqa: N818 -- says what is the matter with the server
    """There is no server, or none that answers as Twilio does."""


class Reader:
    """`bases` are the addresses of the API and of the Messaging product. Raises `UsageError`."""

    def __init__(
        self, account: Account, variables: Mapping[str, str], read_timeout: float = READ_TIMEOUT
    ) -> None:
        self.bases = (account.api_base, _sibling(account.api_base, "messaging"))
        self._connections = [
            Connection(
                msgspec.structs.replace(account, api_base=base), route_to(base, variables), read_timeout
            )
            for base in self.bases
        ]
        self._runner = asyncio.Runner()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, Any]]:
        """The status of an answer and its JSON object; `/v1/` paths are the Messaging product's.

        Raises `Unreachable`.
        """
        connection = self._connections[path.startswith("/v1/")]
        target = f"{path}?{urlencode(params)}" if params else path
        try:
            answer = self._runner.run(connection.request("GET", target))
            body = msgspec.json.decode(answer.content) if answer.content else {}
        except (NeverLeft, NoAnswer) as error:
            raise Unreachable(connection.redact(str(error))) from None
        except UNREADABLE:
            body = {}
        if answer.status in (407, 429) or not 200 <= answer.status < 500 or 300 <= answer.status < 400:
            raise Unreachable(f"HTTP status {answer.status}")
        if answer.fault:
            raise Unreachable(f"the answer cannot be read: {answer.fault}")
        if not isinstance(body, dict) or (answer.status < 300 and not body):
            raise Unreachable("the answer is not Twilio's")
        return answer.status, body

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections:
            self._runner.run(connection.close())
        self._runner.close()


def _sibling(api_base: str, product: str) -> str:
    """Another product's host beside Twilio's `api` host; any other server is all products at once."""
    host = read_address(api_base).host
    if not host.startswith("api.") or not host.endswith(".twilio.com"):
        return api_base
    return f"https://{product}.{host.removeprefix('api.')}"
