"""The command `init`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from twiliodest.cli.command import argument, declare, mistake, option
from twiliodest.cli.values import FILE
from twiliodest.errors import UsageError

DEFAULT = Path("twiliodest.yaml")
ENDINGS = (".yaml", ".yml")  # of the file to write, where inputs are named beside it
SCHEMA = ".twiliodest.schema.json"  # as the first line of the starter file names it


@declare("init")
@argument("paths", type=FILE, nargs=-1, metavar="[PATH]")
@option(
    "--from",
    "origins",
    type=FILE,
    multiple=True,
    metavar="FILE …",
    help="Import the answers of Segment's Public API: a destination, its subscriptions; - is standard input.",
)
def command(paths: Sequence[Path], origins: Sequence[Path]) -> None:
    """$ twiliodest init

    Write a commented configuration to start from, twiliodest.yaml or PATH, and beside it the schema by which editors
    check it. It never overwrites a file.
    """
    from importlib.resources import files

    from twiliodest.screens import screen

    targets = [path for path in paths if not origins or path.suffix in ENDINGS]
    if len(targets) > 1:
        hint = "an input must not end in .yaml" if origins else "twiliodest init --help shows what it takes"
        raise mistake(f'twiliodest init does not take "{targets[1]}"', hint)
    path = targets[0] if targets else DEFAULT
    starter = files("twiliodest.config").joinpath("starter.yaml").read_bytes()
    if origins:
        from twiliodest.cli.take_over import taken_over, tell

        if os.path.lexists(path):
            raise _exists(path)
        taken = taken_over([*origins, *(it for it in paths if it not in targets)], starter.decode())
        _create(path, taken.text.encode())
        tell(taken, path)
    else:
        _create(path, starter)
        screen.print_line(f"wrote {path}; next: edit it, then twiliodest check -c {path}")
    _write_schema(path.parent / SCHEMA)


def _create(path: Path, text: bytes) -> None:
    """Write a file that is not there yet, or nothing. Raises `UsageError`."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise mistake(f"cannot write {path}: {error.strerror}") from None
    try:
        with file:
            file.write(text)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise mistake(f"cannot write {path}: {error.strerror}") from None


def _exists(path: Path) -> UsageError:
    return mistake(f"{path} already exists and was not changed")


def _write_schema(path: Path) -> None:
    """For editors alone: what is there already stays, and where nothing can be written, nothing is."""
    from twiliodest.config.keys import schema

    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    with contextlib.suppress(OSError), path.open("x", encoding="utf-8") as file:
        file.write(text)
