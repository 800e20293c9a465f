"""Storms: real runs that are killed, suspended and terminated while every fault of a server rains on them.

    python benchmarks/storm.py --minutes 60 --seed 1

Each round has a ledger and events of its own, and several runs at a time over the same events. Meanwhile runs are
killed (SIGKILL), suspended (SIGSTOP) and terminated (SIGTERM), clocks are wrong (with libfaketime), some runs go
through a proxy, and the ledger is moved away and back. In the end the weather clears, the command is run until it has
nothing left to do, and what the server has accepted is held against the ledger. Exit status 1 if anything is wrong:
an event accepted twice, a `sent` that was not, an accepted one that the ledger does not know, a missing row, a row
that stays `sending`, a traceback, or a secret in any output or file.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from weather import CALM, Sky, serve

ACCOUNT = "AC" + "1" * 32
TOKEN = "57081e7f0a1b2c3d9e8f7a6b5c4d3e2f"  # noqa: S105 -- opens nothing
PROXY_SECRET = "proxy-pass-8d1f"  # noqa: S105 -- opens nothing
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
MENDED_SLEEP = """import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds)
"""  # libfaketime lets Python's own fail with EINVAL
COMMAND = Path(sys.executable).with_name("twiliodest")
GONE = (("",), ("", "-wal", "-shm"), ("", "-wal", "-shm", ".runs"))  # what of a ledger is moved away
CONFIG = """\
account: {account}
number: "+15005550006"
api_base: {base}
actions:
  - name: order
    trigger: type = "track"
    to: $.properties.phone
    body: "{{{{messageId}}}} has shipped"
"""


class Round:
    """One ledger, some events, and what befell them."""

    def __init__(self, folder: Path, seed: int, events: int, totals: Counter[str]) -> None:
        self.folder = folder
        self.random = random.Random(seed)  # noqa: S311 -- weather, not a secret
        self.sky = Sky(seed)
        self.totals = totals
        self.ids = [f"m{seed}-{number}" for number in range(events)]
        self.running: list[asyncio.subprocess.Process] = []
        self.ledger = folder / "ledger.db"
        self.strays: list[str] = []
        self.number = 0

    async def run(self, seconds: float) -> list[str]:
        """Storm for a while, let it clear, and say what is wrong."""
        server, base = await serve(self.sky)
        proxy, self.proxy = await serve(self.sky)
        (self.folder / "c.yaml").write_text(CONFIG.format(account=ACCOUNT, base=base))
        people = [f"+1{area}555{number:04}" for area in (212, 415) for number in range(150)]
        with (self.folder / "e.jsonl").open("w") as file:
            for name in self.ids:
                event = {
                    "messageId": name,
                    "type": "track",
                    "properties": {"phone": self.random.choice(people)},
                }
                file.write(json.dumps(event) + "\n")
        end = time.monotonic() + seconds
        self.sky.storm()
        while time.monotonic() < end:
            await self.strike()
            await asyncio.sleep(self.random.choice((0.02, 0.1, 0.4, 1.0)))
        await self.clear()
        faults = await self.verdict()
        server.close()
        proxy.close()
        self.totals.update(posts=self.sky.posts, accepted=sum(map(len, self.sky.accepted.values())))
        self.totals.update({f"fault {name}": count for name, count in self.sky.faults.items()})
        return faults

    async def start(self, *, calm: bool = False) -> asyncio.subprocess.Process:
        """One more run over the same events."""
        self.number += 1
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TWILIO_AUTH_TOKEN": TOKEN}
        if not calm and self.random.random() < 0.2:
            environment["HTTP_PROXY"] = self.proxy.replace("//", f"//user:{PROXY_SECRET}@")
            self.totals["through a proxy"] += 1
        if not calm and FAKETIME and self.random.random() < 0.2:
            offset = self.random.choice(("-20m", "+20m", "-2s", "+3s", "+2d"))
            (self.folder / "sitecustomize.py").write_text(MENDED_SLEEP)
            environment |= {
                "PYTHONPATH": str(self.folder),
                "LD_PRELOAD": str(FAKETIME),
                "FAKETIME": offset,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
            self.totals["wrong clocks"] += 1
        name = self.folder / f"run-{self.number}"
        arguments = ["send", "e.jsonl", "-c", "c.yaml", "-y", "-o", "jsonl", "--ledger", "ledger.db"]
        arguments += ["--concurrency", str(self.random.choice((1, 4, 20)))]
        if self.random.random() < 0.5:
            arguments += ["--rejects", f"{name}.rejects"]
        with open(f"{name}.out", "wb") as out, open(f"{name}.err", "wb") as err:
            process = await asyncio.create_subprocess_exec(
                COMMAND,
                *arguments,
                cwd=self.folder,
                env=environment,
                stdout=out,
                stderr=err,
                stdin=asyncio.subprocess.DEVNULL,
            )
        self.totals["runs"] += 1
        return process

    async def strike(self) -> None:
        """One blow."""
        self.running = [process for process in self.running if process.returncode is None]
        if len(self.running) < 3:
            self.running.append(await self.start())
            return
        victim = self.random.choice(self.running)
        match self.random.choice(("kill", "kill", "stop", "stop", "term", "weather", "move", "move", "none")):
            case "kill":
                self.signal(victim, signal.SIGKILL)
            case "term":
                self.signal(victim, signal.SIGTERM)
            case "stop":
                self.signal(victim, signal.SIGSTOP)
                await asyncio.sleep(self.random.choice((0.05, 0.5, 3.0)))
                self.signal(victim, signal.SIGCONT)
            case "weather":
                self.sky.storm()
            case "move" if self.ledger.exists() and self.random.random() < 0.7:
                await self.move_away()

    async def all_have_looked(self) -> bool:
        """Whether every run has looked for the ledger while it was there: one that starts later begins a new one."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            signed = set()
            for file in self.folder.glob("ledger.db.runs/*"):
                with contextlib.suppress(FileNotFoundError):  # the run has just ended
                    signed.add(file.read_bytes()[:10])
            if {b"%10d" % process.pid for process in self.running if process.returncode is None} <= signed:
                return True
            await asyncio.sleep(0.05)
        return False

    async def move_away(self) -> None:
        """The ledger is gone for a moment, or a part of what belongs to it: runs must post nothing more."""
        if not await self.all_have_looked():
            return
        away = self.folder / "away"
        away.mkdir(exist_ok=True)
        gone = self.random.choice(GONE)
        for end in gone:
            file = self.folder / f"ledger.db{end}"
            if file.exists():
                file.rename(away / file.name)
        self.totals["ledger moved away"] += 1
        deadline = time.monotonic() + 20
        for process in self.running:
            self.signal(process, signal.SIGCONT)
        while any(process.returncode is None for process in self.running) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        for process in self.running:
            self.signal(process, signal.SIGKILL)
            await process.wait()
        for end in gone:  # what the runs have made in its place
            file = self.folder / f"ledger.db{end}"
            if file.exists():
                self.strays.append(file.name)
                file.rename(self.folder / f"stray-{self.number}-{file.name}")
        for file in away.iterdir():
            file.rename(self.folder / file.name)

    def signal(self, process: asyncio.subprocess.Process, number: signal.Signals) -> None:
        if process.returncode is None:
            process.send_signal(number)
            self.totals[number.name] += 1

    async def clear(self) -> None:
        """The weather clears; whatever still runs ends, and a last run settles what is left."""
        self.sky.weights, self.sky.lag = dict(CALM), 0.0
        for process in self.running:
            self.signal(process, signal.SIGCONT)
        for process in self.running:
            try:
                await asyncio.wait_for(process.wait(), 60)
            except TimeoutError:
                process.kill()
                await process.wait()
                self.totals["killed at the end"] += 1
        for _ in range(3):
            process = await self.start(calm=True)
            status = await asyncio.wait_for(process.wait(), 300)
            if status in (0, 1, 3):
                break

    async def verdict(self) -> list[str]:
        """What is wrong, a line each."""
        faults: list[str] = []
        db = sqlite3.connect(self.ledger)
        rows = {row[0]: row[1:] for row in db.execute("SELECT event_id, state, sid FROM message")}
        (sound,) = db.execute("PRAGMA integrity_check").fetchone()
        db.close()
        faults += [f"{name} was begun anew while it was away" for name in self.strays]
        if sound != "ok":
            faults.append(f"integrity_check: {sound}")
        for name in self.ids:
            sids = self.sky.accepted.get(name, [])
            state, sid = rows.get(name, (None, None))
            self.totals[f"state {state}"] += 1
            if len(sids) > 1:
                faults.append(f"{name} was accepted {len(sids)} times")
            if state is None or state == "sending":
                faults.append(f"{name} is {state or 'not in the ledger'} at the end")
            if state == "sent" and sid not in sids:
                faults.append(f"{name} is sent with {sid}, and the server has {sids}")
            if sids and state not in ("sent", "unknown"):
                faults.append(f"{name} was accepted, and is {state}")
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name != "c.yaml":
                content = file.read_bytes()
                basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode())
                faults += [f"{file.name} holds a secret"] * any(
                    secret in content for secret in (TOKEN.encode(), PROXY_SECRET.encode(), basic)
                )
                faults += [f"{file.name} holds a traceback"] * (b"Traceback (most recent" in content)
        return faults


async def main() -> int:
    """Rounds until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=1500)
    parser.add_argument("--seconds", type=float, default=30.0, help="of storm in a round")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a round that went wrong")
    options = parser.parse_args()
    totals: Counter[str] = Counter()
    end, seed, wrong = time.monotonic() + 60 * options.minutes, options.seed, 0
    while time.monotonic() < end:
        folder = Path(tempfile.mkdtemp(prefix="storm-"))
        faults = await Round(folder, seed, options.events, totals).run(options.seconds)
        totals["rounds"] += 1
        wrong += len(faults)
        for fault in faults[:20]:
            print(f"seed {seed}: {fault}", flush=True)  # noqa: T201 -- a script
        if not (faults and options.keep):
            shutil.rmtree(folder)
        else:
            print(f"seed {seed}: see {folder}", flush=True)  # noqa: T201 -- a script
        seed += 1
    print(json.dumps(dict(sorted(totals.items())), indent=1))  # noqa: T201 -- a script
    print("no fault" if not wrong else f"{wrong} faults")  # noqa: T201 -- a script
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
