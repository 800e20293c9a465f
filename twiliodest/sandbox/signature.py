"""How Twilio signs a request to somebody else's server."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def signature(url: str, form: Mapping[str, str], token: str) -> str:
    """The value of `X-Twilio-Signature`: the URL as it is asked for, then each field with its value, by name."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(form.items()))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
