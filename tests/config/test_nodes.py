"""A problem points at the very character, however YAML writes the text that it is in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from twiliodest.config.nodes import Document
from twiliodest.config.scalars import source_index
from twiliodest.errors import ExpressionError

AT = "⌖"  # the character that a problem is at


@pytest.mark.parametrize(
    "value",
    [
        f"plain {AT} text",
        f"plain text\n    on two {AT} lines",
        f"'single ''quoted'' {AT}'",
        f"'single\n\n    folded ''{AT}'",
        f'"double {AT}"',
        f'"\\"\\x41\\u00e9\\U0001F600\\t\\\\ {AT}"',
        f'"double\n    folded \\\n    and {AT} joined"',
        f'"\\uD83C\\udf89 \\ud83c\\udf89{AT}"',
        f"|\n    block\n      indented {AT}\n",
        f"|-\n\n    block {AT}\n",
        f"|2\n      block {AT}\n",
        f">\n    folded\n    text\n\n    {AT}\n",
        f">-  # a comment\n    folded {AT}\n",
        f"&anchor {AT} x",
        f'&anchor !!str "a {AT}"',
        f"!!str |\n    a\n    {AT}\n",
        f"日本 😀 {AT}",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_problem_points_at_its_character(value: str, newline: str, tmp_path: Path) -> None:
    """Quotes, escapes, folds, block indents, anchors and Windows line ends do not move the caret."""
    text = f"edge:\n  - {value}\nrate: 1\n".replace("\n", newline)
    path = tmp_path / "config.yaml"
    path.write_bytes(text.encode())
    document = Document(path, {"edge": (), "rate": ()})
    (node,) = document.members(document.root, ["edge", "rate"])[0]["edge"].value
    document.fault(node, ExpressionError("here", node.value.index(AT)))
    (problem,) = document.problems
    before = text[: text.index(AT)].splitlines() if not text[: text.index(AT)].endswith("\n") else [""]
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (
        text[: text.index(AT)].count("\n") + 1,
        len(before[-1]) + 1,
    )
    assert problem.excerpt is not None
    assert problem.excerpt[problem.place.column - 1] == AT


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("ab'\"\\ \n\té😀:#{}-"), max_size=20), st.sampled_from(["'", '"', "|", ">", ""])
)
def test_every_character_that_is_no_space_is_found(value: str, style: str) -> None:
    """For any text in any style, the source at the index that is given begins with that character."""
    source = yaml.dump({"k": value}, default_style=style or None, allow_unicode=True, width=8)
    root = yaml.compose(source, Loader=yaml.SafeLoader)
    assert root is not None
    node = root.value[0][1]
    written = source[node.start_mark.index : node.end_mark.index]
    for offset, char in enumerate(node.value):
        index = source_index(written, node.style, node.value, offset)
        if char in "abé:#{}-" or (char == "'" and node.style != "'"):
            assert written[index] == char
        assert 0 <= index <= len(written)


def test_the_column_after_the_end_is_behind_the_last_character() -> None:
    """What is missing at the end of a text is told where it should stand."""
    assert source_index('"ab"', '"', "ab", 2) == 3
    assert source_index("ab", None, "ab", 2) == 2
    assert source_index("|\n  ab\n", "|", "ab\n", 3) == 6


def test_a_long_line_is_shown_in_part(tmp_path: Path) -> None:
    """A megabyte in one line does not flood the terminal, and a problem far behind is told without it."""
    path = tmp_path / "config.yaml"
    path.write_text(f'{{edge: "{"x" * 5000}", rate: 1}}')
    document = Document(path, {"edge": (), "rate": ()})
    nodes, _ = document.members(document.root, ["edge", "rate"])
    document.complain(nodes["edge"], "first")
    document.complain(nodes["rate"], "second")
    assert [len(problem.excerpt or "") for problem in document.problems] == [1001, 0]


SAID = {
    "number": "+15005550006",
    "actions": [{"name": "🎉", "trigger": "a = '🎉'", "to": "$.a", "body": "\\ud83d 🎉🏳️‍🌈/\n"}],
}


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_file_that_a_json_library_has_written_is_read(
    tmp_path: Path, indent: str | None, ascii_only: bool
) -> None:
    """JSON's pairs of escapes are one character, and its tabs are no harm."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SAID, indent=indent, ensure_ascii=ascii_only))
    document = Document(path, {})
    (action,) = document.members(document.root, ["number", "actions"])[0]["actions"].value
    read = {key.value: value.value for key, value in action.value}
    assert read == SAID["actions"][0]


def test_half_of_a_pair_stays_a_problem(tmp_path: Path) -> None:
    """Half of a character in a configuration is a mistake, beside whole ones, too."""
    path = tmp_path / "config.yaml"
    path.write_text('body: "\\ud83c\\udf89 \\ud83c"')
    document = Document(path, {"body": ()})
    node = document.members(document.root, ["body"])[0]["body"]
    assert document.text(node, "body") is None
    assert "half of a character" in document.problems[0].message
