"""Which of the configured actions a run has: those that `--action` names, without those that `--skip` names."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from twiliodest.errors import Problem, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from twiliodest.config.settings import Config
    from twiliodest.messages.send_sms import SendSms

SHOWN = 10  # names in a hint


class ActionName(click.ParamType[str]):
    """The name of an action; a shell completes it from the configuration."""

    name = "NAME"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from twiliodest.cli.environment import Environment
        from twiliodest.cli.options import load

        try:
            config = load(ctx.params.get("config"), Environment.current())
        except (UsageError, OSError):
            return []
        names = [action.name for action in config.actions if action.name.isprintable()]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def chosen(config: Config, wanted: Sequence[str], skipped: Sequence[str]) -> Sequence[SendSms]:
    """The actions, in their order. Raises `UsageError` with all that is wrong with the names."""
    problems: list[Problem] = []
    names = [action.name for action in config.actions]
    takes = _named("--action", wanted, names, config.disabled, problems)
    skips = _named("--skip", skipped, names, config.disabled, problems)
    for name in sorted(takes & skips):
        message = f'"{name}" is in both --action and --skip'
        problems.append(Problem(message=message, hint="leave one of them out"))
    actions = [it for it in config.actions if (not wanted or it.name in takes) and it.name not in skips]
    if not actions and config.actions and not problems:
        message = "--skip leaves no action to run"
        problems.append(Problem(message=message, hint="skip fewer of them"))
    if problems:
        raise UsageError(problems)
    return actions


def _named(
    option: str, words: Iterable[str], names: Sequence[str], disabled: Sequence[str], problems: list[Problem]
) -> set[str]:
    found = set()
    for word in dict.fromkeys(words):
        if name := _find(word, names):
            found.add(name)
        elif name := _find(word, disabled):
            message = f'{option}: "{name}" is disabled'
            problems.append(Problem(message=message, hint="remove enabled: false from it first"))
        else:
            message = f'{option}: there is no action "{word}"'
            problems.append(Problem(message=message, hint=_hint(word, names)))
    return found


def _find(word: str, names: Sequence[str]) -> str | None:
    """The name as it is configured; accents may be composed in another way, as by a keyboard."""
    word = word.strip()
    if word in names:
        return word
    alike = [name for name in names if _composed(name) == _composed(word)]
    return alike[0] if len(alike) == 1 else None


def _hint(word: str, names: Sequence[str]) -> str:
    import difflib

    simple = {_composed(name).casefold(): name for name in names}
    meant = _composed(word).strip().casefold()
    near = difflib.get_close_matches(meant, simple, 3) or [it for it in simple if meant and meant in it]
    if near:
        return f"did you mean {' or '.join(_quoted(simple[it] for it in near[:3]))}?"
    more = f", and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"they are: {', '.join(_quoted(names[:SHOWN]))}{more}"


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
