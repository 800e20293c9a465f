"""The nodes of fields become `Field`s, with every problem and everything odd in them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from twiliodest.config.lints import Finding, constant, likely_path, lint_body, lint_path
from twiliodest.config.nodes import Document, Node
from twiliodest.errors import ExpressionError
from twiliodest.messages.phones import PhoneError, recipient
from twiliodest.templates.faults import faults_of
from twiliodest.templates.fields import Field, compile_field

TO, TO_ALL, BODY, MEDIA = '"to"', '"to_all"', '"body"', '"media_url"'
SCHEMES = ("https://", "http://")
_MARKUP = re.compile(r"\{[{%]")
T = TypeVar("T")


class Fields:
    """Reads fields; a node that aliases repeat is read once."""

    def __init__(
        self, document: Document, region: str | None, *, smart_encoding: bool, separator: str
    ) -> None:
        self._document = document
        self._complain = document.complain
        self._region = region
        self._smart_encoding = smart_encoding
        self._compile = functools.partial(compile_field, separator=separator)
        self._found: dict[tuple[Node, str], Sequence[Field]] = {}

    def texts(self, node: Node | None, what: str, limit: int) -> Sequence[Field]:
        """The fields of a text or, where there can be several, of a list of texts."""
        if node is None:
            return ()
        if (node, what) in self._found:
            return self._found[node, what]
        items = self._document.items(node)
        if items is not None and limit == 1:
            self._complain(node, f"{what} must be a single text, not a list")
            items = ()
        elif items is not None and not 0 < len(items) <= limit:
            self._complain(
                node, f"{what} can have at most {limit} texts" if items else f"{what} is an empty list"
            )
            items = ()
        fields = [
            field for item in ([node] if items is None else items) if (field := self._field(item, what))
        ]
        self._found[node, what] = fields
        return fields

    def text(self, node: Node | None, what: str, read: Callable[[str], object] | None = None) -> Field | None:
        """The field of one text. What is the same for every event must suit `read`."""
        field = next(iter(self.texts(node, what, 1)), None)
        if node is not None and field and read:
            self.check(node, field, read)
        return field

    def check(self, node: Node, field: Field, read: Callable[[str], object]) -> None:
        """Note what is wrong with a text that is the same for every event."""
        text = constant(field)
        try:
            if text is not None:
                read(text.strip())
        except ExpressionError as error:
            self._complain(node, error.message, error.hint)

    def _field(self, node: Node, what: str) -> Field | None:
        field = self.compiled(node, what, self._compile, faults_of)
        if field:
            self.warn(node, (lint_path(prefix) for path in field.paths for prefix in path.prefixes))
            self.warn(node, lint_body(field, self._smart_encoding) if what == BODY else ())
            self._complain_of_constant(node, what, field)
        return field

    def warn(self, node: Node, findings: Iterable[Finding | None]) -> None:
        for found in filter(None, findings):
            self._complain(
                node, found.message, found.hint, offset=found.offset, warning=True, member=found.member
            )

    def _complain_of_constant(self, node: Node, what: str, field: Field) -> None:
        """Note a recipient or a media URL that can never work, whatever an event holds."""
        text = constant(field)
        if what in (TO, TO_ALL) and text is not None:
            try:
                recipient(text, self._region)
            except PhoneError as error:
                hint = "write a path such as $.properties.phone"
                meant = likely_path(text)
                self._complain(node, error.reason, f"did you mean {meant}?" if meant else hint)
        elif what == MEDIA and field.fixed is not None:
            start = (_MARKUP.split(field.source, maxsplit=1)[0] if text is None else text).strip().lower()
            if start and not any(start.startswith(it) or it.startswith(start) for it in SCHEMES):
                hint = "write an address that begins with https://, or a path such as $.properties.image"
                meant = likely_path(start)
                message = "a media URL begins with https:// or http://"
                self._complain(node, message, f"did you mean {meant}?" if meant else hint)

    def compiled(
        self,
        node: Node,
        what: str,
        compile_: Callable[[str], T],
        faults: Callable[[str], Sequence[ExpressionError]],
    ) -> T | None:
        """What a text means, or its `faults`. Where YAML took a part of it for a comment, that is told instead."""
        text = self._document.text(node, what)
        if text is None:
            return None
        comment = self._document.comment_behind(node)
        tight = comment[1:2].strip() != ""
        if "{{" in comment or (tight and what == BODY):
            self._document.complain_of_comment(node, what)
            return None
        try:
            return compile_(text)
        except ExpressionError:
            if tight:
                self._document.complain_of_comment(node, what)
                return None
            for fault in faults(text):
                self._document.fault(node, fault)
            return None
