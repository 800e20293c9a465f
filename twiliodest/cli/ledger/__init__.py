"""The command `ledger`: its own commands, by name."""

from twiliodest.cli.command import Commands

command = Commands(
    "ledger",
    __name__,
    {
        "list": "List the messages in the ledger.",
        "stats": "Count its rows by action, status and error code.",
        "receipts": "Ask Twilio whether messages arrived, and what they cost.",
        "resolve": "Look up unknown messages at Twilio.",
        "prune": "Forget old rows.",
        "backup": "Copy the ledger, even during a run.",
        "check": "Verify that the ledger is whole and undamaged.",
    },
    help=(
        "$ twiliodest ledger list --status unknown\n\n"
        "List and count what was sent, settle what is unknown, forget old rows, copy and verify the ledger."
    ),
)
