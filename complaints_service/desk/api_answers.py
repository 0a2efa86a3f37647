"""What the officers' API answers, as values (API.md, "Officer and manager")."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from complaints_service.accounts.model import Viewer
from complaints_service.intake.attachments.answers import AttachmentAnswer, attachment_answers
from complaints_service.office.model import Office
from complaints_service.sla.targets import pause_ends_at, pauses_of
from complaints_service.sla.why import Recounted, recounted, source_of, steps_of
from complaints_service.tickets.file import QueueItem, QueuePage, ReporterDetails, TicketFile
from complaints_service.tickets.masking import masked
from complaints_service.tickets.model import Ticket
from complaints_service.tickets.more_time import open_to
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.timeline import actor_name, status_text, timeline

# Not there: the case is not held.
HeldUntil = (
    Annotated[
        datetime,
        Meta(
            description="Only while the case is held for a look because it looks like part of a flood: until when. It stands apart from "
            "the open queue; its clocks run."
        ),
    ]
    | msgspec.UnsetType
)


class UnitRef(msgspec.Struct, frozen=True):
    """A unit by slug, with its name."""

    slug: str
    name: str


class PersonRef(msgspec.Struct, frozen=True):
    """A person of the office."""

    id: int
    username: str
    name: str


class TicketLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a list."""

    number: str
    status: str
    kind: str
    category: str | None
    service: str | None
    channel: str
    privacy: str
    priority: str
    oversight: bool
    unit: UnitRef
    assignee: PersonRef | None
    received_at: datetime
    next_due_at: datetime | None
    level: int
    version: int
    subject: str
    excerpt: str
    held_until: HeldUntil = msgspec.UNSET


class TicketList(msgspec.Struct, frozen=True):
    """A page of tickets; ``counts`` are of everything the person may see."""

    items: list[TicketLine]
    next_cursor: str | None
    counts: dict[str, int]


class ThreadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message or internal note."""

    seq: int
    at: datetime
    sender: str = msgspec.field(name="from")
    person: PersonRef | None
    text: str
    attachments: tuple[AttachmentAnswer, ...] = ()


class DeadlineLine(msgspec.Struct, frozen=True, kw_only=True):
    """A clock of the ticket."""

    target: str
    episode: int
    started_at: datetime
    due_at: datetime
    first_due_at: datetime
    ended_at: datetime | None
    outcome: str | None
    breached_at: datetime | None
    paused_at: datetime | None
    granted_days: int


class PauseLine(msgspec.Struct, frozen=True):
    """A time in which the clock stood."""

    start: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")


class ExplainedDeadline(DeadlineLine, frozen=True, kw_only=True):
    """A clock and why its date is what it is."""

    amount: int
    measure: str
    policy_version: int
    calendar_version: int
    counted_from: datetime | None
    pauses: list[PauseLine]
    pause_ends_at: datetime | None
    pause_over: bool
    level: int
    recounted: list[Recounted]
    source: str
    steps: list[str]


class TicketDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket as the office sees it; personal data masked."""

    number: str
    status: str
    status_text: str
    kind: str
    category: str | None
    service: str | None
    channel: str
    privacy: str
    language: str
    priority: str
    simple: bool
    oversight: bool
    unit: UnitRef
    assignee: PersonRef | None
    received_at: datetime
    next_due_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    episode: int
    level: int
    version: int
    requested_days: int | None
    subject: str
    description: str
    location: str | None
    occurred_on: str | None
    reported: str | None
    reporter: ReporterDetails | None
    reporter_hidden: bool
    messages: list[ThreadLine]
    attachments: tuple[AttachmentAnswer, ...]
    deadlines: list[DeadlineLine]
    rating: int | None
    merged_into: str | None
    allowed: tuple[str, ...]
    last_event: int
    held_until: HeldUntil = msgspec.UNSET


class CommandAnswer(TicketDetail, frozen=True, kw_only=True):
    """The ticket after a command; ``created``: the number of the ticket that a split has made."""

    created: str | msgspec.UnsetType = msgspec.UNSET


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket now belongs to a unit this person does not see: there is nothing more to show."""

    number: str
    version: int
    allowed: tuple[str, ...] = ()


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log."""

    seq: int
    at: datetime
    type: str
    actor: str
    body: dict[str, object]
    text: str
    undone_by: int | None


def unit_ref(office: Office, unit_id: int) -> UnitRef:
    """The unit as the API names it."""
    unit = office.units[unit_id]
    return UnitRef(unit.slug, unit.name)


def person_ref(office: Office, person_id: int | None) -> PersonRef | None:
    """The person as the API names it."""
    person = office.people.get(person_id) if person_id is not None else None
    return PersonRef(person.id, person.username, person.name) if person is not None else None


def list_answer(page: QueuePage, office: Office) -> TicketList:
    """A page of the queue."""
    return TicketList([_line(item, office) for item in page.items], page.next_cursor, page.counts)


def _line(item: QueueItem, office: Office) -> TicketLine:
    others = ("unit", "assignee", "held_until")
    values = {name: getattr(item, name) for name in TicketLine.__struct_fields__ if name not in others}
    return TicketLine(
        **values,
        unit=unit_ref(office, item.unit_id),
        assignee=person_ref(office, item.assignee_id),
        held_until=item.held_until or msgspec.UNSET,
    )


def _deadline(row: DeadlineRow) -> DeadlineLine:
    return DeadlineLine(**{name: getattr(row, name) for name in DeadlineLine.__struct_fields__})


def explained(file: TicketFile, office: Office, language: str) -> list[ExplainedDeadline]:
    """Each deadline with the steps of its computation, in words."""
    return [
        ExplainedDeadline(
            **msgspec.structs.asdict(_deadline(row)),
            amount=row.amount,
            measure=row.measure,
            policy_version=row.policy_version,
            calendar_version=row.calendar_version,
            counted_from=row.counted_from,
            pauses=[PauseLine(start, end) for start, end in pauses_of(row)],
            pause_ends_at=pause_ends_at(office, row, file.ticket),
            pause_over=row.pause_over,
            level=row.level,
            recounted=recounted(row, file.events),
            source=source_of(row, office, language),
            steps=steps_of(row, office, language, file.ticket, file.events),
        )
        for row in file.deadlines
    ]


def detail(file: TicketFile, viewer: Viewer, language: str) -> TicketDetail:
    """The ticket; the reporter masked (``GET .../reporter`` shows, and logs the look)."""
    ticket, office = file.ticket, viewer.office
    address = f"/api/v1/tickets/{ticket.number}"
    same = ("number", "status", "kind", "category", "service", "channel", "privacy", "language", "priority", "simple",
            "oversight", "received_at", "next_due_at", "answered_at", "ended_at", "episode", "level", "version",
            "requested_days")  # fmt: skip
    return TicketDetail(
        **{name: getattr(ticket, name) for name in same},
        status_text=status_text(ticket.status, language),
        unit=unit_ref(office, ticket.unit_id),
        assignee=person_ref(office, ticket.assignee_id),
        subject=file.text.subject,
        description=file.text.description,
        location=file.text.location,
        occurred_on=file.text.occurred_on,
        reported=file.text.reported,
        reporter=masked(file.reporter) if file.reporter is not None else None,
        reporter_hidden=file.reporter_hidden,
        messages=[
            ThreadLine(
                seq=m.seq,
                at=m.at,
                sender=m.sender,
                person=person_ref(office, m.person_id),
                text=m.text,
                attachments=attachment_answers(file.files_of(m.seq), address, previews=True),
            )
            for m in file.messages
        ],
        attachments=attachment_answers(file.files_of(1), address, previews=True),
        deadlines=[_deadline(row) for row in file.deadlines],
        rating=file.rating.score if file.rating else None,
        merged_into=file.merged_into,
        allowed=open_to(viewer.actor(), ticket, file.events),
        last_event=ticket.seq,
        held_until=ticket.held_until if ticket.held and ticket.held_until is not None else msgspec.UNSET,
    )


def events_answer(file: TicketFile, office: Office, language: str) -> list[EventLine]:
    """The whole log, oldest first, each entry with its words."""
    words = {entry.seq: entry.text for entry in timeline(file, office, language, "officer")}
    return [
        EventLine(
            seq=e.seq,
            at=e.at,
            type=e.type,
            actor=actor_name(e, office, language),
            body=e.values(),
            text=words.get(e.seq, e.type),
            undone_by=e.undone_by,
        )
        for e in file.events
    ]


def etag(ticket: Ticket) -> str:
    """The version as an entity tag: it rises when what people act on changes (D2)."""
    return f'"{ticket.version}"'
