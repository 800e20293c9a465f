"""The guards of a run: as configured, knowing what its ledger has of the texts that may still matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from twiliodest.config.settings import Config
from twiliodest.errors import Problem
from twiliodest.guards.guards import Guards
from twiliodest.ledger.rows import State
from twiliodest.messages.phones import canonical_address

if TYPE_CHECKING:
    from twiliodest.ledger.ledger import Ledger

SKEW = 60  # seconds; so far apart are two right clocks at most, or one before and after it was set
TEXTED = (State.SENT, State.UNKNOWN, State.SENDING)  # what has reached somebody, or may have


def guards_of(
    config: Config, ledger: Ledger | None, now: float, warn: Callable[[Problem], object]
) -> Guards | None:
    """What holds texts back, if anything is configured to; `warn` hears of rows that cannot be true."""
    cooldowns = {
        action.name: seconds
        for action in config.actions
        if (seconds := config.cooldown if action.cooldown is None else action.cooldown)
    }
    timed = any(action.options and action.options.is_timed for action in config.actions)
    if not (cooldowns or config.quiet_hours or config.own_quiet_hours or config.suppressed or timed):
        return None
    guards = Guards(config.quiet_hours, cooldowns, config.suppressed, config.own_quiet_hours)
    if ledger and guards.reach:
        guards.remember(_texts(ledger, now, guards.reach, warn))
    return guards


def _texts(
    ledger: Ledger, now: float, reach: float, warn: Callable[[Problem], object]
) -> Iterator[tuple[str, str, str, float]]:
    """Action, recipient, sender and time of the texts that are no older than that, the latest first.

    When a row from the future was written, nobody knows: it is left out.
    """
    ahead = 0
    for row in ledger.rows(states=TEXTED):
        if row.claimed_at < now - reach:
            break
        if row.claimed_at > now + SKEW:
            ahead += 1
        else:
            yield row.action, canonical_address(row.to), row.sender, row.claimed_at
    if ahead:
        rows = "row is" if ahead == 1 else "rows are"
        message = f"{ahead:,} {rows} from the future, and ignored by the cooldown: a clock was wrong"
        hint = "if it is this machine's clock, set it right before you send"
        warn(Problem(message=f"{message} ({ledger.path})", hint=hint, warning=True))
