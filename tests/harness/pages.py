"""README and docs: their blocks, tables and headings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import twiliodest

PACKAGE = Path(twiliodest.__file__).parent
ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
README = PAGES["README.md"]
ALL = "\n".join(PAGES.values())


class Block(NamedTuple):
    """A block of a page; `note` is the comment before it."""

    page: str
    line: int
    note: str
    language: str
    text: str


def blocks(*languages: str) -> list[Block]:
    fence = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        Block(page, text.count("\n", 0, it.start(2)) + 1, it[1] or "", it[2], it[3])
        for page, text in PAGES.items()
        for it in fence.finditer(text)
        if it[2] in languages
    ]


def name(value: object) -> str | None:
    return f"{value.page}:{value.line}" if isinstance(value, Block) else None


def headings(page: str) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    text = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall("^#+ (.*)$", text, re.M)
    }


def found(path: str) -> Path:
    """A path of the repository; the package may be installed elsewhere, and its source out of sight."""
    inside = path.removeprefix("twiliodest/")
    return ROOT / path if inside == path else PACKAGE / inside


def rows(page: str) -> list[list[str]]:
    """The rows of a page's tables, without their heads."""
    tables = re.findall(r"^\|[-| ]+\|\n((?:\|.*\n)+)", PAGES[page], re.MULTILINE)
    return [re.split(r" (?<!\\)\| ", row[2:-2]) for table in tables for row in table.splitlines()]
