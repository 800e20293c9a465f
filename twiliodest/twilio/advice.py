"""What to do about a message that Twilio took and that did not arrive, by the code that it ended with."""

from __future__ import annotations

from collections.abc import Mapping

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
