"""The command `sandbox`, and where `send --sandbox` sends to."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twiliodest.cli.command import declare, mistake, option
from twiliodest.cli.environment import Environment
from twiliodest.cli.options import load
from twiliodest.cli.signals import interrupts, until_interrupted
from twiliodest.cli.values import FILE, Number
from twiliodest.errors import ExitStatus, Problem

if TYPE_CHECKING:
    from twiliodest.config.settings import Config
    from twiliodest.model import Account
    from twiliodest.sandbox import Chaos, Sandbox

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECONDS = ("delay", "retry_after")  # of the numbers of --chaos, which else are probabilities


@declare("sandbox")
@option(
    "--port",
    type=Number(0, 65535),
    default=8025,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to listen on.")
@option(
    *("--config", "-c"),
    metavar="FILE",
    type=FILE,
    help="Accept only the account of this configuration.",
)
@option(
    "--chaos",
    metavar="NAME=N",
    multiple=True,
    shell_complete=lambda context, parameter, begun: [it for it in _failures() if it.startswith(begun)],
    help="Make it fail: too_many=0.1, server_error=0.05, …",
)
@option(
    "--keep",
    type=Number(1),
    default=10_000,
    show_default=True,
    help="How many messages to keep; the oldest go first.",
)
@option("--quiet", "-q", is_flag=True, help="Do not log requests.")
def command(
    *,
    port: int,
    host: str,
    config: Path | None,
    chaos: Sequence[str],
    keep: int,
    quiet: bool,
) -> ExitStatus:
    """$ twiliodest sandbox --port 8025

    Serve a local stand-in for Twilio's Messages API, with an inbox page that shows the texts.
    """
    loaded = load(config, Environment.current()) if config else None
    with interrupts():
        return serve_sandbox(host, port, loaded, chaos, keep, logs=not quiet)


def serve_sandbox(
    host: str,
    port: int,
    config: Config | None,
    chaos: Sequence[str],
    keep: int,
    *,
    logs: bool,
) -> ExitStatus:
    """Serve until Ctrl-C or SIGTERM. With a configuration only its account is let in. Raises `UsageError`."""
    _require_extra()
    from twiliodest.sandbox import Settings, serve
    from twiliodest.screens import screen

    settings = Settings(
        keep=keep,
        account=config.account if config else None,
        token=config.token.reveal() if config and config.token else None,
        api_key=config.api_key if config else None,
        chaos=_chaos(chaos),
        heard=_log if logs else None,
    )
    if host not in LOOPBACK:
        message = f"{host} is open to other machines: anyone who can reach it can read every text"
        screen.print_problems([Problem(message=message, warning=True)])
    try:
        with until_interrupted():
            serve(settings, host, port, _announce)
    except OSError as error:
        hint = "choose another one with --port"
        raise mistake(f"cannot listen on {host} port {port}: {error.strerror}", hint) from None
    return ExitStatus.OK


@contextlib.contextmanager
def embedded_sandbox(config: Config) -> Iterator[tuple[Sandbox, Account]]:
    """A sandbox for one run, and the account to send with. Raises `UsageError`."""
    _require_extra()
    from twiliodest.config.accounts import STAND_IN
    from twiliodest.model import Account, Secret
    from twiliodest.sandbox import Sandbox, Settings

    with Sandbox(Settings(keep=100_000)) as sandbox:
        sid = config.account or STAND_IN
        token = config.token or Secret("sandbox")
        yield sandbox, Account(sid=sid, user=config.api_key or sid, token=token, api_base=sandbox.url)


def keep_open(url: str) -> None:
    """Leave the inbox open until Ctrl-C."""
    from twiliodest.screens import screen

    screen.print_line(f"the inbox is open at {url} until you press Ctrl-C")
    with until_interrupted():
        while True:
            time.sleep(3600)


def _log(line: str) -> None:
    from twiliodest.screens.controls import one_line

    with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
        sys.stderr.write(f"{one_line(line)}\n")
        sys.stderr.flush()


def _announce(url: str) -> None:
    from twiliodest.screens import screen

    screen.print_line(f"inbox  {url}")
    screen.print_line(f"send   twiliodest send EVENTS --api-base {url}")


def _failures() -> Sequence[str]:
    """What may follow `--chaos`, each with a number to start from; nothing where the sandbox is not installed."""
    with contextlib.suppress(ImportError):
        from twiliodest.sandbox import Chaos

        return [
            f"{name}={1 if name in SECONDS else 0.1}" for name in Chaos.__struct_fields__ if name != "seed"
        ]
    return []


def _chaos(settings: Sequence[str]) -> Chaos:
    import msgspec

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
            raise mistake(f'"{setting}" is not a kind of chaos', hint)
    try:
        return msgspec.convert(values, Chaos)
    except (ValueError, msgspec.ValidationError) as error:
        raise mistake(f"--chaos: {error}") from None


def _require_extra() -> None:
    if not all(map(importlib.util.find_spec, ("starlette", "uvicorn"))):
        hint = 'pip install "twiliodest[sandbox]"'
        raise mistake("the sandbox is not installed", hint)
