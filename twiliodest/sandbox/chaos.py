"""What goes wrong on purpose: answers other than the usual one, by chance or by script."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

Form: TypeAlias = tuple[tuple[str, str], ...]  # posted fields or query, in order, repeats kept


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one request gets.

    `accept`: the message is taken first, as if all were well; what the rules refuse stays refused.
    `status`: None gives the usual answer; `body` (raw bytes) replaces the JSON error of `code` and `message`.
    `then`: how the answer ends: whole, with the connection reset before a byte of it, never, or cut in half.
    """

    accept: bool = True
    delay: float = 0.0  # seconds before the answer
    status: int | None = None
    code: int | None = None
    message: str = "Scripted by the sandbox"
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    then: Literal["answer", "reset", "hang", "truncate"] = "answer"

    def __str__(self) -> str:
        endings = {"reset": "connection reset", "hang": "no answer", "truncate": "answer cut short"}
        return endings.get(self.then) or str(self.status or 201)


Script: TypeAlias = Callable[[Form], Answer | None]

ACCEPT = Answer()
ACCEPT_THEN_500 = Answer(status=500, code=20500, message="Internal Server Error")
RESET = Answer(accept=False, then="reset")
RESET_AFTER_ACCEPT = Answer(then="reset")
HANG = Answer(accept=False, then="hang")
HANG_AFTER_ACCEPT = Answer(then="hang")
TRUNCATED = Answer(then="truncate")
GARBAGE = Answer(status=201, body=b"<html>certainly not JSON")


def too_many(retry_after: float | None = None) -> Answer:
    """429, never processed; `Retry-After` in seconds if given."""
    headers = () if retry_after is None else (("Retry-After", f"{retry_after:g}"),)
    return Answer(accept=False, status=429, code=20429, message="Too Many Requests", headers=headers)


def refuse(code: int, status: int = 400, message: str = "Scripted by the sandbox") -> Answer:
    """A refusal with Twilio's error `code`; nothing is accepted."""
    return Answer(accept=False, status=status, code=code, message=message)


class Chaos(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a posted message goes wrong; look-ups always work, so that they tell the truth.

    The five failures are probabilities; at most one strikes a message, so they add up to at most 1.
    Latency is drawn apart from them. The same `seed` gives the same sequence. ValueError for what cannot be.
    """

    latency: float = 0.0  # probability of `delay`
    delay: float = 1.0  # seconds
    too_many: float = 0.0  # 429
    retry_after: float = 1.0  # seconds, told with the 429
    server_error: float = 0.0  # accepted, then 500
    reset_before: float = 0.0  # not accepted, connection reset
    reset_after: float = 0.0  # accepted, connection reset
    hang: float = 0.0  # accepted, never answered
    seed: int | None = None

    def __post_init__(self) -> None:
        failures = (self.too_many, self.server_error, self.reset_before, self.reset_after, self.hang)
        if not all(0 <= chance <= 1 for chance in (self.latency, *failures)) or sum(failures) > 1 + 1e-9:
            raise ValueError(
                "probabilities must be between 0 and 1, and the failures must add up to at most 1"
            )
        if not (0 <= self.delay <= 3600 and 0 <= self.retry_after <= 3600):
            raise ValueError("delay and retry_after must be between 0 and 3600 seconds")

    def draw(self, dice: random.Random) -> Answer:
        """The fate of the next message."""
        failures = (
            (self.too_many, too_many(self.retry_after)),
            (self.server_error, ACCEPT_THEN_500),
            (self.reset_before, RESET),
            (self.reset_after, RESET_AFTER_ACCEPT),
            (self.hang, HANG_AFTER_ACCEPT),
        )
        fate, point = ACCEPT, dice.random()
        for chance, answer in failures:
            if point < chance:
                fate = answer
                break
            point -= chance
        return msgspec.structs.replace(fate, delay=self.delay) if dice.random() < self.latency else fate
