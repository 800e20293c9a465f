"""The command `ledger`: its own commands, by name."""

from twiliodest.cli.command import Commands

command = Commands(
    "ledger",
    __name__,
    {
        "list": "Show what the ledger knows.",
        "resolve": "Look up at Twilio what is unknown.",
        "prune": "Forget old rows.",
    },
    help="$ twiliodest ledger list --status unknown\n\nWhat was sent; settle what is unknown; forget old rows.",
)
