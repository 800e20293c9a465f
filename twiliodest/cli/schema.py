"""The command `schema`."""

from __future__ import annotations

import json
import sys

from twiliodest.cli.command import declare


@declare("schema")
def command() -> None:
    """$ twiliodest schema > twiliodest.schema.json

    Print the JSON Schema of the configuration, by which editors complete and check it.
    """
    from twiliodest.config.keys import schema

    sys.stdout.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
