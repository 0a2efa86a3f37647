"""When a rung of the ladder is due, and amounts of time, in words: for the settings' pages and for every escalation in a timeline."""

from __future__ import annotations

from complaints_service.i18n import translate
from complaints_service.office.model import Rung

_AMOUNT_WORDS = {
    "working_days": "{n} working days",
    "working_hours": "{n} working hours",
    "working_minutes": "{n} working minutes",
    "calendar_days": "{n} calendar days",
    "calendar_hours": "{n} hours",
    "calendar_minutes": "{n} minutes",
}
_SINGLE_WORDS = {
    "working_days": "1 working day",
    "working_hours": "1 working hour",
    "working_minutes": "1 working minute",
    "calendar_days": "1 calendar day",
    "calendar_hours": "1 hour",
    "calendar_minutes": "1 minute",
}


def amount_text(amount: int, measure: str, language: str) -> str:
    """For example "14 working days"; minutes that make whole hours are told as hours: "4 working hours".

    A measure that is none (a draft may hold anything) is told as it is written.
    """
    if measure in ("working_minutes", "calendar_minutes") and amount and amount % 60 == 0:
        amount, measure = amount // 60, measure.replace("minutes", "hours")
    if measure not in _AMOUNT_WORDS:
        return f"{amount} {measure}".strip()
    if amount == 1:
        return translate(language, _SINGLE_WORDS[measure])
    return translate(language, _AMOUNT_WORDS[measure], n=amount)


def rung_text(rung: Rung, language: str) -> str:
    """For example "2 working days after the deadline"; a rung that comes back says so."""
    time = amount_text(abs(rung.offset_amount), rung.offset_measure, language)
    if rung.anchor == "half":
        words = translate(language, "when half of the time is gone")
    elif rung.anchor == "previous":
        words = translate(language, "{time} after the rung before", time=time)
    elif rung.anchor == "start":
        words = (
            translate(language, "{time} after the start", time=time)
            if rung.offset_amount
            else translate(language, "at the start")
        )
    elif rung.offset_amount < 0:
        words = translate(language, "{time} before the deadline", time=time)
    elif rung.offset_amount > 0:
        words = translate(language, "{time} after the deadline", time=time)
    else:
        words = translate(language, "at the deadline")
    return translate(language, "{when}, repeats", when=words) if rung.repeats else words
