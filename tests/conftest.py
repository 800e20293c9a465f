"""What every test needs of the process that it runs in: a signal that is heard, and an end."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import pytest

SECONDS = 300  # more than any test takes on a busy machine

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a job in the background of a script, as all that it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    if config.pluginmanager.hasplugin("timeout"):
        for item in items:
            item.add_marker(pytest.mark.timeout(SECONDS))
