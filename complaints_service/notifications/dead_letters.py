"""Messages that will not arrive by themselves: seen by a person, tried again by a person."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.errors import NotFound
from complaints_service.notifications.alarms import dead_key
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """``to`` names a person of the office, or only "reporter" or "chat"; ``reason`` is a code."""

    id: int
    number: str | None
    kind: str
    way: str
    to: str
    attempts: int
    reason: str
    created_at: datetime


class DeadLetters:
    """The list and the second chance. Who may see it is checked by the page (administrators)."""

    def __init__(self, database: Database, offices: OfficeStore) -> None:
        self._database = database
        self._offices = offices

    async def listed(self, office: Office, limit: int = 200) -> list[DeadLetter]:
        """The office's dead messages, the latest first."""
        async with self._database.transaction(Scope.system()) as connection:
            found = queries("outbox").dead_letters(connection, office_id=office.id, limit=limit)
            return [
                DeadLetter(
                    id=row["id"],
                    number=row["number"],
                    kind=row["kind"],
                    way=row["way"],
                    to=_receiver(office, row["person_id"], row["recipient"]),
                    attempts=row["attempts"],
                    reason=row["last_error"] or "",
                    created_at=row["created_at"],
                )
                async for row in found
            ]

    async def retry(self, office_id: int, letter_id: int) -> None:
        """Queue it anew with all its tries; the alarm is over when it was the last of its kind. Raises NotFound."""
        async with self._database.transaction(Scope.system()) as connection:
            row = await queries("outbox").retry(connection, office_id=office_id, id=letter_id)
            if row is None:
                raise NotFound("This message is not waiting for another try.")
            kind, way = row["kind"], row["way"]
            left = await queries("outbox").dead_left(connection, office_id=office_id, kind=kind, way=way)
            if not left:
                await queries("outbox").clear_alarm(connection, office_id=office_id, key=dead_key(way, kind))


def _receiver(office: Office, person_id: int | None, recipient: str) -> str:
    person = office.people.get(person_id) if person_id is not None else None
    return person.name if person is not None else recipient
