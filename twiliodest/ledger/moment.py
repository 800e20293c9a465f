"""A ledger as it was when a plan was counted: what a send opens later is the same one, and has forgotten nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from twiliodest.errors import LedgerError

# Settled rows stay until they are pruned, which begins with the oldest; a copy that is put back lacks the latest.
ENDS = " UNION ALL ".join(
    f"""SELECT * FROM (SELECT rowid, "key" FROM message WHERE state NOT IN ('sending', 'unknown')
        ORDER BY rowid {order} LIMIT 1)"""  # noqa: S608 -- ours
    for order in ("ASC", "DESC")
)
IS_THERE = 'SELECT count(*) FROM message WHERE rowid = ? AND "key" = ?'
AGAIN = "run the command again to see what it would send now"


class Moment(NamedTuple):
    """Which file it was, and the row id and key of its oldest and latest settled rows."""

    file: tuple[int, int]
    ends: Sequence[tuple[int, bytes]]


def moment(path: Path, query: Callable[..., Sequence[Any]]) -> Moment:
    """What it takes to know the ledger at `path` again."""
    return Moment(_file(path), query(ENDS))


def refuse_another(path: Path, before: Moment) -> None:
    """Raises `LedgerError` if the ledger is gone by now, or is another file."""
    try:
        is_same = _file(path) == before.file
    except FileNotFoundError:
        is_same = False
    if not is_same:
        raise LedgerError(
            f"{path} was moved, removed or replaced since the messages were counted, so nothing was sent; put back "
            "what was there, then run again: without it people may be texted twice"
        )


def refuse_forgetful(path: Path, before: Moment, query: Callable[..., Sequence[Any]]) -> None:
    """Raises `LedgerError` if rows that were there before are gone."""
    if not all(query(IS_THERE, *end)[0][0] for end in before.ends):
        raise LedgerError(
            f"{path} has lost rows since the messages were counted, so nothing was sent; {AGAIN}"
        )


def _file(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
