"""Short phrases that several messages share: what a ticket is about, who holds it, how late. In the reader's language."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import format_timedelta

from complaints_service.i18n import translate
from complaints_service.notifications.facts import DeadlineFacts, ListedReceipt, ListedTicket, TicketFacts
from complaints_service.office.model import Office
from complaints_service.tickets.model import Status
from complaints_service.tickets.timeline import status_text

KIND_WORDS = {"complaint": "complaint", "suggestion": "suggestion", "information": "information request"}
_MEASURES = {
    "working_days": "{amount} working days",
    "working_minutes": "{amount} working minutes",
    "calendar_days": "{amount} days",
}


def matter(ticket: TicketFacts | ListedTicket | ListedReceipt, office: Office, language: str) -> str:
    """What a case is about in the catalogue's words, never the citizen's: "keterlambatan, paspor baru"."""
    parts: list[str] = []
    for entry in (office.categories.get(ticket.category or ""), office.services.get(ticket.service or "")):
        if entry is not None:
            parts.append(_small(entry.name_id if language == "id" else entry.name_en))
    return ", ".join(parts) or translate(language, "not classified yet")


def _small(name: str) -> str:
    """In the middle of a sentence: a small first letter, unless it is an abbreviation or a name such as M-Paspor."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def holder(ticket: TicketFacts | ListedTicket, office: Office, language: str) -> str:
    """The unit that holds the case, and the officer who works on it."""
    unit = office.units.get(ticket.unit_id)
    person = office.people.get(ticket.assignee_id) if ticket.assignee_id is not None else None
    name = unit.name if unit is not None else translate(language, "no unit")
    return f"{name}, {person.name}" if person else f"{name} ({translate(language, 'nobody assigned')})"


def span(time: timedelta, language: str) -> str:
    """A length of time by the clock on the wall, in its largest unit: "2 jam", "3 hari"."""
    return format_timedelta(abs(time), threshold=1.5, locale="id_ID" if language == "id" else "en_GB")


def promise(deadline: DeadlineFacts, language: str) -> str:
    """The amount of time a target allows: "14 hari kerja"."""
    return translate(language, _MEASURES.get(deadline.measure, "{amount}"), amount=deadline.amount)


def status(ticket: TicketFacts, language: str) -> str:
    """The status as the office reads it: the public's word for waiting speaks to the reporter."""
    if ticket.status is Status.WAITING_REPORTER:
        return translate(language, "Waiting for the reporter's reply")
    return status_text(ticket.status, language)
