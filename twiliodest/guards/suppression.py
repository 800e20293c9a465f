"""The list of numbers that are never texted."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

from twiliodest.errors import Place, Problem
from twiliodest.messages.phones import PhoneError, recipient

SHOWN = 20  # bad lines that are told one by one


class Suppressed:
    """Numbers, eight bytes each; `name` is the file's. A recipient is in it whatever the channel.

    So is one of Mexico or Argentina with or without the 1 or 9 that marks a mobile there: it rings the same phone.
    """

    def __init__(self, name: str, numbers: Sequence[int]) -> None:
        self.name = name
        self._numbers = array("Q", sorted(map(_person, numbers)))

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, to: object) -> bool:
        number = _person(_digits(str(to)))
        place = bisect_left(self._numbers, number)
        return self._numbers[place : place + 1] == array("Q", [number])


def read_suppressed(path: Path, default_region: str | None, problems: list[Problem]) -> Suppressed:
    """Read a list: one number a line, or a table with numbers in its first column; `#` begins a comment.

    Bad lines are added to `problems`. Raises `OSError`.
    """
    numbers, bad = array("Q"), 0
    with path.open("rb") as file:
        for line, text in _first_columns(file):
            try:
                number = _digits(recipient(text, default_region))
                reason = "" if number else "this is not a phone number"
            except PhoneError as error:
                number, reason = 0, error.reason
            if number:
                numbers.append(number)
            elif (bad := bad + 1) <= SHOWN:
                problems.append(Problem(message=reason, place=Place(str(path), line, 1), excerpt=text[:200]))
    if bad > SHOWN:
        problems.append(Problem(message=f"{path}: {bad - SHOWN:,} more lines are not phone numbers"))
    return Suppressed(path.name, numbers)


def _first_columns(file: Iterator[bytes]) -> Iterator[tuple[int, str]]:
    """Line numbers and what may be numbers. A first line without a digit is a table's heading."""
    for line, raw in enumerate(file, 1):
        text = raw.decode("utf-8-sig" if line == 1 else "utf-8", "replace").partition("#")[0].strip()
        if not text or (line == 1 and not any(map(str.isdigit, text))):
            continue
        yield line, _SEPARATOR.split(text, 1)[0].strip(" \"'")


def _digits(address: str) -> int:
    """A number as a number; 0 for an address that is none."""
    _, plus, digits = address.rpartition("+")
    return int(digits) if plus and digits.isdecimal() else 0


def _person(number: int) -> int:
    """The number without the sign of a mobile between country code and area code, in Mexico and Argentina."""
    code, national = divmod(number, 10**10)
    return _MARKED[code] * 10**10 + national if code in _MARKED else number


_MARKED = {521: 52, 549: 54}
_SEPARATOR = re.compile(r"[,;\t]")
