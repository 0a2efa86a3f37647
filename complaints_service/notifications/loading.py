"""Gathers what a claimed row needs, in as few round trips as its kind allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import queries
from complaints_service.notifications.facts import (
    Addressed,
    Chat,
    Claimed,
    ListedReceipt,
    ListedTicket,
    Outcome,
    TicketFacts,
)
from complaints_service.notifications.kinds import MessageKind
from complaints_service.office.model import Office, Person

if TYPE_CHECKING:
    from asyncpg import Connection

LISTED = 20
# As many receipts as somebody may really want on one day; more are a flood, and its address has got one already.
LISTED_RECEIPTS = 20


class Figures(msgspec.Struct, frozen=True):
    """What a morning digest counts, within the person's units."""

    open: int
    overdue: int
    due_soon: int
    unassigned: int
    mine: int


class _Listed(msgspec.Struct, frozen=True):
    """What a roll-up wants to know of a rung's parameters."""

    level: int = 0
    target: str = ""


async def gather(connection: Connection, row: Claimed, office: Office) -> Addressed:
    """The row with its ticket, person and chat as they are now; each None where the row has none or it is gone."""
    at = await queries("office").office_time(connection) if row.ticket_id is None else None
    ticket = chat = None
    if row.ticket_id is not None:
        found = await queries("outbox").ticket_facts(
            connection, office_id=row.office_id, ticket_id=row.ticket_id, event_seq=row.event_seq
        )
        if found is not None:
            at, ticket = found["at"], msgspec.json.decode(found["facts"], type=TicketFacts)
    if row.chat_id is not None:
        found = await queries("outbox").chat(connection, office_id=row.office_id, chat_id=row.chat_id)
        chat = msgspec.convert(dict(found), Chat) if found is not None else None
    person = office.people.get(row.person_id) if row.person_id is not None else None
    outcome = await _outcome(connection, row) if row.kind == MessageKind.MERGED_OUTCOME else None
    return Addressed(
        row=row, office=office, at=at or row.created_at, ticket=ticket, person=person, chat=chat, outcome=outcome
    )


async def _outcome(connection: Connection, row: Claimed) -> Outcome | None:
    other = msgspec.json.decode(row.params, type=dict[str, int])
    found = await queries("outbox").outcome(
        connection, office_id=row.office_id, ticket_id=other["of"], event_seq=other["seq"]
    )
    return msgspec.convert(dict(found), Outcome) if found is not None else None


async def further(connection: Connection, message: Addressed) -> dict[str, object] | None:
    """What only some kinds need: lists and figures. None: there is nothing left to say."""
    row = message.row
    if row.kind == MessageKind.ROLL_UP:
        return await _roll_up(connection, row)
    if row.kind == MessageKind.RECEIPTS:
        return await _receipts(connection, row)
    if row.kind == MessageKind.DIGEST and message.person is not None:
        return await digest(connection, message.office, message.person)
    if row.kind == MessageKind.ALARM:
        alarm_id = msgspec.json.decode(row.params, type=dict[str, int])["alarm"]
        found = await queries("outbox").alarm(connection, office_id=row.office_id, id=alarm_id)
        if found is None or found["cleared_at"] is not None:
            return None
        return {name: found[name] for name in ("key", "what", "details", "raised_at")}
    return {}


async def _roll_up(connection: Connection, row: Claimed) -> dict[str, object] | None:
    found = [
        dict(line)
        async for line in queries("outbox").absorbed(
            connection, office_id=row.office_id, roll_up_id=row.id, limit=LISTED
        )
    ]
    if not found:
        return None
    lines = [msgspec.convert(line, ListedTicket) for line in found]
    rungs = [msgspec.json.decode(line.params or "{}", type=_Listed) for line in lines]
    urgent = any(rung.target == "attend" for rung in rungs)
    level = max(rung.level for rung in rungs)
    return {"count": found[0]["count"], "tickets": lines, "level": level, "urgent": urgent}


async def _receipts(connection: Connection, row: Claimed) -> dict[str, object] | None:
    found = queries("outbox").listed_receipts(
        connection, office_id=row.office_id, list_id=row.id, most=LISTED_RECEIPTS + 1
    )
    receipts = [msgspec.convert(dict(line), ListedReceipt) async for line in found]
    return {"receipts": receipts} if 0 < len(receipts) <= LISTED_RECEIPTS else None


async def digest(connection: Connection, office: Office, person: Person) -> dict[str, object] | None:
    """Figures and the most urgent cases of the person's units; None when nothing is open there."""
    mine = {
        "office_id": office.id,
        "units": sorted(office.scope_units(person)),
        "own_units": sorted(person.works_in),
        "person_id": person.id,
    }
    figures = msgspec.convert(dict(await queries("outbox").open_figures(connection, **mine)), Figures)
    if not figures.open:
        return None
    lines = [
        msgspec.convert(dict(line), ListedTicket)
        async for line in queries("outbox").most_urgent(connection, **mine, limit=LISTED)
    ]
    return {"figures": figures, "count": figures.open, "tickets": lines}
