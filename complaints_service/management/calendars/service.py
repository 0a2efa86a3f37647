"""Use cases of the calendar: read its versions, keep a draft, publish. Whoever calls has asked for the right role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import FieldProblem, Invalid, NotFound, Refused, Stale
from complaints_service.management.calendars.edit import in_order, merged
from complaints_service.management.calendars.model import Draft, NewVersion, Version
from complaints_service.management.settings_events import Setting, add_office_event
from complaints_service.sla.calendar import OutOfReach, validate
from complaints_service.sla.calendar_document import CalendarDocument, document_from
from complaints_service.sla.calendar_words import field_problem
from complaints_service.sla.effects import OpenEffects, effects_of, with_calendar
from complaints_service.sla.recompute_work import start_recompute

if TYPE_CHECKING:
    from complaints_service.accounts.model import Viewer
    from complaints_service.clock import OfficeClock
    from complaints_service.office.store import OfficeStore
    from complaints_service.sla.simulation_run import Progress

_LARGEST_VERSION = 2**31 - 1
FARTHEST_CONFIRMED_YEARS = 10
OUT_OF_REACH = "Under this calendar some open tickets would never become due. Please add working hours."


class Calendars:
    """Reads always ask the database: the office in memory may be some seconds old."""

    def __init__(self, database: Database, offices: OfficeStore, clock: OfficeClock) -> None:
        self.database = database
        self._offices = offices
        self._clock = clock

    async def versions(self, office_id: int) -> list[Version]:
        """Every version, the newest first."""
        async with self.database.connection() as connection:
            return [
                _version(row) async for row in queries("calendars").calendar_versions(connection, office_id=office_id)
            ]

    async def version(self, office_id: int, number: int) -> Version:
        """One version. Raises NotFound."""
        row = None
        if 0 < number <= _LARGEST_VERSION:
            async with self.database.connection() as connection:
                row = await queries("calendars").calendar_version(connection, office_id=office_id, version=number)
        if row is None:
            raise NotFound("This version of the calendar does not exist.")
        return _version(row)

    async def latest(self, office_id: int) -> Version:
        """The version that counts now. Raises NotFound for an office without a calendar."""
        async with self.database.connection() as connection:
            return await _latest(connection, office_id)

    async def draft(self, viewer: Viewer) -> Draft | None:
        """What the viewer has collected, or None."""
        async with self.database.connection() as connection:
            return await _draft(connection, viewer)

    async def change_draft(
        self, viewer: Viewer, change: Callable[[Draft], Draft], *, from_document: Draft | None = None
    ) -> Draft:
        """Apply a change to the viewer's draft (begun from the latest version where there is none) and keep it.

        ``from_document``: begin from this instead. A draft that is the latest version again is dropped. Raises Invalid when the
        change makes no calendar, and what ``change`` raises; nothing is kept then.
        """
        office_id = viewer.office.id
        keys = {"office_id": office_id, "person_id": viewer.person.id}
        async with self.database.transaction(SYSTEM) as connection:
            await queries("calendars").lock_draft(connection, person_id=viewer.person.id)
            latest = await _latest(connection, office_id)
            held = from_document or await _draft(connection, viewer) or _begun(latest)
            changed = change(held)
            changed = msgspec.structs.replace(changed, document=in_order(changed.document))
            self._refuse(changed.document, for_saving=False)
            self._refuse_confirmed(changed.confirmed_through)
            same = changed.document == in_order(latest.document)
            if same and changed.confirmed_through == latest.confirmed_through:
                await queries("calendars").drop_draft(connection, **keys)
            else:
                await queries("calendars").save_draft(
                    connection,
                    **keys,
                    base_version=changed.base,
                    document=_json(changed.document),
                    confirmed_through=changed.confirmed_through,
                )
        return changed

    async def renew_draft(self, viewer: Viewer) -> Draft | None:
        """The draft on top of the latest version: the viewer's own changes, and what others have published since it began.

        None when there is no draft. Raises Invalid when the two together make no calendar.
        """
        draft = await self.draft(viewer)
        latest = await self.latest(viewer.office.id)
        if draft is None or draft.base == latest.version:
            return draft
        base = await self.version(viewer.office.id, draft.base)
        theirs = latest.confirmed_through

        def renew(held: Draft) -> Draft:
            document = merged(in_order(base.document), held.document, in_order(latest.document))
            mine = held.confirmed_through
            confirmed = theirs if mine == base.confirmed_through else mine
            return Draft(base=latest.version, document=document, confirmed_through=confirmed)

        return await self.change_draft(viewer, renew)

    async def drop_draft(self, viewer: Viewer) -> None:
        """Forget what the viewer has collected."""
        async with self.database.connection() as connection:
            await queries("calendars").drop_draft(connection, office_id=viewer.office.id, person_id=viewer.person.id)

    async def publish(self, viewer: Viewer, new: NewVersion) -> Version:
        """Save the calendar as the next version, with its entry in the log and, where it applies to them, the work on open tickets.

        Raises Invalid (no calendar, or never open in the next two years), Refused (nothing differs), Stale (somebody else has
        published since ``if_version``).
        """
        office_id = viewer.office.id
        self._refuse(new.document, for_saving=True)
        self._refuse_confirmed(new.confirmed_through)
        document = in_order(new.document)
        try:
            async with self.database.transaction(SYSTEM) as connection:
                before = await _latest(connection, office_id)
                if before.version != new.if_version:
                    raise Stale(
                        "Somebody else has published another calendar. Please look at what differs and publish again."
                    )
                if document == in_order(before.document) and new.confirmed_through == before.confirmed_through:
                    raise Refused("This calendar is the one that already counts.", code="nothing_changed")
                row = await queries("calendars").add_calendar(
                    connection,
                    office_id=office_id,
                    version=before.version + 1,
                    document=_json(document),
                    confirmed_through=new.confirmed_through,
                    created_by=viewer.person.id,
                    why=new.why,
                    applies_to_open=new.applies_to_open,
                )
                if row is None:
                    raise Stale
                await self._follow(connection, viewer, before, _version(row), new.act)
        except asyncpg.UniqueViolationError as error:
            raise Stale from error
        await self._offices.reload(office_id)
        return _version(row)

    async def _follow(
        self, connection: asyncpg.Connection, viewer: Viewer, before: Version, after: Version, act: str
    ) -> None:
        """What a new version brings with it, in its transaction."""
        office_id = viewer.office.id
        await add_office_event(
            connection,
            office_id=office_id,
            person_id=viewer.person.id,
            what=Setting.CALENDAR,
            subject=str(after.version),
            why=after.why,
            act=act,
            before={"version": before.version, "document": before.document},
            after={
                "version": after.version,
                "document": after.document,
                "confirmed_through": after.confirmed_through,
                "applies_to_open": after.applies_to_open,
            },
        )
        if after.applies_to_open:
            await start_recompute(connection, office_id, "calendar", after.version)
        await queries("calendars").set_office_zone(connection, office_id=office_id, time_zone=after.document.time_zone)
        await queries("calendars").drop_draft(connection, office_id=office_id, person_id=viewer.person.id)

    def check(self, document: CalendarDocument) -> None:
        """Raises Invalid for a calendar that could not be published."""
        self._refuse(document, for_saving=True)

    async def effects(self, viewer: Viewer, document: CalendarDocument, progress: Progress) -> OpenEffects:
        """What the calendar would do to the open tickets if they followed it. Raises Invalid when a deadline would lie out of reach."""
        office = await self._offices.reload(viewer.office.id)
        would_be = with_calendar(office, _json(in_order(document)))
        try:
            return await effects_of(self.database, would_be, self._clock.now(), viewer.scope(), progress)
        except OutOfReach as error:
            raise Invalid([FieldProblem("/document", "never_open", OUT_OF_REACH)]) from error

    def _refuse_confirmed(self, through: date) -> None:
        """Raises Invalid for a year that nobody has decreed: a slip there would silence the warning for good."""
        if through.year > self._clock.now().year + FARTHEST_CONFIRMED_YEARS:
            raise Invalid(
                [FieldProblem("/confirmed_through", "too_far", "This day is too far away. Please check the year.")]
            )

    def _refuse(self, document: CalendarDocument, *, for_saving: bool) -> None:
        problems = validate(document, for_saving=for_saving, from_day=self._clock.now().date())
        if problems:
            raise Invalid([field_problem(problem, "/document") for problem in problems])


async def _latest(connection: asyncpg.Connection, office_id: int) -> Version:
    row = await queries("calendars").latest_calendar(connection, office_id=office_id)
    if row is None:
        raise NotFound("This version of the calendar does not exist.")
    return _version(row)


async def _draft(connection: asyncpg.Connection, viewer: Viewer) -> Draft | None:
    row = await queries("calendars").draft(connection, office_id=viewer.office.id, person_id=viewer.person.id)
    if row is None:
        return None
    return Draft(
        base=row["base_version"],
        document=document_from(msgspec.json.decode(row["document"])),
        confirmed_through=row["confirmed_through"],
        changed_at=row["changed_at"],
    )


def _begun(latest: Version) -> Draft:
    return Draft(base=latest.version, document=latest.document, confirmed_through=latest.confirmed_through)


def _version(row: asyncpg.Record) -> Version:
    return Version(
        version=row["version"],
        document=document_from(msgspec.json.decode(row["document"])),
        confirmed_through=row["confirmed_through"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        why=row["why"],
        applies_to_open=row["applies_to_open"],
    )


def _json(document: CalendarDocument) -> str:
    return msgspec.json.encode(document).decode()
