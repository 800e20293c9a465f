"""Who sent what a ledger knows, through which server, and by which rule an event was known."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from twiliodest.errors import LedgerError
from twiliodest.ledger.file import HAS_NOTES
from twiliodest.ledger.servers import Use

ENTER = """INSERT INTO delivery VALUES (:run, :account, :server, :api_base, :rule, NULL, 0, 0)
    ON CONFLICT (run) DO NOTHING"""
# what certainly went nowhere (a wrong address, a server that is away) does not tie a ledger to a server
REACHED = "(reached OR EXISTS (SELECT 1 FROM message WHERE state = 'sending' AND message.run = delivery.run))"
SERVERS = f"""SELECT server, api_base FROM delivery WHERE {REACHED}
    GROUP BY server, api_base ORDER BY max(rowid) DESC"""  # noqa: S608 -- ours
OTHERS = f"""SELECT DISTINCT account, rule FROM delivery WHERE {REACHED} AND rule IS NOT NULL"""  # noqa: S608 -- ours
COMPLETED = "SELECT count(*) FROM delivery WHERE completed AND account = ? AND rule = ?"
REACH = "UPDATE delivery SET reached = 1 WHERE run = ?"
COMPLETE = "UPDATE delivery SET completed = 1 WHERE run = ?"
MEASURE = "UPDATE delivery SET ahead = ? WHERE run = ?"
AHEAD = "SELECT ahead FROM delivery WHERE run = ?"
FORGET = """DELETE FROM delivery WHERE run NOT IN (SELECT run FROM message)
    AND run NOT IN (SELECT run FROM (SELECT run, max(rowid) FROM delivery WHERE completed GROUP BY account, rule))
    AND NOT (run = '' AND EXISTS (SELECT 1 FROM message WHERE run NOT IN (SELECT run FROM delivery)))"""

Query = Callable[..., Sequence[Any]]
"""Asks a ledger; takes a statement and its parameters."""


def enter(db: sqlite3.Connection, run: str, use: Use) -> None:
    """Note what a run is for, before its first claim is granted. Raises `LedgerError` as `refuse` does."""
    refuse(use, lambda sql: db.execute(sql).fetchall(), "the ledger")
    db.execute(ENTER, {"run": run, **asdict(use)})


def refuse(use: Use, query: Query, name: object) -> None:
    """Raises `LedgerError` if the ledger holds what went to another server."""
    for server, _ in query(SERVERS):
        if server != use.server:
            raise LedgerError(
                f"{name} is for messages that went to {server}, but this run uses {use.server}; name another "
                "file, or leave out --ledger: by default each server has its own ledger"
            )


def servers(query: Query) -> Sequence[tuple[str, str]]:
    """The servers that a ledger knows of, the latest first, and the address of each."""
    return [(server, api_base) for server, api_base in query(SERVERS)] if query(HAS_NOTES)[0][0] else []


def differences(use: Use, query: Query) -> Sequence[str]:
    """What would make known events look new: sentences, none if a whole run has gone by with it."""
    if not query(HAS_NOTES)[0][0] or query(COMPLETED, use.account, use.rule)[0][0]:
        return []
    known = query(OTHERS)
    ours = [(account, rule) for account, rule in known if use.account in (account, "")]
    rules = sorted({rule for _, rule in ours if rule != use.rule})
    found = []
    if rules:
        found.append(
            f"the ledger knows events by event_id {' and '.join(rules)}, but event_id is now {use.rule}: events "
            "that were texted before look new, and are texted again"
        )
    elif known and not ours:
        found.append(
            "the ledger is of what another account sent: events that it texted look new to this account, and are "
            "texted again"
        )
    return found
