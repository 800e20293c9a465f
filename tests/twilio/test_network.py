"""Addresses, proxies and certificates: what cannot work is said beforehand, and what fails on the way never left."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from lanes import SID, TOKEN, posted, text
from loopback import Client, Server, answering, created, http, local, serving, socks, tunnel

from twiliodest.config.values import check_api_base
from twiliodest.errors import UsageError
from twiliodest.model import Account, Attempt, Secret, Verdict
from twiliodest.twilio.network import route_to
from twiliodest.twilio.reader import Reader, Unreachable

NAME = "api.twilio.test"
BASE = f"https://{NAME}"
PASSWORD = "pr0xy/p@ss+word"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """Variables that have the test's authority trusted."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}


def certified(authority: trustme.CA, name: str = NAME) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def sent(variables: Mapping[str, str], patience: float = 10.0) -> Attempt:
    """What comes of one POST to Twilio's stand-in."""
    (attempt,) = posted(BASE, text(1), route=replace(route_to(BASE, variables), patience=patience))
    return attempt


def asked(variables: Mapping[str, str]) -> str:
    """Why a question of `check --online` is not answered; nothing if it is."""
    account = Account(sid=SID, user=SID, token=Secret(TOKEN), api_base=BASE)
    reader = Reader(account, variables)
    try:
        reader.get("/2010-04-01/Accounts/x.json")
    except Unreachable as error:
        return str(error)
    finally:
        reader.close()
    return ""


Serve = Callable[[Server, Client], object]


def opened(client: Client) -> None:
    client.request()
    client.say(b"HTTP/1.1 200 OK\r\n\r\n")


def hang_in_the_handshake(server: Server, client: Client) -> None:
    opened(client)
    time.sleep(2)


def break_the_handshake(server: Server, client: Client) -> None:
    opened(client)
    client.exactly(1)
    client.say(b"\x15\x03\x01\0\2\2\x28")
    client.exactly(1 << 16)


def speak_plainly(server: Server, client: Client) -> None:
    client.exactly(1)
    client.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    client.exactly(1 << 16)


def asked_and_reset(server: Server, client: Client) -> None:
    client.request()
    client.reset()


BROKEN: dict[str, tuple[Serve, str]] = {
    "closes": (lambda server, client: None, "did not open a tunnel"),
    "resets": (lambda server, client: client.reset(), "the proxy"),
    "reads and closes": (lambda server, client: client.request(), "without an answer"),
    "reads and resets": (asked_and_reset, "did not open a tunnel"),
    "hangs": (lambda server, client: time.sleep(2), "did not open a tunnel in time"),
    "garbles": (answering(lambda request, number: b"\0\xff garble\r\n\r\n"), "cannot be read as HTTP"),
    "requires a login": (
        answering(lambda request, number: http(407, b"who?")),
        "requires a login: put it in",
    ),
    "refuses": (answering(lambda request, number: http(403, b"no")), "403"),
    "cannot": (answering(lambda request, number: http(502, b"")), "502"),
    "speaks first": (tunnel(9, prelude=b"hello"), "before it was asked"),
    "closes the tunnel": (lambda server, client: opened(client), "closed the connection"),
    "hangs in the handshake": (hang_in_the_handshake, "did not complete the TLS handshake in time"),
    "breaks the handshake": (break_the_handshake, "TLS"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_proxy_that_fails_leaves_no_doubt(how: str, trusted: dict[str, str]) -> None:
    """Whatever it does to the tunnel, the message has not left, and the cause is named."""
    serve, word = BROKEN[how]
    with serving(serve) as proxy:
        trusted["HTTPS_PROXY"] = f"127.0.0.1:{proxy.port}"
        attempt = sent(trusted, patience=0.5)
        if "hangs" not in how:
            assert "the proxy" in asked(trusted) or NAME in asked(trusted)
    assert attempt.verdict is Verdict.AGAIN
    assert word in (attempt.reason or "")


def test_a_password_that_a_proxy_does_not_accept_is_not_shown(trusted: dict[str, str]) -> None:
    """The message names the variable that holds it."""
    with serving(answering(lambda request, number: http(407, b"who?"))) as proxy:
        trusted["HTTPS_PROXY"] = f"http://me:pr0xy%2Fp%40ss@127.0.0.1:{proxy.port}"
        reason = sent(trusted).reason or ""
    assert "did not accept the user name and password in HTTPS_PROXY" in reason


def test_a_tunnel_that_breaks_once_costs_one_try(trusted: dict[str, str], authority: trustme.CA) -> None:
    """The lane is not blocked by it: the next try has a tunnel of its own, and gets through."""
    with serving(answering(created), tls=certified(authority)) as server:
        whole = tunnel(server.port)

        def serve(proxy: Server, client: Client) -> None:
            opened(client) if proxy.connections == 1 else whole(proxy, client)

        with serving(serve) as proxy:
            trusted["HTTPS_PROXY"] = f"http://127.0.0.1:{proxy.port}"
            attempts = posted(BASE, text(1), text(1), text(2), route=route_to(BASE, trusted))
            assert proxy.connections == 2
    assert [it.verdict for it in attempts] == [Verdict.AGAIN, Verdict.ACCEPTED, Verdict.ACCEPTED]


@pytest.mark.parametrize(
    ("how", "word"), [("untrusted", "certificate"), ("misnamed", "certificate"), ("plain", "TLS")]
)
def test_a_server_that_cannot_prove_itself_leaves_no_doubt(
    how: str, word: str, trusted: dict[str, str], authority: trustme.CA
) -> None:
    """An unknown authority, another name, no TLS at all: nothing has left, and the cause is named."""
    tls = {"untrusted": certified(trustme.CA()), "misnamed": certified(authority, "other.test")}.get(how)
    serve = answering(created) if tls else speak_plainly
    with serving(serve, tls=tls) as server, serving(tunnel(server.port)) as proxy:
        trusted["HTTPS_PROXY"] = f"http://127.0.0.1:{proxy.port}"
        attempt = sent(trusted)
        assert word in asked(trusted)
        assert server.posted == []
    assert attempt.verdict is Verdict.AGAIN
    assert word in (attempt.reason or "")


def test_an_encrypted_proxy_is_used(trusted: dict[str, str], authority: trustme.CA) -> None:
    """TLS to the proxy, and within it TLS to the server."""
    with (
        serving(answering(created), tls=certified(authority)) as server,
        serving(tunnel(server.port), tls=certified(authority, "localhost")) as proxy,
    ):
        trusted["https_proxy"] = f"https://localhost:{proxy.port}"
        assert sent(trusted).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("scheme", "login"), [("socks5h", None), ("socks5h", (b"me", b"p:w")), ("socks", None)], ids=str
)
def test_socks_proxies_open_tunnels(
    scheme: str, login: tuple[bytes, bytes] | None, trusted: dict[str, str], authority: trustme.CA
) -> None:
    """For a send as for a check, however small the pieces in which the proxy answers."""
    with (
        serving(answering(created), tls=certified(authority)) as server,
        serving(socks(server.port, login)) as proxy,
    ):
        user = "me:p%3Aw@" if login else ""
        trusted["ALL_PROXY"] = f"{scheme}://{user}127.0.0.1:{proxy.port}"
        assert sent(trusted).verdict is Verdict.ACCEPTED
        assert asked(trusted) == ""
    assert proxy.requests[0].endswith(f"{NAME}:443".encode())


def unreachable(server: Server, client: Client) -> None:
    client.exactly(3)
    client.say(b"\x05\x00")
    client.exactly(7 + len(NAME))
    client.say(b"\x05\x04\x00\x01\0\0\0\0\0\0")


@pytest.mark.parametrize(
    ("serve", "user", "word"),
    [
        (socks(9, (b"me", b"right")), "me:wrong@", "did not accept"),
        (lambda server, client: client.say(b"HTTP/1.1 400 Bad\r\n\r\n"), "", ""),
        (lambda server, client: client.say(b"\x04\x00garbage"), "", ""),
        (lambda server, client: client.say(b"\x05\xff"), "", "requires a login"),
        (unreachable, "", "host unreachable"),
        (lambda server, client: None, "", "closed"),
        (lambda server, client: time.sleep(2), "", "in time"),
    ],
    ids=["password", "HTTP", "SOCKS4", "login", "unreachable", "closes", "hangs"],
)
def test_a_socks_proxy_that_fails_leaves_no_doubt(
    serve: Serve, user: str, word: str, trusted: dict[str, str]
) -> None:
    """A wrong password, another protocol, a host that it cannot reach."""
    with serving(serve) as proxy:
        trusted["ALL_PROXY"] = f"socks5h://{user}127.0.0.1:{proxy.port}"
        attempt = sent(trusted, patience=0.5)
    assert attempt.verdict is Verdict.AGAIN
    assert word in (attempt.reason or "")


def test_a_port_that_nobody_listens_at_is_named(trusted: dict[str, str]) -> None:
    """Of the server as of the proxy; and a name that does not exist."""
    with serving(answering(created)) as server:
        gone = server.port
    (attempt,) = posted(local(server), text(1))
    assert "127.0.0.1 refused the connection" in (attempt.reason or "")
    proxied = sent({**trusted, "HTTPS_PROXY": f"http://127.0.0.1:{gone}"})
    assert f"the proxy 127.0.0.1:{gone} refused the connection" in (proxied.reason or "")
    assert NAME in (sent(trusted).reason or "")


ADDRESSES = [
    "https://api..twilio.com",
    f"https://api.{'x' * 64}.twilio.com",
    "https://exämple.invalid",
    "https://.twilio.com",
    "https://api.twilio.com.",
    "https://-a.twilio.com",
    f"https://{'.'.join(['a' * 50] * 6)}.com",
    "https://api.twilio.com:0",
    "http://127.0.0.1:0",
    "https://api.twilio.com:65536",
    "https://api.twilio.com:1e3",
    "https://api.twilio.com:٤٤٣",
    "https://api.twilio.com:",
    "https://[::1",
    "https://[::g]",
    "https://[fe80::1%25eth0]",
    "https://[fe80::1%eth0]",
    "https://::1",
    "https://1.2.3.4.5",
    "https://300.1.1.1",
    "https://0x7f.1",
    "https://127.1",
    "https://api.twilio.com/\t",
    "https://api.twilio.com/a b",
    " https://api.twilio.com",
    "https://api.twilio.com\n",
    "https://api.twilio.com\u00a0",
    "https://api.twilio.com/\u2028",
    "https://api.twilio.com\r\nX: y",
    "https://api.twilio.com\\@evil.test",
    "https://user:pass@api.twilio.com",
    "https://api.twilio.com?",
    "https://api.twilio.com#",
    "https://api.twilio.com/%zz",
    "https://tok/en@api.twilio.com",
    "https:/api.twilio.com",
    "//api.twilio.com",
    "ftp://api.twilio.com",
    "https://",
    "https:///x",
    "",
    " ",
]


@pytest.mark.parametrize("base", ADDRESSES)
def test_an_address_that_cannot_be_connected_to_is_refused(base: str) -> None:
    """In a sentence, and whatever is wrong with it."""
    assert "must be an address" in (check_api_base(base) or "")


def test_a_name_beyond_ascii_comes_with_what_to_write() -> None:
    """DNS knows its other form."""
    assert "write xn--exmple-cua.invalid" in (check_api_base("https://exämple.invalid") or "")


VARIABLES = [
    ("ALL_PROXY", "ftp://x"),
    ("ALL_PROXY", "socks4://127.0.0.1:1080"),
    ("HTTPS_PROXY", "http://host:abc"),
    ("HTTPS_PROXY", "http://host:0"),
    ("https_proxy", "http://host:99999"),
    ("HTTPS_PROXY", "http://[::1"),
    ("HTTPS_PROXY", "http://"),
    ("HTTPS_PROXY", "http://ho st:1"),
    ("HTTPS_PROXY", "http://ho\nst:1"),
    ("HTTPS_PROXY", "http://a..b:1"),
    ("HTTPS_PROXY", f"http://me:{PASSWORD}@host:1"),
    ("HTTPS_PROXY", f"http://me:p#{PASSWORD}@host:1"),
    ("ALL_PROXY", f"socks5://me:{'x' * 256}@host:1"),
    ("SSL_CERT_FILE", "/nope.pem"),
    ("SSL_CERT_FILE", __file__),
    ("SSL_CERT_FILE", "a\0b"),
    ("REQUESTS_CA_BUNDLE", "/nope.pem"),
    ("CURL_CA_BUNDLE", "/nope.pem"),
    ("SSL_CERT_DIR", "/nope"),
]


@pytest.mark.parametrize(("name", "value"), VARIABLES)
def test_a_variable_that_cannot_be_used_is_named(name: str, value: str) -> None:
    """And what it holds is not shown: it may be a password."""
    with pytest.raises(UsageError) as caught:
        route_to(BASE, {name: value})
    (problem,) = caught.value.problems
    assert name in problem.message
    assert problem.hint
    assert "word" not in problem.message.replace("password", "")


@pytest.mark.parametrize(
    "exempt", ["[::1]", "::1", "[::1]:443", "*.other.test", "10.0.0.0/8", ",", "http://x", "a:b:c", "[", "[]"]
)
def test_whatever_no_proxy_holds_is_no_fault(exempt: str) -> None:
    """Other tools share it; what does not name the server leaves the proxy in place."""
    variables = {"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": exempt}
    assert route_to(BASE, variables).proxy


@pytest.mark.parametrize(
    ("base", "exempt"),
    [
        (BASE, "*"),
        (BASE, NAME),
        (BASE, NAME.upper()),
        (BASE, "twilio.test"),
        (BASE, ".twilio.test"),
        (BASE, "*.twilio.test"),
        (BASE, f"x, {NAME}:443"),
        ("https://10.1.2.3", "10.0.0.0/8"),
        ("https://10.1.2.3", "10.9.9.9/8"),
        ("https://[2001:db8::1]", "[2001:db8:0::1]"),
        ("https://[2001:db8::1]", "2001:db8::/32"),
        ("https://localhost", ""),
        ("https://127.0.0.2", ""),
    ],
)
def test_no_proxy_exempts_a_server(base: str, exempt: str) -> None:
    """By its name, a domain above it, its port or its network; and this machine is always exempt."""
    assert route_to(base, {"HTTPS_PROXY": "http://proxy.test:3128", "no_proxy": exempt}).proxy is None


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({"https_proxy": "http://a", "HTTPS_PROXY": "http://b"}, "a"),
        ({"https_proxy": "", "HTTPS_PROXY": "http://b"}, None),
        ({"https_proxy": "", "HTTPS_PROXY": "http://b", "all_proxy": "http://c"}, "c"),
        ({"HTTP_PROXY": "http://b"}, None),
        ({"HTTPS_PROXY": "  ", "ALL_PROXY": " c:3128 "}, "c"),
        ({"HTTPS_PROXY": "http://b", "no_proxy": "", "NO_PROXY": "*"}, "b"),
    ],
)
def test_the_usual_variables_name_the_proxy(variables: dict[str, str], host: str | None) -> None:
    """The lower-case one counts where it is set, be it to nothing; the special one before the general one."""
    proxy = route_to(BASE, variables).proxy
    assert (proxy.address.host if proxy else None) == host


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_the_surroundings_is_trusted(
    name: str, trusted: dict[str, str], authority: trustme.CA
) -> None:
    """Whichever of the usual variables names it; an empty one counts for nothing."""
    variables = {"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": "", name: trusted["SSL_CERT_FILE"]}
    with (
        serving(answering(created), tls=certified(authority)) as server,
        serving(tunnel(server.port)) as proxy,
    ):
        variables["ALL_PROXY"] = f"http://127.0.0.1:{proxy.port}"
        assert sent(variables).verdict is Verdict.ACCEPTED
