"""What went wrong, in words: the codes of table ``alarm`` (the part before a colon) and their msgids."""

from __future__ import annotations

from complaints_service.i18n import translate

ALARM_WORDS = {
    "outbox_dead": "Messages will not arrive",
    "way_down": "A way out does not work",
    "kiosk_clock": "The clock of a kiosk is wrong",
    "kiosk_item_refused": "A kiosk holds a complaint that could not be taken: please look at the device",
    "rung_without_receiver": "An escalation reached nobody",
    "poison_timer": "A timer cannot be carried out",
    "recompute_failed": "The dates of a case could not be counted anew",
    "sending_held": "All sending is held until somebody runs `complaints resume-sending`",
    "webhook_gone": "A webhook switched itself off: its receiver wants no more messages",
    "worker_stalled": "Workers stand still",
    "web_stalled": "The web process stands still",
    "password_guessing": "Somebody guesses passwords",
    "whatsapp_filing_failed": "A complaint by WhatsApp could not be filed",
    "whatsapp_set_aside": "A WhatsApp message could not be read",
    "filings_held": "Very many filings are held because they look like a flood: officers find them on their desk",
    "attachments_not_stored": "Files of citizens cannot be stored",
    "attachments_damaged": "A stored file is missing or damaged",
    "whatsapp_not_delivered": "A WhatsApp message did not arrive",
}


def alarm_text(what: str, language: str) -> str:
    """An alarm in a language; one without words is named by its code."""
    return translate(language, ALARM_WORDS.get(what.partition(":")[0], what))
