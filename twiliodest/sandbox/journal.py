"""What a person who watches the sandbox reads of each request: one line."""

from __future__ import annotations

import contextlib
import time

import msgspec

from twiliodest.sandbox.chaos import Answer
from twiliodest.sandbox.store import Request


def line_of(request: Request, answer: Answer) -> str:
    """A request and its answer for a log: time, method, whom it texts or what it asks for, and the status."""
    at = time.strftime("%H:%M:%S", time.localtime(request.at))
    form = dict(request.form)
    what = f"to {form['To']}" if "To" in form else request.path
    ends = f" ({answer.then})" if answer.then != "answer" else ""
    status, code = answer.status or 201, answer.code
    if not code and status >= 400 and answer.body:
        with contextlib.suppress(ValueError):
            code = msgspec.json.decode(answer.body, type=_Code).code
    return f"{at}  {request.method}  {what}  {status}{f' {code}' if code else ''}{ends}"


class _Code(msgspec.Struct):
    code: int | None = None
