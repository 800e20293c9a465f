"""The commands: parse, wire, run, exit. The only place that knows Typer and the environment."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from twiliodest import __version__
from twiliodest.cli.environment import Environment, mend_surroundings
from twiliodest.cli.signals import ignore_signals, interrupts
from twiliodest.errors import ExitStatus, LedgerError, OutputError, Problem, UsageError
from twiliodest.screens.controls import one_line
from twiliodest.screens.streams import flush_output, mend_streams, mute

if TYPE_CHECKING:
    from twiliodest.config.settings import Config

EXITS = (
    "Exit status: 0 everything sent, already sent or suppressed · 1 finished, but something is invalid, rejected, "
    "failed or held, or you answered no · 2 usage or configuration error, nothing sent · 3 an unknown remains · "
    "4 Twilio refused the account or the sender · 130 interrupted."
)
CHECK_EXITS = (
    "Exit status: 0 fine, warnings or not · 1 some events would not be sent, or Twilio cannot be reached · 2 usage "
    "or configuration error, or no credentials for --online · 4 Twilio refuses the account or a sender · "
    "130 interrupted."
)
app = typer.Typer(
    name="twiliodest",
    help="$ twiliodest send events.jsonl --dry-run\n\nTurn customer events into text messages.\n\n" + EXITS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
ledger_app = typer.Typer(
    name="ledger",
    help="$ twiliodest ledger list --status unknown\n\nWhat was sent; settle what is unknown; forget old rows.",
    short_help="What was sent: list, resolve, prune.",
    no_args_is_help=True,
)
app.add_typer(ledger_app)


class Output(StrEnum):
    """What standard output carries."""

    TABLE = "table"
    JSONL = "jsonl"


class Document(StrEnum):
    """What standard output carries where the result is a whole."""

    TABLE = "table"
    JSON = "json"


class Retry(StrEnum):
    """What may be tried once more."""

    REJECTED = "rejected"
    UNKNOWN = "unknown"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="A table, or one JSON object a line.")]
ApiBaseOption = Annotated[str | None, typer.Option("--api-base", help="Another server than Twilio's.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Configuration (default: $TWILIODEST_CONFIG, else ./twiliodest.yaml)."
    ),
]
LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", help="Ledger file (default: one per account and server, in your state folder)."),
]


def _print_version(asked: bool) -> None:
    if asked:
        print(f"twiliodest {__version__}")  # noqa: T201 -- one line, without loading anything that draws
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    del version


@app.command(epilog=EXITS, short_help="Render and send, or show with --dry-run.")
def send(
    events: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders (their .json, .jsonl, .ndjson, also .gz), or - for standard input."
        ),
    ] = None,
    config: ConfigOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what would be sent; send nothing.")
    ] = False,
    output: OutputOption = Output.TABLE,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Send without showing the plan and asking.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also show the configuration's warnings.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Stop after this many messages.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Rows of the table; 0 shows all.")] = 50,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", help="Write the original lines of what did not go out to this file."),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first thing that goes wrong.")
    ] = False,
    ledger: LedgerOption = None,
    retry: Annotated[
        list[Retry] | None,
        typer.Option(
            "--retry",
            help="Try again: rejected, or unknown (may text people twice).",
        ),
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.001, help="Messages a second, at most.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, max=500, help="Requests at once (default: 10).")
    ] = None,
    api_base: ApiBaseOption = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Send to a sandbox of this run's own; no account is needed.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="With --sandbox: end at once, with the run.")
    ] = False,
) -> None:
    """$ twiliodest send events.jsonl --dry-run

    Render the messages of every action whose trigger matches, and send them or show them.
    """
    from twiliodest.cli.run import SendOptions
    from twiliodest.cli.send import send_events

    environment = Environment.current()
    options = SendOptions(
        events=tuple(events or _piped(environment)),
        dry_run=dry_run,
        jsonl=output is Output.JSONL,
        ask=not yes,
        quiet=quiet,
        limit=limit,
        rows=rows,
        rejects=rejects,
        fail_fast=fail_fast,
        ledger=ledger,
        retry=frozenset(choice.value for choice in retry or ()),
        rate=rate,
        concurrency=concurrency,
        api_base=api_base,
        sandbox=sandbox,
        wait=not no_wait,
    )
    with _people():
        loaded = _load(config, environment, warnings=verbose)
        with interrupts():
            raise typer.Exit(send_events(loaded, options, environment))


@app.command(epilog=CHECK_EXITS, short_help="Check the configuration, events and the account.")
def check(
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="More events, so that --events *.jsonl works."),
    ] = None,
    config: ConfigOption = None,
    events: Annotated[
        list[str] | None,
        typer.Option("--events", help="Say what these events would come to: files, folders, or -."),
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Ask Twilio about the account and the senders; send nothing.")
    ] = False,
    output: Annotated[
        Document, typer.Option("--output", "-o", help="Tables, or one JSON document.")
    ] = Document.TABLE,
    api_base: ApiBaseOption = None,
) -> None:
    """$ twiliodest check --events events.jsonl --online

    Check the configuration: every problem at once, and what each action would do, also with real events.
    """
    from twiliodest.screens import screen

    if more and not events:
        hint = "events follow --events, a configuration follows --config"
        raise typer.BadParameter(f"what is {one_line(more[0])}? {hint}")
    environment = Environment.current()
    json = output is Document.JSON
    with _people():
        loaded = _load(config, environment, warnings=False)
        if not (events or online or json):
            screen.print_valid(loaded, loaded.warnings, actions=True)
            return
        from twiliodest.cli.check import check_further

        inputs = (*(events or ()), *(more or ()))
        with interrupts():
            status = check_further(
                loaded, environment, events=inputs, online=online, api_base=api_base, json=json
            )
        raise typer.Exit(status)


@app.command(short_help="Write a commented configuration to start from.")
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("twiliodest.yaml"),
) -> None:
    """$ twiliodest init

    Write a commented configuration to start from. An existing file is never overwritten.
    """
    from importlib.resources import files

    from twiliodest.screens import screen

    starter = files("twiliodest.config").joinpath("starter.yaml").read_bytes()
    with _people():
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(starter)
        except FileExistsError:
            raise UsageError([Problem(message=f"{path} is there already, and stays as it is")]) from None
        except OSError as error:
            raise UsageError([Problem(message=f"cannot write {path}: {error.strerror}")]) from None
        screen.print_line(f"wrote {path}; next: edit it, then twiliodest check -c {path}")


@app.command("sandbox", short_help="Serve a local stand-in for Twilio, with an inbox page.")
def sandbox_(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8025,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Let in only the account of this configuration.")
    ] = None,
    chaos: Annotated[
        list[str] | None, typer.Option("--chaos", help="Make it fail: too_many=0.1, server_error=0.05, …")
    ] = None,
    keep: Annotated[
        int, typer.Option("--keep", min=1, help="How many messages to keep, the newest.")
    ] = 10_000,
) -> None:
    """$ twiliodest sandbox --port 8025

    Serve a local stand-in for Twilio's Messages API, with an inbox page that shows the texts.
    """
    from twiliodest.cli.sandbox import serve_sandbox

    with _people():
        loaded = _load(config, Environment.current(), warnings=False) if config else None
        with interrupts():
            raise typer.Exit(serve_sandbox(host, port, loaded, chaos or (), keep))


@ledger_app.command("list", short_help="Show what the ledger knows.")
def ledger_list(
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    status: Annotated[list[str] | None, typer.Option("--status", help="Only these: sent, unknown, …")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Only this recipient.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this action.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Not older: 2026-11-23, or 3d.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rows, the latest first; 0 shows all.")] = 50,
    api_base: ApiBaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """$ twiliodest ledger list --status unknown

    Show what the ledger knows, the latest first.
    """
    from twiliodest.cli.ledger import list_rows

    environment = Environment.current()
    with _people():
        path = _ledger_path(ledger, config, api_base, environment)
        list_rows(
            path,
            status or (),
            to,
            action,
            since,
            limit,
            jsonl=output is Output.JSONL,
            now=environment.clock(),
            region=lambda: _region(config, environment),
        )


@ledger_app.command("resolve", short_help="Look up at Twilio what is unknown.")
def ledger_resolve(
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    api_base: ApiBaseOption = None,
) -> None:
    """$ twiliodest ledger resolve

    Look up at Twilio what is unknown; what it shows as accepted becomes sent.
    """
    from twiliodest.cli.ledger import resolve_unknowns

    environment = Environment.current()
    with _people():
        loaded = _load(config, environment, warnings=False)
        path = ledger or loaded.ledger or _default_ledger(loaded, api_base, environment)
        with interrupts():
            raise typer.Exit(resolve_unknowns(loaded, path, api_base, environment.variables))


@ledger_app.command("prune", short_help="Forget old rows.")
def ledger_prune(
    older_than: Annotated[str, typer.Option("--older-than", help="An age, like 90d or 12h.")],
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    api_base: ApiBaseOption = None,
) -> None:
    """$ twiliodest ledger prune --older-than 365d

    Forget old rows. An event that is forgotten and sent again texts people again; unknown rows are kept.
    """
    from twiliodest.cli.ledger import prune_rows

    environment = Environment.current()
    with _people():
        prune_rows(_ledger_path(ledger, config, api_base, environment), older_than, environment.clock())


def main() -> None:
    """The console script, once it is loaded."""
    mend_surroundings()
    mend_streams()
    try:
        app()
    except OSError as error:  # where Click itself cannot write its help or a complaint
        mute()
        raise SystemExit(ExitStatus.OK if error.errno == errno.EPIPE else ExitStatus.INCOMPLETE) from None
    finally:
        _end_output()
        ignore_signals()


def _load(path: Path | None, environment: Environment, *, warnings: bool) -> Config:
    from twiliodest.config.settings import load
    from twiliodest.screens import screen

    config = load(path or environment.config_path, environment.variables)
    if warnings:
        screen.print_problems(config.warnings)
    return config


def _piped(environment: Environment) -> list[str]:
    if not environment.stdin_is_terminal:
        return ["-"]
    raise typer.BadParameter("name files or folders, or pipe events in: cat events.jsonl | twiliodest send")


def _ledger_path(
    given: Path | None, config: Path | None, api_base: str | None, environment: Environment
) -> Path:
    if given:
        return given
    loaded = _load(config, environment, warnings=False)
    return loaded.ledger or _default_ledger(loaded, api_base, environment)


def _default_ledger(config: Config, api_base: str | None, environment: Environment) -> Path:
    """The ledger of the server that is named; where none is, and nothing went there yet, the only other one."""
    from twiliodest.config.settings import api_base_problems
    from twiliodest.ledger.servers import server_of
    from twiliodest.screens import screen

    if problems := api_base_problems(api_base):
        raise UsageError(problems)
    server = server_of(api_base or config.api_base)
    path = environment.ledger_path(config.account, server)
    if api_base or path.exists() or not config.account:
        return path
    others = environment.other_ledgers(config.account)
    if len(others) == 1:
        screen.print_line(f"there is no ledger for {server} yet; this is {others[0]}")
    return others[0] if len(others) == 1 else path


def _region(config: Path | None, environment: Environment) -> str | None:
    """The country of national numbers, where there is a configuration."""
    if config is None and not environment.config_path.exists():
        return None
    return _load(config, environment, warnings=False).default_region


@contextlib.contextmanager
def _people() -> Iterator[None]:
    """Whatever a user can cause ends in words, not in a traceback."""
    from twiliodest.screens import screen

    try:
        yield
        flush_output()
    except typer.Exit as left:
        _leave_with_output(ExitStatus(left.exit_code))
    except UsageError as error:
        screen.print_problems(error.problems)
        _leave(ExitStatus.USAGE)
    except LedgerError as error:
        screen.print_problems([Problem(message=str(error))])
        _leave(ExitStatus.USAGE)
    except OutputError as error:
        _leave(_told(error))
    except OSError as error:
        screen.print_problems([_problem(error)])
        _leave(ExitStatus.INCOMPLETE)
    except KeyboardInterrupt:
        _leave(ExitStatus.INTERRUPTED)


def _leave_with_output(status: ExitStatus) -> NoReturn:
    """A fault of the output shows in the exit status only if nothing else does."""
    try:
        flush_output()
    except OutputError as error:
        status = status or _told(error)
    _leave(status)


def _told(error: OutputError) -> ExitStatus:
    from twiliodest.screens import screen

    mute()
    if error.errno == errno.EPIPE:
        return ExitStatus.OK
    screen.print_problems([Problem(message=f"the output cannot be written: {error.strerror}")])
    return ExitStatus.INCOMPLETE


def _problem(error: OSError) -> Problem:
    """What the system refuses, in words."""
    what = f"{error.filename}: " if error.filename else ""
    hint = None
    if error.errno in (errno.EMFILE, errno.ENFILE):
        hint = "allow more with ulimit -n, or lower --concurrency"
    return Problem(message=f"{what}{error.strerror or error}", hint=hint)


def _end_output() -> None:
    """Write what is left, so that the interpreter has nothing to stumble over."""
    try:
        flush_output()
    except OutputError:
        mute()


def _leave(status: ExitStatus) -> NoReturn:
    raise typer.Exit(status) from None
