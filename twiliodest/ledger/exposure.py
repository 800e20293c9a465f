"""Who besides its owner can read a ledger, which names everybody who was texted."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from twiliodest.errors import Problem

READ = stat.S_IRGRP | stat.S_IROTH
WRITE = stat.S_IWGRP | stat.S_IWOTH


def exposure(path: Path) -> Problem | None:
    """A warning, if the permissions of the ledger at `path` let anybody else in."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # what is the matter is told by who opens it
        return None
    if not mode & (READ | WRITE):
        return None
    does = "change" if mode & WRITE else "read"
    message = f"others can {does} the ledger {path} and the phone numbers in it ({stat.filemode(mode)})"
    return Problem(message=message, hint=f"chmod go= {shlex.quote(str(path))}*", warning=True)
