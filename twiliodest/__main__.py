"""`python -m twiliodest` is `twiliodest`. Until everything is loaded, nothing but an end may come of a signal."""

import os
import signal


def main() -> None:
    """The console script."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(130))  # a traceback of imports tells nobody anything
    from twiliodest.cli.app import main as commands

    commands()


if __name__ == "__main__":
    main()
