"""What other programs, and people, call the keys of a configuration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

_CALLED = {
    "number": "from sender from_number sender_id sender_number messaging_service messaging_service_sid source_number",
    "account": "sid account_sid account_id user username twilio_account_sid",
    "token": "auth_token secret password auth auth_key access_token twilio_auth_token api_secret",
    "api_key": "key key_sid api_key_sid",
    "actions": "messages texts rules mappings subscriptions notifications templates",
    "default_region": "country country_code default_country",
    "api_base": "url base_url api_url endpoint host server api",
    "event_id": "message_id dedupe dedup idempotency_key unique_id",
    "events_at": "envelope root records_at",
    "rate": "rate_limit mps per_second messages_per_second throughput",
    "concurrency": "parallel workers threads connections",
    "max_messages": "limit max maximum most",
    "price_per_segment": "price cost price_per_message price_per_sms",
    "price_per_mms": "mms_price",
    "ledger": "database db state_file history",
    "suppress": "blocklist block_list denylist suppression suppressions opt_outs opted_out do_not_text unsubscribed",
    "name": "title label action_name",
    "trigger": "when condition conditions filter if where on match event rule",
    "to": "phone recipient phone_number to_number destination mobile msisdn cell",
    "to_all": "phones recipients phone_numbers everybody",
    "body": "text message content msg sms template body_text message_body",
    "media_url": "media media_urls image image_url picture mms attachment attachments photo",
    "enabled": "active disabled disable enable on_off",
    "content_sid": "template_sid content_template template_id",
    "content_variables": "variables template_variables content_vars",
    "send_at": "schedule scheduled_at at send_time schedule_at deliver_at",
    "max_age": "expires expire_after expiry ttl",
    "validity_period": "validity",
    "status_callback": "callback webhook callback_url status_callback_url webhook_url",
    "cooldown": "throttle min_interval frequency_cap once_per wait",
    "quiet_hours": "quiet do_not_disturb dnd silent_hours sending_window night",
    "time_zone": "tz zone",
    "from": "start begin begins starts",
    "policy": "mode then",
    "smart_encoding": "smart_encoded encoding",
}  # the first of them that is known where a name stands is meant: "until" is a time in quiet hours alone
_MEANT = [(alias, key) for key, aliases in _CALLED.items() for alias in (key, *aliases.split())]
_MEANT += [("until", "to"), ("end", "to"), ("ends", "to"), ("stop", "to"), ("timeout", "validity_period")]


def meant(name: str, known: Collection[str]) -> str | None:
    """The known key that a name stands for, however it is spelled: `mediaUrl`, `media-url`."""
    plain = _plain(name)
    return next((key for alias, key in _MEANT if key in known and _plain(alias) == plain), None)


def likely(name: str, known: Collection[str]) -> str | None:
    """The known key that was probably meant: what the name stands for, else what is spelled like it."""
    near = [meant(name, known), *difflib.get_close_matches(name[:40], known, 1, 0.6)]
    return next(filter(None, near), None)


class Keys:
    """Hints for keys that are not known; all the known ones are said once."""

    def __init__(self) -> None:
        self._listed: set[tuple[str, ...]] = set()

    def hint(self, name: str, known: Sequence[str]) -> str | None:
        """The key that was probably meant; where none is like it, all that there are."""
        if found := likely(name, known):
            return f'did you mean "{found}"?'
        if tuple(known) in self._listed:
            return None
        self._listed.add(tuple(known))
        return f"the known ones are: {', '.join(known)}"


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name[:40]).lower()
