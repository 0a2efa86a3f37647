"""What a kiosk kept without a line and the service could not take: which item, when and why. Its words stay sealed on the device."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from complaints_service.database import Database, queries
from complaints_service.errors import DomainError, Invalid
from complaints_service.intake.kiosk.model import Device
from complaints_service.office.model import Office

KEPT_DAYS = 90
# More is a device that has gone mad; the alarm has told of it by then.
MOST_OF_A_DEVICE = 200
_LONGEST_FIELDS = 200


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """One item; ``fields``: names of those that are wrong, with commas. Times are office time, UTC."""

    id: int
    device_name: str
    client_id: UUID
    reason: str
    fields: str
    refused_at: datetime


class RefusedItems:
    """Items of one office's kiosks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, device: Device, client_id: UUID, reason: str, fields: str = "") -> None:
        """Keep that it was refused; once for an item, however often it is sent."""
        async with self._database.connection() as connection:
            await queries("kiosk").note_refused(
                connection,
                office_id=device.office_id,
                device_id=device.id,
                client_id=client_id,
                reason=reason,
                fields=fields[:_LONGEST_FIELDS],
                most=MOST_OF_A_DEVICE,
            )

    async def taken(self, device: Device, client_id: UUID) -> None:
        """It was refused before and has been filed now."""
        async with self._database.connection() as connection:
            await queries("kiosk").refused_taken(
                connection, office_id=device.office_id, device_id=device.id, client_id=client_id
            )

    async def open(self, office: Office) -> list[Refused]:
        """What nobody has seen to yet, the oldest first."""
        async with self._database.connection() as connection:
            found = queries("kiosk").open_refused(connection, office_id=office.id)
            return [msgspec.convert(dict(row), Refused) async for row in found]

    async def done(self, office: Office, item_id: int, person_id: int) -> None:
        """This person has seen to it; who was first stays on record."""
        if 0 < item_id < 2**63:
            async with self._database.connection() as connection:
                await queries("kiosk").refused_done(connection, office_id=office.id, id=item_id, person_id=person_id)


def reason_of(error: Exception) -> tuple[str, str]:
    """Why an item cannot be taken, as it is kept, and the names of its wrong fields. Pure."""
    if isinstance(error, Invalid):
        names = sorted({problem.pointer.strip("/").replace("/", ".") for problem in error.problems})
        return "incomplete", ", ".join(name for name in names if name.isprintable())
    return ("unreadable" if isinstance(error, DomainError) else "sealed"), ""
