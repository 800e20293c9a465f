"""What the options of `sandbox` mean: failures, recipients whom nothing reaches, content templates."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twiliodest.cli.command import mistake

if TYPE_CHECKING:
    from twiliodest.sandbox import Chaos, Template

SECONDS = ("delay", "retry_after")  # of the numbers of --chaos, which else are probabilities
_CODE = re.compile(r"[0-9]{5}")


def failures() -> Sequence[str]:
    """What may follow `--chaos`, each with a number to start from; nothing where the sandbox is not installed."""
    with contextlib.suppress(ImportError):
        from twiliodest.sandbox import Chaos

        return [
            f"{name}={1 if name in SECONDS else 0.1}" for name in Chaos.__struct_fields__ if name != "seed"
        ]
    return []


def chaos_of(settings: Sequence[str]) -> Chaos:
    """Raises `UsageError`."""
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


def undelivered_of(rules: Sequence[str]) -> Mapping[str, int]:
    """The code that texts to a recipient end with: `NUMBER=CODE`. Raises `UsageError`."""
    from twiliodest.messages.phones import PhoneError, recipient

    found = {}
    for rule in rules:
        number, _, code = rule.rpartition("=")
        try:
            found[recipient(number, None)] = int(code) if _CODE.fullmatch(code) else 0
        except PhoneError as error:
            raise mistake(f"--undelivered: {error}", "write NUMBER=CODE: +15557654321=30003") from None
        if not all(found.values()):
            hint = "write NUMBER=CODE: +15557654321=30003; the codes are Twilio's, of five digits"
            raise mistake(f'--undelivered: "{rule}" has no error code', hint)
    return found


def templates_of(file: Path | None) -> Mapping[str, Template] | None:
    """The content templates of a YAML or JSON file, by SID; None without a file. Raises `UsageError`."""
    if file is None:
        return None
    import msgspec

    from twiliodest.sandbox import Template
    from twiliodest.sandbox.contents import SID

    try:
        found = msgspec.yaml.decode(file.read_bytes(), type=dict[str, Template])
    except OSError as error:
        raise mistake(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).replace('in "<byte string>", ', "").split())
        hint = "a template is written so:\nHX…:\n  body: Hi {{1}}\n  variables: {1: there}"
        raise mistake(f"{file}: {reason}", hint) from None
    if wrong := next((sid for sid in found if not SID.fullmatch(sid)), None):
        hint = 'it is "HX" and 32 digits or letters from a to f'
        raise mistake(f'{file}: "{wrong}" is not the SID of a content template', hint)
    return found
