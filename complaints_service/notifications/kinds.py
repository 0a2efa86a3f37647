"""The closed sets of the outbox: what a message is, which way it goes, to whom."""

from __future__ import annotations

from enum import StrEnum


class MessageKind(StrEnum):
    """What a message says; the name of its template."""

    RECEIPT = "receipt"
    # Those that came on the same day as one that has gone: a victim's address in a thousand forms gets one mail.
    RECEIPTS = "receipts"
    QUESTION = "question"
    ANSWER = "answer"
    INTERIM_ANSWER = "interim_answer"
    REJECTED = "rejected"
    FORWARDED = "forwarded"
    MERGED = "merged"
    # To the reporter of a merged case: what became of the one it goes on with.
    MERGED_OUTCOME = "merged_outcome"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    CLOSED = "closed"
    REMINDER_REPORTER = "reminder_reporter"
    REMINDER_CLOSING = "reminder_closing"
    TIME_GRANTED = "time_granted"
    REOPENED = "reopened"
    # The link to an open case, sent again to the contact on file (intake/web/recover.py).
    RECOVERY = "recovery"
    # The last rung tells the reporter about the way beyond the office (DOMAIN.md, Law 37/2008).
    BEYOND = "beyond"
    ASSIGNED = "assigned"
    RUNG = "rung"
    MANUAL_ESCALATION = "manual_escalation"
    TIME_REQUESTED = "time_requested"
    TIME_ANSWERED = "time_answered"
    ROLL_UP = "roll_up"
    DIGEST = "digest"
    CYCLE_REPORT = "cycle_report"
    ALARM = "alarm"
    # The daily root over all chains (D10).
    SEAL = "seal"
    CHAT = "chat"


class Way(StrEnum):
    """The road a message takes."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"
    PUSH = "push"


class Recipient(StrEnum):
    """How the address is found when the message is sent."""

    PERSON = "person"
    REPORTER = "reporter"
    CHAT = "chat"
    ADDRESS = "address"


# Kinds that carry one button which acts for the receiver (/a/<token>).
ACTING = frozenset({MessageKind.RUNG, MessageKind.MANUAL_ESCALATION, MessageKind.TIME_REQUESTED})
