"""The sandbox takes no more memory than it says, and ends when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from shell import ACCOUNT, BIN, environment

from twiliodest.sandbox import Request, Sandbox, Settings, Text
from twiliodest.sandbox.inbox import _BATCH_SIZE, _batches
from twiliodest.sandbox.store import Store

SECONDS = 30.0


def text(number: int, body: str) -> Text:
    return Text(
        seq=number,
        sid=f"SM{number:032x}",
        account=ACCOUNT,
        at=0.0,
        form=(("Body", body),),
        to=f"+1415555{number:04}",
        sender="+15551234567",
        service="",
        body=body,
        media=(),
        encoding="UCS-2",
        segments=1,
        accepted=True,
        steps=((0.0, "queued"),),
    )


def request(body: str) -> Request:
    return Request(
        at=0.0,
        connection=1,
        method="POST",
        path="/x",
        query=(),
        form=(("Body", body),),
        headers={"user-agent": "x"},
        authorized=False,
    )


def test_what_is_kept_is_bounded_by_its_size_too() -> None:
    """Large posts make room for each other, refused ones as well; counts go on."""
    store = Store(keep=10**20, room=1 << 20)
    for number in range(1, 501):
        store.add(text(number, "\u20ac" * 30_000))
        store.log(request("\u20ac" * 30_000))
    for kept in (store.texts(), store.requests()):
        assert 1 <= len(kept) <= (1 << 20) // 60_000
    assert (store.accepted, store.last, store.first + len(store.texts()) - 1) == (500, 500, 500)
    store.clear()
    store.add(text(501, "x"))
    assert [kept.seq for kept in store.texts()] == [501]


def test_many_small_ones_stay_within_the_bound() -> None:
    """The number counts as before."""
    store = Store(keep=3)
    for number in range(1, 10):
        store.add(text(number, "x"))
        store.log(request("x"))
    assert [kept.seq for kept in store.texts()] == [7, 8, 9]
    assert len(store.requests()) == 3


def test_a_page_is_told_of_large_texts_in_several_events() -> None:
    """None of them is lost, and none is much larger than a batch."""
    texts = [text(number, "x" * 60_000) for number in range(1, 101)]
    batches = [list(batch) for batch in _batches(texts)]
    assert [it for batch in batches for it in batch] == texts
    assert all(sum(len(it.body) for it in batch) <= _BATCH_SIZE + 60_000 for batch in batches)


def test_an_opt_out_is_a_number_and_no_book() -> None:
    """Ten thousand of them are small."""
    with Sandbox(Settings()) as sandbox:
        answer = httpx.post(
            f"{sandbox.url}/sandbox/optouts", json={"to": "+" + "1" * 5000}, trust_env=False, timeout=SECONDS
        )
    assert answer.status_code == 400


@pytest.mark.parametrize("ignored", [(), (signal.SIGINT,), (signal.SIGINT, signal.SIGHUP)], ids=repr)
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=repr)
def test_kill_ends_a_sandbox(ignored: Sequence[int], ending: int, tmp_path: Path) -> None:
    """Also one that a script has started in the background, where SIGINT is ignored; and any number may be kept."""
    if ending in ignored:
        pytest.skip("what is ignored ends nothing, as a shell wants it")

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    with subprocess.Popen(
        [BIN / "twiliodest", "sandbox", "--port", "0", "--keep", "99999999999999999999"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        preexec_fn=prepare,
    ) as process:
        try:
            assert process.stderr
            assert b"inbox" in process.stderr.readline()
            assert b"send" in process.stderr.readline()
            process.send_signal(ending)
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()


def test_all_that_arrived_in_a_sandbox_is_counted(tmp_path: Path) -> None:
    """However much of it is kept."""
    (tmp_path / "twiliodest.yaml").write_text(
        'number: "+15551234567"\nactions: [{name: a, trigger: type = "track", to: $.to, body: x}]\n'
    )
    events = [{"type": "track", "messageId": str(n), "to": f"+1415555{n:04}"} for n in range(20)]
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    done = subprocess.run(
        [BIN / "twiliodest", "send", "e.jsonl", "--sandbox", "--no-wait", "-y"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert b"20 texts arrived" in done.stdout + done.stderr
