"""`--rejects` destroys nothing: neither what the run reads or writes, nor an earlier file when a run fails."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import PATIENCE, Bench, bench, lines, order

from twiliodest.errors import UsageError
from twiliodest.sandbox import Answer, Form, refuse
from twiliodest.screens.rejects import reject_file


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bench]:
    """A bench with an input of which one event cannot be sent, a suppression list and an earlier file of rejects."""

    def script(form: Form) -> Answer | None:
        return refuse(21610) if "Order 1 " in dict(form)["Body"] else None

    with bench(tmp_path, script) as made:
        (tmp_path / "stop.txt").write_text("+15550009999\n")
        made.configure(suppress="stop.txt")
        made.write([order(number) for number in range(3)])
        (tmp_path / "rejects.jsonl").write_text("earlier\n")
        yield made


def leftovers(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.part-*"))


TAKEN: dict[str, Callable[[Path], None]] = {
    "events.jsonl": lambda folder: None,
    "link.jsonl": lambda folder: os.symlink("events.jsonl", folder / "link.jsonl"),
    "twin.jsonl": lambda folder: os.link(folder / "events.jsonl", folder / "twin.jsonl"),
    "twiliodest.yaml": lambda folder: None,
    "stop.txt": lambda folder: None,
    "state/ledger.db": lambda folder: None,
    "state/ledger.db-wal": lambda folder: None,
    "state/ledger.db-shm": lambda folder: None,
    "state/../state/ledger.db": lambda folder: (folder / "state").mkdir(),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_the_run_uses_is_never_a_file_of_rejects(made: Bench, name: str) -> None:
    """Input, configuration, list, ledger: by whatever name, it stays as it is, and nothing is sent."""
    TAKEN[name](made.folder)
    before = {path: path.read_bytes() for path in made.folder.iterdir() if path.is_file()}
    for options in ((), ("-n",)):
        ended = made.send("events.jsonl", "--rejects", name, *options)
        assert (ended.status, made.posts()) == (2, 0), ended.err
        assert "name another file for the rejects" in ended.err
        assert {path: path.read_bytes() for path in before} == before
        assert leftovers(made.folder) == []


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_what_a_stream_is_redirected_to_is_never_a_file_of_rejects(made: Bench, descriptor: int) -> None:
    """`send - --rejects in.jsonl < in.jsonl`, and the same for `>` and `2>`."""
    path = made.folder / "stream"
    path.write_text(lines([order(1)]))
    sign = {0: "<", 1: ">>", 2: "2>>"}[descriptor]
    name = "-" if descriptor == 0 else "events.jsonl"
    command = f'exec "$@" {name} --rejects ./stream {sign} stream'
    done = subprocess.run(
        ["bash", "-c", command, "bash", *map(str, made.command("send", "-y", *made.common))],
        cwd=made.folder,
        env=made.variables(),
        input=None if descriptor == 0 else b"",
        capture_output=False,
        stdout=None if descriptor == 1 else subprocess.DEVNULL,
        stderr=None if descriptor == 2 else subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, made.posts()) == (2, 0)
    assert path.read_text().startswith(lines([order(1)]))


@pytest.mark.parametrize("device", ["/dev/stdout", "/dev/stderr"])
def test_a_stream_that_carries_something_else_takes_no_rejects(made: Bench, device: str) -> None:
    """Records and rejects in one pipe could not be told apart."""
    ended = made.send("events.jsonl", "--rejects", device)
    assert (ended.status, made.posts()) == (2, 0)


def test_a_file_of_its_own_is_replaced_at_the_end(made: Bench) -> None:
    """An earlier file is there until the new one is whole; then only that is, with the rights of the old one."""
    path = made.folder / "rejects.jsonl"
    path.chmod(0o640)
    assert made.send("events.jsonl", "--rejects", path).status == 1
    assert path.read_text() == lines([order(1)])
    assert path.stat().st_mode & 0o777 == 0o640
    assert leftovers(made.folder) == []
    assert made.send("events.jsonl", "--rejects", "new.jsonl").status == 1
    assert (made.folder / "new.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(made: Bench) -> None:
    """What it points to is written, also where that is not there yet."""
    for target in ("rejects.jsonl", "later.jsonl"):
        link = made.folder / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert made.send("events.jsonl", "--rejects", link, "-n").status == 0
        assert link.is_symlink()
        assert (made.folder / target).read_text() == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("missing.jsonl",),
        ("events.jsonl", "--ledger", "/proc/ledger.db"),
        ("events.jsonl", "--api-base", "http://example.com"),
        ("events.jsonl", "-c", "missing.yaml"),
    ],
)
def test_a_run_that_fails_leaves_an_earlier_file(made: Bench, arguments: tuple[str, ...]) -> None:
    """It had nothing to put in its place."""
    ended = made.send(*arguments, "--rejects", "rejects.jsonl")
    assert ended.status == 2
    assert (made.folder / "rejects.jsonl").read_text() == "earlier\n"
    assert leftovers(made.folder) == []


def test_kill_nine_loses_no_rejects(made: Bench) -> None:
    """What did not go out until then is in a file beside, of which the next run speaks; the earlier one stays."""

    def script(form: Form) -> Answer | None:
        return refuse(21610) if "Order 1 " in dict(form)["Body"] else Answer(delay=PATIENCE)

    with bench(made.folder, script) as slow:
        path = slow.write([order(number, to=f"+1555000{number:04}") for number in range(9)])
        process = slow.sending(path, "--rejects", "rejects.jsonl", "--concurrency", 9)
        end = time.monotonic() + PATIENCE
        while not (parts := leftovers(made.folder)) or parts[0].read_text() == "":
            assert time.monotonic() < end
            time.sleep(0.01)
        ended = made.run("send", path, "-n", "--rejects", "others.jsonl")
        assert ".part-" not in ended.err
        ended = made.run("send", path, "-n", "--rejects", "rejects.jsonl", "--limit", 1)
        assert ".part-" not in ended.err  # it lives
        (made.folder / "rejects.jsonl").write_text("earlier\n")
        process.kill()
        process.communicate(timeout=PATIENCE)
        assert (made.folder / "rejects.jsonl").read_text() == "earlier\n"
        assert parts[0].read_text() == lines([order(1, to="+15550000001")])
        ended = made.run("send", path, "-n", "--rejects", "rejects.jsonl")
        assert f"{parts[0].name} was left by a run that was killed" in ended.err
        assert parts[0].exists()


def test_a_pipe_and_the_null_device_take_rejects(made: Bench) -> None:
    """What cannot be replaced is written to as it is, while the run goes on."""
    assert made.send("events.jsonl", "--rejects", "/dev/null").status == 1
    fifo, heard = made.folder / "fifo", list[str]()
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: heard.append(fifo.read_text()), daemon=True)
    reader.start()
    assert made.send("events.jsonl", "--rejects", fifo).status == 1
    reader.join(PATIENCE)
    assert heard == [lines([order(1)])]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (".", "it is a folder"),
        ("", "it is a folder"),
        ("no/folder", "No such file"),
        ("n" * 300, "name too long"),
    ],
)
def test_what_cannot_be_written_is_named(made: Bench, name: str, says: str) -> None:
    """Before anything is sent."""
    ended = made.send("events.jsonl", "--rejects", name)
    assert (ended.status, made.posts()) == (2, 0)
    assert says in ended.err


def test_a_long_name_is_no_trouble(made: Bench) -> None:
    """A name that just fits, in any script."""
    for name in ("n" * 255, "é" * 127):
        assert made.send("events.jsonl", "--rejects", name).status == 1
        assert (made.folder / name).read_text() == lines([order(1)])


def test_a_full_disk_under_the_rejects_stops_the_run(made: Bench) -> None:
    """Exit status 1, with the numbers and the reason; what was there before stays."""
    ended = made.send("events.jsonl", "--rejects", "/dev/full")
    assert ended.status == 1
    assert "the file of rejects cannot be written: No space left on device" in ended.err
    assert "events    3 read" in ended.err


def test_a_run_as_somebody_else_may_not_replace_what_it_may_not_write(tmp_path: Path) -> None:
    """A folder that is not to be written to is named, with a hint."""
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    (folder / "rejects.jsonl").write_text("earlier\n")
    (folder / "rejects.jsonl").chmod(0o666)
    os.seteuid(65534)
    try:
        with pytest.raises(UsageError) as told, reject_file(folder / "rejects.jsonl", (), live=True):
            pass
    finally:
        os.seteuid(0)
    assert "you must be able to write to its folder" in (told.value.problems[0].hint or "")
    assert (folder / "rejects.jsonl").read_text() == "earlier\n"
