"""The morning digest: 07:30 office time, once per person and day, while cases are open in the person's units."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.failpoints import fp
from complaints_service.notifications.kinds import MessageKind, Recipient, Way
from complaints_service.notifications.loading import digest
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.office.model import Office, Person, Role
from complaints_service.office.store import OfficeStore

DIGEST_AT = time(7, 30)
# After an outage it still comes the same morning; later in the day the queue itself says more.
TOO_LATE_AT = time(12, 0)


def digest_due(now: datetime, zone: str) -> bool:
    """Whether the hour of today's digest has come in the office's zone and the morning is not over."""
    return DIGEST_AT <= now.astimezone(ZoneInfo(zone)).time() < TOO_LATE_AT


class Digests:
    """Puts digests into the outbox; their figures are counted when they are sent."""

    def __init__(self, database: Database, offices: OfficeStore, ids: MessageIds) -> None:
        self._database = database
        self._offices = offices
        self._ids = ids
        # What this process has done already; the unique key decides, this only saves the look.
        self._made: dict[int, str] = {}

    async def make(self, now: datetime | None = None) -> int:
        """Today's digests at office time ``now`` (None: the database says); the number of rows that are new."""
        office = await self._offices.current()
        if now is None:
            async with self._database.connection() as connection:
                now = msgspec.convert(await queries("office").office_time(connection), datetime)
        today = now.astimezone(ZoneInfo(office.time_zone)).date().isoformat()
        if not digest_due(now, office.time_zone) or self._made.get(office.id) == today:
            return 0
        made = 0
        for person in office.people.values():
            handles_cases = person.role is not Role.ADMIN
            if handles_cases and person.email and office.present(person, now):
                made += await self._put(office, person, today)
                fp("digest.put")
        self._made[office.id] = today
        return made

    async def _put(self, office: Office, person: Person, today: str) -> bool:
        key = f"digest:{person.id}:{today}"
        units = sorted(office.scope_units(person))
        async with self._database.transaction(
            Scope.person(office.id, person.id, units, sorted(person.works_in))
        ) as connection:
            if await digest(connection, office, person) is None:
                return False
        async with self._database.transaction(Scope.system()) as connection:
            put = await queries("outbox").put(
                connection,
                office_id=office.id,
                ticket_id=None,
                event_seq=None,
                dedupe_key=key,
                kind=MessageKind.DIGEST.value,
                way=Way.EMAIL.value,
                recipient=Recipient.PERSON.value,
                person_id=person.id,
                address=None,
                params="{}",
                message_id=self._ids.for_row(key),
            )
        return put is not None
