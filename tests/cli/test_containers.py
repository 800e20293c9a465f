"""Two containers: a sandbox in one, a send in the other. What is not encrypted stays within a private network."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from harness import lines, order
from shell import run

from twiliodest.addresses import is_public
from twiliodest.sandbox import Sandbox

CONFIG = """number: "+15005550006"
actions:
  - {name: order, trigger: event = "Order", to: $.to, body: "Order {{$.order}}"}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "twiliodest.yaml").write_text(CONFIG)
    (tmp_path / "events.jsonl").write_text(lines([order(1)]))
    return tmp_path


def private_name() -> str | None:
    """What this machine is called on its own network, if it is called anything there."""
    name = socket.gethostname()
    with contextlib.suppress(OSError):
        found = [str(it[4][0]) for it in socket.getaddrinfo(name, None, socket.AF_INET)]
        if found and name != "localhost" and not any(map(is_public, found)):
            return name
    return None


@pytest.mark.skipif(not private_name(), reason="this machine has no name on a private network")
def test_two_containers_can_talk(home: Path) -> None:
    """By name, over http, with no account: the run, its rerun and the ledger's commands."""
    with Sandbox(host="0.0.0.0") as sandbox:
        url = f"http://{private_name()}:{sandbox.url.rpartition(':')[2]}"
        refused = run("send", "events.jsonl", "--api-base", url, cwd=home)
        assert (refused.returncode, b"--api-base must be https" in refused.stderr) == (2, True)
        where = ("--api-base", url, "--insecure-api-base")
        for words in ((*where,), ("--insecure-api-base", "--api-base", url)):
            assert run("send", "events.jsonl", *words, cwd=home).returncode == 0
        assert len(sandbox.messages()) == 1
        assert b"already" in run("send", "events.jsonl", "-n", "-o", "jsonl", *where, cwd=home).stdout
        assert b"sent at" in run("explain", "events.jsonl:1", *where, cwd=home).stdout
        for asked in (("list",), ("resolve",)):
            assert run("ledger", *asked, *where, cwd=home).returncode == 0


REFUSED = {
    ("--api-base", "http://8.8.8.8", "--insecure-api-base"): "must be https",
    ("--api-base", "http://[2001:4860:4860::8888]", "--insecure-api-base"): "must be https",
    ("--api-base", "http://[::ffff:8.8.8.8]", "--insecure-api-base"): "must be https",
    ("--api-base", "http://10.0.0.1"): "must be https",
    ("--api-base", "http://sandbox:8025"): "must be https",
    ("--insecure-api-base",): "add --api-base",
    ("--api-base", "ftp://sandbox", "--insecure-api-base"): "begin with",
}


@pytest.mark.parametrize("words", REFUSED)
def test_nothing_leaves_for_the_open_internet_in_the_clear(words: Sequence[str], home: Path) -> None:
    """The flag is for private networks, and none of it goes without it."""
    done = run("send", "events.jsonl", "-n", *words, cwd=home)
    assert (done.returncode, done.stdout) == (2, b"")
    assert REFUSED[tuple(words)] in done.stderr.decode()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *(("127.0.0.1", False), ("10.1.2.3", False), ("172.17.0.2", False), ("192.168.1.9", False)),
        *(("169.254.1.1", False), ("fd00::1", False), ("fe80::1%eth0", False), ("::1", False)),
        *(("8.8.8.8", True), ("172.32.0.1", True), ("2001:4860:4860::8888", True), ("::ffff:8.8.8.8", True)),
        ("::ffff:10.0.0.1", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    """Addresses that containers have are not; what a name leads to is asked when the connection stands."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("sandbox", 200), ("sandbox:8025", 200), ("my_sandbox-1:80", 200), ("sandbox.internal", 200)),
        *(("sandbox.ns.svc.cluster.local:8025", 200), ("evil.example.com", 403), ("evil.com:8025", 403)),
        *(("1.2.3.4", 403), ("12345", 403), ("sandbox.evil.com", 403), ("local.evil.com", 403), ("", 403)),
    ],
)
def test_a_sandbox_answers_to_private_names_alone(host: str, status: int) -> None:
    """A page of the open internet cannot be called so, and cannot read the inbox by rebinding its own name."""
    with Sandbox() as sandbox:
        answer = httpx.get(sandbox.url, headers={"Host": host}, trust_env=False)
        assert answer.status_code == status
