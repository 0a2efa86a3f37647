"""The use cases of a ticket: act on it, and the locking and writing that commands, timers and citizens share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from complaints_service.clock import OfficeClock
from complaints_service.database import SYSTEM, Database, Scope, queries
from complaints_service.errors import DomainError, FieldProblem, Invalid, KeyReused, NotFound, Refused, Stale
from complaints_service.failpoints import fp
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.tickets.attachments import attach, claim, with_files
from complaints_service.tickets.commands import (
    AnyCommand,
    Merge,
    Reply,
    Split,
    Undo,
)
from complaints_service.tickets.filed import FilingKey
from complaints_service.tickets.filing import Filings
from complaints_service.tickets.lifecycle import Refusal, allowed
from complaints_service.tickets.merged import told_to_merged
from complaints_service.tickets.model import Actor, Event, Ticket
from complaints_service.tickets.pipeline import (
    Loaded,
    Performed,
    brought_up,
    ends_case,
    perform,
    settled,
    writes_ticket,
    written,
)
from complaints_service.tickets.port import OutcomeLetters, Reactor, Recomputing, TimerRow
from complaints_service.tickets.rows import deadlines_from, ticket_from, timers_from
from complaints_service.tickets.second_matter import second_matter
from complaints_service.tickets.time_requests import request_behind
from complaints_service.waker import Waker


class Acted(msgspec.Struct, frozen=True):
    """The ticket after a command; ``created_number``: what a split has filed; ``replayed``: the key was known, nothing new happened."""

    ticket: Ticket
    events: tuple[Event, ...]
    created_number: str | None = None
    replayed: bool = False


class Tickets:
    """Commands on tickets, one transaction each: lock and read, write everything, commit (D2)."""

    def __init__(
        self,
        database: Database,
        offices: OfficeStore,
        clock: OfficeClock,
        filings: Filings,
        reactors: Sequence[Reactor],
        waker: Waker,
        recomputing: Recomputing,
        outcome_letters: OutcomeLetters,
    ) -> None:
        self._database = database
        self._offices = offices
        self._clock = clock
        self._filings = filings
        self.reactors = tuple(reactors)
        self._waker = waker
        self._recomputing = recomputing
        self._outcome_letters = outcome_letters

    async def act(
        self,
        office: Office,
        number: str,
        command: AnyCommand,
        actor: Actor,
        scope: Scope,
        expected_version: int | None = None,
        key: FilingKey | None = None,
    ) -> Acted:
        """Carry out a command on the ticket with this number, as far as the scope sees it.

        Raises NotFound (or not in scope), Stale when ``expected_version`` is no longer the version, Refused with the
        commands that are allowed, Invalid when a field of the command is wrong, KeyReused. ``key`` makes it idempotent.
        """
        try:
            acted = await self._again(office, number, command, actor, scope, expected_version, key)
        except NotFound:
            if not isinstance(command, Undo):
                raise
            acted = await self._undo_out_of_sight(office, number, command, actor, expected_version)
        fp("command.committed")
        self._waker.wake()
        return acted

    async def _undo_out_of_sight(
        self, office: Office, number: str, command: Undo, actor: Actor, expected_version: int | None
    ) -> Acted:
        """Who handed a case to a unit out of sight may still take that back; of any other case there nothing is learnt."""
        try:
            return await self._again(office, number, command, actor, SYSTEM, expected_version, None)
        except DomainError as error:
            raise NotFound from error

    async def _again(
        self,
        office: Office,
        number: str,
        command: AnyCommand,
        actor: Actor,
        scope: Scope,
        expected_version: int | None,
        key: FilingKey | None,
    ) -> Acted:
        return await self._database.again(
            lambda: self._act_once(office, number, command, actor, scope, expected_version, key)
        )

    async def _act_once(
        self,
        office: Office,
        number: str,
        command: AnyCommand,
        actor: Actor,
        scope: Scope,
        expected_version: int | None,
        key: FilingKey | None,
    ) -> Acted:
        numbers = [number, command.into] if isinstance(command, Merge) else [number]
        if any("\x00" in each for each in numbers):
            raise NotFound
        async with self._database.transaction(scope) as connection:
            found, office = await self.lock(connection, office, numbers)
            loaded = found.get(number)
            if loaded is None:
                raise NotFound
            if key is not None and not await self._filings.take_key(connection, office, key, loaded.ticket.id):
                return Acted(loaded.ticket, (), replayed=True)
            if expected_version is not None and expected_version != loaded.ticket.version:
                raise Stale("Look at what has changed and decide again.")
            other = found[command.into].ticket if isinstance(command, Merge) and command.into in found else None
            now = self._clock.now()
            new_number = None
            if isinstance(command, Split):
                self._check(
                    perform(loaded, [command], actor, now, office, self.reactors, new_number=""), loaded.ticket, actor
                )
                reporter = await queries("tickets").reporter_of_ticket(
                    connection, office_id=office.id, ticket_id=loaded.ticket.id
                )
                second = second_matter(loaded.ticket, command, actor, reporter)
                new_number = await self._filings.file_split(connection, office, second, loaded.ticket, now)
            performed = perform(
                loaded,
                [command],
                actor,
                now,
                office,
                self.reactors,
                other=other,
                new_number=new_number,
                request=await request_behind(connection, loaded.ticket, command),
            )
            performed = self._check(performed, loaded.ticket, actor)
            files = await claim(connection, command.attachments) if isinstance(command, Reply) else []
            if files:
                first, *others = performed.events
                first = msgspec.structs.replace(first, body=with_files(first.body, files))
                performed = msgspec.structs.replace(performed, events=(first, *others))
            if performed.ticket.unit_id != loaded.ticket.unit_id:
                # The new row must pass the policies for reading too, and its unit may be one that the actor does not see.
                await queries("tickets").let_go(connection)
            await self.write(connection, [(loaded.ticket, performed)])
            if files:
                await attach(connection, office.id, loaded.ticket.id, performed.events[0].seq, files)
            fp("command.written")
        return Acted(performed.ticket, performed.events, new_number)

    @staticmethod
    def _check(performed: Performed | Refusal, ticket: Ticket, actor: Actor) -> Performed:
        if isinstance(performed, Performed):
            return performed
        if performed.field is not None:
            raise Invalid([FieldProblem(performed.field, performed.code, performed.detail, performed.values)])
        raise Refused(performed.detail, code=performed.code, allowed=allowed(ticket, actor), **performed.values)

    async def lock(
        self, connection: asyncpg.Connection, office: Office, numbers: list[str]
    ) -> tuple[dict[str, Loaded], Office]:
        """Lock tickets in the order of their ids and read what a change needs; also brings clock and office up to date.

        Tickets that lag behind versions of policy and calendar are brought up first: no command goes by an old date.
        """
        found, office = await self._lock(connection, office, numbers)
        now = self._clock.now()
        behind = [loaded for loaded in found.values() if self.lags(loaded, now, office)]
        if behind:
            await self._bring_up(connection, behind, now, office)
            found, office = await self._lock(connection, office, numbers)
        for number, loaded in found.items():
            pinned = self._recomputing.pinned(office, loaded.ticket, now)
            if pinned is not loaded.ticket:
                found[number] = msgspec.structs.replace(loaded, ticket=pinned)
        return found, office

    async def _lock(
        self, connection: asyncpg.Connection, office: Office, numbers: list[str]
    ) -> tuple[dict[str, Loaded], Office]:
        found: dict[str, Loaded] = {}
        for _ in range(2):
            stale = False
            async for row in queries("tickets").lock_tickets(connection, office_id=office.id, numbers=numbers):
                ticket = ticket_from(row["ticket"])
                stale = stale or row["snapshot_seq"] != ticket.seq
                self._clock.set(row["office_time"])
                if row["config_version"] != office.config_version:
                    office = await self._offices.reload(office.id, office.config_version, connection)
                found[ticket.number] = loaded_from(row, ticket)
            if not stale:
                break
        return found, office

    async def write(self, connection: asyncpg.Connection, changes: Sequence[tuple[Ticket, Performed]]) -> None:
        """Write changes of locked tickets in one statement. Raises Stale when a ticket was changed in spite of the lock."""
        changes = [(t, await told_to_merged(connection, made, self._outcome_letters)) for t, made in changes]
        rows = written(changes)
        result = await queries("tickets").write_changes(connection, **rows.parameters())
        if result["written"] != sum(1 for before, performed in changes if writes_ticket(before, performed)):
            raise Stale("Look at what has changed and decide again.")

    def settle(self, loaded: Loaded, now: datetime, office: Office) -> Performed:
        """Bring a ticket's clocks in line with its state without anything having happened to it."""
        return settled(loaded, now, office, self.reactors)

    def lags(self, loaded: Loaded, now: datetime, office: Office) -> bool:
        """Whether the ticket has to be recomputed before anything else happens to it."""
        return self._recomputing.lags(office, loaded.ticket, loaded.deadlines, now)

    def recomputed(
        self, loaded: Loaded, fired: tuple[TimerRow, ...], now: datetime, office: Office, *, ends: bool = True
    ) -> Performed:
        """A lagging ticket on its new versions, with what is due because of them; ``fired``: timers of its episode that have fired.

        ``ends`` False: no lapse and no closing, for somebody is about to act. Raises RuntimeError when the lifecycle refuses: rules
        and rows contradict each other.
        """
        made = self._recomputing.recompute(office, loaded.ticket, loaded.deadlines, loaded.timers, fired, now)
        if not ends:
            made = msgspec.structs.replace(made, commands=tuple(c for c in made.commands if not ends_case(c)))
        performed = brought_up(loaded, made, now, office, self.reactors)
        if isinstance(performed, Refusal):
            raise RuntimeError(performed.code)
        return performed

    async def fired_timers(
        self, connection: asyncpg.Connection, tickets: Sequence[Ticket]
    ) -> dict[int, tuple[TimerRow, ...]]:
        """Timers that have fired in the running episode of these tickets of one office, by ticket id."""
        return {
            row["ticket_id"]: timers_from(row["timers"])
            async for row in queries("recompute").fired_timers(
                connection,
                office_id=tickets[0].office_id,
                ids=[ticket.id for ticket in tickets],
                episodes=[ticket.episode for ticket in tickets],
            )
        }

    async def _bring_up(
        self, connection: asyncpg.Connection, behind: Sequence[Loaded], now: datetime, office: Office
    ) -> None:
        fired = await self.fired_timers(connection, [loaded.ticket for loaded in behind])
        await self.write(
            connection,
            [
                (loaded.ticket, self.recomputed(loaded, fired.get(loaded.ticket.id, ()), now, office, ends=False))
                for loaded in behind
            ],
        )


def loaded_from(row: asyncpg.Record, ticket: Ticket) -> Loaded:
    """What ``lock_tickets`` and ``claim_timers`` select, as values."""
    ways = (
        *(("email",) if row["has_email"] else ()),
        *(("whatsapp",) if row["chat_id"] is not None else ()),
        *row["devices"],
    )
    return Loaded(ticket, deadlines_from(row["deadlines"]), timers_from(row["timers"]), ways, row["chat_id"])


__all__ = ["Acted", "KeyReused", "Tickets", "loaded_from"]
