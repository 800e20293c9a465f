"""Options that several commands have, and the configuration that one of them names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
API_BASE: dict[str, Any] = {"metavar": "URL", "help": "A server to use instead of Twilio's."}
OUTPUT: dict[str, Any] = {
    "type": Word(["table", "jsonl"]),
    "default": "table",
    "show_default": True,
    "help": "A table, or one JSON object per line.",
}
config_option = option("--config", "-c", **CONFIG)
ledger_option = option("--ledger", **LEDGER)
api_base_option = option("--api-base", **API_BASE)
output_option = option("--output", "-o", **OUTPUT)


def load(path: Path | None, environment: Environment, *, warnings: bool = False) -> Config:
    """The configuration at `path`, or the usual one; its warnings are shown if asked. Raises `UsageError`."""
    from twiliodest.config import settings
    from twiliodest.screens import screen

    config = settings.load(path or environment.config_path, environment.variables)
    if warnings:
        screen.print_problems(config.warnings)
    return config
