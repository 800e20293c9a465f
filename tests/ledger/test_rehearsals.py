"""A rehearsal is never the performance: a ledger is known by account, by server, and by the rule for events."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from harness import ACCOUNT, CONFIG, Bench, bench, order
from hypothesis import given
from hypothesis import strategies as st
from shell import on_terminal
from test_ledger import opened, program

from twiliodest.ledger.rows import key
from twiliodest.ledger.servers import TWILIO, is_own, ledger_name, server_of
from twiliodest.sandbox import RESET, RESET_AFTER_ACCEPT, refuse


@pytest.mark.parametrize(
    "address",
    [
        "https://api.twilio.com",
        "https://API.Twilio.com:443/",
        "https://api.us1.twilio.com",
        "https://api.dublin.ie1.twilio.com",
        "https://api.sydney.au1.twilio.com/",
    ],
)
def test_every_host_of_twilio_is_one_server(address: str) -> None:
    """Whatever edge and region somebody uses, what was sent was sent."""
    assert server_of(address) == TWILIO
    assert ledger_name(ACCOUNT, server_of(address)) == f"{ACCOUNT}.db"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://127.0.0.1:8025", "http://localhost:8025/", True),
        ("http://[::1]:8025", "http://127.0.0.1:8025", True),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8026", False),
        ("http://127.0.0.1", "http://127.0.0.1:80", True),
        ("https://Proxy.Example.com", "https://proxy.example.com:443/", True),
        ("https://proxy.example.com/a", "https://proxy.example.com/a/", True),
        ("https://proxy.example.com//a", "https://proxy.example.com/a", True),
        ("https://proxy.example.com/a", "https://proxy.example.com/A", False),
        ("https://proxy.example.com", "https://proxy.example.com/a", False),
        ("https://127.0.0.1:8025", "http://127.0.0.1:8025", False),
        ("https://api.twilio.com.example.com", "https://api.twilio.com", False),
        ("https://nottwilio.com", "https://api.twilio.com", False),
    ],
)
def test_addresses_are_the_same_server_or_not(one: str, other: str, *, same: bool) -> None:
    """Case, a scheme's own port, slashes and this machine's names make no difference; all else does."""
    assert (server_of(one) == server_of(other)) is same
    assert (ledger_name(ACCOUNT, server_of(one)) == ledger_name(ACCOUNT, server_of(other))) is same


ADDRESSES = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a.example", "a-8.example", "127.0.0.1", "[2001:db8::1]", "x" * 60 + ".example", "a_b"]),
    st.sampled_from(["", ":80", ":443", ":8025"]),
    st.sampled_from(["", "/a", "/b", "/a/b"]),
)


@given(ADDRESSES, ADDRESSES)
def test_each_server_has_a_ledger_of_its_own(one: str, other: str) -> None:
    """Two servers never share a file, and a name is one that every file system takes."""
    names = [ledger_name(ACCOUNT, server_of(it)) for it in (one, other)]
    assert (names[0] == names[1]) is (server_of(one) == server_of(other))
    assert all(len(name) < 200 and set(name).isdisjoint("/:[]\0") for name in names)


def test_the_token_goes_to_twilio_and_to_this_machine() -> None:
    """No other address is asked because a file names it."""
    assert is_own(TWILIO)
    assert is_own("http://127.0.0.1:8025")
    assert not is_own("https://twilio.example.com")


def send_to(made: Bench, url: str, path: Path, *more: object) -> dict[str, int]:
    """What a send to another server says, with the default ledger."""
    return made.run("send", "--api-base", url, "-o", "jsonl", "-y", path, *more).statuses


def test_a_rehearsal_does_not_use_up_the_messages(tmp_path: Path) -> None:
    """What went to a sandbox is new to every other server, and known to that one; each has a file of its own."""
    (tmp_path / "two").mkdir()
    with bench(tmp_path) as made, bench(tmp_path / "two") as other:
        made.environment["XDG_STATE_HOME"] = str(tmp_path / "state")
        path = made.write([order(number) for number in range(3)])
        assert send_to(made, made.sandbox.url, path) == {"sent": 3}
        assert send_to(made, made.sandbox.url.replace("127.0.0.1", "localhost"), path) == {"already": 3}
        assert send_to(made, other.sandbox.url, path) == {"sent": 3}
        assert made.run("send", "-n", "-o", "jsonl", path).statuses == {"planned": 3}
        names = {file.name for file in (tmp_path / "state" / "twiliodest").glob("*.db")}
        assert names == {
            f"{ACCOUNT}@127.0.0.1-{it.sandbox.url.rpartition(':')[2]}.db" for it in (made, other)
        }
        listed = made.run("ledger", "list", "-o", "jsonl", "--api-base", other.sandbox.url)
        assert len(listed.records) == 3


def test_the_only_ledger_is_found(tmp_path: Path) -> None:
    """After a first rehearsal `ledger list` shows it, and says whose it is; with two it does not guess."""
    (tmp_path / "two").mkdir()
    with bench(tmp_path) as made, bench(tmp_path / "two") as other:
        made.environment["XDG_STATE_HOME"] = str(tmp_path / "state")
        path = made.write([order(1)])
        send_to(made, made.sandbox.url, path)
        ended = made.run("ledger", "list", "-o", "jsonl")
        assert len(ended.records) == 1
        assert "no ledger for https://api.twilio.com yet" in ended.err
        send_to(made, other.sandbox.url, path)
        ended = made.run("ledger", "list", "-o", "jsonl")
        assert ended.records == []
        assert "there is no ledger" in ended.err


@pytest.mark.parametrize("preview", [(), ("--dry-run",)])
def test_a_ledger_of_another_server_is_refused(tmp_path: Path, preview: tuple[str, ...]) -> None:
    """Named outright, in a preview as in a send: one sentence with both servers, before anything is posted."""
    (tmp_path / "two").mkdir()
    with bench(tmp_path) as made, bench(tmp_path / "two") as other:
        path = made.write([order(1)])
        made.send(path)
        ended = made.run(
            "send", "--ledger", made.ledger, "--api-base", other.sandbox.url, "-y", path, *preview
        )
        assert (ended.status, other.posts()) == (2, 0)
        assert made.sandbox.url in ended.err
        assert other.sandbox.url in ended.err
        made.configure(ledger=str(made.ledger))
        ended = made.run("send", "-y", path, *preview)  # to Twilio itself: it must not get that far
        assert ended.status == 2
        assert made.sandbox.url in ended.err


def test_what_went_nowhere_ties_a_ledger_to_no_server(tmp_path: Path) -> None:
    """After a typing error in the address everything failed; with the right one, the same ledger serves."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(3)])
        assert made.send(path, "--api-base", "http://127.0.0.1:9").statuses == {"failed": 3}
        assert made.send(path).statuses == {"sent": 3}


HELD = """
    from twiliodest.ledger.servers import Use
    use = Use(account="AC", server="https://a.example", api_base="https://a.example", rule="$.messageId")
    ledger = Ledger.open(Path(sys.argv[1]), use=use)
    claimed(ledger)
    os.kill(os.getpid(), 9)
"""


def test_what_may_have_gone_somewhere_ties_a_ledger(tmp_path: Path) -> None:
    """A run that was killed while it sent may have reached its server."""
    with bench(tmp_path) as made:
        with program(HELD, made.ledger) as process:
            process.wait(60)
        ended = made.send(made.write([order(1)]))
        assert (ended.status, made.posts()) == (2, 0)
        assert "https://a.example" in ended.err


def earlier(made: Bench) -> None:
    """A ledger of an earlier version, which knew no servers: m1 is sent."""
    with opened(made.ledger):
        pass
    with contextlib.closing(sqlite3.connect(made.ledger)) as db:
        row = (key(ACCOUNT, "m1", "order"), "m1", "order", "+15550000001", "+15551234567", b"x", "sent", "r")
        db.execute("INSERT INTO message VALUES (?,?,?,?,?,?,?,?, 'SM1', NULL, NULL, 1, 1e9, 1e9)", row)
        db.commit()
        db.executescript("DROP TABLE log; DROP TABLE delivery")


def test_an_earlier_ledger_is_twilios(tmp_path: Path) -> None:
    """What it has as sent stays sent, and no rehearsal may be taken for it."""
    with bench(tmp_path) as made:
        earlier(made)
        path = made.write([order(1)])
        ended = made.send(path)
        assert (ended.status, made.posts()) == (2, 0)
        assert TWILIO in ended.err
        ended = made.run("send", "-n", "-o", "jsonl", "--ledger", made.ledger, path)
        assert ended.statuses == {"already": 1}
        assert made.listed()[0]["sid"] == "SM1"


def test_resolve_asks_the_server_of_the_rows(tmp_path: Path) -> None:
    """Whatever the configuration says; an address that contradicts is refused, and nothing is asked."""
    fates = {"Order 1 for you": RESET_AFTER_ACCEPT}
    blind = [True]
    (tmp_path / "two").mkdir()
    with (
        bench(
            tmp_path,
            lambda form: fates.get(dict(form)["Body"]),
            query_script=lambda query: refuse(20500, 500) if blind else None,
        ) as made,
        bench(tmp_path / "two") as other,
    ):
        assert made.send(made.write([order(1)])).statuses == {"unknown": 1}
        blind.clear()
        ended = made.run("ledger", "resolve", "--ledger", made.ledger, "--api-base", other.sandbox.url)
        assert (ended.status, other.sandbox.requests()) == (2, [])
        ended = made.run("ledger", "resolve", "--ledger", made.ledger)
        assert ended.status == 0, ended.err
        assert made.sandbox.url in ended.err + ended.out
        assert made.listed()[0]["status"] == "sent"


def test_resolve_gives_the_token_to_no_stranger(tmp_path: Path) -> None:
    """A ledger that names another server elsewhere is asked for by its user, or not at all."""
    with bench(tmp_path) as made:
        with program(HELD, made.ledger) as process:
            process.wait(60)
        ended = made.run("ledger", "resolve", "--ledger", made.ledger)
        assert ended.status == 2
        assert "--api-base https://a.example" in ended.err


OTHER_RULE = "$.order"


def test_another_rule_for_identities_is_warned_of(tmp_path: Path) -> None:
    """In a preview and in a send, until a whole run has gone by with it; what it was and what it is are both told."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(3)])
        assert "event_id" not in made.send(path).err
        assert "event_id" not in made.send(path).err
        made.configure(event_id=OTHER_RULE)
        for arguments in ([*made.common, "-n"], [*made.common, "-n"], [*made.common, "-y", "--limit", "1"]):
            ended = made.run("send", *arguments, "-o", "jsonl", path)
            assert "warning" in ended.err
            assert "$.messageId" in ended.err
            assert f"event_id is now {OTHER_RULE}" in ended.err
        ended = made.send(path)
        assert ended.err.count("event_id") == 2
        assert ended.statuses == {"already": 1, "sent": 2}
        assert "event_id" not in made.send(path).err
        made.configure()
        assert "event_id" not in made.send(path).err


def test_another_rule_is_told_before_the_question(tmp_path: Path) -> None:
    """Who is asked `Send?` has read it, once."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(3)])
        made.send(path)
        made.configure(event_id=OTHER_RULE)
        command = [sys.executable, "-m", "twiliodest", "send", *map(str, made.common), str(path)]
        inherited = {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path), **made.environment}
        status, shown = on_terminal(command, cwd=tmp_path, env=inherited, answer="n")
        assert status == 1
        assert shown.count("event_id is") == 1
        assert shown.index("event_id is") < shown.index("[y/N]")
        assert made.posts() == 3


def test_another_account_is_warned_of(tmp_path: Path) -> None:
    """Its events are new to a ledger that another account has written."""
    with bench(tmp_path) as made:
        path = made.write([order(1)])
        made.send(path)
        made.environment["TWILIO_ACCOUNT_SID"] = "AC" + "9" * 32
        ended = made.run("send", "-n", *made.common, path)
        assert "another account" in ended.err


def test_one_rule_in_two_spellings_is_one(tmp_path: Path) -> None:
    """The setting that says what is the default anyway changes nothing."""
    with bench(tmp_path) as made:
        path = made.write([order(1)])
        made.send(path)
        made.configure(CONFIG, event_id="$.messageId")
        assert "event_id" not in made.send(path).err


def test_a_lost_answer_is_looked_up_by_the_servers_clock(tmp_path: Path) -> None:
    """A text of another ledger, a minute old, is not taken for the one whose connection was reset."""
    fates, ahead = [None, RESET], [-60.0]
    with bench(tmp_path, lambda form: fates.pop(0), clock=lambda: time.time() + ahead[0]) as made:
        path = made.write([order(1)])
        assert made.send(path, "--ledger", tmp_path / "other.db").statuses == {"sent": 1}
        ahead[0] = 0.0
        assert made.send(path).statuses == {"unknown": 1}
        assert made.send(path).statuses == {"unknown": 1}
