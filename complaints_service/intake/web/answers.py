"""What the citizen's API answers, as values (API.md)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.i18n import translate
from complaints_service.intake.attachments.answers import AttachmentAnswer, attachment_answers
from complaints_service.office.model import Office
from complaints_service.tickets.file import TicketFile
from complaints_service.tickets.filed import Filed, PromisedDeadline
from complaints_service.tickets.lifecycle import allowed
from complaints_service.tickets.model import REPORTER_ACTOR, Kind
from complaints_service.tickets.timeline import next_step, status_text, timeline

KIND_WORDS = {Kind.COMPLAINT: "Complaint", Kind.SUGGESTION: "Suggestion", Kind.INFORMATION: "Information request"}
# What the API calls the reporter's commands; those that only the pages have are not among its actions.
_ACTION_NAMES = {"reply": "message", "rate": "rate", "withdraw": "withdraw"}


class FiledAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """201 of a filing."""

    number: str
    tracking_code: str
    status: str
    kind: str
    category: str | None
    unit: str
    received_at: datetime
    deadlines: tuple[PromisedDeadline, ...]
    links: dict[str, str]


class TimelineLine(msgspec.Struct, frozen=True):
    """One line of the log in words."""

    at: datetime
    type: str
    text: str


class MessageLine(msgspec.Struct, frozen=True):
    """One message of the thread; ``sender`` is written as ``from``. The first is the complaint itself."""

    at: datetime
    sender: str = msgspec.field(name="from")
    text: str = ""
    attachments: tuple[AttachmentAnswer, ...] = ()


class TicketAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket as its reporter sees it."""

    number: str
    status: str
    status_text: str
    next_step: str
    kind: str
    category: str | None
    service: str | None
    unit: str
    received_at: datetime
    deadlines: tuple[PromisedDeadline, ...]
    timeline: tuple[TimelineLine, ...]
    messages: tuple[MessageLine, ...]
    attachments: tuple[AttachmentAnswer, ...]
    actions: tuple[str, ...]
    rating: int | None
    links: dict[str, str]


class OfficeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The office that takes complaints."""

    slug: str
    name: str
    address: str
    phone: str
    time_zone: str


class Choice(msgspec.Struct, frozen=True):
    """Something to choose: its id (slug) and its name in the reader's language."""

    id: str
    name: str


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """What a complaint can be about."""

    office: OfficeAnswer
    kinds: list[Choice]
    services: list[Choice]
    categories: list[Choice]
    units: list[Choice]


def links_of(number: str, base_url: str) -> dict[str, str]:
    """Where program and person find the ticket."""
    return {"self": f"{base_url}/api/v1/complaints/{number}", "track": f"{base_url}/t/{number}"}


def filed_answer(filed: Filed, base_url: str) -> FiledAnswer:
    """The receipt."""
    return FiledAnswer(
        number=filed.number,
        tracking_code=filed.tracking_code,
        status=filed.status,
        kind=filed.kind,
        category=filed.category,
        unit=filed.unit_name,
        received_at=filed.received_at,
        deadlines=filed.deadlines,
        links=links_of(filed.number, base_url),
    )


def ticket_answer(file: TicketFile, office: Office, language: str, base_url: str) -> TicketAnswer:
    """The ticket in the reader's language; an officer's deed shows when it can no longer be undone (D2)."""
    ticket = file.ticket
    status = ticket.status_for_citizen(file.now)
    visible = msgspec.structs.replace(ticket, status=status)
    links = links_of(ticket.number, base_url)
    of_complaint = attachment_answers(file.files_of(1), links["self"])
    lines = [
        MessageLine(at=ticket.received_at, sender="reporter", text=file.text.description, attachments=of_complaint)
    ]
    lines += [
        MessageLine(m.at, m.sender, m.text, attachment_answers(file.files_of(m.seq), links["self"]))
        for m in file.messages
        if m.sender in ("reporter", "office") and m.released_at <= file.now
    ]
    return TicketAnswer(
        number=ticket.number,
        status=status,
        status_text=status_text(status, language),
        next_step=next_step(file, office, language),
        kind=ticket.kind,
        category=ticket.category,
        service=ticket.service,
        unit=office.units[ticket.unit_id].name,
        received_at=ticket.received_at,
        deadlines=tuple(
            PromisedDeadline(row.target, row.due_at)
            for row in file.deadlines
            if row.target in ("verify", "answer") and row.episode == ticket.episode
        ),
        timeline=tuple(TimelineLine(e.at, e.type, e.text) for e in timeline(file, office, language, "citizen")),
        messages=tuple(lines),
        attachments=of_complaint,
        actions=tuple(_ACTION_NAMES[name] for name in allowed(visible, REPORTER_ACTOR) if name in _ACTION_NAMES),
        rating=file.rating.score if file.rating else None,
        links=links,
    )


def catalog_answer(office: Office, language: str) -> Catalog:
    """What a complaint can be about, in one language."""

    def name(entry: object) -> str:
        return str(getattr(entry, "name_id" if language == "id" else "name_en"))

    return Catalog(
        office=OfficeAnswer(
            slug=office.slug,
            name=office.name,
            address=office.address,
            phone=office.phone,
            time_zone=office.time_zone,
        ),
        kinds=[Choice(kind.value, translate(language, words)) for kind, words in KIND_WORDS.items()],
        services=[Choice(s.slug, name(s)) for s in office.services.values() if s.active],
        categories=[Choice(c.slug, name(c)) for c in office.categories.values() if c.active],
        units=[Choice(u.slug, u.name) for u in office.units.values() if u.kind not in ("directorate", "regional")],
    )
