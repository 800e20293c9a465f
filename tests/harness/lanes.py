"""Messages over one lane, in this process: what comes of each POST."""

from __future__ import annotations

import asyncio

from twiliodest.model import Account, Attempt, Message, Secret
from twiliodest.twilio.messages import Lane
from twiliodest.twilio.network import Route, route_to

SID = "AC" + "1" * 32
TOKEN = "token-of-the-account"


def text(number: int, to: str = "") -> Message:
    to = to or f"+1415555{number:04}"
    return Message(to=to, sender="+15551234567", body=f"Order {number}", encoding="GSM-7", segments=1)


def posted(base: str, *messages: Message, route: Route | None = None, pause: float = 0.0) -> list[Attempt]:
    """What comes of posting messages, one after another, over one lane; `pause` in seconds."""

    async def run() -> list[Attempt]:
        account = Account(sid=SID, user=SID, token=Secret(TOKEN), api_base=base)
        lane = Lane(account, route or route_to(base, {}), read_timeout=5.0)
        attempts = []
        for message in messages:
            attempts.append(await lane.post(message))
            await asyncio.sleep(pause)
        await lane.close()
        return attempts

    return asyncio.run(run())
