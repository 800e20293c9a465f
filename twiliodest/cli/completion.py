"""The command `completion`."""

from __future__ import annotations

import click

from twiliodest.cli.command import VARIABLE, argument, declare
from twiliodest.cli.values import Word

SHELLS = ("bash", "zsh", "fish")


@declare("completion")
@argument("shell", type=Word(SHELLS), metavar="|".join(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """$ twiliodest completion bash >> ~/.bashrc

    Print a script that lets your shell complete commands and options. For zsh, append it to ~/.zshrc; for fish, write
    it to ~/.config/fish/completions/twiliodest.fish.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found, "all three are Click's own"  # noqa: S101 -- for the type checker
    click.echo(found(context.find_root().command, {}, "twiliodest", VARIABLE).source())
