"""What a ledger knows, for whoever only looks."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from twiliodest.ledger import notes as notes
from twiliodest.ledger import receipts as receipts
from twiliodest.ledger.clerk import GET
from twiliodest.ledger.file import explained
from twiliodest.ledger.moment import Moment, moment
from twiliodest.ledger.reader import Reader
from twiliodest.ledger.receipts import Ended, Receipt, Unanswered, receipt_of
from twiliodest.ledger.rows import Damaged, Group, Row, State, group_of, row_of
from twiliodest.ledger.servers import Use

KNOWS = "SELECT 1 FROM message WHERE sid = ? LIMIT 1"
UNKNOWNS = "SELECT * FROM message WHERE state = 'unknown' ORDER BY claimed_at, rowid"
UNDECIDED = """SELECT * FROM message WHERE state = 'unknown'
    UNION ALL SELECT * FROM message WHERE state = 'sending'"""
LATEST = """(:to IS NULL OR "to" = :to) AND (:action IS NULL OR action = :action)
        AND claimed_at >= :since AND claimed_at < :until
    ORDER BY claimed_at DESC, message.rowid DESC LIMIT :limit"""
ROWS = f"""SELECT * FROM message
    WHERE (:states IS NULL OR state IN (SELECT value FROM json_each(:states))) AND {LATEST}"""  # noqa: S608 -- ours
LISTED = f"""SELECT message.*, receipt.sid, receipt.status, receipt.code, price, currency, asked_at
    FROM message {receipts.JOIN}
    WHERE (:states IS NULL OR state IN (SELECT value FROM json_each(:states))
        OR receipt.status IN (SELECT value FROM json_each(:statuses))) AND {LATEST}"""  # noqa: S608 -- ours
COUNTS = "SELECT state, count(*) FROM message GROUP BY state"
GROUPS = """SELECT action, state, NULL AS receipt, code, count(*) FROM message WHERE claimed_at >= ?
    GROUP BY action, state, code ORDER BY action, count(*) DESC"""
GROUPS_AND_RECEIPTS = f"""SELECT action, state, receipt.status, coalesce(receipt.code, message.code) AS code, count(*)
    FROM message {receipts.JOIN} WHERE claimed_at >= ?
    GROUP BY action, state, receipt.status, coalesce(receipt.code, message.code)
    ORDER BY action, count(*) DESC"""  # noqa: S608 -- ours
ACTIONS = "SELECT DISTINCT action FROM message ORDER BY action"
STATES = frozenset(State)
PRUNABLE = """SELECT count(*), count(DISTINCT CASE WHEN state = 'sent' THEN "to" END) FROM message
    WHERE settled_at < ? AND state NOT IN ('sending', 'unknown')"""
MOST = 100_000  # messages that are asked about at a time


class Looks:
    """Sees what is committed; for the thread that opened it. Any call may raise `LedgerError`."""

    path: Path
    _reader: Reader

    def get(self, key: bytes) -> Row | None:
        """The row of a key."""
        return next(iter(self._rows(GET, key)), None)

    def knows(self, sid: str) -> bool:
        """Whether any row has this SID; reads them all, so: not for every message."""
        return bool(self._reader.query(KNOWS, sid))

    def ahead(self, run: str) -> float | None:
        """By how many seconds Twilio's clock was ahead of ours in a run, if that was measured."""
        return next((ahead for (ahead,) in self._reader.query(notes.AHEAD, run)), None)

    def unanswered(self, since: float, now: float, *, run: str | None = None) -> list[Unanswered]:
        """What Twilio took since then, in one run or in all, and has not told the end of; the oldest `MOST`."""
        scope = {"since": since, "run": run, "silent": now - receipts.SILENT, "limit": MOST}
        with explained(self.path), contextlib.closing(Reader(self.path)) as reader:
            return [Unanswered(*values) for values in reader.stream(receipts.OPEN, scope)]

    def ended(self, since: float, *, run: str | None = None) -> list[Ended]:
        """What became of what Twilio took since then, in one run or in all, the most frequent first."""
        with explained(self.path), contextlib.closing(Reader(self.path)) as reader:
            if not reader.query(receipts.EXISTS)[0][0]:
                return []
            return [Ended(*values) for values in reader.stream(receipts.GROUPS, {"since": since, "run": run})]

    def servers(self) -> Sequence[tuple[str, str]]:
        """The servers that messages went to, the latest first, and the address of each."""
        return notes.servers(self._reader.query)

    def moment(self) -> Moment:
        """What it is now, for `open` to find it again."""
        return moment(self.path, self._reader.query)

    def differences(self, use: Use) -> Sequence[str]:
        """What would make known events look new: sentences."""
        return notes.differences(use, self._reader.query)

    def rows(
        self,
        *,
        states: Collection[State] | None = None,
        to: str | None = None,
        action: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
    ) -> Iterator[Row]:
        """Streams rows, latest claim first; `since` and `until` (excluded) bound the time of the claim."""
        chosen = _chosen(states, to, action, since, until, limit)
        # By a reader of its own: while a stream is half read, other reads would see the past.
        with explained(self.path), contextlib.closing(Reader(self.path)) as reader:
            yield from map(row_of, reader.stream(ROWS, chosen))

    def rows_and_receipts(
        self,
        *,
        states: Collection[State] | None = None,
        statuses: Collection[str] = (),
        to: str | None = None,
        action: str | None = None,
        since: float | None = None,
        limit: int | None = None,
    ) -> Iterator[tuple[Row, Receipt | None]]:
        """As `rows`, each with its receipt; those whose receipt has one of the `statuses`, too."""
        chosen = _chosen(states, to, action, since, None, limit)
        chosen["statuses"] = json.dumps([*statuses])
        with explained(self.path), contextlib.closing(Reader(self.path)) as reader:
            if not reader.query(receipts.EXISTS)[0][0]:  # a preview reads what an earlier version has written
                found = () if states is not None and not states else reader.stream(ROWS, chosen)
                yield from ((row_of(values), None) for values in found)
                return
            width = len(Row.__struct_fields__)
            for values in reader.stream(LISTED, chosen):
                yield row_of(values[:width]), receipt_of(values[width:])

    def _rows(self, sql: str, *parameters: object) -> list[Row]:
        with explained(self.path):
            return [row_of(values) for values in self._reader.query(sql, *parameters)]

    def unknowns(self) -> list[Row]:
        """What may have been accepted, oldest claim first."""
        return self._rows(UNKNOWNS)

    def undecided(self) -> list[Row]:
        """What may have been accepted, and what is being sent, oldest claim first."""
        rows = self._rows(UNDECIDED)
        return sorted(rows, key=lambda row: row.claimed_at)  # SQLite would read the whole table in that order

    def counts(self) -> dict[State, int]:
        """How many rows each state has; reads them all."""
        counts = dict(self._reader.query(COUNTS))
        with explained(self.path):
            if unknown := [state for state in counts if state not in STATES]:
                raise Damaged(f"{len(unknown)} unknown states")
        return {State(state): count for state, count in counts.items()}

    def groups(self, *, since: float | None = None) -> list[Group]:
        """How many rows each action has with each status, receipt and code; reads them all."""
        with explained(self.path):
            knows = self._reader.query(receipts.EXISTS)[0][0]
            found = self._reader.query(
                GROUPS_AND_RECEIPTS if knows else GROUPS, -math.inf if since is None else since
            )
            return [group_of(values) for values in found]

    def actions(self) -> list[str]:
        """The names of the actions that there are rows of; reads them all."""
        return [name for (name,) in self._reader.query(ACTIONS)]

    def prunable(self, before: float) -> tuple[int, int]:
        """How many rows `prune` would forget, and how many people they say were texted; reads all rows."""
        rows, people = self._reader.query(PRUNABLE, before)[0]
        return rows, people


def _chosen(
    states: Collection[State] | None,
    to: str | None,
    action: str | None,
    since: float | None,
    until: float | None,
    limit: int | None,
) -> dict[str, object]:
    return {
        "to": to,
        "action": action,
        "since": -math.inf if since is None else since,
        "until": math.inf if until is None else until,
        "states": None if states is None else json.dumps([*states]),
        "limit": -1 if limit is None else limit,
    }
