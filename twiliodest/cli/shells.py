"""How shells are answered that ask how a line may go on: where Click's answer is not enough."""

from __future__ import annotations

import re
from typing import Any

from click.shell_completion import BashComplete, CompletionItem, add_completion_class


class Bash(BashComplete):
    """Bash puts an answer into the line as it is: a name with spaces would be several words."""

    def format_completion(self, item: CompletionItem[Any]) -> str:
        escaped = re.sub(r"""([\s!"#$&'()*;<>?[\\\]^`{|}~])""", r"\\\1", item.value)
        return (
            f"{item.type},{escaped.replace(chr(92), 2 * chr(92))}"  # the shell's `read` takes one of the two
        )


add_completion_class(Bash)
