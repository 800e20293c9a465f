"""Nothing is sent that was not in the plan which a person has confirmed, whatever happens to the files meanwhile."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shell import BIN, CREDENTIALS, environment, on_terminal

from twiliodest.events.sources import Source, find_sources
from twiliodest.planning.confirmed import BLOCK, PlannedInput
from twiliodest.sandbox import Sandbox

CONFIG = """\
number: "+15005550006"
actions:
  - name: Greeting
    trigger: event = "Hello"
    to: $.phone
    body: "Hello {{name}}!"
"""


def lines(*names: str) -> bytes:
    """One event for each name."""
    events = ({"event": "Hello", "phone": f"+1415555{ord(name[0]):04}", "name": name} for name in names)
    return "".join(json.dumps(event) + "\n" for event in events).encode()


def replaced(path: Path) -> None:
    """As editors and exporters write: another file takes the name."""
    (path.parent / "new").write_bytes(lines("Xi", "Yu"))
    (path.parent / "new").replace(path)


def rewritten(path: Path) -> None:
    path.write_bytes(lines("Xi", "Yu"))


def disguised(path: Path) -> None:
    """As many bytes as before, at the same time as before."""
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b'"Bo"', b'"Xi"'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def shortened(path: Path) -> None:
    path.write_bytes(lines("Al"))


def removed(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [replaced, rewritten, disguised, shortened, removed])
@pytest.mark.parametrize("count", [2, 3000])
def test_a_file_that_changes_while_the_question_waits_is_not_sent(
    tmp_path: Path, change: Callable[[Path], None], count: int
) -> None:
    """Not a line of it, with exit status 2 and the name of the file."""
    events = tmp_path / "events.jsonl"
    events.write_bytes(lines("Al", "Bo") * (count // 2))
    status, shown, texts = confirmed(tmp_path, lambda: change(events))
    assert (status, texts) == (2, [])
    assert "events.jsonl has changed since it was planned: nothing was sent" in " ".join(shown.split())


def test_what_is_added_while_the_question_waits_is_left_for_later(tmp_path: Path) -> None:
    """A log that grows can be sent as far as it was planned; also where its last line was just being written."""
    events = tmp_path / "events.jsonl"
    whole = lines("Al", "Bo")
    events.write_bytes(whole[:-30])

    def grow() -> None:
        with events.open("ab") as file:
            file.write(whole[-30:] + lines("Xi"))

    status, shown, texts = confirmed(tmp_path, grow)
    assert (status, texts) == (1, ["Hello Al!"])
    assert "not valid JSON" in shown


def untouched(path: Path) -> None:
    pass


def touched(path: Path) -> None:
    path.touch()


def copied(path: Path) -> None:
    (path.parent / "new").write_bytes(path.read_bytes())
    (path.parent / "new").replace(path)


def joined(path: Path) -> None:
    (path.parent / "later.jsonl").write_bytes(lines("Xi"))


@pytest.mark.parametrize("change", [untouched, touched, copied, joined])
def test_a_file_with_the_same_content_is_sent(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """It counts what stands in it; what came into the folder afterwards is not read."""
    folder = tmp_path / "folder"
    folder.mkdir()
    events = folder / "events.jsonl.gz"
    events.write_bytes(gzip.compress(lines("Al", "Bo")))
    status, _, texts = confirmed(tmp_path, lambda: change(events), "folder")
    assert (status, texts) == (0, ["Hello Al!", "Hello Bo!"])


def confirmed(
    home: Path, meanwhile: Callable[[], object], name: str = "events.jsonl"
) -> tuple[int, str, list[str]]:
    """Exit status, what was shown, and what was sent after a yes."""
    (home / "twiliodest.yaml").write_text(CONFIG)
    with Sandbox() as sandbox:
        status, shown = on_terminal(
            (BIN / "twiliodest", "send", name, "--api-base", sandbox.url),
            cwd=home,
            env=environment(home, **CREDENTIALS),
            answer="y",
            meanwhile=meanwhile,
        )
        return status, shown, sorted(text.body for text in sandbox.messages())


def test_a_file_that_changes_while_it_is_sent_is_read_no_further(tmp_path: Path) -> None:
    """Block by block, so that nothing goes out that nobody has seen; also what is cut off, or comes in odd pieces."""
    content = [os.urandom(BLOCK) for _ in range(3)]
    (tmp_path / "a").write_bytes(b"".join(content))
    (source,) = find_sources([str(tmp_path / "a")])
    planned = PlannedInput(in_pieces(source, 1000))
    assert b"".join(planned.to_plan.blocks()) == b"".join(content)
    for bad in ([content[0], content[2], content[1]], content[:1]):
        (tmp_path / "a").write_bytes(b"".join(bad))
        blocks = planned.to_send.blocks()
        assert next(blocks) == content[0]
        with pytest.raises(OSError, match="changed since it was planned"):
            next(blocks)


@pytest.mark.parametrize(
    ("change", "whole", "partly"),
    [
        (untouched, True, True),
        (touched, True, False),
        (copied, True, False),
        (replaced, False, False),
        (rewritten, False, False),
        (disguised, False, False),
        (shortened, False, False),
        (removed, False, False),
    ],
)
def test_all_files_are_compared_before_the_first_is_sent(
    tmp_path: Path, change: Callable[[Path], None], whole: bool, partly: bool
) -> None:
    """Of a file that was not read to its end, nobody can say whether it is the same."""
    path = tmp_path / "events.jsonl"
    for is_read, is_fine in ((True, whole), (False, partly)):
        path.write_bytes(lines("Al", "Bo") * 3000)
        (source,) = find_sources([str(path)])
        planned = PlannedInput(in_pieces(source, BLOCK))
        blocks = planned.to_plan.blocks()
        for _ in blocks if is_read else [next(blocks)]:
            pass
        change(path)
        problem = planned.verify()
        assert (problem is None) == is_fine
        if problem:
            assert problem.message == f"{path} has changed since it was planned: nothing was sent"
    assert PlannedInput(source).verify() is None  # nobody has planned it


def test_what_was_not_planned_of_a_file_is_sent_as_it_is(tmp_path: Path) -> None:
    """With `--limit`, the plan ends before the file; what comes behind is read when it is sent."""
    content = [os.urandom(BLOCK) for _ in range(3)]
    (tmp_path / "a").write_bytes(b"".join(content))
    (source,) = find_sources([str(tmp_path / "a")])
    planned = PlannedInput(source)
    assert next(planned.to_plan.blocks()) == content[0]
    assert b"".join(planned.to_send.blocks()) == b"".join(content)
    assert b"".join(planned.to_plan.blocks()) == b"".join(content)
    (tmp_path / "a").write_bytes(b"".join(content) + b"more")
    assert b"".join(planned.to_send.blocks()) == b"".join(content)


def in_pieces(source: Source, size: int) -> Source:
    def blocks() -> Iterator[bytes]:
        for block in source.blocks():
            yield from (block[at : at + size] for at in range(0, len(block), size))

    return source._replace(blocks=blocks)
