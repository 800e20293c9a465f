"""Turn customer events into text messages."""

__version__ = "0.1.0"
