"""The stories of docs/rehearsals.md come true: each is typed as the page says, against the sandbox that it starts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Block, blocks
from shell import BIN, SECONDS, environment

from twiliodest.cli.sandbox_options import templates_of

PAGE = "docs/rehearsals.md"
STORIES = [block for block in blocks("sh") if block.page == PAGE and block.note == "not run: a story"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with the page's files, and the address of the sandbox that its command starts."""
    folder = tmp_path_factory.mktemp("stories")
    for block in blocks("yaml", "text"):
        named = re.fullmatch(r"(?:file|story): (\S+)", block.note)
        if block.page == PAGE and named:
            (folder / named[1]).write_text(block.text)
    (start,) = (block for block in blocks("sh") if block.page == PAGE and "serves" in block.note)
    with subprocess.Popen(
        [BIN / "twiliodest", *start.text.split()[1:], "--port", "0", "-q", "--pace", "0.5"],
        cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stderr
            yield folder, process.stderr.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(SECONDS)


def said_of(story: Block) -> list[str]:
    """The lines that the page shows after a story."""
    after = [block for block in blocks("text") if block.page == PAGE and block.line > story.line]
    return min(after, key=lambda block: block.line).text.splitlines()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"line {story.line}")
def test_a_story_comes_true(story: Block, place: tuple[Path, str]) -> None:
    """Its commands say what the page says that they say."""
    folder, url = place
    config = folder / "texts.yaml"
    config.write_text(re.sub("(?m)^api_base: .*", f"api_base: {url}", config.read_text()))
    script = story.text.replace("http://127.0.0.1:8025", url)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment(folder), capture_output=True, text=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    shown = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    for line in said_of(story):
        assert any(line.strip() in it for it in shown), (line, shown)
    assert "Traceback" not in done.stderr


def test_there_are_four_stories() -> None:
    """An undelivered code, an expired one, a cancelled reminder, a WhatsApp template."""
    assert len(STORIES) == 4


def test_the_templates_of_the_sandbox_s_page_are_templates(tmp_path: Path) -> None:
    """The file that the page shows is one that the sandbox reads."""
    (shown,) = (block for block in blocks("text") if block.note == "templates")
    (tmp_path / "templates.yaml").write_text(shown.text)
    (template,) = (templates_of(tmp_path / "templates.yaml") or {}).values()
    assert template.name == "order_shipped"
