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
from twiliodest.cli.sandbox_options import chaos_of, failures, templates_of, undelivered_of
from twiliodest.cli.signals import interrupts, until_interrupted
from twiliodest.cli.values import FILE, Number
from twiliodest.errors import ExitStatus, Problem

if TYPE_CHECKING:
    from twiliodest.config.settings import Config
    from twiliodest.model import Account
    from twiliodest.sandbox import Sandbox, Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@declare("sandbox")
@option(
    "--port",
    under="Sandbox",
    type=Number(0, 65535),
    default=8025,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@option(
    "--host",
    under="Sandbox",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on.",
)
@option(
    *("--config", "-c"),
    under="Input",
    metavar="FILE",
    type=FILE,
    help="Accept only the account of this configuration.",
)
@option(
    "--chaos",
    under="Sandbox",
    metavar="NAME=N",
    multiple=True,
    shell_complete=lambda context, parameter, begun: [it for it in failures() if it.startswith(begun)],
    help="Make it fail: too_many=0.1, server_error=0.05, …",
)
@option(
    "--keep",
    under="Sandbox",
    type=Number(1),
    default=10_000,
    show_default=True,
    help="How many messages to keep; the oldest go first.",
)
@option(
    "--pace",
    under="Sandbox",
    metavar="SECONDS",
    type=Number(0.0, 86_400.0),
    default=3.0,
    show_default=True,
    help="How long a text takes from the queue to the phone.",
)
@option(
    "--undelivered",
    under="Sandbox",
    metavar="NUMBER=CODE",
    multiple=True,
    help="Texts to this number end undelivered, with Twilio's code: +15557654321=30003",
)
@option(
    "--templates",
    under="Sandbox",
    metavar="FILE",
    type=FILE,
    help="The content templates that exist (YAML or JSON); default: all do.",
)
@option("--open", "opens", under="Output", is_flag=True, help="Open the inbox in a browser.")
@option("--quiet", "-q", under="Output", is_flag=True, help="Do not log requests.")
def command(
    *,
    port: int,
    host: str,
    config: Path | None,
    chaos: Sequence[str],
    keep: int,
    pace: float,
    undelivered: Sequence[str],
    templates: Path | None,
    opens: bool,
    quiet: bool,
) -> ExitStatus:
    """$ twiliodest sandbox --port 8025
    $ twiliodest sandbox --undelivered +15557654321=30003

    Serve a local stand-in for Twilio's Messages API, with an inbox page that shows the texts.
    """
    _require_extra()
    from twiliodest.sandbox import Settings

    loaded = load(config, Environment.current()) if config else None
    settings = Settings(
        keep=keep,
        account=loaded.account if loaded else None,
        token=loaded.token.reveal() if loaded and loaded.token else None,
        api_key=loaded.api_key if loaded else None,
        chaos=chaos_of(chaos),
        pace=pace,
        undelivered=undelivered_of(undelivered),
        templates=templates_of(templates),
        heard=None if quiet else _log,
    )
    with interrupts():
        return _serve(host, port, settings, opens=opens)


def _serve(host: str, port: int, settings: Settings, *, opens: bool) -> ExitStatus:
    """Until Ctrl-C or SIGTERM. Raises `UsageError`."""
    from twiliodest.sandbox import serve
    from twiliodest.screens import screen

    if host not in LOOPBACK:
        message = f"{host} is open to other machines: anyone who can reach it can read every text"
        screen.print_problems([Problem(message=message, warning=True)])

    def announce(url: str) -> None:
        _announce(url)
        if opens:
            _open(url)

    try:
        with until_interrupted():
            serve(settings, host, port, announce)
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


def _open(url: str) -> None:
    """Show a page in the browser, if there is one; whatever that does, nobody waits for it."""
    import threading
    import webbrowser

    def show() -> None:
        with contextlib.suppress(OSError, webbrowser.Error):
            webbrowser.open(url)

    threading.Thread(target=show, daemon=True).start()


def _require_extra() -> None:
    if not all(map(importlib.util.find_spec, ("starlette", "uvicorn"))):
        hint = 'pip install "twiliodest[sandbox]"'
        raise mistake("the sandbox is not installed", hint)
