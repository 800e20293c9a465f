"""Measures twiliodest side by side with its likes and prints Markdown tables: `python benchmarks/run.py --help`.

Nothing is downloaded; what is not installed is left out, and a line says how to get it.
"""

# ruff: noqa: S603, T201 -- it starts its own commands, and its tables go to standard output

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import data
from contenders import ACCOUNT, TOKEN
from measure import Command, elapsed, interleaved, peak_memory, print_ratios, print_table

HERE = Path(__file__).parent
TWILIODEST = (sys.executable, "-m", "twiliodest")
CONTENDER = (sys.executable, HERE / "contenders.py")


@dataclass(frozen=True, slots=True)
class Bench:
    """How much is measured, and where the files are; `env` has nobody's account and nobody's ledgers."""

    quick: bool
    cache: Path
    repetitions: int
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        # PYTHONUNBUFFERED and its like would slow down every Python program here
        foreign = tuple(name for name in os.environ if name.startswith(("TWILIO", "PYTHON")))
        mine = {
            name: value for name, value in os.environ.items() if name not in foreign or name == "PYTHONPATH"
        }
        account = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
        state = {"HOME": str(self.cache), "XDG_STATE_HOME": str(self.cache / "state")}
        object.__setattr__(self, "env", mine | account | state)

    @property
    def out(self) -> Path:
        return self.cache / "out"

    def timed(self, command: Command) -> float:
        """Seconds."""
        return elapsed(command, self.out, self.env)


def dry_run(bench: Bench) -> None:
    """Every event read, the matching ones rendered, JSON Lines out."""
    count = 100_000 if bench.quick else 1_000_000
    config = data.config_file(bench.cache)
    for share in (0.1, 1.0):
        events = data.event_file(bench.cache, count, share)
        rates: dict[str, Callable[[], float]] = {}
        texts: dict[str, str] = {}
        for name, command in _dry_runs(bench, config, events):
            rates[name] = partial(_rate, bench, command, count)
            bench.timed(command)
            texts[name] = _texts(bench.out)
        if len(set(texts.values()) - {_NOTHING}) != 1:
            raise SystemExit(f"they do not make the same texts: {texts}")
        figures = interleaved(rates, bench.repetitions)
        print_ratios(
            f"Dry run, {count:,} events, {share:.0%} matching", figures, "orjson loop", "events a second"
        )


def actions(bench: Bench) -> None:
    """What more actions and more events cost."""
    count = 50_000 if bench.quick else 500_000
    seconds = {
        f"{number} action{'s' * (number > 1)}": partial(
            bench.timed,
            _dry(
                data.config_file(bench.cache, number), data.event_file(bench.cache, count, 0.1, names=number)
            ),
        )
        for number in (1, 10, 100)
    }
    title = f"Time by number of actions, {count:,} events, of which 10% match one of them"
    print_ratios(title, interleaved(seconds, bench.repetitions), "1 action", "s")
    counts = (10_000, 100_000) if bench.quick else (10_000, 100_000, 1_000_000)
    config = data.config_file(bench.cache)
    rates = {
        f"{count:,} events": partial(
            _rate, bench, _dry(config, data.event_file(bench.cache, count, 0.1)), count
        )
        for count in counts
    }
    title = "Events a second by number of events, start included"
    print_ratios(title, interleaved(rates, bench.repetitions), "100,000 events", "events a second")


def memory(bench: Bench) -> None:
    """Peak memory of a dry run with all its processes, by size of the input."""
    if platform.system() != "Linux":
        print("\nmemory is left out: only Linux tells what processes share")
        return
    config, rows = data.config_file(bench.cache), []
    for megabytes in (100, 1000) if bench.quick else (100, 1000, 4000):
        events = data.event_file(bench.cache, megabytes * 1_000_000 // data.EVENT_BYTES, 0.1)
        peaks = (
            peak_memory(_dry(config, events), bench.env),
            peak_memory(_dry(config, events, "table"), bench.env),
            peak_memory(_dry(config, "-"), bench.env, piped=events),
        )
        size = f"{events.stat().st_size / 1e9:.1f} GB"
        rows.append((size, *(f"{peak:.0f}" for peak in peaks)))
        if megabytes > 1000:
            events.unlink()
    print("\n**Peak memory of a dry run**, MiB, by size of the input\n")
    print_table(("", "JSON Lines", "table", "JSON Lines, piped in"), rows)


def send(bench: Bench) -> None:
    """Messages a second to a local server, from the first request that it sees to the last."""
    for milliseconds, lanes in ((0, 50), (100, 100)):
        _send_beside_others(bench, milliseconds, lanes)


def ledger(bench: Bench) -> None:
    """What a ledger that has grown costs."""
    sizes = (0, 100_000) if bench.quick else (0, 1_000_000, 10_000_000)
    count = 2000 if bench.quick else 10_000
    config, events = data.config_file(bench.cache), data.event_file(bench.cache, count, 1.0)
    nothing = bench.cache / "nothing.jsonl"
    nothing.touch()

    with _server(0) as url:

        def rate(rows: int) -> float:
            path = bench.cache / f"ledger-{rows}.db"
            if not path.exists():
                subprocess.run(_sending(config, nothing, url, 1, path), env=bench.env, check=True)
            data.fill_ledger(path, rows)
            os.sync()  # what filling it has left to be written is no part of the send
            return _posted(bench, _sending(config, events, url, 50, path), url, count)

        rates = {f"{rows:,} rows": partial(rate, rows) for rows in sizes}
        figures = interleaved(rates, 4 * bench.repetitions)  # what is to be told apart is small
    title = f"Send by number of rows in the ledger, {count:,} messages, 50 at once, no latency"
    print_ratios(title, figures, "0 rows", "messages a second")


def latency(bench: Bench) -> None:
    """From a line on standard input to the arrival of its POST."""
    with _server(0) as url, tempfile.TemporaryDirectory(dir=bench.cache) as folder:
        events = data.event_file(bench.cache, 201, 1.0)
        command = _sending(data.config_file(bench.cache), "-", url, 10, Path(folder) / "ledger.db")
        with (
            events.open("rb") as lines,
            bench.out.open("wb") as out,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, env=bench.env) as sending,
        ):
            assert sending.stdin  # noqa: S101 -- for the type checker
            written: list[int] = []
            for line in lines:
                written.append(time.monotonic_ns())
                sending.stdin.write(line)
                sending.stdin.flush()
                time.sleep(0.02)
                while len(written) == 1 and not _arrivals(url):  # the first one only says that it is running
                    time.sleep(0.05)
            sending.stdin.close()
        arrived = _arrivals(url)
    if len(arrived) != len(written) - 1:
        raise SystemExit(f"of {len(written) - 1} messages {len(arrived)} arrived")
    waits = sorted((end - start) / 1e6 for start, end in zip(written[1:], arrived, strict=True))
    print(f"\n**From a line on stdin to its POST**, ms, {len(waits)} lines\n")
    figures = (statistics.median(waits), waits[len(waits) * 95 // 100], waits[-1])
    print_table(("", "median", "95th percentile", "most"), [("twiliodest", *(f"{ms:.1f}" for ms in figures))])


def startup(bench: Bench) -> None:
    """How long the quick commands take."""
    config = data.config_file(bench.cache)
    one = data.event_file(bench.cache, 1, 1.0)
    python: Command = (sys.executable, "-c", "import typer")
    seconds = {
        'python -c "import typer"': partial(bench.timed, python),
        "twiliodest --version": partial(bench.timed, (*TWILIODEST, "--version")),
        "twiliodest --help": partial(bench.timed, (*TWILIODEST, "--help")),
        "twiliodest check": partial(bench.timed, (*TWILIODEST, "check", "-c", config)),
        "dry run of one event": partial(bench.timed, _dry(config, one, "table")),
    }
    figures = interleaved(seconds, 4 * bench.repetitions)
    print_ratios("Start-up", figures, 'python -c "import typer"', "s")


SECTIONS = {
    "dry-run": dry_run,
    "actions": actions,
    "memory": memory,
    "send": send,
    "ledger": ledger,
    "latency": latency,
    "startup": startup,
}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all if none"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small inputs: to see that it runs, not to measure"
    )
    parser.add_argument("--repetitions", type=int, help="rounds; 7, or 2 with --quick")
    cache = Path(tempfile.gettempdir()) / "twiliodest-benchmarks"
    parser.add_argument(
        "--cache", type=Path, default=cache, help="folder for what is made; default: %(default)s"
    )
    given = parser.parse_args()
    if unknown := [name for name in given.sections if name not in SECTIONS]:
        parser.error(f"there is no section {', '.join(unknown)}")
    given.cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(given.quick, given.cache.resolve(), given.repetitions or (2 if given.quick else 7))
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()};"
    )
    print(f"{bench.repetitions} interleaved repetitions{', quick' if bench.quick else ''}")
    for name in given.sections or SECTIONS:
        SECTIONS[name](bench)


_RAM_DISK = Path("/dev/shm")  # noqa: S108 -- Linux's
_NOTHING = hashlib.sha256().hexdigest()


def _dry_runs(bench: Bench, config: Path, events: Path) -> Iterator[tuple[str, Command]]:
    """The same selection and text, as far as its maker is there; the base only parses."""
    yield "orjson loop", (*CONTENDER, "orjson_loop", events)
    yield "twiliodest", _dry(config, events)
    yield "script (json, f-string)", (*CONTENDER, "user_script", events)
    if shutil.which("jq"):
        yield "jq", ("jq", "-c", _JQ, events)
    else:
        print("\njq is left out: install it from https://jqlang.org")
    modules = bench.cache / "node_modules"
    if shutil.which("node") and (modules / "@segment").is_dir():
        trigger = f'type = "track" and event = "{data.order_name(0)}"'
        body = data.BODY.replace("$.", "")  # its placeholders have no $
        yield "Segment's engine (Node)", ("node", HERE / "segment.mjs", modules, trigger, body, events)
    else:
        packages = "@segment/destination-subscriptions @segment/actions-core liquidjs"
        print(
            f"\nSegment's engine is left out: install Node, then npm install --prefix {bench.cache} {packages}"
        )


_JQ = r"""select(.type == "track" and .event == "Order Completed") | {to: .properties.phone, body:
"Your order #\(.properties.order_id) has been confirmed! Estimated delivery: \(.properties.delivery_date)"}"""


def _dry(config: Path, events: str | Path, output: str = "jsonl") -> Command:
    return (*TWILIODEST, "send", "-n", "-o", output, "-q", "-c", config, events)


def _sending(config: Path, events: str | Path, url: str, lanes: int, ledger: Path) -> Command:
    where = ("--api-base", url, "--concurrency", str(lanes), "--ledger", ledger)
    return (*TWILIODEST, "send", "-y", "-o", "jsonl", "-q", "-c", config, *where, events)


def _rate(bench: Bench, command: Command, count: int) -> float:
    return count / bench.timed(command)


def _send_beside_others(bench: Bench, milliseconds: int, lanes: int) -> None:
    config = data.config_file(bench.cache)
    count = 2000 if bench.quick else 20_000
    events = data.event_file(bench.cache, count, 1.0)

    def with_new_ledger(parent: Path) -> float:
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            return _posted(
                bench, _sending(config, events, url, lanes, Path(folder) / "ledger.db"), url, count
            )

    def contender(name: str) -> float:
        return _posted(bench, (*CONTENDER, name, url, str(lanes), str(count)), url, count)

    with _server(milliseconds / 1000) as url:
        rates = {
            "bare httpx": partial(contender, "bare_httpx"),
            "twiliodest": partial(with_new_ledger, bench.cache),
        }
        if _RAM_DISK.is_dir():
            rates["twiliodest, ledger on a RAM disk"] = partial(with_new_ledger, _RAM_DISK)
        if importlib.util.find_spec("twilio"):
            rates["Twilio's SDK in threads"] = partial(contender, "official_sdk")
        else:
            print("\nTwilio's SDK is left out: pip install twilio")
        figures = interleaved(rates, bench.repetitions)
    title = f"Send, {count:,} messages, {lanes} at once, {milliseconds} ms latency"
    print_ratios(title, figures, "bare httpx", "messages a second")


def _posted(bench: Bench, command: Command, url: str, count: int) -> float:
    """Messages a second, from the first request to the last."""
    elapsed(command, bench.out, bench.env)
    arrived = _arrivals(url)
    if len(arrived) != count:
        raise SystemExit(f"of {count} messages {len(arrived)} arrived: {command}")
    return (count - 1) / (arrived[-1] - arrived[0]) * 1e9


@contextlib.contextmanager
def _server(delay: float) -> Iterator[str]:
    command = (sys.executable, HERE / "server.py", str(delay))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout  # noqa: S101 -- for the type checker
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _arrivals(url: str) -> list[int]:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 -- our own server
        times: list[int] = json.load(answer)
    return times


def _texts(out: Path) -> str:
    """A digest of the recipients and bodies in a file of records."""
    digest = hashlib.sha256()
    with out.open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            digest.update(f"{record['to']} {record['body']}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
