"""Use cases of how the office shows itself: read, change, put a logo in place or take it away. Every change is in the log of settings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import Stale
from complaints_service.management.look.form import Identity, identity_of
from complaints_service.office.model import Office, Role
from complaints_service.office.settings_events import Setting, SettingEvent, add_office_event, list_office_events

if TYPE_CHECKING:
    from complaints_service.accounts.model import Viewer
    from complaints_service.office.store import OfficeStore

_DIGEST = 32


class LookDesk:
    """For administrators; of two who save at once the second is told (Stale)."""

    def __init__(self, database: Database, offices: OfficeStore) -> None:
        self._database = database
        self._offices = offices

    async def history(self, office: Office, most: int = 20) -> list[SettingEvent]:
        """The latest changes, the newest first."""
        return await list_office_events(self._database, office.id, (Setting.LOOK,), most=most)

    async def change(self, viewer: Viewer, version: int, wanted: Identity, why: str) -> None:
        """Show the office like this from now on. Raises Forbidden, Stale."""
        await self._change(viewer, version, wanted, why, "changed", None)

    async def put_logo(self, viewer: Viewer, version: int, content: bytes, why: str) -> None:
        """Show this picture, which ``small_logo`` has made. Raises Forbidden, Stale."""
        digest = hashlib.sha256(content).hexdigest()[:_DIGEST]
        await self._change(viewer, version, _with_logo(viewer.office, digest), why, "logo", content)

    async def take_logo_away(self, viewer: Viewer, version: int, why: str) -> None:
        """Show the mark of the service again. Raises Forbidden, Stale."""
        await self._change(viewer, version, _with_logo(viewer.office, ""), why, "logo", None)

    async def _change(
        self, viewer: Viewer, version: int, wanted: Identity, why: str, act: str, logo: bytes | None
    ) -> None:
        viewer.require(Role.ADMIN)
        office = viewer.office
        look = msgspec.structs.replace(wanted.look, version=version + 1)
        after = msgspec.structs.replace(wanted, look=look)
        async with self._database.transaction(SYSTEM) as connection:
            if logo is not None:
                await queries("look").keep_logo(connection, office_id=office.id, digest=look.logo, content=logo)
            changed = await queries("look").change_look(
                connection, office_id=office.id, version=version, name=after.name, address=after.address, phone=after.phone,
                look=msgspec.json.encode(look).decode(),
            )  # fmt: skip
            if changed is None:
                raise Stale
            await add_office_event(
                connection, office_id=office.id, person_id=viewer.person.id, what=Setting.LOOK, subject=str(look.version),
                why=why, act=act, before=identity_of(office), after=after,
            )  # fmt: skip
        await self._offices.reload(office.id)


def _with_logo(office: Office, digest: str) -> Identity:
    now = identity_of(office)
    return msgspec.structs.replace(now, look=msgspec.structs.replace(now.look, logo=digest))
