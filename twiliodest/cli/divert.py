"""The phone that `--divert` names: read as every recipient is, and one that can be texted at all."""

from __future__ import annotations

from twiliodest.cli.command import mistake
from twiliodest.config.settings import Config
from twiliodest.messages.phones import PhoneError, recipient


def read_phone(text: str, config: Config) -> str:
    """The number in its one form. Raises `UsageError`."""
    try:
        phone = recipient(text, config.default_region)
    except PhoneError as error:
        raise mistake(f"--divert: {error.reason}") from None
    if ":" in phone:
        raise mistake("--divert: each text keeps its channel", "write only the phone's number")
    if config.suppressed and phone in config.suppressed:
        message = f"--divert: {phone} is on the list {config.suppressed.name}, and is never texted"
        raise mistake(message, "use another phone")
    if phone in {action.sender.rpartition(":")[2] for action in config.actions}:
        raise mistake(f"--divert: {phone} is the sender, which cannot text itself", "use another phone")
    return phone
