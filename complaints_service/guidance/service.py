"""Use cases of incidents and short answers: list, save, hide, count whom they helped. Every change is in the log of settings."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import Forbidden, NotFound, Stale
from complaints_service.office.guidance import Guidance, GuidanceWords
from complaints_service.office.model import Office, Person, Role, UnitKind
from complaints_service.office.settings_events import Setting, SettingEvent, add_office_event, list_office_events

if TYPE_CHECKING:
    import asyncpg

    from complaints_service.accounts.model import Viewer
    from complaints_service.office.store import OfficeStore

HELPED_DAYS = timedelta(days=30)
_EVENTS_READ = 200
_LARGEST_ID = 2**63 - 1


class Standing(msgspec.Struct, frozen=True):
    """A text of the list: who changed it last and when, and how many people it helped in the last 30 days."""

    text: Guidance
    changed_at: datetime
    changed_by: int | None
    helped: int


def may_edit(office: Office, person: Person) -> bool:
    """Officers of the complaints unit, supervisors, the head and administrators write what citizens read."""
    triage = office.unit_of_kind(UnitKind.TRIAGE).id
    return person.role in (Role.SUPERVISOR, Role.HEAD, Role.ADMIN) or (
        person.role is Role.OFFICER and triage in person.works_in
    )


class GuidanceDesk:
    """Texts are read from the office in memory; the database is asked before anything is changed."""

    def __init__(self, database: Database, offices: OfficeStore) -> None:
        self._database = database
        self._offices = offices

    async def standings(self, viewer: Viewer, today: date) -> list[Standing]:
        """One for each text, those that show first. Raises Forbidden."""
        require_editor(viewer)
        async with self._database.connection() as connection:
            found = queries("guidance").all_guidance(connection, office_id=viewer.office.id, since=today - HELPED_DAYS)
            return [_standing(row) async for row in found]

    async def one(self, viewer: Viewer, guidance_id: int) -> Guidance:
        """The text as it stands in the database. Raises Forbidden, NotFound."""
        require_editor(viewer)
        async with self._database.connection() as connection:
            return await _one(connection, viewer.office.id, guidance_id)

    async def history(self, viewer: Viewer, guidance_id: int) -> list[SettingEvent]:
        """Its latest changes, the newest first. Raises Forbidden."""
        require_editor(viewer)
        events = await list_office_events(self._database, viewer.office.id, (Setting.GUIDANCE,), most=_EVENTS_READ)
        return [event for event in events if event.subject == str(guidance_id)]

    async def add(self, viewer: Viewer, words: GuidanceWords, why: str = "") -> int:
        """Show a new text from now on; returns its id. Raises Forbidden."""
        require_editor(viewer)
        office_id = viewer.office.id
        async with self._database.transaction(SYSTEM) as connection:
            made: int = await queries("guidance").add_guidance(
                connection, office_id=office_id, person_id=viewer.person.id, **_columns(words), kind=words.kind.value
            )
            await _log(connection, viewer, made, "added", why, after=words)
        await self._offices.reload(office_id)
        return made

    async def change(self, viewer: Viewer, guidance_id: int, version: int, words: GuidanceWords, why: str = "") -> None:
        """Put other words in the place of those that were read as ``version``. Raises Forbidden, NotFound, Stale."""
        await self._change(viewer, guidance_id, version, words, None, why)

    async def show(self, viewer: Viewer, guidance_id: int, version: int, active: bool) -> None:
        """Hide a text, or show it again; nothing is ever deleted. Raises Forbidden, NotFound, Stale."""
        await self._change(viewer, guidance_id, version, None, active, "")

    async def helped(self, office: Office, guidance_id: int, day: date) -> None:
        """Count one more person whom this text helped; an unknown id counts nothing."""
        if any(one.id == guidance_id for one in office.guidance):
            async with self._database.connection() as connection:
                await queries("guidance").count_helped(
                    connection, office_id=office.id, guidance_id=guidance_id, day=day
                )

    async def _change(
        self,
        viewer: Viewer,
        guidance_id: int,
        version: int,
        words: GuidanceWords | None,
        active: bool | None,
        why: str,
    ) -> None:
        require_editor(viewer)
        office_id = viewer.office.id
        async with self._database.transaction(SYSTEM) as connection:
            before = await _one(connection, office_id, guidance_id)
            after = before if words is None else _with(before, words)
            after = after if active is None else msgspec.structs.replace(after, active=active)
            changed = await queries("guidance").change_guidance(
                connection, office_id=office_id, id=guidance_id, version=version, person_id=viewer.person.id,
                active=after.active, **_columns(after),
            )  # fmt: skip
            if changed is None:
                raise Stale
            act = "changed" if active is None else "shown" if active else "hidden"
            await _log(connection, viewer, guidance_id, act, why, before=before, after=after)
        await self._offices.reload(office_id)


def require_editor(viewer: Viewer) -> None:
    """Raises Forbidden for whoever may not write what citizens read."""
    if not may_edit(viewer.office, viewer.person):
        raise Forbidden("Your role does not include this. Ask your supervisor or the administrator.")


async def _one(connection: asyncpg.Connection, office_id: int, guidance_id: int) -> Guidance:
    if not 0 < guidance_id <= _LARGEST_ID:
        raise NotFound
    row = await queries("guidance").guidance_of(connection, office_id=office_id, id=guidance_id)
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row), Guidance)


def _standing(row: asyncpg.Record) -> Standing:
    columns = dict(row)
    beside = {name: columns.pop(name) for name in ("changed_at", "changed_by", "helped")}
    return Standing(msgspec.convert(columns, Guidance), **beside)


def _with(before: Guidance, words: GuidanceWords) -> Guidance:
    return msgspec.structs.replace(before, **_columns(words))


def _columns(words: GuidanceWords) -> dict[str, object]:
    """What can be changed of a text; its kind never changes."""
    names = ("services", "title_id", "text_id", "title_en", "text_en", "shows_from", "shows_until")
    return {name: getattr(words, name) for name in names}


async def _log(
    connection: asyncpg.Connection,
    viewer: Viewer,
    guidance_id: int,
    act: str,
    why: str,
    *,
    before: object = None,
    after: object = None,
) -> None:
    await add_office_event(
        connection,
        office_id=viewer.office.id,
        person_id=viewer.person.id,
        what=Setting.GUIDANCE,
        subject=str(guidance_id),
        why=why,
        act=act,
        before=before,
        after=after,
    )
