"""What administrators read about webhooks: events, states, and why a message did not arrive. Pure."""

from __future__ import annotations

from complaints_service.i18n import translate
from complaints_service.webhooks.events import TEST, EventType

EVENT_WORDS = {
    EventType.RECEIVED: "A complaint was received",
    EventType.STATUS_CHANGED: "The status of a complaint changed",
    EventType.ESCALATED: "A complaint was escalated",
    EventType.CYCLE_CLOSED: "A feedback report was closed",
    TEST: "Test message",
}
STATE_WORDS = {
    "queued": "on its way",
    "sending": "on its way",
    "sent": "delivered",
    "cancelled": "not sent",
    "dead": "given up",
}
ERROR_WORDS = {
    "time_limit": "The receiver did not answer within 10 seconds",
    "name_unknown": "The name of the receiver is not known",
    "address_private": "The name leads into a private network: refused",
    "address_not_https": "The address is not https: refused",
    "address_port": "The port is not 443 or 8443: refused",
    "ConnectError": "No connection to the receiver (or its certificate is not valid)",
    "ConnectTimeout": "No connection to the receiver (or its certificate is not valid)",
    "RemoteProtocolError": "The receiver ended the connection",
    "ReadError": "The receiver ended the connection",
    "endpoint_off": "The webhook was switched off or removed",
    "gone": "The receiver wants no more messages",
    "undone": "The step was taken back",
    "uncertain_too_often": "Our own process ended while sending, three times",
}
REASON_WORDS = {
    "by_hand": "switched off by an administrator",
    "gone": "switched off: the receiver answered that it wants no more messages (410)",
}
_STATUS = "status_"


def event_text(kind: str, language: str) -> str:
    """An event in a language; an unknown one is named by its code."""
    return translate(language, EVENT_WORDS.get(kind, kind))


def state_text(state: str, language: str) -> str:
    """Where a message stands."""
    return translate(language, STATE_WORDS.get(state, state))


def error_text(code: str | None, language: str) -> str:
    """Why a try failed; empty without a code."""
    if not code:
        return ""
    if code.startswith(_STATUS):
        return translate(language, "The receiver answered {status}", status=code.removeprefix(_STATUS))
    return translate(language, ERROR_WORDS.get(code, code))


def reason_text(reason: str | None, language: str) -> str:
    """Why an endpoint is off."""
    return translate(language, REASON_WORDS.get(reason or "", "switched off"))
