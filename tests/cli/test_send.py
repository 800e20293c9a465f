"""`send`, the program itself, against a Twilio that fails in every way: nobody twice, nothing lost."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from harness import CONFIG, PATIENCE, TOKEN, Bench, Record, bench, lines, order

from twiliodest.sandbox import (
    ACCEPT,
    ACCEPT_THEN_500,
    GARBAGE,
    RESET,
    RESET_AFTER_ACCEPT,
    TRUNCATED,
    Answer,
    Form,
    refuse,
    too_many,
)

UNANSWERED = Answer(accept=False, delay=0.3, then="reset")  # a read that ends in nothing


class Script:
    """What becomes of each message: the same for the same seed, and told apart by its body."""

    def __init__(self, seed: int, fates: Sequence[Answer]) -> None:
        self._dice = random.Random(seed)
        self._fates = fates
        self._lock = threading.Lock()
        self.arrived: list[str] = []
        self.answers: dict[str, list[Answer]] = {}
        self.struck = threading.Event()
        self._strike: Callable[[], None] = lambda: None
        self._strikes_at = 10**9

    def __call__(self, form: Form) -> Answer:
        body = dict(form)["Body"]
        with self._lock:
            self.arrived.append(body)
            fate = self._dice.choice(self._fates)
            if body in self.answers and not self.answers[body][-1].accept:
                fate = ACCEPT
            self.answers.setdefault(body, []).append(fate)
            if len(self.arrived) >= self._strikes_at and not self.struck.is_set():
                self._strike()
                self.struck.set()
        return fate

    def strike(self, process: subprocess.Popen[str], count: int, *, at_once: bool) -> None:
        """Kill a run when so many messages have arrived, before this one is accepted; or only say when."""
        with self._lock:
            self.struck.clear()
            self._strike = process.kill if at_once else lambda: None
            self._strikes_at = count


def by_body(records: Sequence[Record]) -> dict[str, str]:
    return {record["body"]: record["status"] for record in records}


def until(what: Callable[[], bool]) -> None:
    """Wait for something that must happen."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def check_order(made: Bench, events: Sequence[Record]) -> None:
    """Every recipient's texts were accepted in the order of their events."""
    places = {f"Order {event['order']} for you": place for place, event in enumerate(events)}
    last: dict[str, int] = {}
    for it in made.sandbox.messages():
        assert last.get(it.to, -1) < places[it.body], it
        last[it.to] = places[it.body]


@pytest.mark.slow
def test_all_faults_at_once(tmp_path: Path) -> None:
    """400 messages to 60 people over a Twilio that fails in every way: what is reported is what is so."""
    faults = [ACCEPT_THEN_500, GARBAGE, TRUNCATED, RESET, RESET_AFTER_ACCEPT, refuse(20503, 503)]
    script = Script(7, [*[ACCEPT] * 40, *faults, refuse(21610), refuse(21614), UNANSWERED])
    events = [order(number) for number in range(400)]
    with bench(tmp_path, script) as made:
        ended = made.send(made.write(events))
        accepted = made.bodies()
        check_order(made, events)
        assert Counter(accepted).most_common(1)[0][1] == 1
        assert len(ended.records) == 400
        for body, status in by_body(ended.records).items():
            (answer,) = script.answers[body]
            rejected = "rejected" if answer.status == 400 else "unknown"
            assert status == ("sent" if body in accepted else rejected), (body, answer)
        sids = {it.body: it.sid for it in made.sandbox.messages()}
        assert {r["body"]: r["sid"] for r in ended.records if r["sid"]} == sids
        assert ended.status == 3
        unknown = [record["event_id"] for record in made.listed("--status", "unknown")]
        assert sorted(unknown) == sorted(r["event_id"] for r in ended.records if r["status"] == "unknown")
        assert "Found" not in ended.err
        posts = made.posts()
        again = made.send(tmp_path / "events.jsonl")
        assert (again.status, made.posts()) == (3, posts)
        assert again.statuses["already"] == len(accepted)


def test_a_busy_twilio_gets_everything_in_the_end(tmp_path: Path) -> None:
    """A 429 is never processed: the message is tried again, and sent once."""
    events = [order(number) for number in range(60)]
    busy = iter([too_many(0.05)] * 4)
    seen: list[Form] = []

    def script(form: Form) -> Answer | None:
        seen.append(form)
        return next(busy, None) if len(seen) > 40 else None

    with bench(tmp_path, script) as made:
        ended = made.send(made.write(events))
        assert (ended.status, ended.statuses) == (0, {"sent": 60})
        assert sorted(made.bodies()) == sorted(f"Order {number} for you" for number in range(60))
        assert sum(record["attempts"] for record in ended.records) == made.posts() == 64


@pytest.mark.slow
def test_kill_nine_texts_nobody_twice(tmp_path: Path) -> None:
    """Killed eight times, then run to the end: one text an event at most, and the doubtful are listed."""
    dice = random.Random(23)
    events = [order(number) for number in range(240)]
    script = Script(5, [*[ACCEPT] * 12, RESET_AFTER_ACCEPT, RESET])
    with bench(tmp_path, script) as made:
        path = made.write(events)
        for kill in range(8):
            with (tmp_path / "out").open("w") as out, made.sending(path, out=out) as process:
                script.strike(process, len(script.arrived) + dice.randrange(1, 35), at_once=kill % 2 == 0)
                until(script.struck.is_set)
                time.sleep(dice.random() / 50)
                process.kill()
                made.said.append(process.communicate()[1])
        ended = made.send(path)
        accepted = made.bodies()
        assert Counter(accepted).most_common(1)[0][1] == 1
        check_order(made, events)
        told = by_body(ended.records)
        assert len(told) == 240
        assert {body for body, status in told.items() if status in ("sent", "already")} == set(accepted)
        left = {body for body, status in told.items() if status == "unknown"}
        assert len(accepted) + len(left) == 240
        unknown = {f"Order {r['event_id'][1:]} for you" for r in made.listed("--status", "unknown")}
        assert unknown == left
        assert {record["status"] for record in made.listed()} == {"sent", "unknown"}


def test_two_runs_at_once_share_the_work(tmp_path: Path) -> None:
    """The same file, twice at the same time: each message is accepted once, and both runs end cleanly."""
    with bench(tmp_path, lambda form: Answer(delay=0.01)) as made:
        path = made.write([order(number) for number in range(150)])
        one, other = made.sending(path), made.sending(path)
        ends = [made.end(one), made.end(other)]
        assert [ended.status for ended in ends] == [0, 0]
        assert sorted(made.bodies()) == sorted(f"Order {number} for you" for number in range(150))
        assert sum(ended.statuses["sent"] for ended in ends) == 150
        assert sum(ended.statuses["already"] for ended in ends) == 150


def test_a_rerun_posts_only_what_is_new(tmp_path: Path) -> None:
    """A finished file posts nothing, nor does it after a typo in the text is mended; appended lines are sent."""
    events = [order(number) for number in range(20)]
    with bench(tmp_path) as made:
        path = made.write(events)
        assert made.send(path).status == 0
        again = made.send(path)
        assert (again.status, again.statuses, made.posts()) == (0, {"already": 20}, 20)
        made.configure(CONFIG.replace("Order {{", "Your order {{"))
        assert made.send(path).statuses == {"already": 20}
        path.write_text(path.read_text() + lines([order(20), order(21)]))
        assert made.send(path).statuses == {"already": 20, "sent": 2}
        assert made.posts() == 22
        assert set(made.bodies()[-2:]) == {"Your order 20 for you", "Your order 21 for you"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_settles_what_is_in_flight(tmp_path: Path, number: signal.Signals) -> None:
    """The messages under way are waited for; the rest stays untried, and a rerun goes on."""
    script = Script(1, [Answer(delay=0.4)])
    with bench(tmp_path, script) as made:
        path = made.write([order(number) for number in range(60)])
        process = made.sending(path)
        until(lambda: len(script.arrived) >= 5)
        process.send_signal(number)
        ended = made.end(process)
        assert ended.status == 130
        assert "interrupted" in ended.err
        count = made.posts()
        assert 5 <= count < 60
        assert ended.statuses == {"sent": count}
        assert Counter(record["status"] for record in made.listed()) == {"sent": count}
        rest = made.send(path, "--concurrency", 60)
        assert (rest.status, rest.statuses) == (0, {"already": count, "sent": 60 - count})
        assert made.posts() == 60


def test_a_second_interrupt_leaves_at_once(tmp_path: Path) -> None:
    """It does not wait for an answer; what is under way is unknown, and the next run finds it."""
    script = Script(1, [Answer(delay=PATIENCE)])
    with bench(tmp_path, script) as made:
        path = made.write([order(number) for number in range(3)])
        process = made.sending(path)
        until(lambda: len(script.arrived) == 3)
        process.send_signal(signal.SIGINT)
        until(lambda: not _is_pending(process.pid, signal.SIGINT))
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        assert made.end(process).status == 130
        assert made.send(path).statuses == {"already": 3}
        assert made.posts() == 3


def _is_pending(pid: int, number: int) -> bool:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["ShdPnd"], 16) >> (number - 1) & 1)


@pytest.mark.slow
@pytest.mark.parametrize("output", [("-o", "jsonl"), ("-o", "table", "--rows", "0")])
def test_a_closed_output_ends_the_run_in_good_order(tmp_path: Path, output: Sequence[str]) -> None:
    """`| head -1` ends the run, with the reason: it did not send all of it. What is under way is settled."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(1100)])
        process = made.sending(path, *output, "--quiet")
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr
        err = process.stderr.read()
        with process:
            process.wait(PATIENCE)
        assert "nothing reads the output any more" in err
        assert process.returncode == 1
        assert {record["status"] for record in made.listed()} == {"sent"}
        assert len(made.listed()) == len(made.bodies()) == made.posts()


def test_a_full_output_is_a_sentence(tmp_path: Path) -> None:
    """A disk that fills up under the output ends the run with words, and the ledger is right."""
    with bench(tmp_path) as made, Path("/dev/full").open("w") as full:
        path = made.write([order(number) for number in range(100)])
        ended = made.end(made.sending(path, out=full))
        assert ended.status == 1
        assert "No space left" in ended.err
        assert {record["status"] for record in made.listed()} == {"sent"}
        assert len(made.listed()) == made.posts()


def test_a_line_on_a_pipe_is_sent_at_once(tmp_path: Path) -> None:
    """Each line is posted, and reported, before the next one is written."""
    with bench(tmp_path) as made:
        process = made.sending("-")
        assert process.stdin
        assert process.stdout
        for number in range(5):
            process.stdin.write(lines([order(number)]))
            process.stdin.flush()
            assert f"Order {number} for you" in process.stdout.readline()
            assert len(made.bodies()) == number + 1
        assert made.end(process).status == 0


def test_a_sleeping_pipe_can_be_interrupted(tmp_path: Path) -> None:
    """Ctrl-C works while no line comes."""
    with bench(tmp_path) as made:
        process = made.sending("-")
        assert process.stdin
        assert process.stdout
        process.stdin.write(lines([order(1)]))
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        made.end(process)


def test_wrong_credentials_are_noticed_at_once(tmp_path: Path) -> None:
    """At most one request a lane, exit status 4, and what to do about it."""
    with bench(tmp_path) as made:
        made.environment["TWILIO_AUTH_TOKEN"] = "wrong" + TOKEN[5:]
        path = made.write([order(number) for number in range(100)])
        ended = made.send(path, "--concurrency", 4)
        assert ended.status == 4
        assert made.posts() <= 4
        assert "check account and token" in ended.err
        assert set(ended.statuses) == {"failed"}
        made.environment["TWILIO_AUTH_TOKEN"] = TOKEN
        assert made.send(path).statuses == {"sent": 100}


def test_a_server_that_is_away_fails_softly(tmp_path: Path) -> None:
    """Nothing arrived, so nothing is unknown: exit status 1, and the next run sends everything."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(30)])
        ended = made.send(path, "--api-base", "http://127.0.0.1:9")
        assert ended.status == 1
        assert set(ended.statuses) == {"failed"}
        assert "cannot be reached" in ended.err
        assert made.send(path).statuses == {"sent": 30}


def _small_disk(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return limit


def test_a_full_disk_stops_everything(tmp_path: Path) -> None:
    """Where the ledger cannot grow nothing is posted, and the exit status is 2."""
    with bench(tmp_path) as made:
        ended = made.send(made.write([order(number) for number in range(50)]), prepare=_small_disk(8192))
        assert (ended.status, made.posts(), ended.records) == (2, 0, [])
        assert str(made.ledger) in ended.err


def test_a_disk_that_fills_up_stops_the_run(tmp_path: Path) -> None:
    """What was posted until then is reported as it is; with room again a rerun sends the rest, and no more."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(400)])
        ended = made.send(path, prepare=_small_disk(600_000))
        assert ended.status == 2
        assert {record["body"] for record in ended.records} == set(made.bodies())
        assert 0 < made.posts() < 400
        assert made.send(path).status == 0
        assert sorted(made.bodies()) == sorted(f"Order {number} for you" for number in range(400))


@pytest.mark.parametrize("place", ["/proc/ledger.db", "twiliodest.yaml"])
def test_an_unwritable_ledger_stops_everything(tmp_path: Path, place: str) -> None:
    """Where the ledger cannot be written, or is something else, nothing is posted; the exit status is 2."""
    with bench(tmp_path) as made:
        ended = made.send(made.write([order(1)]), "--ledger", place)
        assert (ended.status, made.posts()) == (2, 0)
        assert place in ended.err


def test_a_limit_is_kept(tmp_path: Path) -> None:
    """`--limit` posts so many and no more; run after run goes on where the last one stopped."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(25)])
        for posted in (10, 20, 25):
            assert made.send(path, "--limit", 10).status == 0
            assert made.posts() == posted


def test_fail_fast_stops_at_the_first_fault(tmp_path: Path) -> None:
    """What comes after the first rejection is left for another run."""
    with bench(
        tmp_path, lambda form: refuse(21610) if dict(form)["Body"] == "Order 3 for you" else None
    ) as made:
        path = made.write([order(number) for number in range(200)])
        ended = made.send(path, "--fail-fast", "--concurrency", 1)
        assert (ended.status, ended.statuses) == (1, {"sent": 3, "rejected": 1})
        assert "events.jsonl:4 rejected" in ended.err


def test_max_messages_guards_against_the_wrong_file(tmp_path: Path) -> None:
    """A file with too many sends nothing at all; a pipe stops when it has sent that many."""
    with bench(tmp_path) as made:
        made.configure(max_messages=10)
        events = [order(number) for number in range(30)]
        ended = made.send(made.write(events))
        assert (ended.status, made.posts()) == (2, 0)
        assert "30" in ended.err
        assert "max_messages" in ended.err
        dry = made.send("-n", tmp_path / "events.jsonl")
        assert (dry.status, dry.statuses) == (2, {"planned": 30})
        assert ended.err in dry.err
        assert made.send("-n", tmp_path / "events.jsonl", "--limit", 10).status == 0
        sandboxed = made.run("send", tmp_path / "events.jsonl", "--sandbox", "-o", "jsonl")
        assert (sandboxed.status, sandboxed.out) == (2, "")
        assert ended.err in sandboxed.err
        ended = made.send("-", given=lines(events))
        assert (ended.status, made.posts()) == (1, 10)
        assert "max_messages" in ended.err


def test_rejects_can_be_mended_and_fed_in_again(tmp_path: Path) -> None:
    """The file of rejects holds just the lines that did not go out; mended and fed in, they do."""
    events = [order(number) for number in range(10)]
    events[3]["to"] = "nobody"
    events[7]["to"] = "+15005550009"
    with bench(tmp_path) as made:
        path = made.write(lines(events[:5]) + "{broken\n" + lines(events[5:]))
        ended = made.send(path, "--rejects", tmp_path / "rejects.jsonl")
        assert (ended.status, ended.statuses) == (1, {"sent": 8, "invalid": 2, "rejected": 1})
        kept = (tmp_path / "rejects.jsonl").read_text().splitlines()
        assert set(kept) == {lines([events[3]]).strip(), lines([events[7]]).strip(), "{broken"}
        mended = [{**events[3], "to": "+15550000003"}, {**events[7], "to": "+15550000007"}]
        assert made.send(made.write(mended, "mended.jsonl")).statuses == {"sent": 2}
        assert made.send(made.write(mended, "mended.jsonl")).statuses == {"already": 2}
        assert sorted(made.bodies()) == sorted(f"Order {number} for you" for number in range(10))


def test_retry_tries_once_more(tmp_path: Path) -> None:
    """What is rejected or unknown stays so until the user says otherwise."""
    fates = {"Order 0 for you": refuse(21610), "Order 1 for you": RESET}
    with bench(tmp_path, lambda form: fates.pop(dict(form)["Body"], None)) as made:
        path = made.write([order(0), order(1)])
        for status in (3, 3):
            ended = made.send(path)
            assert (ended.status, ended.statuses) == (status, {"rejected": 1, "unknown": 1})
            assert made.posts() == 2
        ended = made.send(path, "--retry", "rejected")
        assert (ended.status, ended.statuses) == (3, {"sent": 1, "unknown": 1})
        ended = made.send(path, "--retry", "unknown")
        assert (ended.status, ended.statuses) == (0, {"already": 1, "sent": 1})
        assert made.posts() == 4


def test_a_dry_run_shows_what_a_send_posts(tmp_path: Path) -> None:
    """The same texts, recipients, senders and media; and looking leaves no trace."""
    config = f"{CONFIG}    media_url: $.image\n"
    odd = ["plain", "12.50 & <b>=+%\u00a0é", "😀 {{$.to}}", "two\nlines"]
    events = [order(number, image=f"https://example.com/{number}.png?a=b&c") for number in range(4)]
    for event, body in zip(events, odd, strict=True):
        event["order"] = body
    with bench(tmp_path) as made:
        made.configure(config)
        path = made.write(events)
        before = sorted(tmp_path.rglob("*"))
        dry = made.send(path, "--dry-run")
        assert (dry.status, dry.statuses, made.posts()) == (0, {"planned": 4}, 0)
        assert sorted(tmp_path.rglob("*")) == before
        shown = [
            [
                ("To", record["to"]),
                ("From", record["from"]),
                ("Body", record["body"]),
                *(("MediaUrl", url) for url in record["media_urls"]),
            ]
            for record in dry.records
        ]
        assert made.send(path).status == 0
        assert sorted(shown) == sorted(list(text.form) for text in made.sandbox.messages())
        before = sorted(tmp_path.rglob("*"))
        dry = made.send(path, "--dry-run")
        assert (dry.status, dry.statuses) == (0, {"already": 4})
        assert sorted(tmp_path.rglob("*")) == before


def test_the_ledger_can_be_listed_settled_and_pruned(tmp_path: Path) -> None:
    """Unknowns are looked up and stay, or become sent; pruning keeps what is in doubt."""
    fates = {"Order 1 for you": RESET, "Order 2 for you": RESET_AFTER_ACCEPT}
    blind = [True]
    with bench(
        tmp_path,
        lambda form: fates.get(dict(form)["Body"]),
        query_script=lambda query: refuse(20500, 500) if blind else None,
    ) as made:
        assert made.send(made.write([order(number) for number in range(4)])).status == 3
        assert {r["event_id"] for r in made.listed("--status", "unknown")} == {"m1", "m2"}
        ended = made.run("ledger", "resolve", *made.common)
        assert ended.status == 3
        assert "cannot be read" in ended.err
        blind.clear()
        ended = made.run("ledger", "resolve", *made.common)
        assert ended.status == 3
        assert "1 found" in ended.err
        assert {r["event_id"] for r in made.listed("--status", "unknown")} == {"m1"}
        found = {r["event_id"]: r["sid"] for r in made.listed("--status", "sent")}["m2"]
        assert found in {it.sid for it in made.sandbox.messages()}
        assert made.run("ledger", "prune", "--older-than", "0m", "--yes", "--ledger", made.ledger).status == 0
        assert [record["event_id"] for record in made.listed()] == ["m1"]
        assert made.run("ledger", "list", "--ledger", made.ledger).status == 0
        assert made.run("ledger", "list", "--ledger", made.ledger, "--status", "lost").status == 2


def test_usage_errors_send_nothing(tmp_path: Path) -> None:
    """No token, no configuration, no such file: exit status 2, before anything is posted."""
    with bench(tmp_path) as made:
        path = made.write([order(1)])
        assert made.send(tmp_path / "none.jsonl").status == 2
        assert made.send(path, "-c", tmp_path / "none.yaml").status == 2
        del made.environment["TWILIO_AUTH_TOKEN"]
        assert made.send(path).status == 2
        assert made.send(path, "--dry-run").status == 0
        assert made.posts() == 0
