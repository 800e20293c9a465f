"""The command `init`."""

from __future__ import annotations

import os
from pathlib import Path

from twiliodest.cli.command import argument, declare, mistake
from twiliodest.cli.values import FILE


@declare("init")
@argument("path", type=FILE, default="twiliodest.yaml", help="Where to write it (default: twiliodest.yaml).")
def command(path: Path) -> None:
    """$ twiliodest init

    Write a commented configuration to start from. It never overwrites a file.
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
    screen.print_line(f"wrote {path}; next: edit it, then twiliodest check -c {path}")
