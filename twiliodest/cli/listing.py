"""What of a run's outcomes the options of `send` ask for on standard output."""

from __future__ import annotations

from collections.abc import Sequence

from twiliodest.cli.environment import Environment
from twiliodest.cli.send_options import CHANGED, SendOptions
from twiliodest.config.settings import Config
from twiliodest.events.sources import Source
from twiliodest.model import Status
from twiliodest.screens.listing import Listing

ON_TERMINAL = 10  # rows, unless others are asked for
ELSEWHERE = 50


def listing_of(
    options: SendOptions, config: Config, sources: Sequence[Source], environment: Environment
) -> Listing:
    """A table only counts what was sent before. Of a pipe, which may bring an event at any time, it shows all."""
    usual = frozenset(Status) - (frozenset() if options.jsonl else {Status.ALREADY})
    flows = any(source.size is None for source in sources)
    rows = options.rows
    if rows is None:
        rows = 0 if flows else ON_TERMINAL if environment.stdout_is_terminal else ELSEWHERE
    return Listing(
        statuses=frozenset(map(Status, ((options.only or usual) | options.show) - {CHANGED})),
        changed=CHANGED in options.only,
        diverted_to=options.divert,
        rows=None if options.jsonl else rows,
        sources=[source.name for source in sources],
        actions=[action.name for action in config.actions],
        flows=flows,
    )
