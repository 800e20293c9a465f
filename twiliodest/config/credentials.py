"""Who sends, and the secret that proves it: set in the configuration or the environment, or in a file named there."""

from __future__ import annotations

import functools
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from twiliodest.config import values
from twiliodest.config.masks import is_reference
from twiliodest.config.nodes import Document, Node
from twiliodest.config.secret_files import SecretFileError, read_secret
from twiliodest.errors import ExpressionError, Problem
from twiliodest.model import Secret

CREDENTIALS = ("account", "account_file", "token", "token_file", "api_key")
VARIABLES = {"account": "TWILIO_ACCOUNT_SID", "token": "TWILIO_AUTH_TOKEN"}
T = TypeVar("T")


class Setting(Protocol):
    """The value of a setting; `None` where it is missing or wrong."""

    def __call__(self, name: str, read: Callable[[str], T]) -> T | None: ...


class Credentials:
    """Reads account and token, the one as the other. `files` are those that they were read from.

    What is set in the configuration counts, else the environment. `lacking` says of each that is named but cannot be
    had why that is: only a real send minds.
    """

    def __init__(
        self, document: Document, nodes: Mapping[str, Node], setting: Setting, environ: Mapping[str, str]
    ) -> None:
        self.files: list[Path] = []
        self.lacking: dict[str, str] = {}
        self._document = document
        self._nodes = nodes
        self._setting = setting
        self._environ = environ

    def account(self) -> str | None:
        """The account's SID."""
        return self._credential("account", values.account)

    def token(self) -> Secret | None:
        """The token. One that others can read in the configuration is a warning."""
        token = self._credential("token", values.token)
        node, mode = self._nodes.get("token"), self._document.mode
        if node and token and mode & 0o077 and not is_reference(node.value):
            message = f"others can read this file and the token in it ({stat.filemode(mode)})"
            self._document.complain(node, message, f"chmod 600 {self._document.name}", warning=True)
        return Secret(token) if token else None

    def _credential(self, name: str, read: Callable[[str], T]) -> T | None:
        node, setting = self._nodes.get(name), f"{name}_file"
        named = self._nodes.get(setting)
        if node and named:
            self._document.complain(
                named, f"{name} and {setting} cannot be combined", "leave out one of them"
            )
        elif named:
            file = self._setting(setting, values.file(setting))
            tell = functools.partial(self._document.complain, named)
            path = file and Path(self._document.name).parent / file
            return self._in_file(path, name, setting, read, tell) if path else None
        elif node and (variable := self._elsewhere(node)):
            return self._variable(variable, name, read)
        elif node:
            return self._setting(name, read)
        else:
            return self._variable(VARIABLES[name], name, read)
        return None

    def _elsewhere(self, node: Node) -> str | None:
        """The variable that a setting takes its value from, if another one names a file for it."""
        text = node.value.strip() if isinstance(node.value, str) and is_reference(node.value) else ""
        variable = text.removeprefix("${").removesuffix("}")
        return variable if variable and self._environ.get(f"{variable}_FILE") else None

    def _variable(self, variable: str, name: str, read: Callable[[str], T]) -> T | None:
        """What a variable holds, or the file that its fellow names."""
        fellow = f"{variable}_FILE"
        text, file = (self._environ.get(it, "").strip() for it in (variable, fellow))
        if text and file:
            message = f"the environment variables {variable} and {fellow} are both set"
            self._tell(message, "unset one of them")
            return None
        try:
            if file:
                return self._in_file(values.file(fellow)(file), name, fellow, read, self._tell)
            return read(text) if text else None
        except ExpressionError as error:
            self._tell(
                f"the environment variable {variable if text else fellow}: {error.message}", error.hint
            )
            return None

    def _in_file(
        self, path: Path, name: str, subject: str, read: Callable[[str], T], tell: Callable[..., Any]
    ) -> T | None:
        """What the file holds that `subject` names."""
        try:
            text, exposed = read_secret(path)
            self.files.append(path)
            found = read(text)
        except SecretFileError as error:
            message = f"{subject}: {error}"
            if error.is_absent:
                self.lacking[name] = message
            tell(message, f"a real send needs {name}" if error.is_absent else None, warning=error.is_absent)
            return None
        except ExpressionError as error:
            tell(f"{subject}: {error.message}", error.hint)
            return None
        if exposed and name == "token":
            message = f"{subject}: others can read this file ({stat.filemode(exposed)})"
            tell(message, "chmod 600 it, unless it is mounted into a container", warning=True)
        return found

    def _tell(self, message: str, hint: str | None = None, *, warning: bool = False) -> None:
        self._document.problems.append(Problem(message=message, hint=hint, warning=warning))
