"""The command `init`."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from twiliodest.cli.command import argument, declare, mistake
from twiliodest.cli.values import FILE

SCHEMA = ".twiliodest.schema.json"  # as the first line of the starter file names it


@declare("init")
@argument("path", type=FILE, default="twiliodest.yaml", help="Where to write it (default: twiliodest.yaml).")
def command(path: Path) -> None:
    """$ twiliodest init

    Write a commented configuration to start from, and beside it the schema by which editors check it. It never
    overwrites a file.
    """
    from importlib.resources import files

    from twiliodest.screens import screen

    starter = files("twiliodest.config").joinpath("starter.yaml").read_bytes()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(starter)
    except FileExistsError:
        raise mistake(f"{path} already exists and was not changed") from None
    except OSError as error:
        raise mistake(f"cannot write {path}: {error.strerror}") from None
    _write_schema(path.parent / SCHEMA)
    screen.print_line(f"wrote {path}; next: edit it, then twiliodest check -c {path}")


def _write_schema(path: Path) -> None:
    """For editors alone: what is there already stays, and where nothing can be written, nothing is."""
    from twiliodest.config.keys import schema

    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    with contextlib.suppress(OSError), path.open("x", encoding="utf-8") as file:
        file.write(text)
