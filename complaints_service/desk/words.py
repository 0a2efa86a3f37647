"""Names of kinds, channels, priorities and the like in the reader's language, and lists of them for fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from complaints_service.i18n import translate
from complaints_service.office.model import Category, Office, Service
from complaints_service.tickets.model import Status
from complaints_service.tickets.timeline import status_text

Options = list[tuple[str, str]]

KINDS = {"complaint": "Complaint", "suggestion": "Suggestion", "information": "Information request"}
CHANNELS = {
    "web": "Web",
    "whatsapp": "WhatsApp",
    "kiosk": "Kiosk",
    "counter": "Counter",
    "phone": "Telephone",
    "letter": "Letter",
    "social": "Social media",
    "email": "E-mail",
}
# Through these an officer files for a person (API.md, POST /api/v1/tickets).
OFFICER_CHANNELS = ("counter", "phone", "letter", "social")
PRIORITIES = {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"}
PRESSING = frozenset({"high", "urgent"})
PRIVACIES = {"open": "Open", "confidential": "Confidential", "anonymous": "Anonymous"}
TARGETS = {
    "verify": "Verification",
    "answer": "Answer of the office",
    "sign": "Sign of life",
    "reporter": "Reply of the reporter",
    "closing": "Closing after the answer",
    "attend": "Taking up an urgent case",
}


def status_name(status: Status, language: str) -> str:
    """The public's word for a status, but from where the office stands."""
    if status is Status.WAITING_REPORTER:
        return translate(language, "Waits for the reporter")
    return status_text(status, language)


def options(names: dict[str, str], language: str, only: Iterable[str] | None = None) -> Options:
    """Values with their names, in the order given."""
    return [(value, translate(language, names[value])) for value in (only or names)]


def catalogue_options(items: Iterable[Service | Category], language: str) -> Options:
    """Active services or categories with their names."""
    return [(item.slug, catalogue_name(item, language)) for item in items if item.active]


def catalogue_name(item: Service | Category | None, language: str) -> str:
    """The name of a service or category; empty without one."""
    if item is None:
        return ""
    return item.name_id if language == "id" else item.name_en


def about(office: Office, category: str | None, service: str | None, kind: str, language: str) -> str:
    """What a case is about in a few words: category and service, else its kind."""
    names = [
        catalogue_name(office.categories.get(category or ""), language),
        catalogue_name(office.services.get(service or ""), language),
    ]
    return ", ".join(name for name in names if name) or translate(language, KINDS[kind])


def person_name(office: Office, person_id: int | None) -> str:
    """A person's name; empty for nobody."""
    person = office.people.get(person_id) if person_id is not None else None
    return person.name if person is not None else ""


def unit_name(office: Office, unit_id: int) -> str:
    """A unit's name."""
    unit = office.units.get(unit_id)
    return unit.name if unit is not None else ""
