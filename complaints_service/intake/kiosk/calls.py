"""Somebody at a kiosk asks for a member of staff: who called when, and who went."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from complaints_service.database import Database, queries
from complaints_service.intake.kiosk.model import Device
from complaints_service.office.model import Office


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call; times are office time, UTC."""

    id: int
    device_id: int
    device_name: str
    called_at: datetime
    answered_at: datetime | None
    answered_by: int | None


class Calls:
    """Calls of one office's kiosks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def call(self, device: Device) -> None:
        """Ask; asking again before somebody has answered is the same call."""
        async with self._database.connection() as connection:
            await queries("kiosk").call_staff(connection, office_id=device.office_id, device_id=device.id)

    async def answer(self, office: Office, call_id: int, person_id: int) -> bool:
        """This person goes. False: somebody else was first, or there is no such call."""
        if not 0 < call_id < 2**63:
            return False
        async with self._database.connection() as connection:
            row = await queries("kiosk").answer_call(connection, office_id=office.id, id=call_id, person_id=person_id)
        return row is not None

    async def open(self, office: Office) -> list[Call]:
        """What nobody has answered yet, the oldest first."""
        async with self._database.connection() as connection:
            return [_call(row) async for row in queries("kiosk").open_calls(connection, office_id=office.id)]

    async def last(self, office: Office, most: int = 10) -> list[Call]:
        """The newest calls, answered or not."""
        async with self._database.connection() as connection:
            return [_call(row) async for row in queries("kiosk").last_calls(connection, office_id=office.id, most=most)]

    async def last_of(self, device: Device) -> Call | None:
        """What this kiosk asked for last."""
        async with self._database.connection() as connection:
            row = await queries("kiosk").last_call_of(connection, office_id=device.office_id, device_id=device.id)
        return _call(row) if row is not None else None


def _call(row: asyncpg.Record) -> Call:
    return msgspec.convert(dict(row), Call)
