"""What became of a message is asked for with few requests, remembered, and told; no ledger is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import ACCOUNT, ROOT, Bench, Record, bench, order
from loopback import Server, answering, http, local, serving

from twiliodest.ledger.file import NOTES, SCHEMA
from twiliodest.ledger.ledger import Ledger
from twiliodest.ledger.receipts import FINAL, Receipt
from twiliodest.ledger.rows import Claim, State, key

NOW = 1_800_000_000.0


def claim(number: int) -> Claim:
    identity = key(ACCOUNT, f"m{number}", "order")
    return Claim(
        key=identity, event_id=f"m{number}", action="order", to="+14155550134", sender="s", text=b"x" * 16
    )


def sid(number: int) -> str:
    return f"SM{number:032x}"


def old_ledger(path: Path, rows: int) -> None:
    """A ledger as the version before made it, with this many messages as sent."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN")
        for statement in (*SCHEMA, *NOTES):
            db.execute(statement)
        db.execute("PRAGMA user_version = 1")
        for number in range(rows):
            it = claim(number)
            values = (it.key, it.event_id, it.action, it.to, it.sender, it.text, "sent", "run", sid(number))
            db.execute(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, 1, ?, ?)",
                (*values, NOW, NOW),
            )
        db.execute("COMMIT")
    path.chmod(0o600)


def version(path: Path) -> int:
    with contextlib.closing(
        sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    ) as db:  # leaves the log alone
        found: int = db.execute("PRAGMA user_version").fetchone()[0]
    return found


def test_a_preview_reads_a_ledger_of_the_version_before_and_leaves_it(tmp_path: Path) -> None:
    """Who only looks changes nothing, and sees everything."""
    path = tmp_path / "ledger.db"
    old_ledger(path, 3)
    ledger = Ledger.open_readonly(path)
    assert ledger
    with contextlib.closing(ledger):
        assert [receipt for _, receipt in ledger.rows_and_receipts()] == [None] * 3
        assert list(ledger.rows_and_receipts(states=(), statuses=("delivered",))) == []
        assert [(it.status, it.receipt, it.rows) for it in ledger.groups()] == [(State.SENT, None, 3)]
    assert version(path) == 1


def test_a_ledger_of_the_version_before_moves_on_when_it_is_opened(tmp_path: Path) -> None:
    """Every row stays known, and receipts have their place."""
    path = tmp_path / "ledger.db"
    old_ledger(path, 3)
    with contextlib.closing(Ledger.open(path)) as ledger:
        told = Receipt(sid=sid(1), status="delivered", price="-0.0079", currency="USD", asked_at=NOW)
        asyncio.run(ledger.receive([(claim(1).key, told)]))
        assert {row.event_id: receipt for row, receipt in ledger.rows_and_receipts()} == {
            "m0": None,
            "m1": told,
            "m2": None,
        }
        assert [it.key for it in ledger.unanswered(0, NOW)] == [claim(0).key, claim(2).key]
    assert version(path) == 2


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    """The move is one transaction: it is done, or it is not, and then the next run does it."""
    path = tmp_path / "ledger.db"
    old_ledger(path, 200)
    size = path.stat().st_size

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - 4096, size - 4096))

    begin = "from pathlib import Path; from twiliodest.ledger.ledger import Ledger"
    program = f"{begin}; Ledger.open(Path({str(path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "LedgerError" in done.stderr
    with contextlib.closing(Ledger.open(path)) as ledger:
        assert len(list(ledger.rows())) == 200
    assert version(path) == 2


@pytest.mark.parametrize("syscall", range(1, 40, 3))
def test_a_kill_in_the_middle_of_the_move_loses_nothing(syscall: int, tmp_path: Path) -> None:
    """Whichever statement was the last: the ledger is one version or the other, with all rows."""
    path = tmp_path / "ledger.db"
    old_ledger(path, 50)
    program = textwrap.dedent(
        f"""
        import os, sqlite3
        from pathlib import Path
        from twiliodest.ledger import file, ledger, log
        count = 0
        class Counting(sqlite3.Connection):
            def execute(self, *given):
                global count
                count += 1
                if count == {syscall}:
                    os.kill(os.getpid(), 9)
                return super().execute(*given)
        plain = sqlite3.connect
        sqlite3.connect = lambda *given, **more: plain(*given, factory=Counting, **more)
        ledger.Ledger.open(Path({str(path)!r})).close()
        """
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert version(path) in (1, 2)
    with contextlib.closing(Ledger.open(path)) as ledger:
        assert len(list(ledger.rows())) == 50
    assert version(path) == 2


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


class Twilio:
    """Lists so many messages, newest first, a page at a time, as Twilio does; `status` says how each stands."""

    def __init__(self, messages: int, first: float) -> None:
        self.messages = messages
        self.first = first
        self.asked: list[str] = []

    def status(self, number: int) -> tuple[str, int | None]:
        return ("undelivered", 30005) if number % 10 == 3 else ("delivered", None)

    def item(self, number: int) -> Record:
        status, code = self.status(number)
        when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(self.first + number / 100))
        return {
            "sid": sid(number),
            "status": status,
            "error_code": code,
            "price": "-0.00790",
            "price_unit": "USD",
            "date_created": when,
        }

    def answer(self, request: bytes, _: int) -> bytes:
        target = request.split()[1].decode()
        self.asked.append(target)
        if single := re.search(r"Messages/SM([0-9a-f]{32})\.json", target):
            return http(200, json.dumps(self.item(int(single[1], 16))).encode())
        page, size = (
            int((re.search(rf"[?&]{name}=(\d+)", target) or "00")[1]) for name in ("Page", "PageSize")
        )
        numbers = range(self.messages)[::-1][page * size : (page + 1) * size]
        more = (page + 1) * size < self.messages
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize={size}&Page={page + 1}"
        found = {"messages": [self.item(it) for it in numbers], "next_page_uri": path if more else None}
        return http(200, json.dumps(found).encode())


def filled(desk: Bench, messages: int) -> float:
    """A ledger with so many messages that were sent just now; when the first of them was."""
    first = time.time() - 600
    desk.ledger.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(Ledger.open(desk.ledger)):
        pass
    with contextlib.closing(sqlite3.connect(desk.ledger)) as db, db:
        for number in range(messages):
            it, at = claim(number), first + number / 100
            values = (it.key, it.event_id, it.action, it.to, it.sender, it.text, "sent", "run", sid(number))
            db.execute(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, 1, ?, ?)",
                (*values, at, at),
            )
    return first


def receipts(desk: Bench, server: Server, *arguments: str) -> list[str]:
    return [
        *("ledger", "receipts", "--ledger", str(desk.ledger), "--api-base", local(server), "-o", "jsonl"),
        *arguments,
    ]


def test_ten_thousand_open_messages_take_a_dozen_requests(desk: Bench) -> None:
    """Twilio's list tells of a thousand at a time."""
    twilio = Twilio(10_000, filled(desk, 10_000))
    with serving(answering(twilio.answer)) as server:
        ended = desk.run(*receipts(desk, server))
        again = desk.run(*receipts(desk, server))
    assert ended.status == 1, ended.err
    assert ended.records == [
        {
            "status": "delivered",
            "code": None,
            "currency": "USD",
            "messages": 9000,
            "cost": pytest.approx(71.1),
        },
        {
            "status": "undelivered",
            "code": 30005,
            "currency": "USD",
            "messages": 1000,
            "cost": pytest.approx(7.9),
        },
    ]
    assert len(twilio.asked) <= 12  # of both: what is final is not asked about again
    assert again.records == ended.records


def test_a_few_messages_are_asked_about_one_by_one(desk: Bench) -> None:
    """Nobody reads through the list of a busy account for three messages."""
    twilio = Twilio(3, filled(desk, 3))
    with serving(answering(twilio.answer)) as server:
        assert desk.run(*receipts(desk, server)).status == 0
    assert len(twilio.asked) == 3
    assert all("/Messages/SM" in target for target in twilio.asked)


def test_what_the_list_does_not_show_is_asked_about_alone(desk: Bench) -> None:
    """A list in another order, or one that lags, does not leave a message open for ever."""
    twilio = Twilio(30, filled(desk, 30))
    listed, twilio.messages = twilio.messages, 20
    with serving(answering(twilio.answer)) as server:
        ended = desk.run(*receipts(desk, server))
    assert sum(it["messages"] for it in ended.records) == listed
    assert all(it["status"] in FINAL for it in ended.records)


def test_after_a_kill_the_next_run_goes_on(desk: Bench) -> None:
    """Each page is remembered before the next one is asked for."""
    twilio = Twilio(5_000, filled(desk, 5_000))
    with serving(
        answering(lambda request, number: b"" if number == 4 else twilio.answer(request, number))
    ) as server:
        broken = desk.run(*receipts(desk, server))
        assert broken.status == 1
        assert "cannot be read" in broken.err
        known = sum(it["messages"] for it in broken.records if it["status"] in FINAL)
        assert known == 3_000
        process = desk.start(*receipts(desk, server))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert sum(it["messages"] for it in desk.run(*receipts(desk, server)).records) == 5_000
        assert {it["status"] for it in desk.run(*receipts(desk, server)).records} <= {*FINAL}


def test_nonsense_and_refusals_are_told_in_a_sentence(desk: Bench) -> None:
    """Whatever a server says, the ledger is not the worse for it."""
    filled(desk, 20)
    for said in (
        http(200, b"[]"),
        http(200, b"{"),
        http(401, b"{}"),
        http(200, json.dumps({"messages": [{"sid": sid(1), "status": "sold", "error_code": "x"}]}).encode()),
        http(200, json.dumps({"messages": [{"sid": 7}]}).encode()),
        http(503, b"<html>"),
    ):
        with serving(answering(lambda request, number, said=said: said)) as server:  # type: ignore[misc] # a default
            ended = desk.run(*receipts(desk, server))
        assert ended.status == 1
        assert "Twilio's messages cannot be read" in ended.err
    assert [row["receipt"] for row in desk.listed()] == [None] * 20


def test_a_send_waits_for_its_receipts_and_says_what_did_not_arrive(desk: Bench) -> None:
    """Accepted is not delivered: the end of the run knows the difference, and so does its exit status."""
    desk.write([order(1, "+14155550101"), order(2, "+14155550102")])
    assert desk.send("--receipts", "30s", "events.jsonl").status == 0
    assert [row["receipt"]["status"] for row in desk.listed("--status", "delivered")] == ["delivered"] * 2
    assert desk.listed("--status", "undelivered") == []


def test_what_is_not_final_is_said_and_asked_about_again(desk: Bench) -> None:
    """Without waiting, a message may still be on its way."""
    desk.write([order(number) for number in range(1, 4)])
    desk.send("events.jsonl")
    first = desk.run("ledger", "receipts", *desk.common, "-o", "jsonl")
    assert first.status == 0
    waited = desk.run("ledger", "receipts", *desk.common, "-o", "jsonl", "--wait", "30s")
    assert [(it["status"], it["messages"]) for it in waited.records] == [("delivered", 3)]
    table = desk.run("ledger", "receipts", *desk.common)
    assert "3  delivered" in table.out


def test_a_dry_run_has_no_receipts(desk: Bench) -> None:
    """Nothing was sent that could arrive."""
    desk.write([order(1)])
    ended = desk.run("send", "-n", "--receipts", "1m", "events.jsonl")
    assert (ended.status, "leave out --receipts" in ended.err) == (2, True)
