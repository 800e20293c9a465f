"""Why there is no connection is said in words that tell what to look at."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from twiliodest.twilio.faults import why_not_connected

PEER = "api.twilio.test:443"


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] whatever")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (tls("WRONG_VERSION_NUMBER"), f"{PEER} does not speak proper TLS (wrong version number)"),
        (tls(""), f"{PEER} does not speak proper TLS (no reason given)"),
        (
            socket.gaierror(socket.EAI_AGAIN, "x"),
            f"the name of {PEER} cannot be looked up just now; check DNS",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "x"),
            f"the name of {PEER} is not known; check its spelling, and DNS",
        ),
        (TimeoutError(), f"connecting took too long: {PEER} does not answer"),
        (ConnectionResetError(), f"{PEER} closed the connection"),
        (BrokenPipeError(), f"{PEER} closed the connection"),
        (
            OSError(errno.ECONNREFUSED, "x"),
            f"{PEER} refused the connection; check the address and whether it is running",
        ),
        (
            OSError("Multiple exceptions: [Errno 111] a, [Errno 111] b"),
            f"{PEER} refused the connection; check the address and whether it is running",
        ),
        (
            OSError(errno.EMFILE, "x"),
            "too many files are open; raise the limit (ulimit -n), or lower concurrency",
        ),
        (OSError(errno.ENFILE, "x"), "too many files are open on this machine"),
        (OSError(errno.EHOSTUNREACH, "x"), f"there is no route to {PEER}; check the network"),
        (OSError(errno.ENETUNREACH, "x"), f"there is no route to {PEER}; check the network"),
        (OSError(errno.EACCES, "x"), f"connecting to {PEER} failed (Permission denied)"),
        (ValueError("secret"), f"connecting to {PEER} failed (ValueError)"),
    ],
)
def test_each_fault_of_a_connection_is_told_in_words(error: Exception, said: str) -> None:
    """With what to do where there is something; what a library says of itself is not shown."""
    assert why_not_connected(error, PEER) == said
