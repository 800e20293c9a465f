"""Which rows of a ledger a command is about: what its options say, read as events and configurations are."""

from __future__ import annotations

import contextlib
import difflib
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from twiliodest.cli.command import mistake
from twiliodest.cli.environment import Environment
from twiliodest.cli.options import load
from twiliodest.errors import ExpressionError
from twiliodest.guards.durations import read_duration
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.receipts import STATUSES
from twiliodest.ledger.rows import State
from twiliodest.messages.phones import PhoneError, recipient


def states(words: Sequence[str]) -> tuple[list[State], list[str]]:
    """The statuses of these names: the ledger's own, and those of receipts. Raises `UsageError`.

    `failed` is both: what was never accepted, and what Twilio took and could not send. `sent` is the ledger's alone.
    """
    own = [state.value for state in State]
    known = [*own, *(status for status in STATUSES if status not in own)]
    if unknown := [word for word in words if word not in known]:
        near = difflib.get_close_matches(unknown[0].strip().lower(), known, 1)
        hint = f"did you mean {near[0]}?" if near else f"a ledger has these: {', '.join(known)}"
        raise mistake(f'"{unknown[0]}" is not a status', hint)
    told = [word for word in words if word in STATUSES and word != State.SENT]
    return [State(word) for word in words if word in own], told


def person(text: str, config: Path | None, environment: Environment) -> str:
    """The recipient that an option names, read as those of events are. Raises `UsageError`."""
    with contextlib.suppress(PhoneError):
        return recipient(text, None)
    try:
        return recipient(text, _region(config, environment))
    except PhoneError as error:
        raise mistake(f"--to: {error.reason}") from None


def moment(text: str, now: float) -> float:
    """The time that an option names, in unix seconds. Raises `UsageError`."""
    with contextlib.suppress(ExpressionError):
        return now - read_duration(text.strip(), math.inf)
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        hint = "write a date like 2026-11-23, a time like 2026-11-23T10:00, or an age like 3d"
        raise mistake(f'"{text}" is not a time', hint) from None


def refuse_unknown(action: str, ledger: Ledger, configured: Callable[[], Sequence[str]]) -> None:
    """Raises `UsageError` for the name of an action that neither the ledger nor the configuration has."""
    known = list(dict.fromkeys([*ledger.actions(), *configured()]))
    if action in known:
        return
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(action.casefold(), folded, 1)
    names = ", ".join(f'"{name}"' for name in known[:10]) + (", …" if len(known) > 10 else "")
    hint = f'did you mean "{folded[near[0]]}"?' if near else f"the actions are: {names}" if known else None
    raise mistake(f'there is no action "{action}"', hint)


def configured_actions(config: Path | None, environment: Environment) -> Sequence[str]:
    """The names of the actions, where there is a configuration."""
    if config is None and not environment.config_path.exists():
        return ()
    return [action.name for action in load(config, environment).actions]


def _region(config: Path | None, environment: Environment) -> str | None:
    """The country of national numbers, where there is a configuration."""
    if config is None and not environment.config_path.exists():
        return None
    return load(config, environment).default_region
