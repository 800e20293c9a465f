"""Twilio's error codes: what each proves about a message and its run, and what to do about it.

Sources: https://www.twilio.com/docs/api/errors and the support article on API error 20429.
"""

from __future__ import annotations

from collections.abc import Mapping

from twiliodest.model import Verdict

_CODES: Mapping[Verdict, tuple[int, ...]] = {
    Verdict.FORBIDDEN: (
        *(
            20003,
            20005,
            90010,
            10001,
            20006,
            20403,
            70051,
            20008,
            20010,
            20011,
            20012,
            20426,
            20404,
        ),  # account
        *(21212, 21267, 21601, 21603, 21605, 21607, 21616, 21660, 21661),  # sender
        *(21701, 21704, 21705),  # Messaging Service
        *(30037, 63001, 63002, 63007, 63008, 63038, 63051),  # channel, or the account's daily limit
    ),
    Verdict.SENDER: (21606, 21657, 21659, 21703),  # the sender is wrong, or is wrong for this destination
    Verdict.REJECTED: (
        *(20422, 21211, 21214, 21217, 21265, 21266, 21268, 21401, 21602, 21604, 21610, 21612, 21614),
        *(21617, 21618, 21619, 21620, 21623, 21635, 21653, 21656, 21658),
        *(63003, 63005, 63006, 63013, 63014, 63015, 63016, 63021, 63024, 63030, 63033, 63034, 63036),
    ),
    Verdict.DELAYED: (21611, 35125),  # the sender's queue is full
    Verdict.UNKNOWN: (20500, 20503, 20504),  # Twilio failed, whatever the status says
    Verdict.AGAIN: (20429, 21702, 21730, 63017, 63018),
}
VERDICTS: Mapping[int, Verdict] = {code: verdict for verdict, codes in _CODES.items() for code in codes}
"""What a code in the answer to a POST proves; what any other does is doubtful."""

REFUSAL: Mapping[int, str] = {
    20003: "check account and token, and that they belong to the host's region",
    20404: "check the account SID",
    21212: "check number",
    21408: "enable the country under Messaging > Geo permissions in Twilio's console",
    21601: "check number: it is not one of the account's",
    21606: "check number: it is not the account's, or cannot text this destination",
    21608: "the account may text verified numbers only",
    21610: "the recipient has opted out (STOP)",
    21611: "the sender's queue is full; run again later",
    21659: "check number: it is not a Twilio number",
    21660: "check number: it belongs to another account",
    21701: "check number: this Messaging Service does not exist",
    21704: "add a sender to the Messaging Service",
}
"""What to do where Twilio refused a message."""

ARRIVAL: Mapping[int, str] = {
    21610: "the recipient has opted out (STOP)",
    30001: "the sender's queue was full: send more slowly, or from more senders",
    30002: "the account was suspended: see Twilio's console",
    30003: "the phone was off or out of reach: a text at another time may arrive",
    30004: "the recipient or their carrier blocks this sender",
    30005: "the number is not in service: fix the data",
    30006: "a landline, or a carrier that accepts no texts: fix the data",
    30007: "a carrier treated it as spam: look at the text, its links and the sender's registration",
    30008: "the carrier does not say why: if it happens often, ask Twilio's support",
    30032: "verify the toll-free number in Twilio's console",
    30034: "register the number with an approved 10DLC campaign in Twilio's console",
    30036: "it could not be delivered within validity_period",
    63016: "outside the 24-hour window of WhatsApp: use a content template",
}
"""What to do where Twilio took a message and it did not arrive."""
