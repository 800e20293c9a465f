"""Steps through an expression of Liquid, and says in plain words what is wrong with it."""

from __future__ import annotations

from twiliodest.errors import ExpressionError
from twiliodest.templates.liquid.hints import SHAPES, sign_hint
from twiliodest.templates.liquid.tokens import Token, tokens


class Cursor:
    """The tokens of an expression, one after the other. `tag` is the tag that it is in, "" in a placeholder."""

    def __init__(self, source: str, at: int, tag: str = "") -> None:
        self.source, self.at, self.tag = source, at, tag
        self.tokens = list(tokens(source, at))
        self.place = 0
        self.depth = 0
        self.ranging = False

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    @property
    def following(self) -> Token:
        return self.tokens[min(self.place + 1, len(self.tokens) - 1)]

    def step(self) -> Token:
        token = self.next
        self.place = min(self.place + 1, len(self.tokens) - 1)
        return token

    def at_name(self, *words: str) -> bool:
        """Whether a name is next, or one of these words."""
        return self.next.kind == "name" and (not words or self.next.text in words)

    def accept(self, *signs: str) -> bool:
        """Step over one of these signs or words, if it is next."""
        found = self.next.kind in ("sign", "name") and self.next.text in signs
        if found:
            self.step()
        return found

    def expect(self, *signs: str) -> None:
        """Step over one of these signs or words; raises `ExpressionError`."""
        if not self.accept(*signs):
            raise self.fault()

    def end(self) -> None:
        """Raise `ExpressionError` where something is left."""
        if self.next.kind != "end":
            raise self.fault()

    def fault(self, hint: str | None = None) -> ExpressionError:
        """What is wrong with the next token, in plain words."""
        token = self.next
        shape = f"write {SHAPES[self.tag]}" if self.tag in SHAPES else None
        if token.kind == "end":
            where = f"this {self.tag}" if self.tag else "this placeholder"
            return ExpressionError(f"{where} ends too soon", token.at, hint or shape)
        if token.text in ("'", '"'):
            return ExpressionError(
                "this text in quotes is never closed", token.at, f"close it with {token.text}"
            )
        if token.kind == "digits":
            hint = f"quote a name that begins with a digit: properties['{token.text}']"
        if self.place and self.tokens[self.place - 1].text.endswith(('\\"', "\\'")):
            hint = "text has no escapes: use the other kind of quotes around it"
        hint = hint or sign_hint(token.text, self.tag)
        filtering = any(before.text == "|" for before in self.tokens[: self.place])
        if not hint and token.kind == "name" and not self.tag and not filtering:
            hint = "quote a name with spaces: properties['first name']"
        if not token.text.isprintable():
            message = f"there is an invisible character here (U+{ord(token.text[0]):04X})"
            return ExpressionError(message, token.at, "remove it")
        shown = token.text if len(token.text) < 40 else f"{token.text[:40]}…"
        return ExpressionError(f"{shown} cannot be read here", token.at, hint or shape)
