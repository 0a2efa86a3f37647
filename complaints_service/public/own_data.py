"""What is stored about a citizen's case, for the citizen (Law 27/2022): as a page to print and as JSON to keep. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Office
from complaints_service.tickets.file import ReporterDetails, StoredAttachment, TicketFile
from complaints_service.tickets.timeline import status_text, timeline


class OwnMessage(msgspec.Struct, frozen=True):
    """Words of the thread; ``sender``: reporter or office."""

    at: datetime
    sender: str
    text: str


class OwnFile(msgspec.Struct, frozen=True):
    """A file of the case, by its name."""

    name: str
    type: str
    bytes: int


class OwnEntry(msgspec.Struct, frozen=True):
    """A line of what has happened."""

    at: datetime
    text: str


class OwnData(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the case that is the citizen's own: nothing of the office's notes, nobody else's data."""

    office: str
    made_at: datetime
    number: str
    status: str
    kind: str
    channel: str
    privacy: str
    language: str
    received_at: datetime
    unit: str
    service: str | None
    category: str | None
    subject: str
    description: str
    occurred_on: str | None
    location: str | None
    reported: str | None
    reporter: ReporterDetails
    rating: int | None
    messages: tuple[OwnMessage, ...]
    files: tuple[OwnFile, ...]
    history: tuple[OwnEntry, ...]


def own_data(file: TicketFile, office: Office, language: str) -> OwnData:
    """The case as its citizen may take it along; what the office can still take back is not there yet."""
    ticket, text = file.ticket, file.text
    released = [m for m in file.messages if m.sender in ("office", "reporter") and m.released_at <= file.now]
    return OwnData(
        office=office.name,
        made_at=file.now,
        number=ticket.number,
        status=status_text(ticket.status_for_citizen(file.now), language),
        kind=ticket.kind.value,
        channel=ticket.channel.value,
        privacy=ticket.privacy.value,
        language=ticket.language,
        received_at=ticket.received_at,
        unit=office.units[ticket.unit_id].name,
        service=ticket.service,
        category=ticket.category,
        subject=text.subject,
        description=text.description,
        occurred_on=text.occurred_on,
        location=text.location,
        reported=text.reported,
        reporter=file.reporter or ReporterDetails(),
        rating=file.rating.score if file.rating else None,
        messages=tuple(OwnMessage(m.at, m.sender, m.text) for m in released),
        files=tuple(_file(one) for one in file.attachments if not one.erased),
        history=tuple(OwnEntry(e.at, e.text) for e in timeline(file, office, language, "citizen")),
    )


def _file(one: StoredAttachment) -> OwnFile:
    return OwnFile(one.name, one.media_type, one.size)
