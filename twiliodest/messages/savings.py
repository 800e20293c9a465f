"""What Smart Encoding would save: the texts that would cost fewer segments, and because of which characters."""

from __future__ import annotations

from collections import Counter

from twiliodest.messages.segments import describe, measure, smart_encode
from twiliodest.model import Message

CHARACTERS = 3  # kinds that are named
_KINDS = {
    "curly quotes": "‘’‚‛“”„‟",
    "long dashes": "‐‑‒–—―",
    "ellipses": "…",
    "bullets": "•",
    "backticks": "`",
    "tabs": "\t",
    "invisible characters": "\u200b\u200c\u2060\ufeff",
    "hard spaces": "\u00a0\u2007\u202f",
}
_KIND = {char: kind for kind, chars in _KINDS.items() for char in chars}


class Savings:
    """Counts texts. There are a few hundred characters that Twilio replaces, so its memory is bounded."""

    def __init__(self) -> None:
        self._costs: Counter[tuple[int, int]] = Counter()  # texts by their segments as they are, and encoded
        self._kinds: Counter[str] = Counter()

    def add(self, message: Message) -> None:
        """Take a text that is to be sent; one that is GSM-7, an MMS or smart-encoded already saves nothing."""
        if message.encoding == "GSM-7" or message.smart_encoded or message.media_urls or ":" in message.to:
            return
        encoded = smart_encode(message.body)
        if encoded == message.body or (after := measure(encoded)[1]) >= message.segments:
            return
        self._costs[message.segments, after] += 1
        replaced = (char for char in dict.fromkeys(message.body) if smart_encode(char) != char)
        self._kinds.update(list(dict.fromkeys(_KIND.get(char) or describe(char) for char in replaced)))

    @property
    def texts(self) -> int:
        """How many would cost less."""
        return self._costs.total()

    @property
    def before(self) -> int:
        """The segments of these texts as they are."""
        return sum(before * count for (before, _), count in self._costs.items())

    @property
    def after(self) -> int:
        """The segments that these texts would have."""
        return sum(after * count for (_, after), count in self._costs.items())

    @property
    def characters(self) -> list[str]:
        """What would be replaced, the most frequent first."""
        return [kind for kind, _ in self._kinds.most_common(CHARACTERS)]

    def __str__(self) -> str:
        """`12 texts would cost 1 segment instead of 2 with smart_encoding: curly quotes`; empty for none."""
        if not self.texts:
            return ""
        before, after, each = self.before, self.after, ""
        if len(self._costs) == 1:
            before, after = next(iter(self._costs))
            each = " each" if self.texts > 1 and after > 1 else ""
        texts = f"{self.texts:,} text{'' if self.texts == 1 else 's'}"
        cost = f"{after:,} segment{'' if after == 1 else 's'}{each} instead of {before:,}"
        rest = " and more" if len(self._kinds) > CHARACTERS else ""
        return f"{texts} would cost {cost} with smart_encoding: {', '.join(self.characters)}{rest}"
