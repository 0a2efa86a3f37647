"""The daily seal (D10): a root over all tickets' chains leaves the system by e-mail, so that no log can be rewritten unseen.

The root of a day covers every event up to its end and can be made again at any later time; ``broken`` names days where it differs.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.failpoints import fp
from complaints_service.notifications.kinds import MessageKind, Recipient, Way
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.office.model import Office, Role
from complaints_service.office.store import OfficeStore

# Events of the last moments before midnight have surely been committed by then.
AFTER_MIDNIGHT = timedelta(minutes=10)


class Seals:
    """Makes the root of each day that is over and mails it to the administrators."""

    def __init__(self, database: Database, offices: OfficeStore, ids: MessageIds) -> None:
        self._database = database
        self._offices = offices
        self._ids = ids
        # What this process knows to be done; the primary key decides, this only saves the look.
        self._done: dict[int, date] = {}

    async def make(self) -> int:
        """Seal yesterday (office time) unless that is done; returns how many days were sealed now (0 or 1)."""
        office = await self._offices.current()
        async with self._database.connection() as connection:
            now = msgspec.convert(await queries("office").office_time(connection), datetime)
        day, cutoff = last_day(now, office.time_zone)
        if self._done.get(office.id) == day:
            return 0
        async with self._database.transaction(Scope.system()) as connection:
            if not await queries("seals").may_seal(connection):
                return 0
            done = await queries("seals").sealed(connection, office_id=office.id, day=day) is not None
            row = None if done else await queries("seals").seal(connection, office_id=office.id, day=day, cutoff=cutoff)
            if row is not None:
                for person in office.people.values():
                    if person.role is Role.ADMIN and person.active and person.email:
                        await self._put(connection, office, person.id, day, row["tickets"], row["root"])
                fp("seal.made")
        self._done[office.id] = day
        return int(row is not None)

    async def _put(
        self, connection: object, office: Office, person_id: int, day: date, tickets: int, root: bytes
    ) -> None:
        key = f"seal:{day.isoformat()}:{person_id}"
        params = {"day": day.isoformat(), "tickets": tickets, "root": root.hex()}
        await queries("outbox").put(
            connection,
            office_id=office.id,
            ticket_id=None,
            event_seq=None,
            dedupe_key=key,
            kind=MessageKind.SEAL.value,
            way=Way.EMAIL.value,
            recipient=Recipient.PERSON.value,
            person_id=person_id,
            address=None,
            params=msgspec.json.encode(params).decode(),
            message_id=self._ids.for_row(key),
        )

    async def broken(self, office_id: int) -> list[date]:
        """Days whose root can no longer be made from the events."""
        async with self._database.transaction(Scope.system()) as connection:
            found = queries("seals").broken_seals(connection, office_id=office_id, first=date.min, last=date.max)
            return [row["day"] async for row in found]


def last_day(now: datetime, zone: str) -> tuple[date, datetime]:
    """The last day that is over (with a little patience) and the instant it ended, in the office's zone."""
    local = (now - AFTER_MIDNIGHT).astimezone(ZoneInfo(zone))
    midnight = datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone))
    return (midnight - timedelta(days=1)).date(), midnight
