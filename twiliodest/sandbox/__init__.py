"""A stand-in for Twilio on this machine: any client can text it, and an inbox page shows the phones' side."""

from twiliodest.sandbox.app import create_app
from twiliodest.sandbox.chaos import (
    ACCEPT,
    ACCEPT_THEN_500,
    GARBAGE,
    HANG,
    HANG_AFTER_ACCEPT,
    RESET,
    RESET_AFTER_ACCEPT,
    TRUNCATED,
    Answer,
    Chaos,
    Form,
    Script,
    refuse,
    too_many,
)
from twiliodest.sandbox.contents import Template
from twiliodest.sandbox.messages import Text
from twiliodest.sandbox.server import Sandbox, serve
from twiliodest.sandbox.settings import Settings
from twiliodest.sandbox.store import Request

__all__ = [
    "ACCEPT",
    "ACCEPT_THEN_500",
    "GARBAGE",
    "HANG",
    "HANG_AFTER_ACCEPT",
    "RESET",
    "RESET_AFTER_ACCEPT",
    "TRUNCATED",
    "Answer",
    "Chaos",
    "Form",
    "Request",
    "Sandbox",
    "Script",
    "Settings",
    "Template",
    "Text",
    "create_app",
    "refuse",
    "serve",
    "too_many",
]
