"""What Twilio says became of messages: its list, a thousand at a time, and single ones."""

from __future__ import annotations

import contextlib
import email.utils
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from twiliodest.model import Account
from twiliodest.twilio.connection import READ_TIMEOUT, Connection
from twiliodest.twilio.faults import LookUpError, NeverLeft, NoAnswer
from twiliodest.twilio.network import Route

PAGE = 1000  # messages, the most that Twilio lists at once
LARGEST = 16 << 20  # bytes of a page
BUSY = 429


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says of one message. `created` is in unix seconds, where it says when."""

    sid: str
    status: str
    code: int | None
    price: str | None
    currency: str | None
    created: float | None


class Page(NamedTuple):
    """A part of Twilio's list, newest first, and the address of the next one."""

    messages: Sequence[Told]
    following: str | None


class Asker:
    """One connection that asks about messages. All it can raise is `LookUpError`."""

    def __init__(self, account: Account, route: Route) -> None:
        self._path = f"/2010-04-01/Accounts/{account.sid}/Messages"
        self._connection = Connection(account, route, READ_TIMEOUT, LARGEST)

    async def page(self, address: str | None) -> Page:
        """The first page, or the one at an address that a page before gave."""
        answer = await self._get(address or f"{self._path}.json?PageSize={PAGE}")
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            if answer is not None:
                page = _LIST.decode(answer)
                told = [_told(item) for item in page.messages]
                following = page.next_page_uri
                is_path = bool(following and following.startswith(self._path))
                return Page([it for it in told if it], following if is_path else None)
        raise LookUpError("the answer cannot be read")

    async def one(self, sid: str) -> Told | None:
        """One message; `None` if Twilio has none of that SID."""
        answer = await self._get(f"{self._path}/{sid}.json")
        if answer is None:
            return None
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            told = _told(_ONE.decode(answer))
            if told and told.sid == sid:
                return told
        raise LookUpError("the answer cannot be read")

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()

    async def _get(self, target: str) -> bytes | None:
        try:
            answer = await self._connection.request("GET", target)
        except (NeverLeft, NoAnswer) as error:
            raise LookUpError(self._connection.redact(str(error))) from None
        if answer.status == 404:
            return None
        if answer.status != 200 or answer.fault:
            raise LookUpError(answer.fault or f"HTTP status {answer.status}")
        return answer.content


class _Item(msgspec.Struct):
    sid: str = ""
    status: str | None = None
    error_code: Any = None
    price: Any = None
    price_unit: str | None = None
    date_created: str | None = None


class _Messages(msgspec.Struct):
    messages: list[_Item] = []
    next_page_uri: str | None = None


_LIST, _ONE = msgspec.json.Decoder(_Messages), msgspec.json.Decoder(_Item)
_PRICE = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")


def _told(item: _Item) -> Told | None:
    """What an item says; `None` if it is of no use."""
    if not item.sid or not item.status:
        return None
    created = None
    with contextlib.suppress(ValueError, OverflowError):
        created = email.utils.parsedate_to_datetime(item.date_created or "").timestamp()
    code, price, unit = str(item.error_code), str(item.price), (item.price_unit or "").upper()
    has_price = bool(_PRICE.fullmatch(price))
    return Told(
        sid=item.sid,
        status=item.status,
        code=int(code) if re.fullmatch("[0-9]{1,9}", code, re.ASCII) else None,
        price=price if has_price else None,
        currency=unit if has_price and re.fullmatch("[A-Z]{3}", unit) else None,
        created=created,
    )
