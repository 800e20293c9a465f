"""Whose account a run sends with, and through which server."""

from __future__ import annotations

from dataclasses import replace

from twiliodest.addresses import PrivateAddress, read_address
from twiliodest.config import values
from twiliodest.config.settings import Config
from twiliodest.config.values import check_api_base
from twiliodest.errors import ExpressionError, Problem, UsageError
from twiliodest.model import Account, Secret

STAND_IN = "AC" + "0" * 32  # the account that a sandbox is told where none is configured


def with_stand_ins(config: Config, api_base: str | None) -> Config:
    """The same; with account and token of no meaning, where neither is named and a sandbox is where all goes.

    So it is on this machine, and over http on a private network. Where one is named, the other has been forgotten.
    """
    if config.account or config.token or config.lacking:
        return config
    try:
        address = read_address(config.api_base if api_base is None else api_base)
        is_here = address.is_loopback or (isinstance(api_base, PrivateAddress) and address.scheme == "http")
    except ExpressionError:
        is_here = False
    return replace(config, account=STAND_IN, token=Secret("sandbox")) if is_here else config


def account_of(config: Config, api_base: str | None) -> Account:
    """Who sends, and through which server. Raises `UsageError` with everything that a real send lacks."""
    problems = api_base_problems(api_base)
    if not config.account:
        hint = "set account in the configuration, or the variable TWILIO_ACCOUNT_SID"
        problems.append(_missing(config, "account", hint))
    if not config.token:
        hint = "set token in the configuration, or the variable TWILIO_AUTH_TOKEN; a dry run needs none"
        problems.append(_missing(config, "token", hint))
    if problems or not config.account or not config.token:
        raise UsageError(problems)
    base = config.api_base if api_base is None else values.api_base(api_base)
    return Account(
        sid=config.account, user=config.api_key or config.account, token=config.token, api_base=base
    )


def _missing(config: Config, name: str, hint: str) -> Problem:
    why = config.lacking.get(name)
    return Problem(message=f"the {name} is missing{f' ({why})' if why else ''}", hint=None if why else hint)


def api_base_problems(api_base: str | None) -> list[Problem]:
    """What is wrong with the address that `--api-base` names, if it names one."""
    fault = None if api_base is None else check_api_base(api_base)
    return [Problem(message=fault.replace("api_base", "--api-base"))] if fault else []
