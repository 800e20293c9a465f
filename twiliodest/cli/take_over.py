"""What `init --from` takes over from Segment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from twiliodest.cli.command import mistake
from twiliodest.config.keys import FIELDS
from twiliodest.errors import Place, Problem, UsageError
from twiliodest.screens import screen
from twiliodest.segment import AnswerError, TakenOver, configuration_of, read_answers

LARGEST = 1 << 24  # bytes of an answer


def taken_over(inputs: Sequence[Path], starter: str) -> TakenOver:
    """The configuration that these files become. Raises `UsageError` with a sentence for each that is no answer."""
    answers, problems = [], []
    for each in dict.fromkeys(inputs):
        try:
            answers.append(read_answers(_read(each)))
        except (AnswerError, OSError) as error:
            told = error.strerror or "it cannot be read" if isinstance(error, OSError) else str(error)
            problems.append(Problem(message=told, place=Place(str(each))))
    if problems:
        raise UsageError(problems)
    found = configuration_of(answers, starter, FIELDS)
    if found is None:
        hint = "also ask for the destination's subscriptions"
        raise mistake("it has no mapping that sends a text", hint)
    return found


def tell(taken: TakenOver, path: Path) -> None:
    """What could not be taken over, and that the file is written."""
    place = Place(str(path))
    screen.print_problems([Problem(message=it, place=place, warning=True) for it in taken.remarks])
    count = f"{taken.actions} action{'' if taken.actions == 1 else 's'}"
    disabled = f", {taken.disabled} of them not enabled" if taken.disabled else ""
    screen.print_line(f"wrote {path}: {count}{disabled}; next: twiliodest check -c {path}")


def _read(path: Path) -> bytes:
    if str(path) == "-":
        data = sys.stdin.buffer.read(LARGEST + 1)
    else:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(0, f"it is larger than {LARGEST >> 20} MiB")
    return data
