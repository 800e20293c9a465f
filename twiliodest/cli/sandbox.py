"""What the `sandbox` command does, and where `send --sandbox` sends to."""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from twiliodest.cli.signals import interrupts
from twiliodest.config.settings import Config
from twiliodest.errors import ExitStatus, Problem, UsageError
from twiliodest.model import Account, Secret
from twiliodest.screens import screen

if TYPE_CHECKING:
    from twiliodest.sandbox import Chaos, Sandbox

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ACCOUNT = "AC" + "0" * 32  # stands in where none is configured


def serve_sandbox(host: str, port: int, config: Config | None, chaos: Sequence[str], keep: int) -> ExitStatus:
    """Serve until Ctrl-C or SIGTERM. With a configuration only its account is let in. Raises `UsageError`."""
    _require_extra()
    from twiliodest.sandbox import Settings, serve

    settings = Settings(
        keep=keep,
        account=config.account if config else None,
        token=config.token.reveal() if config and config.token else None,
        api_key=config.api_key if config else None,
        chaos=_chaos(chaos),
    )
    if host not in LOOPBACK:
        message = f"{host} is open to other machines: whoever reaches it can read every text"
        screen.print_problems([Problem(message=message, warning=True)])
    try:
        with contextlib.suppress(KeyboardInterrupt), interrupts():
            serve(settings, host, port, _announce)
    except OSError as error:
        hint = "name another one with --port"
        raise UsageError(
            [Problem(message=f"cannot listen on {host} port {port}: {error.strerror}", hint=hint)]
        ) from None
    return ExitStatus.OK


@contextlib.contextmanager
def embedded_sandbox(config: Config) -> Iterator[tuple[Sandbox, Account]]:
    """A sandbox for one run, and the account to send with. Raises `UsageError`."""
    _require_extra()
    from twiliodest.sandbox import Sandbox, Settings

    with Sandbox(Settings(keep=100_000)) as sandbox:
        sid = config.account or ACCOUNT
        token = config.token or Secret("sandbox")
        yield sandbox, Account(sid=sid, user=config.api_key or sid, token=token, api_base=sandbox.url)


def keep_open(url: str) -> None:
    """Leave the inbox open until Ctrl-C."""
    screen.print_line(f"the inbox is open at {url} until you press Ctrl-C")
    with contextlib.suppress(KeyboardInterrupt), interrupts():
        while True:
            time.sleep(3600)


def _announce(url: str) -> None:
    screen.print_line(f"inbox  {url}")
    screen.print_line(f"send   twiliodest send EVENTS --api-base {url}")


def _chaos(settings: Sequence[str]) -> Chaos:
    from twiliodest.sandbox import Chaos

    names = [name for name in Chaos.__struct_fields__ if name != "seed"]
    values = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            name = ""
        if name not in names:
            hint = f"write --chaos NAME=NUMBER; the names are {', '.join(names)}"
            raise UsageError([Problem(message=f'"{setting}" is no chaos', hint=hint)])
    try:
        return msgspec.convert(values, Chaos)
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError([Problem(message=f"--chaos: {error}")]) from None


def _require_extra() -> None:
    if not all(map(importlib.util.find_spec, ("starlette", "uvicorn"))):
        hint = 'pip install "twiliodest[sandbox]"'
        raise UsageError([Problem(message="the sandbox is not installed", hint=hint)])
