"""Timing side by side, and tables of what came of it."""

# ruff: noqa: S603, S607, T201 -- it starts our own commands, and tables are what its standard output is for

from __future__ import annotations

import random
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Command = Sequence[str | Path]
Figures = dict[str, list[float]]


def interleaved(contenders: Mapping[str, Callable[[], float]], repetitions: int) -> Figures:
    """What each contender measures, in rounds: a noisy minute hits all of them.

    Who follows whom changes: one may leave something behind for the next, such as writes to the disk.
    """
    figures: Figures = {name: [] for name in contenders}
    chance, order = random.Random(0), list(contenders)  # noqa: S311 -- no secret
    for _ in range(repetitions):
        chance.shuffle(order)
        for name in order:
            figures[name].append(contenders[name]())
    return figures


def elapsed(command: Command, out: Path, env: Mapping[str, str]) -> float:
    """Seconds that a command takes, its standard output in a file. A command that fails ends everything."""
    with out.open("wb") as file:
        start = time.perf_counter()
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, env=env, check=False)
        seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{command}: exit status {done.returncode}\n{done.stderr.decode()}")
    return seconds


def peak_memory(command: Command, env: Mapping[str, str], piped: Path | None = None) -> float:
    """The most memory that a command and its children occupy, in MiB; `piped` comes in through a pipe.

    What processes share is counted once (Linux's proportional set size), twenty times a second.
    """
    feeder = subprocess.Popen(["cat", piped], stdout=subprocess.PIPE) if piped else None
    child = subprocess.Popen(
        command,
        stdin=feeder.stdout if feeder else None,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
    )
    peak = 0
    while child.poll() is None:
        peak = max(peak, _memory(child.pid))
        time.sleep(0.05)
    if feeder:
        feeder.communicate()
    if child.returncode:
        raise SystemExit(f"{command}: exit status {child.returncode}")
    return peak / 1024


def _memory(process: int | str) -> int:
    """KiB of a process and its children; 0 if it is gone."""
    try:
        rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0
    mine = sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return mine + sum(map(_memory, children))


def print_ratios(title: str, figures: Figures, base: str, unit: str) -> None:
    """A table of medians and spread relative to the base; the base's own median stands in the title's line."""
    print(f"\n**{title}**, relative to {base} ({_short(statistics.median(figures[base]))} {unit})\n")
    rows = []
    for name, values in figures.items():
        ratios = [value / one for value, one in zip(values, figures[base], strict=True)]
        rows.append((name, f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f}–{max(ratios):.2f}"))
    print_table(("", "median", "min–max"), rows)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table; all columns but the first are figures."""
    for cells in (head, ["---", *["---:"] * (len(head) - 1)], *rows):
        print("|", " | ".join(cells), "|", flush=True)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
