"""Two dozen living demo tickets: filed and worked on through the real services, so that every clock and chain is real."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from complaints_service.database import Scope, queries
from complaints_service.office.model import Office
from complaints_service.sla.targets import calendar_of
from complaints_service.tickets.commands import AnyCommand
from complaints_service.tickets.filed import Filed, FilingKey
from complaints_service.tickets.model import REPORTER_ACTOR, Actor, ActorKind, Channel, Complaint, Kind, Privacy
from complaints_service.wiring import Services

_FILE = Path(__file__).with_name("tickets.toml")
_REPORTER = "reporter"
# Doors at which an officer writes down what somebody says or sends.
_AT_THE_DESK = frozenset({Channel.COUNTER, Channel.PHONE, Channel.LETTER, Channel.SOCIAL})
_OPEN_FOR = timedelta(hours=5)


class DemoTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the file; ``steps`` are commands with ``by``: a username, or the reporter."""

    key: str
    channel: Channel
    subject: str
    description: str
    working_days_ago: int = 0
    kind: Kind = Kind.COMPLAINT
    category: str | None = None
    service: str | None = None
    privacy: Privacy = Privacy.OPEN
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    whatsapp: str | None = None
    location: str | None = None
    language: str = "id"
    steps: tuple[dict[str, object], ...] = ()


class DemoTickets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    tickets: tuple[DemoTicket, ...]


@functools.cache
def demo_tickets() -> tuple[DemoTicket, ...]:
    """The file as values; raises msgspec.ValidationError when somebody has broken it."""
    return msgspec.toml.decode(_FILE.read_bytes(), type=DemoTickets).tickets


async def seed_tickets(services: Services) -> int:
    """File the demo tickets and let the demo people work on them; returns how many are new.

    Only in an office that holds fewer tickets than the demo has. Each is filed under a key of its own: after a crash the ones that
    are there stay as they are and the others follow.
    """
    wanted = demo_tickets()
    async with services.database.transaction(Scope.system()) as connection:
        if await queries("demo").ticket_count(connection) >= len(wanted):
            return 0
    filed: dict[str, Filed] = {}
    for entry in wanted:
        office = await services.offices.current()
        complaint = _complaint(entry, office, services.clock.now())
        key = FilingKey("demo", entry.key, entry.key.encode())
        filed[entry.key] = await services.intake.file_complaint(office, complaint, key)
        if not filed[entry.key].replayed:
            for step in entry.steps:
                await _act(services, office, filed, entry.key, step)
    return sum(not one.replayed for one in filed.values())


def _complaint(entry: DemoTicket, office: Office, now: datetime) -> Complaint:
    officer = next((person.id for person in office.people.values() if person.username == "petugas"), None)
    received_at = None
    if entry.working_days_ago:
        received_at = calendar_of(office).shift_working_days(now, -entry.working_days_ago) - _OPEN_FOR
    return Complaint(
        description=entry.description,
        subject=entry.subject,
        kind=entry.kind,
        channel=entry.channel,
        privacy=entry.privacy,
        category=entry.category,
        service=entry.service,
        location=entry.location,
        reporter_name=entry.name,
        reporter_phone=entry.phone,
        reporter_email=entry.email,
        reporter_whatsapp=entry.whatsapp,
        language=entry.language,
        received_at=received_at,
        filed_by=officer if entry.channel in _AT_THE_DESK else None,
    )


async def _act(services: Services, office: Office, filed: dict[str, Filed], key: str, step: dict[str, object]) -> None:
    fields = {name: value for name, value in step.items() if name != "by"}
    if "into" in fields:
        fields["into"] = filed[str(fields["into"])].number
    command: AnyCommand = msgspec.convert(fields, AnyCommand)
    ticket = filed[key]
    actor, scope = _who(office, str(step["by"]), ticket)
    await services.tickets.act(office, ticket.number, command, actor, scope)


def _who(office: Office, name: str, ticket: Filed) -> tuple[Actor, Scope]:
    if name == _REPORTER:
        return REPORTER_ACTOR, Scope.ticket(ticket.office_id, ticket.ticket_id)
    person = next(person for person in office.people.values() if person.username == name)
    scope = Scope.person(office.id, person.id, sorted(office.scope_units(person)), sorted(person.works_in))
    return Actor(ActorKind.PERSON, person.id, person.role.value, person.name), scope
