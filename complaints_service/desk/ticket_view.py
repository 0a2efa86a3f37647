"""One ticket as the desk shows it: facts, clocks, thread, history, the forms of what may be done, and what went wrong. Pure."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from complaints_service.accounts.model import Viewer
from complaints_service.desk.chips import Chip, ChipState, chip
from complaints_service.desk.deeds import Deed, Kept, deeds
from complaints_service.desk.queue_view import clock
from complaints_service.desk.trouble import Tried, told
from complaints_service.desk.why import source_of, steps_of, target_name
from complaints_service.desk.words import (
    CHANNELS,
    KINDS,
    PRESSING,
    PRIORITIES,
    PRIVACIES,
    Options,
    catalogue_name,
    catalogue_options,
    options,
    person_name,
    status_name,
    unit_name,
)
from complaints_service.i18n import moment, translate
from complaints_service.intake.attachments.answers import FileView, file_views
from complaints_service.office.model import Office
from complaints_service.tickets.file import ReporterDetails, TicketFile
from complaints_service.tickets.masking import masked
from complaints_service.tickets.model import Privacy, Ticket
from complaints_service.tickets.more_time import open_to
from complaints_service.tickets.port import DeadlineRow
from complaints_service.tickets.receivers import may_receive
from complaints_service.tickets.timeline import command_label, timeline
from complaints_service.tickets.transitions import last_act

# What the citizen was told; the other clocks are the office's own.
PROMISED = frozenset({"verify", "answer"})
_OWN_LABELS = {"assign_person": "Assign to an officer", "assign_unit": "Hand to another unit"}


class DeadlineView(msgspec.Struct, frozen=True, kw_only=True):
    """A clock of the ticket with how its date came about."""

    name: str
    chip: Chip
    due_at: datetime
    first_due_at: datetime
    moved: bool
    steps: list[str]
    source: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message or note of the thread."""

    seq: int
    sender: str
    who: str
    at: datetime
    text: str
    files: list[FileView]


class Undo(msgspec.Struct, frozen=True):
    """The viewer's last deed while it can be taken back: its event, its name, the seconds that are left."""

    seq: int
    label: str
    seconds: int


class Reporter(msgspec.Struct, frozen=True):
    """What the page shows of the reporter: rows, a sentence, and whether there is more to see on asking."""

    rows: list[tuple[str, str]]
    text: str
    can_look: bool


class Lists(msgspec.Struct, frozen=True, kw_only=True):
    """Choices of the forms."""

    categories: Options
    services: Options
    kinds: Options
    priorities: Options
    people: Options
    units: Options
    # Reporters of cases merged into this one, who read the office's words too.
    merged_here: int = 0


def ticket_page(
    file: TicketFile,
    viewer: Viewer,
    language: str,
    *,
    tried: Tried | None = None,
    reporter: ReporterDetails | None = None,
    taken: bool = False,
) -> dict[str, object]:
    """The context of desk/ticket.html. ``reporter``: personal data the viewer has just asked for (and that was logged)."""
    ticket, office = file.ticket, viewer.office
    forms = _deeds(file, viewer, language, tried.kept if tried else None)
    thread = _thread(file, office, language)
    return {
        "t": ticket,
        "subject": file.text.subject or translate(language, KINDS[ticket.kind]),
        "description": file.text.description,
        "occurred_on": date.fromisoformat(file.text.occurred_on) if file.text.occurred_on else None,
        "location": file.text.location,
        "status_text": status_name(ticket.status, language),
        "next_chip": clock(ticket.next_due_at, ticket.status, file.now, language),
        "pressing": translate(language, PRIORITIES[ticket.priority]) if ticket.priority in PRESSING else "",
        "privacy_text": "" if ticket.privacy is Privacy.OPEN else translate(language, PRIVACIES[ticket.privacy]),
        "deadlines": [_deadline(row, file, office, language) for row in _clocks(file)],
        "facts": _facts(file, office, language),
        "reporter": _reporter(file, reporter, language),
        "files": _files(file, 1, language),
        "thread": thread,
        "timeline": list(reversed(timeline(file, office, language, "officer"))),
        "deeds": forms,
        "lists": msgspec.structs.replace(_lists(ticket, office, language), merged_here=file.merged_here),
        "undo": undo_of(file, viewer, language),
        "trouble": told(tried, file, office, {message.seq: message.text for message in thread}, forms, language)
        if tried
        else None,
        "taken": taken,
        "back": "/desk",
    }


def undo_of(file: TicketFile, viewer: Viewer, language: str) -> Undo | None:
    """The bar of 10 s after a deed of the viewer's own."""
    act = last_act(file.ticket)
    if act is None or act.person_id != viewer.person.id:
        return None
    seconds = int((datetime.fromisoformat(act.until) - file.now).total_seconds())
    if seconds <= 0:
        return None
    done = next((e.text for e in timeline(file, viewer.office, language, "officer") if e.seq == act.seq), "")
    return Undo(act.seq, done, seconds)


def _deeds(file: TicketFile, viewer: Viewer, language: str, kept: Kept | None) -> list[Deed]:
    def label(name: str) -> str:
        own = _OWN_LABELS.get(name)
        return translate(language, own) if own else command_label(name, language)

    return deeds(file.ticket, open_to(viewer.actor(), file.ticket, file.events), label, kept)


def _clocks(file: TicketFile) -> list[DeadlineRow]:
    """The promises of the present episode, and other clocks while they run, the nearest first."""
    return sorted(
        (
            row
            for row in file.deadlines
            if row.episode == file.ticket.episode and (row.target in PROMISED or row.ended_at is None)
        ),
        key=lambda row: (row.ended_at is not None, row.target not in PROMISED, row.due_at),
    )


def _deadline(row: DeadlineRow, file: TicketFile, office: Office, language: str) -> DeadlineView:
    return DeadlineView(
        name=target_name(row.target, language),
        chip=_chip(row, file.now, language),
        due_at=row.due_at,
        first_due_at=row.first_due_at,
        moved=row.target in PROMISED and row.due_at != row.first_due_at,
        steps=steps_of(row, office, language, file.ticket, file.events),
        source=source_of(row, office, language),
    )


def _chip(row: DeadlineRow, now: datetime, language: str) -> Chip:
    if row.ended_at is not None and row.outcome == "called_off":
        return Chip(ChipState.PAUSED, translate(language, "called off"), row.due_at)
    if row.ended_at is not None:
        late = row.ended_at > row.due_at
        words = translate(language, "done late" if late else "done in time")
        return Chip(ChipState.LATE if late else ChipState.OK, words, row.due_at)
    if row.paused_at is not None:
        return Chip(ChipState.PAUSED, translate(language, "stands still"), row.due_at)
    return chip(row.due_at, now, language)


def _facts(file: TicketFile, office: Office, language: str) -> list[tuple[str, str]]:
    ticket = file.ticket

    def name(msgid: str) -> str:
        return translate(language, msgid)

    rows = [
        (name("Unit"), unit_name(office, ticket.unit_id)),
        (name("Officer"), person_name(office, ticket.assignee_id) or name("nobody yet")),
        (name("Kind"), translate(language, KINDS[ticket.kind])),
        (name("Category"), catalogue_name(office.categories.get(ticket.category or ""), language)),
        (name("Service"), catalogue_name(office.services.get(ticket.service or ""), language)),
        (name("Priority"), translate(language, PRIORITIES[ticket.priority])),
        (name("Marks"), ", ".join(_marks(ticket, language))),
        (name("Channel"), translate(language, CHANNELS[ticket.channel])),
        (name("Received on"), moment(ticket.received_at, office.time_zone, language)),
        (name("Filed by"), person_name(office, ticket.filed_by)),
        (name("Complained about"), file.text.reported or ""),
        (
            name("Requested"),
            translate(language, "{n} working days", n=ticket.requested_days) if ticket.requested_days else "",
        ),
        (name("Goes on in"), file.merged_into or ""),
        (name("Rating"), translate(language, "{n} of 4", n=file.rating.score) if file.rating else ""),
    ]
    return [(label, value) for label, value in rows if value]


def _marks(ticket: Ticket, language: str) -> list[str]:
    marks: list[str] = []
    if ticket.simple:
        marks.append(translate(language, "simple matter"))
    if ticket.oversight:
        marks.append(translate(language, "with oversight content"))
    return marks


def _reporter(file: TicketFile, seen: ReporterDetails | None, language: str) -> Reporter:
    if file.ticket.privacy is Privacy.ANONYMOUS:
        return Reporter([], translate(language, "Anonymous: nothing about the person is stored."), False)
    if file.reporter_hidden:
        return Reporter([], translate(language, "Confidential: only those with the right see the person."), False)
    if file.reporter is None:
        return Reporter([], translate(language, "The person left no name and no address."), False)
    shown = seen or masked(file.reporter)
    labels = {"Name": shown.name, "Telephone": shown.phone, "E-mail": shown.email, "WhatsApp": shown.whatsapp}
    rows = [(translate(language, label), value) for label, value in labels.items() if value]
    if not rows:
        return Reporter([], translate(language, "The person left no name and no address."), False)
    return Reporter(rows, "", seen is None)


def _thread(file: TicketFile, office: Office, language: str) -> list[Message]:
    names = {"reporter": "Reporter", "note": "Internal note"}
    return [
        Message(
            seq=message.seq,
            sender=message.sender,
            who=" · ".join(
                part
                for part in (
                    translate(language, names[message.sender]) if message.sender in names else "",
                    person_name(office, message.person_id),
                )
                if part
            ),
            at=message.at,
            text=message.text,
            files=_files(file, message.seq, language),
        )
        for message in file.messages
    ]


def _files(file: TicketFile, seq: int, language: str) -> list[FileView]:
    return file_views(file.files_of(seq), f"/desk/t/{file.ticket.number}", language, previews=True)


def _lists(ticket: Ticket, office: Office, language: str) -> Lists:
    people = [p for p in office.people.values() if p.active and may_receive(office, ticket, p, ticket.unit_id)]
    return Lists(
        categories=catalogue_options(office.categories.values(), language),
        services=catalogue_options(office.services.values(), language),
        kinds=options(KINDS, language),
        priorities=options(PRIORITIES, language),
        people=[(p.username, p.name) for p in people if p.id != ticket.assignee_id],
        units=[
            (unit.slug, unit.name)
            for unit in office.units.values()
            if unit.id != ticket.unit_id and unit.id not in ticket.reported_units
        ],
    )
