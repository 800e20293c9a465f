"""The file that `--rejects` asks for, and what it must not be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from twiliodest.cli.send_options import SendOptions
from twiliodest.config.settings import Config
from twiliodest.errors import Problem
from twiliodest.events.sources import STDIN, Source
from twiliodest.screens import screen
from twiliodest.screens.rejects import Taken, left_behind, reject_file
from twiliodest.screens.report import Rejects


@contextlib.contextmanager
def open_rejects(
    options: SendOptions, config: Config, sources: Sequence[Source], ledger: Path | None
) -> Iterator[Rejects | None]:
    """The file for what does not go out, if one is wanted. Raises `UsageError`."""
    path = options.rejects
    if path is None:
        yield None
        return
    for part in left_behind(path):
        message = f"{part} was left by a run that was killed: it contains what had not been sent by then"
        screen.print_problems([Problem(message=message, warning=True)])
    with reject_file(path, _taken(config, sources, ledger), live=not options.dry_run) as file:
        yield Rejects(file)


def _taken(config: Config, sources: Sequence[Source], ledger: Path | None) -> Iterator[Taken]:
    """What this run reads or writes, and no file of rejects may replace."""
    for source in sources:
        yield ("one of the inputs", 0 if source.name == STDIN else source.name)
    yield ("where standard output goes", 1)
    yield ("where standard error goes", 2)
    for file in config.files:
        yield ("part of the configuration", file)
    for ending in ("", "-wal", "-shm", "-journal", ".runs") if ledger else ():
        yield ("the ledger", f"{ledger}{ending}")
