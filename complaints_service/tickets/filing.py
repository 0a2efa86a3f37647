"""How a complaint becomes a ticket: one statement, one round trip, once per key (D6)."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from complaints_service.clock import OfficeClock
from complaints_service.database import Database, Scope, queries
from complaints_service.errors import DomainError, Invalid, KeyReused, Unavailable
from complaints_service.failpoints import fp
from complaints_service.keys import Keys, new_token
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.tickets.attachments import attach, claim, with_files
from complaints_service.tickets.chain import body_text, event_hash
from complaints_service.tickets.filed import Filed, FiledBody, FilingKey, Placed, PromisedDeadline, SamePlace
from complaints_service.tickets.model import (
    REPORTER_ACTOR,
    Actor,
    ActorKind,
    Complaint,
    Event,
    Status,
    Ticket,
)
from complaints_service.tickets.new_ticket import new_ticket, told_besides
from complaints_service.tickets.pipeline import react
from complaints_service.tickets.port import Change, Effects, Reactor
from complaints_service.tickets.rows import as_json, words_of

# Stale office rows or a stale clock are read anew and the statement is tried again; more than this means trouble.
TRIES = 4
# What is due later than this the workers' own sweeps find in time.
SOON = timedelta(minutes=1)


class Filings:
    """Files complaints and remembers idempotency keys."""

    def __init__(
        self, database: Database, offices: OfficeStore, clock: OfficeClock, keys: Keys, reactors: Sequence[Reactor]
    ) -> None:
        self._database = database
        self._offices = offices
        self._clock = clock
        self._keys = keys
        self._reactors = tuple(reactors)

    async def file(
        self,
        office: Office,
        complaint: Complaint,
        place: Callable[[Office, datetime], Placed],
        key: FilingKey,
        wake: Callable[[], None],
    ) -> Filed:
        """File a checked complaint, or give the first answer again when the key is known.

        ``place`` routes it in the office as it is at that moment; ``wake`` is called when the filing has left a message to send or
        a timer that is due soon. Raises KeyReused when the key came with another body, Unavailable when clock or configuration
        cannot be brought up to date, Invalid that names the uploads which cannot be had.
        """
        key_hash, body_hash = self._hashes(key)
        for _ in range(TRIES):
            prepared = self._prepare(office, complaint, place)
            fp("filing.prepared")
            # Given back before anything else asks for one: filings with one each and waiting for a second would wait for ever.
            if complaint.attachments:
                attempt = functools.partial(self._insert_with_files, office, prepared, key_hash, body_hash)
                try:
                    row = await self._database.again(attempt)
                except Invalid as unknown:
                    # It may be that the first sending under this key has claimed them.
                    return await self._first_answer(office, key_hash, body_hash, unknown)
            else:
                async with self._database.connection() as connection:
                    row = await self._insert(connection, office, prepared, key_hash, body_hash)
            if row["id"] is not None:
                fp("filing.committed")
                if prepared.due_soon:
                    wake()
                return self._answer(office, prepared, row["id"], row["number"])
            self._clock.set(row["office_time"])
            if not row["config_current"]:
                office = await self._offices.reload(office.id, office.config_version)
            elif row["clock_right"]:
                return await self._first_answer(office, key_hash, body_hash)
        raise Unavailable

    async def file_split(
        self, connection: asyncpg.Connection, office: Office, complaint: Complaint, origin: Ticket, at: datetime
    ) -> str:
        """File the second matter of a ticket inside the transaction that splits it; returns the new number."""
        place = SamePlace(
            unit_id=origin.unit_id,
            priority=origin.priority,
            oversight=origin.oversight,
            simple=origin.simple,
            reported_units=origin.reported_units,
            reported_people=origin.reported_people,
        )
        prepared = self._prepare(office, complaint, lambda _office, _at: place, at)
        row = await self._insert(connection, office, prepared, *self._hashes(FilingKey("split", new_token()[0], b"")))
        if row["id"] is None:
            raise Unavailable
        return row["number"]

    async def take_key(self, connection: asyncpg.Connection, office: Office, key: FilingKey, ticket_id: int) -> bool:
        """Take a key for something else than a filing, inside its transaction. False: it is known with the same body.

        Raises KeyReused when it is known with another.
        """
        key_hash, body_hash = self._hashes(key)
        taken = await queries("tickets").take_key(
            connection, office_id=office.id, key_hash=key_hash, body_hash=body_hash, ticket_id=ticket_id
        )
        if taken is not None:
            return True
        known = await queries("tickets").known_key(connection, office_id=office.id, key_hash=key_hash)
        if known is None or known["body_hash"] != body_hash or known["ticket_id"] != ticket_id:
            raise KeyReused
        return False

    def _hashes(self, key: FilingKey) -> tuple[bytes, bytes]:
        return self._keys.digest("idempotency", key.scope, key.key), hashlib.sha256(key.body).digest()

    def _prepare(
        self,
        office: Office,
        complaint: Complaint,
        place: Callable[[Office, datetime], Placed],
        at: datetime | None = None,
    ) -> _Prepared:
        now = at or self._clock.now()
        received_at = complaint.received_at or now
        placed = place(office, received_at)
        ticket = new_ticket(office, complaint, placed, received_at, now)
        actor = REPORTER_ACTOR
        if complaint.filed_by is not None:
            actor = Actor(ActorKind.PERSON, person_id=complaint.filed_by)
        event = Event(seq=1, type="filed", at=now, actor=actor, body={}, released_at=now)
        ways = (("email",) if complaint.reporter_email else ()) + (("whatsapp",) if complaint.chat_id else ())
        change = Change(
            before=None,
            after=ticket,
            command=None,
            events=(event,),
            actor=actor,
            now=now,
            office=office,
            complaint=complaint,
            reporter_ways=ways,
            chat_id=complaint.chat_id,
        )
        effects = react(change, self._reactors)
        promised = tuple(
            PromisedDeadline(row.target, row.due_at) for row in effects.deadlines if row.target in ("verify", "answer")
        )
        body: dict[str, object] = {
            "channel": complaint.channel,
            "kind": complaint.kind,
            "category": complaint.category,
            "service": complaint.service,
            "privacy": complaint.privacy,
            "unit": placed.unit_id,
            "priority": placed.priority,
            "rule": placed.rule_id,
            "rule_name": placed.rule_name,
            "why": placed.why,
            "received_at": received_at,
            "deadlines": promised,
            "split_from": complaint.split_from,
        }
        body |= told_besides(complaint)
        return _Prepared(
            ticket=msgspec.structs.replace(ticket, next_due_at=effects.next_due_at),
            event=msgspec.structs.replace(event, body=body),
            complaint=complaint,
            placed=placed,
            effects=effects,
            promised=promised,
            now=now,
        )

    async def _insert_with_files(
        self, office: Office, new: _Prepared, key_hash: bytes, body_hash: bytes
    ) -> asyncpg.Record:
        """Filing and claim of its uploads in one transaction. Raises Invalid when an upload cannot be had; nothing is written then."""
        async with self._database.transaction(Scope.ticket(office.id, 0)) as connection:
            files = await claim(connection, new.complaint.attachments)
            event = msgspec.structs.replace(new.event, body=with_files(new.event.body, files))
            new = msgspec.structs.replace(new, event=event)
            row = await self._insert(connection, office, new, key_hash, body_hash)
            if row["id"] is not None:
                fp("filing.before_files")
                await attach(connection, office.id, row["id"], event.seq, files)
        return row

    async def _insert(
        self, connection: asyncpg.Connection, office: Office, new: _Prepared, key_hash: bytes, body_hash: bytes
    ) -> asyncpg.Record:
        complaint, placed = new.complaint, new.placed
        phone_key = self._keys.digest("phone", complaint.reporter_phone) if complaint.reporter_phone else None
        email_key = self._keys.digest("email", complaint.reporter_email.lower()) if complaint.reporter_email else None
        words = words_of(complaint, phone_key, email_key)
        event = new.event
        body = body_text(event.body)
        head = event_hash(new.ticket.chain_seed, event.seq, event.at, event.type, event.actor.label, body, words.digest)
        parameters = msgspec.structs.asdict(new.ticket)
        parameters |= words.columns
        parameters |= {
            "key_hash": key_hash,
            "body_hash": body_hash,
            "at": new.now,
            "year": str(new.ticket.received_at.astimezone(ZoneInfo(office.time_zone)).year),
            "config_version": office.config_version,
            "least_open_unit": placed.unit_id if placed.wants_assignee else None,
            "not_to": placed.excluded_people,
            "absent": [p.id for p in office.people.values() if not office.present(p, new.now)]
            if placed.wants_assignee
            else [],
            "chain_head": head,
            "type": event.type,
            "actor": event.actor.label,
            "person_id": event.actor.person_id,
            "body": body,
            "content_digest": words.digest,
            "deadlines": as_json(new.effects.deadlines),
            "timers": as_json(new.effects.timers),
            "outbox": as_json(new.effects.outbox),
        }
        return await queries("tickets").file_complaint(connection, **parameters)

    def _answer(self, office: Office, new: _Prepared, ticket_id: int, number: str) -> Filed:
        return Filed(
            office_id=office.id,
            ticket_id=ticket_id,
            number=number,
            tracking_code=self._keys.tracking_code(office.id, ticket_id, new.ticket.key_id),
            status=Status.RECEIVED,
            kind=new.ticket.kind,
            category=new.ticket.category,
            service=new.ticket.service,
            unit_name=office.units[new.ticket.unit_id].name,
            received_at=new.ticket.received_at,
            deadlines=new.promised,
        )

    async def _first_answer(
        self, office: Office, key_hash: bytes, body_hash: bytes, refusal: DomainError | None = None
    ) -> Filed:
        async with self._database.connection() as connection:
            known = await queries("tickets").known_key(connection, office_id=office.id, key_hash=key_hash)
        if known is None:
            raise refusal or Unavailable()
        if known["body_hash"] != body_hash or known["ticket_id"] is None:
            raise KeyReused("Use a new key for a new complaint.")
        return await self.filed_again(office, known["ticket_id"])

    async def filed_again(self, office: Office, ticket_id: int) -> Filed:
        """The first answer of a filing, built from its first event whatever has happened since (``replayed`` is True)."""
        async with self._database.transaction(Scope.ticket(office.id, ticket_id)) as connection:
            row = await queries("tickets").filed_again(connection, office_id=office.id, ticket_id=ticket_id)
        body = msgspec.json.decode(row["body"], type=FiledBody)
        return Filed(
            office_id=office.id,
            ticket_id=ticket_id,
            number=row["number"],
            tracking_code=self._keys.tracking_code(office.id, ticket_id, row["key_id"]),
            status=Status.RECEIVED,
            kind=body.kind,
            category=body.category,
            service=body.service,
            unit_name=office.units[body.unit].name,
            received_at=body.received_at,
            deadlines=body.deadlines,
            replayed=True,
        )


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    ticket: Ticket
    event: Event
    complaint: Complaint
    placed: Placed
    effects: Effects
    promised: tuple[PromisedDeadline, ...]
    now: datetime

    @property
    def due_soon(self) -> bool:
        return bool(self.effects.outbox) or any(timer.due_at < self.now + SOON for timer in self.effects.timers)
