"""The numbers of a run add up to what was read, however it ends; what did not go out is in the file of rejects."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import PATIENCE, SENDER, Ended, bench, lines, order
from test_send import _small_disk

from twiliodest.sandbox import Answer, Form, refuse, too_many

TWO_ACTIONS = f"""
account: ${{TWILIO_ACCOUNT_SID}}
token: ${{TWILIO_AUTH_TOKEN}}
number: "{SENDER}"
actions:
  - {{name: order, trigger: event = "Order", to: $.to, body: "Order {{{{order}}}}"}}
  - {{name: shop, trigger: event = "Order", to: $.shop, body: "Sold {{{{order}}}}"}}
"""
DONE = ("planned", "sent", "already", "suppressed")


@dataclass(frozen=True)
class Counted:
    """The numbers of a summary."""

    read: int
    matched: int
    broken: int
    statuses: Counter[str]
    untried: int

    @property
    def outcomes(self) -> int:
        return self.statuses.total() + self.untried


def counted(err: str) -> Counted:
    top = re.search(r"^events +([\d,]+) read, ([\d,]+) matched(?:, ([\d,]+) (?:is|are) not)?", err, re.M)
    assert top, err
    found = re.findall(
        r"^(planned|already|sent|invalid|rejected|failed|unknown|held|suppressed) +([\d,]+)$", err, re.M
    )
    untried = re.search(r"^not tried ([\d,]+)$", err, re.M)
    numbers = [int((text or "0").replace(",", "")) for text in (*top.groups(), untried and untried[1])]
    statuses = Counter({status: int(number.replace(",", "")) for status, number in found})
    return Counted(numbers[0], numbers[1], numbers[2], statuses, numbers[3])


def mixed(count: int) -> str:
    """Lines of which some are no events, some match nothing, and the others text two people each."""
    rows = []
    for number in range(count):
        if number % 7 == 3:
            rows.append(f"{{broken {number}")
        elif number % 5 == 2:
            rows.append(json.dumps({"type": "page", "n": number}))
        else:
            shop = f"+1555999{number % 50:04}"
            rows.append(json.dumps(order(number, to=f"+1555{number:07}", shop=shop)))
    return "\n".join(rows) + "\n"


def check_law(ended: Ended, text: str, rejects: Path, *, actions: int = 2) -> Counted:
    """What was read is matched, broken or neither; what is not done is counted, and kept in its own words."""
    count = counted(ended.err)
    assert count.outcomes == actions * count.matched + count.broken, ended.err
    kept, given = rejects.read_text().splitlines(), text.splitlines()
    assert not Counter(kept) - Counter(given)
    if ended.out:
        ends: dict[int, list[str]] = {}
        for record in ended.records:
            ends.setdefault(record["line"], []).append(record["status"])
        done = [line for line, all_ in ends.items() if len(all_) == actions and set(all_) <= set(DONE)]
        assert len(kept) == count.matched + count.broken - len(done)
        assert not {given[line - 1] for line in done} & set(kept)
    return count


def accepts_slowly(form: Form) -> Answer:
    return Answer(delay=0.02)


@pytest.mark.parametrize("piped", [False, True])
def test_a_limit_counts_what_it_stops_at(tmp_path: Path, piped: bool) -> None:
    """`--limit` says that it stopped, not how far the reader had got; from a pipe nothing is lost, either."""
    text = mixed(3000)
    with bench(tmp_path) as made:
        made.configure(TWO_ACTIONS)
        path = made.write(text)
        rejects = tmp_path / "rejects.jsonl"
        arguments = ("--limit", 301, "--rejects", rejects)
        ended = made.send("-", *arguments, given=text) if piped else made.send(path, *arguments)
        assert (ended.status, made.posts()) == (1, 301)  # some lines are no events
        assert "stopped at the limit of 301" in ended.err
        count = check_law(ended, text, rejects)
        assert count.statuses["sent"] == 301
        if not piped:
            assert count.untried == 1
            assert count.matched == 151
            last = max(record["line"] for record in ended.records if record["status"] == "sent")
            assert count.read == last


def test_a_limit_in_a_dry_run_counts_up_to_it(tmp_path: Path) -> None:
    """The same numbers as those of a send, whether or not the limit cuts an event in two."""
    text = mixed(3000)
    with bench(tmp_path) as made:
        made.configure(TWO_ACTIONS)
        path = made.write(text)
        for limit, untried in ((301, 1), (300, 0)):
            rejects = tmp_path / "rejects.jsonl"
            ended = made.send(path, "-n", "--limit", limit, "--rejects", rejects)
            count = check_law(ended, text, rejects)
            assert (count.statuses["planned"], count.untried) == (limit, untried)
            assert count.read == ended.records[-1]["line"]
            assert f"stopped at the limit of {limit}" in ended.err


def test_a_limit_looks_past_what_needs_no_posting(tmp_path: Path) -> None:
    """What is sent already costs nothing, in either kind of run; a limit that is not reached is not spoken of."""
    with bench(tmp_path) as made:
        path = made.write([order(number) for number in range(40)])
        assert made.send(path, "--limit", 15).status == 0
        dry = made.send(path, "--limit", 10, "-n")
        assert dry.statuses == {"already": 15, "planned": 10}
        ended = made.send(path, "--limit", 10)
        assert ended.statuses == {"already": 15, "sent": 10}
        for it in (dry, ended):
            assert (counted(it.err).read, counted(it.err).untried) == (25, 0)
        ended = made.send(path, "--limit", 100)
        assert (ended.statuses, counted(ended.err).read) == ({"already": 25, "sent": 15}, 40)
        assert "limit" not in ended.err


def test_a_limit_on_an_open_pipe_ends_the_run(tmp_path: Path) -> None:
    """It does not wait for a line that it would not use."""
    with bench(tmp_path) as made:
        process = made.sending("-", "--limit", 2)
        assert process.stdin
        process.stdin.write(lines([order(number) for number in range(2)]))
        process.stdin.flush()
        assert process.wait(PATIENCE) == 0
        assert "stopped at the limit of 2" in made.end(process).err


@pytest.mark.slow
def test_a_limit_waits_for_refusals_to_be_tried_again(tmp_path: Path) -> None:
    """The last ones that may be posted are tried again like any others."""
    seen: Counter[str] = Counter()

    def script(form: Form) -> Answer | None:
        body = dict(form)["Body"]
        seen[body] += 1
        return too_many(0.05) if seen[body] < 3 else None

    with bench(tmp_path, script) as made:
        path = made.write([order(number) for number in range(50)])
        ended = made.send(path, "--limit", 8, "--concurrency", 8)
        assert (ended.status, ended.statuses) == (0, {"sent": 8})


def test_a_limit_waits_for_no_slot_that_it_will_not_use(tmp_path: Path) -> None:
    """One message every 1,000 seconds: the first one is sent, and that is all."""
    with bench(tmp_path) as made:
        ended = made.send(made.write([order(number) for number in range(9)]), "--limit", 1, "--rate", 0.001)
        assert (ended.status, ended.statuses) == (0, {"sent": 1})


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_counts_what_was_read(tmp_path: Path, number: signal.Signals, piped: bool) -> None:
    """Ctrl-C: everything that was read ahead is counted as not tried, and kept."""
    text = mixed(20_000)
    with bench(tmp_path, accepts_slowly) as made:
        made.configure(TWO_ACTIONS)
        path, rejects = made.write(text), tmp_path / "rejects.jsonl"
        process = made.sending("-" if piped else path, "--rejects", rejects)
        with Followed(process, text if piped else "") as followed:
            _until(lambda: made.posts() >= 40)
            process.send_signal(number)
            ended = followed.end()
        assert ended.status == 130
        assert check_law(ended, text, rejects).untried > 1000


class Followed:
    """A process that is fed, and whose output is read, while a test looks at something else."""

    def __init__(self, process: subprocess.Popen[str], given: str) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self._process = process
        assert process.stdout
        assert process.stderr
        self._readers = [
            threading.Thread(target=self.out.extend, args=(process.stdout,), daemon=True),
            threading.Thread(target=self.err.extend, args=(process.stderr,), daemon=True),
        ]
        self._feeder = threading.Thread(target=self._feed, args=(given,), daemon=True)

    def __enter__(self) -> Followed:
        for thread in (*self._readers, self._feeder):
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in (*self._readers, self._feeder):
            thread.join(PATIENCE)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream
            stream.close()

    def end(self) -> Ended:
        self._process.wait(PATIENCE)
        for thread in self._readers:
            thread.join(PATIENCE)
        return Ended(self._process.returncode, "".join(self.out), "".join(self.err))

    def _feed(self, given: str) -> None:
        """What is given; and then the pipe stays open until the process ends."""
        pipe = self._process.stdin
        assert pipe
        with contextlib.suppress(BrokenPipeError):
            pipe.write(given)
            pipe.flush()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            pipe.close()


def _until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("a fault", ("--fail-fast",), 1),
        ("a refused account", (), 4),
        ("a full disk", (), 2),
        ("a server that is away", ("--api-base", "http://127.0.0.1:9"), 1),
    ],
)
def test_a_run_that_stops_counts_what_was_read(
    tmp_path: Path, name: str, arguments: Sequence[str], status: int
) -> None:
    """Whatever ends it."""
    text = mixed(6000)

    def script(form: Form) -> Answer | None:
        if name == "a fault" and dict(form)["Body"] == "Order 40":
            return refuse(21610)
        return refuse(20003, 401) if name == "a refused account" else None

    with bench(tmp_path, script) as made:
        made.configure(TWO_ACTIONS)
        if name == "a fault":
            text = lines([order(n, to=f"+1555{n:07}", shop=f"+1555999{n % 50:04}") for n in range(6000)])
        path, rejects = made.write(text), tmp_path / "rejects.jsonl"
        limit = _small_disk(2_500_000) if name == "a full disk" else None
        ended = made.send(path, "--rejects", rejects, *arguments, prepare=limit)
        assert ended.status == status, ended.err
        assert check_law(ended, text, rejects).untried > 0


def test_a_limit_of_messages_on_a_pipe_counts_what_was_read(tmp_path: Path) -> None:
    """`max_messages` on a pipe: what came with the last one is not lost."""
    events = [order(number) for number in range(300)]
    with bench(tmp_path) as made:
        made.configure(max_messages=10)
        rejects = tmp_path / "rejects.jsonl"
        ended = made.send("-", "--rejects", rejects, given=lines(events))
        assert (ended.status, made.posts()) == (1, 10)
        count = check_law(ended, lines(events), rejects, actions=1)
        assert (count.read, count.statuses, count.untried) == (300, {"sent": 10}, 290)


@pytest.mark.parametrize("limit", [9, 200])
@pytest.mark.parametrize("most", [1, 9, 10])
def test_a_dry_run_of_a_pipe_stops_where_a_send_would(tmp_path: Path, most: int, limit: int) -> None:
    """`max_messages` in a dry run: as many are planned as a send would post, and the rest is counted and kept."""
    text = mixed(300)
    with bench(tmp_path) as made:
        made.configure(TWO_ACTIONS, max_messages=most)
        rejects = tmp_path / "rejects.jsonl"
        ended = made.send("-n", "-", "--rejects", rejects, "--limit", limit, given=text)
        count = check_law(ended, text, rejects)
        assert (ended.status, count.statuses["planned"]) == (1, min(most, limit))
        assert ("max_messages is" in ended.err) == (most < limit)


@pytest.mark.parametrize("options", [(), ("-n",)])
def test_a_run_to_the_end_counts_everything(tmp_path: Path, options: Sequence[str]) -> None:
    """Events, lines that are none, and what matches nothing."""
    text = mixed(700)
    with bench(tmp_path) as made:
        made.configure(TWO_ACTIONS)
        rejects = tmp_path / "rejects.jsonl"
        ended = made.send(made.write(text), "--rejects", rejects, *options)
        count = check_law(ended, text, rejects)
        pages = sum(row.startswith('{"type": "page"') for row in text.splitlines())
        broken = sum(row.startswith("{broken") for row in text.splitlines())
        assert (count.read, count.broken, count.untried) == (700, broken, 0)
        assert count.read - count.matched - count.broken == pages
        assert f"{broken} are not events" in ended.err


def test_fail_fast_in_a_dry_run_counts_up_to_the_fault(tmp_path: Path) -> None:
    """What follows in the same block of the file has not been read, as far as anybody can see."""
    text = mixed(2000)
    with bench(tmp_path) as made:
        made.configure(TWO_ACTIONS)
        rejects = tmp_path / "rejects.jsonl"
        count = check_law(
            made.send(made.write(text), "-n", "--fail-fast", "--rejects", rejects), text, rejects
        )
        assert (count.read, count.matched, count.broken) == (4, 2, 1)
        assert rejects.read_text() == "{broken 3\n"


def test_an_interrupted_dry_run_counts_what_it_showed(tmp_path: Path) -> None:
    """Ctrl-C between two lines of a pipe, and amid a large file: the numbers are those of what was told."""
    text = mixed(400)
    with bench(tmp_path) as made:
        made.configure(TWO_ACTIONS)
        last = max(number for number, row in enumerate(text.splitlines(), 1) if '"page"' not in row)
        process = made.start("send", "-", "-n", "-o", "jsonl", "--rejects", tmp_path / "rejects.jsonl")
        with Followed(process, text) as followed:
            _until(lambda: f'"line":{last},' in "".join(followed.out))
            process.send_signal(signal.SIGINT)
            ended = followed.end()
        assert ended.status == 130
        assert check_law(ended, text, tmp_path / "rejects.jsonl").read == 400


def test_a_closed_output_counts_what_was_read(tmp_path: Path) -> None:
    """`| head -1`: exit status 1, the numbers, and why; a rerun sends the rest."""
    events = [order(number) for number in range(3000)]
    with bench(tmp_path) as made:
        path, rejects = made.write(events), tmp_path / "rejects.jsonl"
        process = made.sending(path, "--rejects", rejects)
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr
        err = process.stderr.read()
        with process:
            assert process.wait(PATIENCE) == 1
        assert "nothing reads the output any more" in err
        count = check_law(Ended(1, "", err), lines(events), rejects, actions=1)
        assert count.statuses["sent"] == made.posts() == len(made.listed())
        assert count.untried == len(rejects.read_text().splitlines())
        assert made.send(path).status == 0
        assert made.posts() == 3000
