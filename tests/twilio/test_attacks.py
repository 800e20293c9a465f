"""What servers, proxies and surroundings do to the real program: nothing leaks, and what never left is no doubt."""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
import pytest
import trustme
from lanes import text
from loopback import answering, created, http, local, recipient, serving, tunnel
from shell import ACCOUNT, BIN, environment, run

from twiliodest.model import Account, Secret
from twiliodest.twilio.faults import LookUpError
from twiliodest.twilio.messages import Lane
from twiliodest.twilio.network import route_to
from twiliodest.twilio.reader import Reader, Unreachable

TOKEN = "s3cr3t/to+k&n<\"%f00d='"
LOGIN = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
PASSWORD = "pr0xy/p@ss+word"
NAME = "api.twilio.test"
CONFIG = """
number: "+15551234567"
concurrency: 1
actions:
  - {name: order, trigger: type = "track", to: $.to, body: "Order {{$.order}}"}
"""


class Desk:
    """A folder with events, and the real program in it; all that it says and writes is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = b""
        self.variables = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
        (folder / "twiliodest.yaml").write_text(CONFIG)
        self.events(1)

    def events(self, count: int) -> None:
        events = (
            {"type": "track", "messageId": f"m{n}", "to": f"+1415555{n:04}", "order": n}
            for n in range(1, count + 1)
        )
        (self.folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        done = run(*arguments, cwd=self.folder, env=self.variables)
        self.said += done.stdout + done.stderr
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def send(self, base: str, ledger: str = "ledger.db") -> tuple[int, list[dict[str, Any]], str]:
        """Exit status, records and what was said beside them."""
        where = ("--ledger", ledger, "--api-base", base, "--rejects", "rejects.jsonl")
        status, out, err = self.run("send", "events.jsonl", "-y", "-o", "jsonl", *where)
        return status, [json.loads(line) for line in out.splitlines()], err

    def states(self) -> list[str]:
        """The states in the ledger."""
        _, out, _ = self.run("ledger", "list", "--ledger", "ledger.db", "-o", "jsonl", "--limit", "0")
        return [json.loads(line)["status"] for line in out.splitlines()]

    def everything(self) -> bytes:
        """All bytes that were said or written."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return self.said + b"".join(path.read_bytes() for path in files)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def tls(desk: Desk) -> ssl.SSLContext:
    """For a server that has the name of Twilio's stand-in; the program trusts it."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    authority.cert_pem.write_to_path(desk.folder / "authority.pem")
    desk.variables["SSL_CERT_FILE"] = str(desk.folder / "authority.pem")
    return context


def echo(request: bytes) -> bytes:
    """The request's line and headers in one, as a middlebox may put them into an error."""
    return request.partition(b"\r\n\r\n")[0].replace(b"\r\n", b" | ")


def spoken(request: bytes) -> str:
    """What was sent, in every writing that servers use, also cut."""
    data = f"{ACCOUNT}:{TOKEN}"
    forms = [data, LOGIN, TOKEN, quote(TOKEN, safe=""), quote_plus(TOKEN), TOKEN.encode().hex()]
    forms += [LOGIN[:-9], TOKEN[:-4], TOKEN[3:]]
    forms.append(base64.b64encode(f"Authorization: {data} is wrong".encode()).decode())
    forms.append(base64.urlsafe_b64encode(TOKEN.encode()).decode())
    return " ".join(forms) + " " + echo(request).decode("latin-1")


ECHOES: dict[str, Callable[[bytes], bytes]] = {
    "status line": lambda it: b"HTTP/1.1 " + echo(it) + b"\r\n\r\n",
    "first line": lambda it: echo(it) + b"\r\n\r\n",
    "reason phrase": lambda it: b"HTTP/1.1 400 " + echo(it) + b"\r\nContent-Length: 0\r\n\r\n",
    "header line": lambda it: b"HTTP/1.1 201 So\r\n" + echo(it) + b"\r\n\r\n",
    "header name": lambda it: b"HTTP/1.1 201 So\r\n" + LOGIN.encode() + b" x: 1\r\n\r\n",
    "length": lambda it: b"HTTP/1.1 201 So\r\nContent-Length: " + echo(it) + b"\r\n\r\n",
    "encoding": lambda it: http(201, b"x", b"Content-Encoding: " + TOKEN.encode()),
    "transfer": lambda it: b"HTTP/1.1 201 So\r\nTransfer-Encoding: " + LOGIN.encode() + b"\r\n\r\n",
    "chunk": lambda it: b"HTTP/1.1 201 So\r\nTransfer-Encoding: chunked\r\n\r\n" + echo(it) + b"\r\n",
    "redirect": lambda it: http(302, b"", b"Location: https://x/" + LOGIN.encode()),
    "retry-after": lambda it: http(429, b"", b"Retry-After: " + TOKEN.encode()),
    "page": lambda it: http(400, spoken(it).encode()),
    "message": lambda it: http(400, json.dumps({"code": 21211, "message": spoken(it)}).encode()),
    "cut message": lambda it: http(
        500, json.dumps({"code": 20500, "message": "x" * 290 + spoken(it), "more_info": spoken(it)}).encode()
    ),
    "title": lambda it: http(401, json.dumps({"title": spoken(it), "detail": spoken(it)}).encode()),
    "sid": lambda it: http(201, json.dumps({"sid": "SM" + TOKEN, "to": recipient(it)}).encode()),
    "code": lambda it: http(400, json.dumps({"code": LOGIN, "status": TOKEN}).encode()),
    "list": lambda it: http(200, json.dumps({"messages": [{"sid": LOGIN}], "next_page_uri": LOGIN}).encode()),
}


SLOW_OR_LAST = ("title", "redirect", "retry-after")  # they end a run, or have it wait for long


def forms(*secrets: str) -> Iterator[str]:
    """Each secret in several writings, and its first and its last two thirds."""
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], secret.encode().hex()):
            cut = len(form) // 3
            yield from (form, form[:-cut], form[cut:])


def check_secrecy(desk: Desk, *more: str) -> None:
    """None of the secrets is in anything that was said or written."""
    everything = desk.everything()
    assert [form for form in forms(TOKEN, LOGIN, *more) if form.encode() in everything] == []


def commands(base: str) -> Iterator[tuple[str, ...]]:
    """All that speak with a server or show what one has said, in both of their renderings."""
    yield ("send", "events.jsonl", "-y", "--ledger", "other.db", "--api-base", base)
    yield ("ledger", "list", "--ledger", "ledger.db")
    yield ("ledger", "list", "--ledger", "ledger.db", "-o", "jsonl")
    yield ("ledger", "resolve", "--ledger", "ledger.db", "--api-base", base)
    yield ("check", "--online", "--api-base", base)
    yield ("check", "--online", "-o", "json", "--api-base", base)


@pytest.mark.slow
def test_no_echo_of_a_server_shows_the_token(desk: Desk) -> None:
    """Wherever it repeats what it was sent: nothing that a command says or writes holds the token, in any writing."""
    places = [made for place, made in ECHOES.items() if place not in SLOW_OR_LAST]
    desk.events(len(places))
    with serving(answering(lambda request, number: places[number % len(places)](request))) as server:
        desk.send(local(server))
        assert len(server.requests) > len(places)
        for arguments in commands(local(server)):
            desk.run(*arguments)
    check_secrecy(desk)


@pytest.mark.parametrize("place", ECHOES)
def test_no_answer_means_a_text_with_the_token(place: str) -> None:
    """Each by itself: neither what a POST nor what a question came to."""
    account = Account(sid=ACCOUNT, user=ACCOUNT, token=Secret(TOKEN), api_base="")

    async def ask(lane: Lane) -> str:
        attempt = await lane.post(text(1))
        try:
            return f"{attempt} {await lane.sent_to('+14155550001', 0)}"
        except LookUpError as error:
            return f"{attempt} {error}"
        finally:
            await lane.close()

    with serving(answering(lambda request, number: ECHOES[place](request))) as server:
        here = msgspec.structs.replace(account, api_base=local(server))
        told = asyncio.run(ask(Lane(here, route_to(here.api_base, {}))))
        reader = Reader(here, {})
        try:
            status, _ = reader.get("/x")
        except Unreachable as error:
            told += str(error)
        else:
            assert status
        finally:
            reader.close()
    assert [form for form in forms(TOKEN, LOGIN) if form in told] == []


@pytest.mark.slow
def test_no_echo_of_a_proxy_shows_its_password(desk: Desk, tls: ssl.SSLContext) -> None:
    """A proxy that repeats what it was sent: neither its password is shown, nor does it get the account's token."""
    login = base64.b64encode(f"someone:{PASSWORD}".encode()).decode()
    places = [made for place, made in ECHOES.items() if place not in ("list", "code", "sid")]
    desk.events(1)
    with serving(answering(lambda request, number: places[number % len(places)](request))) as proxy:
        desk.variables["HTTPS_PROXY"] = f"http://someone:{quote(PASSWORD, safe='')}@127.0.0.1:{proxy.port}"
        status, records, _ = desk.send(f"https://{NAME}")
        for arguments in commands(f"https://{NAME}"):
            desk.run(*arguments)
        assert len(proxy.requests) >= 12
        assert all(request.startswith(b"CONNECT") and login.encode() in request for request in proxy.requests)
    check_secrecy(desk, PASSWORD, login)
    assert ({record["status"] for record in records}, status) == ({"failed"}, 1)


def test_what_never_left_is_sent_by_the_next_run(desk: Desk, tls: ssl.SSLContext) -> None:
    """A proxy that opens no tunnel leaves no doubt: the message failed, and once there is a way, it goes out."""
    with serving(lambda server, client: client.request()) as proxy:
        desk.variables["HTTPS_PROXY"] = f"127.0.0.1:{proxy.port}"
        status, records, _ = desk.send(f"https://{NAME}")
        assert proxy.connections == 5
    assert (status, records[0]["status"], desk.states()) == (1, "failed", ["failed"])
    with serving(answering(created), tls=tls) as server, serving(tunnel(server.port)) as proxy:
        desk.variables["HTTPS_PROXY"] = f"127.0.0.1:{proxy.port}"
        assert desk.send(f"https://{NAME}")[0] == 0
        assert server.posted == ["+14155550001"]


@pytest.mark.parametrize("base", ["https://api..twilio.com", ""])
def test_an_address_that_cannot_be_is_refused_before_anything_is_claimed(base: str, desk: Desk) -> None:
    """By every command; and the folder has no ledger afterwards. An empty one does not mean Twilio's own."""
    for arguments in (
        ("send", "events.jsonl", "-y", "--ledger", "ledger.db"),
        ("send", "events.jsonl", "-n"),
        ("check", "--online"),
        ("ledger", "resolve", "--ledger", "ledger.db"),
    ):
        status, _, err = desk.run(*arguments, "--api-base", base)
        assert (status, "api-base must be" in err) == (2, True), (arguments, err)
    assert not (desk.folder / "ledger.db").exists()


def test_an_edge_that_cannot_be_is_refused(desk: Desk) -> None:
    """A part of a host name has 63 letters at most."""
    for edge in ("x" * 64, "-dublin", "dublin-", "a.b"):
        (desk.folder / "twiliodest.yaml").write_text(f'edge: "{edge}"\n{CONFIG}')
        assert desk.run("check")[0] == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "ftp://x"), ("SSL_CERT_FILE", "/nope.pem"), ("SSLKEYLOGFILE", "/nope/keys")],
)
def test_a_variable_that_cannot_be_used_ends_a_command_in_words(name: str, value: str, desk: Desk) -> None:
    """Before anything is claimed, with status 2, by all that would use it."""
    desk.variables[name] = value
    for arguments in (("send", "events.jsonl", "-y", "--ledger", "ledger.db"), ("check", "--online")):
        status, _, err = desk.run(*arguments, "--api-base", f"https://{NAME}")
        assert (status, name in err) == (2, True), err
    assert not (desk.folder / "ledger.db").exists()


def test_socks_names_its_extra(desk: Desk) -> None:
    """Where it is not installed."""
    (desk.folder / "socksio.py").write_text("raise ImportError\n")
    desk.variables |= {"PYTHONPATH": str(desk.folder), "ALL_PROXY": "socks5://127.0.0.1:1"}
    status, _, err = desk.run("send", "events.jsonl", "-y", "--api-base", f"https://{NAME}")
    assert status == 2
    assert 'pip install "twiliodest[socks]"' in err


def test_too_few_open_files_are_told_before_anything_is_claimed(desk: Desk) -> None:
    """A limit that can be raised is raised; where it cannot, the numbers are named."""
    desk.events(40)
    command = (BIN / "twiliodest", "send", "events.jsonl", "-y", "--concurrency", "30")

    def send(limits: tuple[int, int], base: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*command, "--ledger", "ledger.db", "--api-base", base],
            cwd=desk.folder,
            env=environment(desk.folder, **desk.variables),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
            capture_output=True,
            timeout=60,
            check=False,
        )

    with serving(answering(created)) as server:
        done = send((40, 40), local(server))
        assert (done.returncode, server.requests) == (2, [])
        assert b"30 requests at once need 62 open files, but the limit is 40" in done.stderr
        assert not (desk.folder / "ledger.db").exists()
        assert send((40, 400), local(server)).returncode == 0
