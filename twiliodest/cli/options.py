"""Options that several commands have, and the configuration that one of them names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twiliodest.addresses import PrivateAddress
from twiliodest.cli.command import option
from twiliodest.cli.values import FILE, Word

if TYPE_CHECKING:
    from twiliodest.cli.environment import Environment
    from twiliodest.config.settings import Config

CONFIG: dict[str, Any] = {
    "metavar": "FILE",
    "type": FILE,
    "help": "Configuration (default: $TWILIODEST_CONFIG, else ./twiliodest.yaml).",
}
LEDGER: dict[str, Any] = {
    "metavar": "FILE",
    "type": FILE,
    "help": "Ledger file (default: one per account and server, in your state folder).",
}


class _Server(click.ParamType[str]):
    """The address of a server; with --insecure-api-base, one that may be http:// on a private network."""

    name = "URL"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return PrivateAddress(value) if ctx and ctx.meta.get(INSECURE) else value


def _allow(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[INSECURE] = value


INSECURE = "--insecure-api-base"
API_BASE: dict[str, Any] = {
    "metavar": "URL",
    "type": _Server(),
    "help": "A server to use instead of Twilio's.",
}
PLAIN: dict[str, Any] = {
    "is_flag": True,
    "is_eager": True,  # before the address is read
    "expose_value": False,
    "callback": _allow,
    "help": "Let --api-base be http:// to a name on a private network.",
}
OUTPUT: dict[str, Any] = {
    "type": Word(["table", "jsonl"]),
    "default": "table",
    "show_default": True,
    "help": "A table, or one JSON object per line.",
}
config_option = option("--config", "-c", under="Input", **CONFIG)
ledger_option = option("--ledger", under="Input", **LEDGER)
insecure_option = option(INSECURE, under="Delivery", **PLAIN)


def api_base_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--api-base`, and what goes with it."""
    return option("--api-base", under="Delivery", **API_BASE)(insecure_option(function))


output_option = option("--output", "-o", under="Output", **OUTPUT)


def load(path: Path | None, environment: Environment, *, warnings: bool = False) -> Config:
    """The configuration at `path`, or the usual one; its warnings are shown if asked. Raises `UsageError`."""
    from twiliodest.config import settings
    from twiliodest.screens import screen

    config = settings.load(path or environment.config_path, environment.variables)
    if warnings:
        screen.print_problems(config.warnings)
    return config


def load_to_send(
    path: Path | None, environment: Environment, api_base: str | None, *, warnings: bool = False
) -> Config:
    """The same for a server, set or named by `api_base`: one on this machine needs neither account nor token."""
    from twiliodest.config import accounts

    return accounts.with_stand_ins(load(path, environment, warnings=warnings), api_base)
