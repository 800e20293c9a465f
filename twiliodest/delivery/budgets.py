"""How many messages a run may post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twiliodest.delivery.stop import Stop
from twiliodest.errors import ExitStatus


@dataclass(slots=True)
class Budget:
    """How many messages are left, and what a run says when it wants to post one more."""

    left: int
    status: ExitStatus
    reason: str


def pay(budgets: Sequence[Budget], stop: Stop) -> bool:
    """Take a message from every budget; where one of them has none left, stop the run and take nothing."""
    for budget in budgets:
        if budget.left < 1:
            stop.enough(budget.status, budget.reason)
            return False
    for budget in budgets:
        budget.left -= 1
    return True


def pay_back(budgets: Sequence[Budget]) -> None:
    """A message that was paid for is not posted after all."""
    for budget in budgets:
        budget.left += 1
