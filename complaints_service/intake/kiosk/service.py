"""Kiosks: who they are, and what they file."""

from __future__ import annotations

from datetime import UTC, datetime
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
from complaints_service.intake.kiosk.calls import Calls
from complaints_service.intake.kiosk.model import Device, Filing, believed
from complaints_service.intake.kiosk.receipts import ProvisionalReceipts
from complaints_service.intake.kiosk.refused import KEPT_DAYS, RefusedItems
from complaints_service.keys import Keys, new_code, new_token, plain_code, token_hash
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.tickets.filed import Filed, FilingKey
from complaints_service.tickets.model import Channel, Complaint, StatedTime

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger(__name__)
LONGEST_NAME = 100
TRIES = 5
CODE_MINUTES = 30
CALLS_KEPT_DAYS, RECEIPTS_KEPT_DAYS = 90, 730
# A screen between a wall of monitors and a small telephone; what lies beyond is a slip of the finger.
LEAST_PX, MOST_PX = 1.0, 20.0


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
        self.calls = Calls(database)
        self.receipts = ProvisionalReceipts(database, keys)
        self.refused = RefusedItems(database)

    async def create_device(self, office: Office, name: str) -> tuple[Device, str]:
        """A new kiosk and its token, which is shown this once. Raises Invalid for a name that is empty or too long."""
        token, hashed = new_token()
        return await self._add(office, name, hashed, None), token

    async def expect_device(self, office: Office, name: str) -> tuple[Device, str]:
        """A new kiosk and the code that is typed once on its own screen within ``CODE_MINUTES``. Raises Invalid as above."""
        code = new_code()
        return await self._add(office, name, new_token()[1], self._code_hash(code)), code

    async def renew_code(self, office: Office, device_id: int) -> tuple[Device, str]:
        """A code for a kiosk that is known already (its browser was renewed, say). Raises NotFound, also for a revoked one."""
        code, row = new_code(), None
        if 0 < device_id < 2**31:
            async with self._database.connection() as connection:
                row = await queries("kiosk").renew_code(
                    connection,
                    office_id=office.id,
                    id=device_id,
                    code_hash=self._code_hash(code),
                    code_minutes=CODE_MINUTES,
                )
        if row is None:
            raise NotFound
        return msgspec.convert(dict(row), Device), code

    async def enrol(self, given: str) -> str | None:
        """The token for the device on which this code was typed, once; or ``given`` itself where it is a device's token already.

        None: neither, or the code was used or is too old.
        """
        if await self.device_for(given) is not None:
            return given
        token, hashed = new_token()
        async with self._database.connection() as connection:
            row = await queries("kiosk").enrol(connection, code_hash=self._code_hash(given), token_hash=hashed)
        return token if row is not None else None

    async def measure(self, device: Device, px_per_mm: float) -> None:
        """How large a millimetre is on its screen. Raises Invalid beyond what any screen has."""
        if not LEAST_PX <= px_per_mm <= MOST_PX:
            raise Invalid([FieldProblem("/px_per_mm", "out_of_range", "Choose the size with the buttons.")])
        async with self._database.connection() as connection:
            await queries("kiosk").measure(
                connection, office_id=device.office_id, id=device.id, px_per_mm=round(px_per_mm, 2)
            )

    def _code_hash(self, code: str) -> bytes:
        return self._keys.digest("kiosk-code", plain_code(code))

    async def _add(self, office: Office, name: str, token_hash: bytes, code_hash: bytes | None) -> Device:
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            detail = "Give the kiosk a name of 1 to {most} characters, for example where it stands."
            raise Invalid([FieldProblem("/name", "name", detail, {"most": LONGEST_NAME})])
        for left in reversed(range(TRIES)):
            try:
                async with self._database.connection() as connection:
                    row = await queries("kiosk").add_device(
                        connection,
                        office_id=office.id,
                        name=name,
                        token_hash=token_hash,
                        code_hash=code_hash,
                        code_minutes=CODE_MINUTES,
                    )
            except asyncpg.UniqueViolationError:
                # Somebody else took the same number in the same moment.
                if left == 0:
                    raise
            else:
                return msgspec.convert(dict(row), Device)
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

    async def clean_up(self) -> None:
        """Answered calls and exchanged receipts do not stay for ever (upkeep)."""
        async with self._database.connection() as connection:
            await queries("kiosk").forget_calls(connection, days=CALLS_KEPT_DAYS)
            await queries("kiosk").forget_receipts(connection, days=RECEIPTS_KEPT_DAYS)
            await queries("kiosk").forget_refused(connection, days=KEPT_DAYS)

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
            await self.note_clock(device, filing)
        return Result(str(item.client_id), filed, filing.corrected)

    async def note_clock(self, device: Device, filing: Filing) -> None:
        """Its time was corrected: said in the log, and as an alarm when somebody should set the clock."""
        log.warning("kiosk_time_corrected", device=device.id)
        if filing.clock_wrong:
            await self.alarm(device, "kiosk_clock")

    async def alarm(self, device: Device, what: str) -> None:
        """Something about this kiosk that somebody should see to; it stays one alarm until it is cleared."""
        async with self._database.connection() as connection:
            await queries("kiosk").raise_alarm(
                connection,
                office_id=device.office_id,
                key=f"{what}:{device.id}",
                what=what,
                details=msgspec.json.encode({"device": device.id}).decode(),
            )


def _complaint(item: KioskItem, office: Office, filing: Filing, clock: OfficeClock) -> Complaint:
    if item.office is not None and item.office != office.slug:
        raise Invalid([FieldProblem("/office", "another_office", "This kiosk belongs to another office.")])
    complaint = to_complaint(item, office, Channel.KIOSK, now=clock.now(), received_at=filing.at)
    return with_time(complaint, item.filed_at, filing)


def with_time(complaint: Complaint, filed_at: datetime | None, filing: Filing) -> Complaint:
    """The complaint with what the device said of its time, where the office should know."""
    if filed_at is None or not filing.why:
        return complaint
    return msgspec.structs.replace(complaint, stated=StatedTime(filed_at.astimezone(UTC), filing.why))
