"""What twiliodest is measured against, each a program of its own: `python contenders.py NAME ARGUMENTS…`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from data import SENDER, recipient

ACCOUNT = "AC" + "0" * 32
TOKEN = "0" * 32


def orjson_loop(path: str) -> None:
    """The least that reading a file of events can cost in Python."""
    import orjson

    with open(path, "rb") as file:
        for line in file:
            orjson.loads(line)


def user_script(path: str) -> None:
    """What somebody writes in five minutes."""
    import json

    with open(path) as file:
        for line in file:
            event = json.loads(line)
            if event["type"] == "track" and event["event"] == "Order Completed":
                properties = event["properties"]
                body = (
                    f"Your order #{properties['order_id']} has been confirmed! "
                    f"Estimated delivery: {properties['delivery_date']}"
                )
                sys.stdout.write(json.dumps({"to": properties["phone"], "body": body}) + "\n")


def bare_httpx(url: str, lanes: str, count: str) -> None:
    """The same forms, one client and one request at a time in each lane; nothing is remembered."""
    import asyncio

    import httpx

    tls = httpx.create_ssl_context()

    async def lane(forms: Iterator[dict[str, str]]) -> None:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            base_url=url, auth=(ACCOUNT, TOKEN), limits=limits, verify=tls
        ) as client:
            for form in forms:
                answer = await client.post(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", data=form)
                answer.json()["sid"]

    async def run() -> None:
        forms = _forms(int(count))
        await asyncio.gather(*(lane(forms) for _ in range(int(lanes))))

    asyncio.run(run())


def official_sdk(url: str, threads: str, count: str) -> None:
    """Twilio's own client, one in each thread: a shared one would share ten connections."""
    import threading
    from concurrent.futures import ThreadPoolExecutor
    from typing import Any

    from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped] # it has no types
    from twilio.rest import Client  # type: ignore[import-untyped] # nor has this

    class Redirected(TwilioHttpClient):  # type: ignore[misc] # for the same reason
        def request(self, method: str, uri: str, *rest: Any, **more: Any) -> Any:
            return super().request(method, uri.replace("https://api.twilio.com", url), *rest, **more)

    clients = threading.local()

    def start() -> None:
        clients.mine = Client(ACCOUNT, TOKEN, http_client=Redirected())

    def send(form: dict[str, str]) -> None:
        clients.mine.messages.create(to=form["To"], from_=form["From"], body=form["Body"])

    with ThreadPoolExecutor(int(threads), initializer=start) as pool:
        for _ in pool.map(send, _forms(int(count))):
            pass


def _forms(count: int) -> Iterator[dict[str, str]]:
    for number in range(count):
        body = f"Your order #{number} has been confirmed! Estimated delivery: Dec 24"
        yield {"To": recipient(number), "From": SENDER, "Body": body}


_CONTENDERS: dict[str, Callable[..., None]] = {
    run.__name__: run for run in (orjson_loop, user_script, bare_httpx, official_sdk)
}

if __name__ == "__main__":
    _CONTENDERS[sys.argv[1]](*sys.argv[2:])
