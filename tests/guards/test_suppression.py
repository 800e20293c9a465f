"""A list of numbers that are never texted is read as people keep it, and stops a person whatever the spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from twiliodest.errors import Problem
from twiliodest.guards.suppression import SHOWN, Suppressed, read_suppressed

ANN, BO = "+14155550134", "+14155550155"


def read(folder: Path, content: str | bytes) -> tuple[Suppressed, list[Problem]]:
    path, problems = folder / "never.txt", list[Problem]()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_suppressed(path, "US", problems), problems


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ("", 0),
        (f"{ANN}\n{BO}\n", 2),
        (f"{ANN}\r\n\r\n{BO}", 2),
        (f"# opted out\n{ANN}  # asked on Monday\n", 1),
        (f"phone,since\n{ANN},2026-01-01\n", 1),
        (f"phone;since\n\"{ANN}\";'x'\n'{BO}'\t5\n", 2),
        (f"\ufeffphone\n{ANN}\n", 1),
        (f"\ufeff{ANN}\n", 1),
        ("(415) 555-0134\nwhatsapp:+14155550155\n", 2),
        (f"{ANN}\n{ANN}\n", 2),
    ],
)
def test_a_list_is_read_as_people_keep_it(content: str, count: int, tmp_path: Path) -> None:
    """Comments, headings, tables of any kind and the mark that Windows puts first are no numbers."""
    suppressed, problems = read(tmp_path, content)
    assert problems == []
    assert len(suppressed) == count
    assert (ANN in suppressed) == (count > 0)
    assert (suppressed.name, BO in suppressed) == ("never.txt", count > 1 and content.count(ANN) < 2)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (f"{ANN}\nphone\n", [2]),
        (f"phone\nphone\n{ANN}\n", [2]),
        (f"# list\nphone\n{ANN}\n", [2]),
        (f"12\n{ANN}\n", [1]),
        (f"{ANN}\nmessenger:123\n", [2]),
        (b"\xff\xfe1\n" + ANN.encode(), [1]),
    ],
)
def test_a_line_that_is_not_a_number_is_told_with_its_place(
    content: str | bytes, lines: list[int], tmp_path: Path
) -> None:
    """A heading is one only in the first line: elsewhere somebody would not be stopped, unnoticed."""
    suppressed, problems = read(tmp_path, content)
    assert [problem.place and problem.place.line for problem in problems] == lines
    assert ANN in suppressed


@pytest.mark.parametrize(("bad", "more"), [(SHOWN, 0), (SHOWN + 1, 1), (SHOWN + 1_234, 1_234)])
def test_many_bad_lines_are_counted(bad: int, more: int, tmp_path: Path) -> None:
    """Twenty one by one, then their number."""
    _, problems = read(tmp_path, f"{ANN}\n" + "no number\n" * bad)
    assert len(problems) == SHOWN + (more > 0)
    if more:
        assert problems[-1].message == f"{tmp_path / 'never.txt'}: {more:,} more lines are not phone numbers"


@pytest.mark.parametrize(
    ("listed", "other"),
    [("+525512345678", "+5215512345678"), ("+541123456789", "+5491123456789")],
)
@pytest.mark.parametrize("channel", ["", "whatsapp:", "rcs:"])
def test_the_sign_of_a_mobile_makes_nobody_another_person(
    listed: str, other: str, channel: str, tmp_path: Path
) -> None:
    """In Mexico and Argentina both spellings ring the same phone, whichever is on the list."""
    for one, asked in ((listed, other), (other, listed), (listed, listed), (other, other)):
        suppressed, _ = read(tmp_path, f"{one}\n")
        assert channel + asked in suppressed
        assert channel + asked[:-1] + "0" not in suppressed


def test_a_number_of_another_country_is_another_person() -> None:
    """Only the 1 of Mexico and the 9 of Argentina are such signs."""
    suppressed = Suppressed("never.txt", [525512345678, 551112345678, 14155550134])
    for to in (
        "+5295512345678",
        "+5511112345678",
        "+5591112345678",
        "+114155550134",
        "messenger:14155550134",
    ):
        assert to not in suppressed
    assert [to in suppressed for to in ("+525512345678", ANN, "14155550134", "")] == [
        True,
        True,
        False,
        False,
    ]
