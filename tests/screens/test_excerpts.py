"""The line at fault fits the terminal, and the caret stands below the very character, in any script."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from twiliodest.screens.wrapping import ELLIPSIS, around

TEXTS = st.text("ab {}日本é", max_size=60)


@settings(deadline=None)
@given(TEXTS, TEXTS, st.integers(8, 90))
def test_what_is_left_of_a_line_fits_and_keeps_its_place(before: str, behind: str, room: int) -> None:
    """Both sides of the place are shown as far as there is room; what fits is shown whole."""
    first, second = around(before, behind, room)
    assert cell_len(first + second) <= room
    assert before.endswith(first.removeprefix(ELLIPSIS))
    assert behind.startswith(second.removesuffix(ELLIPSIS))
    assert not behind or second != ELLIPSIS or cell_len(behind) > 1
    if cell_len(before + behind) <= room:
        assert (first, second) == (before, behind)
