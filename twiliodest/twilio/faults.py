"""What went wrong on the network, in our own words: texts of protocol errors quote bytes, which may be a token's."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl


class NeverLeft(Exception):  # noqa: N818 -- says what is certain
    """Nothing of a request has reached the server. Its text says why, and what to do."""


class NoAnswer(Exception):  # noqa: N818 -- says what is missing
    """A request may have arrived, and nothing that can be read has come back. Its text says what was seen."""


class LookUpError(Exception):
    """What Twilio has could not be read; nothing is known. Its text says why."""


def why_not_connected(error: Exception, peer: str) -> str:
    """Why there is no connection to `peer`, and what to do about it."""
    match error:
        case ssl.SSLCertVerificationError():
            advice = "name the authority that signed it in SSL_CERT_FILE, if you trust it"
            return f"the certificate of {peer} is not trusted ({error.verify_message}); {advice}"
        case ssl.SSLError():
            reason = (error.reason or "no reason given").lower().replace("_", " ")
            return f"{peer} does not speak proper TLS ({reason})"
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return f"the name of {peer} cannot be looked up just now; check DNS"
        case socket.gaierror():
            return f"the name of {peer} is not known; check its spelling, and DNS"
        case TimeoutError():
            return f"connecting took too long: {peer} does not answer"
        case ConnectionResetError() | BrokenPipeError():
            return f"{peer} closed the connection"
        case OSError():
            number = _errno(error)
            return _WORDS.get(number, f"connecting to {peer} failed ({os.strerror(number)})").format(peer)
    return f"connecting to {peer} failed ({type(error).__name__})"


_WORDS = {
    errno.ECONNREFUSED: "{} refused the connection; check the address and whether it is running",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n), or lower concurrency",
    errno.ENFILE: "too many files are open on this machine",
    errno.EHOSTUNREACH: "there is no route to {}; check the network",
    errno.ENETUNREACH: "there is no route to {}; check the network",
    errno.ECONNRESET: "{} closed the connection",
    errno.ETIMEDOUT: "connecting took too long: {} does not answer",
}


def _errno(error: OSError) -> int:
    """Of several addresses that failed in different ways, asyncio gives only the texts."""
    found = re.search(r"\[Errno ([0-9]{1,4})\]", str(error))
    return error.errno or (int(found[1]) if found else 0)
