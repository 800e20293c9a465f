"""Whatever surrounds a run, it does what it is for or says what is wrong: never a traceback, never a silent end."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from shell import CREDENTIALS, SECONDS, environment

from twiliodest.sandbox import Sandbox

CONFIG = """\
number: "+15005550006"
actions: [{name: grüßen, trigger: event = "Hello", to: $.phone, body: "Hallo 世界 🎉 {{name}}"}]
"""
EVENTS = "".join(
    f'{{"event": "Hello", "messageId": "{n}", "name": "Ann{n}", "phone": "+1415555{n:04}"}}\n'
    for n in range(3)
)


@dataclass
class Room:
    """A folder, and what is about to surround a run in it."""

    folder: Path
    variables: dict[str, str]
    prepare: list[Callable[[], object]] = field(default_factory=list)
    streams: dict[str, int] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        def prepare() -> None:
            for step in self.prepare:
                step()

        try:
            with subprocess.Popen(
                [sys.executable, "-m", "twiliodest", *arguments],
                cwd=self.folder,
                env=self.variables,
                preexec_fn=prepare,
                stdin=subprocess.DEVNULL,
                stdout=self.streams.get("stdout", subprocess.PIPE),
                stderr=self.streams.get("stderr", subprocess.PIPE),
            ) as process:
                try:
                    out, err = process.communicate(timeout=SECONDS)
                finally:
                    process.kill()
            return subprocess.CompletedProcess(process.args, process.returncode, out or b"", err or b"")
        finally:
            for descriptor in self.streams.values():
                with contextlib.suppress(OSError):
                    os.close(descriptor)


def prepares(what: Callable[..., object], *arguments: object) -> Callable[[Room], None]:
    return lambda room: room.prepare.append(lambda: what(*arguments))


def closes(descriptor: int) -> Callable[[Room], None]:
    return prepares(os.close, descriptor)


def sets(**variables: str) -> Callable[[Room], None]:
    return lambda room: room.variables.update(variables)


def fills(stream: str) -> Callable[[Room], None]:
    return lambda room: room.streams.update({stream: os.open("/dev/full", os.O_WRONLY)})


def breaks(stream: str) -> Callable[[Room], None]:
    def disturb(room: Room) -> None:
        theirs, ours = os.pipe()
        os.close(theirs)
        room.streams[stream] = ours

    return disturb


def does_not_block(room: Room) -> None:
    def prepare() -> None:
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK)

    room.prepare.append(prepare)


def loses_its_folder(room: Room) -> None:
    folder = room.folder.parent / "gone"
    folder.mkdir(exist_ok=True)

    def prepare() -> None:
        os.chdir(folder)
        shutil.rmtree(folder, ignore_errors=True)

    room.prepare.append(prepare)


def has_no_home(room: Room) -> None:
    """Nor an entry in the password file."""
    room.variables.pop("HOME")
    if not os.geteuid():
        room.prepare.append(lambda: os.setresuid(54321, 0, 0))


DISTURBANCES: Mapping[str, Callable[[Room], None]] = {
    "closed stdin": closes(0),
    "closed stdout": closes(1),
    "closed stderr": closes(2),
    "full stdout": fills("stdout"),
    "full stderr": fills("stderr"),
    "broken stdout": breaks("stdout"),
    "broken stderr": breaks("stderr"),
    "ASCII": sets(PYTHONIOENCODING="ascii"),
    "Latin-1": sets(PYTHONIOENCODING="latin-1:strict"),
    "C": sets(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"),
    "odd encoding": sets(PYTHONIOENCODING="punycode"),
    "no home": has_no_home,
    "odd sizes": sets(COLUMNS="²", LINES="-1", TERMINAL_WIDTH="wide"),
    "huge sizes": sets(COLUMNS="99999999999", LINES="0", TERMINAL_WIDTH="99999999999"),
    "odd time zone": sets(TZ="Nowhere/Never"),
    "odd terminal": sets(TERM="\x1b[2J", FORCE_COLOR="1", COLORTERM="x"),
    "no folder": loses_its_folder,
    "odd mask": prepares(os.umask, 0o777),
    "SIGPIPE": prepares(signal.signal, signal.SIGPIPE, signal.SIG_DFL),
    "ignored SIGINT": prepares(signal.signal, signal.SIGINT, signal.SIG_IGN),
    "few files": prepares(resource.setrlimit, resource.RLIMIT_NOFILE, (64, 64)),
    "does not block": does_not_block,
    "state": sets(XDG_STATE_HOME="relative", TWILIODEST_CONFIG=""),
}
COMMANDS = {
    "send": ("send", "{events}", "-y", "-c", "{config}", "--ledger", "{ledger}", "--api-base", "{url}"),
    "dry run": ("send", "{events}", "-n", "-c", "{config}"),
    "events": ("check", "-c", "{config}", "--events", "{events}"),
    "list": ("ledger", "list", "--ledger", "{ledger}"),
    "mistake": ("send", "{events}", "--nope"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def room() -> Iterator[Room]:
    """In no folder of pytest's, which somebody without a home may not enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        place = Path(folder, "room")
        place.mkdir(mode=0o711)
        (place / "config.yaml").write_text(CONFIG)
        (place / "events.jsonl").write_text(EVENTS)
        yield Room(place, environment(place, PYTHONPATH=os.pathsep.join(sys.path), **CREDENTIALS))


def command(name: str, room: Room, sandbox: Sandbox) -> list[str]:
    places = {"events": "events.jsonl", "config": "config.yaml", "ledger": "state/ledger.db"}
    full = {key: str(room.folder / place) for key, place in places.items()}
    return [word.format(url=sandbox.url, **full) for word in COMMANDS[name]]


def check_calm(done: subprocess.CompletedProcess[bytes]) -> None:
    for output in (done.stdout, done.stderr):
        for word in (b"Traceback", b"Exception ignored", b"Error:", b"object at 0x"):
            assert word not in output, output.decode(errors="replace")
    assert done.returncode in (0, 1, 2), done


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_a_disturbance_is_no_traceback(disturbance: str, name: str, room: Room, sandbox: Sandbox) -> None:
    """Each one, under each command."""
    DISTURBANCES[disturbance](room)
    check_calm(room.run(*command(name, room, sandbox)))


IN_PAIRS = (
    *("closed stdin", "closed stdout", "closed stderr", "full stdout", "full stderr", "broken stdout"),
    *("broken stderr", "ASCII", "C", "no home", "huge sizes", "no folder", "does not block", "odd mask"),
)
PAIRS = [
    (one, other)
    for one, other in itertools.combinations(IN_PAIRS, 2)
    if {one, other} not in ({"full stdout", "broken stdout"}, {"full stderr", "broken stderr"})
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_disturbances_are_no_traceback(one: str, other: str, room: Room, sandbox: Sandbox) -> None:
    """Every pair: a real send sends everything all the same, and only an output that is full is a fault."""
    for disturbance in (one, other):
        DISTURBANCES[disturbance](room)
    before = len(sandbox.messages())
    done = room.run(*command("send", room, sandbox))
    check_calm(done)
    assert len(sandbox.messages()) - before == 3, done
    assert done.returncode == (
        1 if "full stdout" in (one, other) and "closed stdout" not in (one, other) else 0
    )


def test_a_real_send_shows_its_rows_in_any_encoding(room: Room, sandbox: Sandbox) -> None:
    """What an encoding does not have is shown as `?`, after everything is sent, as in a dry run."""
    for encoding in ("ascii", "latin-1", "cp437", "punycode", "utf-16"):
        room.variables["PYTHONIOENCODING"] = encoding
        ledger = str(room.folder / encoding)
        words = [ledger if word.endswith("ledger.db") else word for word in command("send", room, sandbox)]
        done = room.run(*words)
        check_calm(done)
        shown = done.stdout.decode({"punycode": "utf-8"}.get(encoding, encoding))
        assert (done.returncode, shown.count("sent")) == (0, 3)
        assert "Hallo" in shown


def test_closed_standard_input_is_told(room: Room) -> None:
    """It has no events, which must not look like a run that had nothing to do."""
    room.prepare.append(lambda: os.close(0))
    for words in (("send", "-n", "-c", "config.yaml", "-"), ("check", "-c", "config.yaml", "--events", "-")):
        done = room.run(*words)
        assert done.returncode == 2
        assert b"standard input is closed" in done.stderr


@pytest.mark.parametrize(
    ("home", "state", "says"),
    [
        (None, None, "HOME is not set"),
        ("", None, "HOME is not set"),
        ("here", None, "not a full path"),
        (None, "relative", "HOME is not set"),
        (None, "{folder}", ""),
        ("here", "{folder}", ""),
        ("{folder}", None, ""),
    ],
)
def test_a_ledger_has_one_place(
    room: Room, sandbox: Sandbox, home: str | None, state: str | None, says: str
) -> None:
    """Where there is none, or where it would depend on the current folder, the variable at fault is named."""
    if os.geteuid():
        pytest.skip("only root can become somebody without a home")
    has_no_home(room)
    for name, value in (("HOME", home), ("XDG_STATE_HOME", state)):
        if value is not None:
            room.variables[name] = value.format(folder=room.folder)
    done = room.run("send", "events.jsonl", "-y", "-c", "config.yaml", "--api-base", sandbox.url)
    check_calm(done)
    assert (done.returncode, says in done.stderr.decode()) == (2 if says else 0, True), done.stderr


def test_an_odd_mask_makes_files_for_their_owner(room: Room, sandbox: Sandbox) -> None:
    """A mask of 777 makes no ledger that the next run cannot open, one of 0 none that others can read."""
    for mask in (0o777, 0):
        room.prepare[:] = [lambda mask=mask: os.umask(mask)]  # type: ignore[misc] # bound at once
        assert room.run(*command("send", room, sandbox)).returncode == 0
        state = room.folder / "state"
        modes = [path.stat().st_mode & 0o777 for path in (state, *state.rglob("*"))]
        assert set(modes) <= {0o600, 0o700}


def test_lines_on_a_pipe_that_does_not_block_are_waited_for(room: Room) -> None:
    """Some shells and servers hand over such pipes; that nothing is there yet is not the end."""
    theirs, ours = os.pipe()
    os.set_blocking(theirs, False)
    with subprocess.Popen(
        [sys.executable, "-m", "twiliodest", "send", "-", "-n", "-o", "jsonl", "-c", "config.yaml"],
        cwd=room.folder,
        env=room.variables,
        stdin=theirs,
        stdout=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        assert process.stdout
        for line in EVENTS.encode().splitlines(keepends=True):
            os.write(ours, line)
            assert b"planned" in process.stdout.readline()
        os.close(ours)
        assert process.wait(SECONDS) == 0
