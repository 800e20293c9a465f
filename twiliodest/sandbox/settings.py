"""How one sandbox behaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from twiliodest.sandbox.chaos import Chaos, Script
from twiliodest.sandbox.contents import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a sandbox can be told; the defaults accept any account and any sender.

    `account` and `token`: only these are let in; None lets in any well-formed account SID or API key.
    `senders`: the numbers, short codes, sender IDs and Messaging Services that exist; None: all do.
    `script`: decides for each posted message; None from it means the usual course (with chaos).
    `query_script`: the same for every GET of the Twilio API; it is given the query.
    `pace`: seconds from the queue to the recipient; what lies between comes in proportion.
    `undelivered`: recipients whom nothing reaches, and with which of Twilio's codes a text to them ends.
    `templates`: the content templates that exist; None: all do.
    `heard`: is told of each request, and of a status callback that fails, in a line, as the client said it.
    """

    keep: int = 10_000  # the newest messages kept, and the newest requests
    account: str | None = None
    token: str | None = field(default=None, repr=False)
    api_key: str | None = None  # its secret is `token`
    senders: frozenset[str] | None = None
    test_credentials: bool = False  # From must be a magic number, and only Messages can be posted
    pace: float = 3.0
    undelivered: Mapping[str, int] = field(default_factory=dict)
    templates: Mapping[str, Template] | None = None
    trial: bool = False  # bodies get the trial prefix
    chaos: Chaos = field(default_factory=Chaos)
    script: Script | None = field(default=None, repr=False)
    query_script: Script | None = field(default=None, repr=False)
    heard: Callable[[str], object] | None = field(default=None, repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)  # seconds since the epoch
