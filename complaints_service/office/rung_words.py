"""When a rung of the ladder is due, in words: for the settings page and for every escalation in a timeline."""

from __future__ import annotations

from complaints_service.i18n import translate
from complaints_service.office.model import Rung


def rung_text(rung: Rung, language: str) -> str:
    """For example "2 working days after the deadline"; a rung that comes back says so."""
    days = abs(rung.offset_amount)
    if rung.anchor == "half":
        words = translate(language, "when half of the time is gone")
    elif rung.anchor == "previous":
        words = translate(language, "{n} working days after the rung before", n=days)
    elif rung.anchor == "start":
        words = translate(language, "{n} working days after the start", n=days)
    elif rung.offset_amount < 0:
        words = translate(language, "{n} working days before the deadline", n=days)
    elif rung.offset_amount > 0:
        words = translate(language, "{n} working days after the deadline", n=days)
    else:
        words = translate(language, "at the deadline")
    return translate(language, "{when}, repeats", when=words) if rung.repeats else words
