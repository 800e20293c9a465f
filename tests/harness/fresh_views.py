"""Run in a process of its own: says where a projected decoder sees other than a full one, here and in a helper.

Strings remember their UTF-8 once somebody has asked for it: what a decoder finds depends on what was done before.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from twiliodest.events.decoding import WHOLE, tolerant, view
from twiliodest.events.texts import Lines
from twiliodest.planning.parallel import Helpers


def at(value: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return "nothing is here"
        value = value[name]
    return value


def difference(raw: bytes, paths: list[list[str]]) -> str:
    """What is seen at the first of the paths, of which all are wanted, where both decoders disagree."""
    seen = tolerant(view(map(tuple, paths)))(raw)
    for path in paths:
        if (found := at(seen, path)) != (there := at(WHOLE(raw), path)):
            return ascii(f"{path} of {raw!r}: {found!r}, not {there!r}")
    return ""


def differences(source: int, lines: Lines) -> bytes:
    found = [difference(raw.encode(), paths) for raw, paths in json.loads(lines.text)]
    return "\n".join(filter(None, found)).encode()


if __name__ == "__main__":
    cases = sys.stdin.buffer.read()
    with Helpers(differences, pack=bytes, unpack=bytes, count=1) as helpers:
        for there in helpers.spread(0, iter([Lines(1, cases)])):
            sys.stdout.buffer.write(there)
    sys.stdout.buffer.write(differences(0, Lines(1, cases)))
