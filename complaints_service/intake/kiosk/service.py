"""Kiosks: who they are, and what they file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import asyncpg
import msgspec
import structlog

from complaints_service.clock import OfficeClock
from complaints_service.database import Database, queries
from complaints_service.errors import DomainError, FieldProblem, Invalid, NotFound, Unavailable
from complaints_service.failpoints import fp
from complaints_service.intake.complaint_form import to_complaint
from complaints_service.intake.kiosk.batch import KioskItem, id_of, read_item
from complaints_service.intake.kiosk.model import Device, Filing, believed
from complaints_service.keys import Keys, new_token, token_hash
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.tickets.filed import Filed, FilingKey
from complaints_service.tickets.model import Channel, Complaint

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger(__name__)
LONGEST_NAME = 100
TRIES = 5


class FilesComplaints(Protocol):
    """``Intake``: the one way in."""

    async def file_complaint(self, office: Office, complaint: Complaint, key: FilingKey) -> Filed: ...


class Result(msgspec.Struct, frozen=True):
    """What became of one item: filed (perhaps before, ``Filed.replayed``), or refused for a reason."""

    client_id: str | None
    outcome: Filed | DomainError
    corrected: bool = False


class Kiosk:
    """Devices and their filings."""

    def __init__(
        self, database: Database, offices: OfficeStore, keys: Keys, intake: FilesComplaints, clock: OfficeClock
    ) -> None:
        self._database = database
        self._offices = offices
        self._keys = keys
        self._intake = intake
        self._clock = clock

    async def create_device(self, office: Office, name: str) -> tuple[Device, str]:
        """A new kiosk and its token, which is shown this once. Raises Invalid for a name that is empty or too long."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            detail = "Give the kiosk a name of 1 to {most} characters, for example where it stands."
            raise Invalid([FieldProblem("/name", "name", detail, {"most": LONGEST_NAME})])
        token, hashed = new_token()
        for left in reversed(range(TRIES)):
            try:
                async with self._database.connection() as connection:
                    row = await queries("kiosk").add_device(
                        connection, office_id=office.id, name=name, token_hash=hashed
                    )
            except asyncpg.UniqueViolationError:
                # Somebody else took the same number in the same moment.
                if left == 0:
                    raise
            else:
                return msgspec.convert(dict(row), Device), token
        raise AssertionError("unreachable")

    async def revoke_device(self, office: Office, device_id: int) -> Device:
        """The token works no more. Raises NotFound; revoking twice is the same as once."""
        row = None
        if 0 < device_id < 2**31:
            async with self._database.connection() as connection:
                row = await queries("kiosk").revoke_device(connection, office_id=office.id, id=device_id)
        if row is None:
            raise NotFound
        return msgspec.convert(dict(row), Device)

    async def devices(self, office: Office) -> list[Device]:
        """All kiosks of the office, revoked ones too, in the order in which they were added."""
        async with self._database.connection() as connection:
            return [
                msgspec.convert(dict(row), Device)
                async for row in queries("kiosk").devices(connection, office_id=office.id)
            ]

    async def device_for(self, token: str) -> Device | None:
        """Whose token it is, or None for an unknown or revoked one."""
        async with self._database.connection() as connection:
            row = await queries("kiosk").device_of(connection, token_hash=token_hash(token))
        return msgspec.convert(dict(row), Device) if row is not None else None

    async def file_all(self, device: Device, items: Sequence[bytes]) -> list[Result]:
        """File what was collected, item by item and each once by its client_id; a result for each in the same order.

        Raises Unavailable when nothing can be stored now; what was filed already is answered again the next time.
        """
        office = await self._offices.current(device.office_id)
        return [await self._file(device, office, raw) for raw in items]

    async def _file(self, device: Device, office: Office, raw: bytes) -> Result:
        try:
            item = read_item(raw)
            filing = believed(item.filed_at, self._clock.now())
            complaint = _complaint(item, office, filing, self._clock)
            key = FilingKey(f"kiosk:{device.id}", str(item.client_id), msgspec.json.encode(item))
            filed = await self._intake.file_complaint(office, complaint, key)
            fp("kiosk.item_filed")
        except Unavailable:
            raise
        except DomainError as error:
            return Result(id_of(raw), error)
        if filing.corrected and not filed.replayed:
            await self._note_clock(device, filing)
        return Result(str(item.client_id), filed, filing.corrected)

    async def _note_clock(self, device: Device, filing: Filing) -> None:
        log.warning("kiosk_time_corrected", device=device.id)
        if filing.clock_wrong:
            async with self._database.connection() as connection:
                await queries("kiosk").raise_alarm(
                    connection,
                    office_id=device.office_id,
                    key=f"kiosk_clock:{device.id}",
                    what="kiosk_clock",
                    details=msgspec.json.encode({"device": device.id}).decode(),
                )


def _complaint(item: KioskItem, office: Office, filing: Filing, clock: OfficeClock) -> Complaint:
    if item.office is not None and item.office != office.slug:
        raise Invalid([FieldProblem("/office", "another_office", "This kiosk belongs to another office.")])
    return to_complaint(item, office, Channel.KIOSK, now=clock.now(), received_at=filing.at)
