"""Publishing, withdrawing and confirming versions of the policy; each is one transaction with its line in the log."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import msgspec

from complaints_service.accounts.model import Viewer
from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import FieldProblem, Invalid, NotFound, Refused, Stale
from complaints_service.management.policies.standing import may_be_taken_back
from complaints_service.management.settings_events import LONGEST_WHY, Setting, add_office_event
from complaints_service.office.model import Office, Policy, Role
from complaints_service.office.store import OfficeStore
from complaints_service.sla.calendar import OutOfReach
from complaints_service.sla.effects import OpenEffects, effects_of
from complaints_service.sla.policy_check import problems_of
from complaints_service.sla.policy_document import PolicyDocument, document_of, policy_from
from complaints_service.sla.policy_problems import Problem, field_problem
from complaints_service.sla.recompute_work import call_off_recompute, start_recompute
from complaints_service.sla.simulation_run import Progress
from complaints_service.waker import Waker

_SHORTEST_WHY = 3
_LONGEST_NAME = 200


class VersionNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a published version beside its content; ``created_by``: person id, None for the seeded one."""

    version: int
    effective_from: datetime
    legal_source: str
    confirmed_by: str | None
    confirmed_at: datetime | None
    created_at: datetime
    created_by: int | None
    why: str
    applies_to_open: bool
    withdrawn_at: datetime | None


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be published. ``effective_from`` of the document counts unless ``at_once``.

    ``seen_version``: the newest version that the publisher knew of (None: not asked). ``draft``: id and version of the draft that ends
    with it. ``pointer``: where the document stands in what was sent, for problems.
    """

    document: PolicyDocument
    why: str
    applies_to_open: bool
    at_once: bool = False
    seen_version: int | None = None
    draft: tuple[int, int] | None = None
    pointer: str = ""


class Policies:
    """The versions of an office's policy. Administrators only: each call raises Forbidden for others."""

    def __init__(self, database: Database, offices: OfficeStore, waker: Waker) -> None:
        self._database = database
        self._offices = offices
        self._waker = waker

    async def versions(self, viewer: Viewer) -> list[VersionNote]:
        """Every version, the newest first."""
        viewer.require(Role.ADMIN)
        async with self._database.connection() as connection:
            rows = [row async for row in queries("policies").policy_versions(connection, office_id=viewer.office.id)]
        return [VersionNote(**dict(row)) for row in rows]

    async def fresh(self, viewer: Viewer) -> Office:
        """The office with every version that is published, also by another process a moment ago."""
        await self._offices.refresh()
        return await self._offices.current(viewer.office.id)

    async def effects(
        self, viewer: Viewer, would_be: Office, now: datetime, progress: Progress, pointer: str
    ) -> OpenEffects:
        """What the office as it would be (``with_policy``) does to its open tickets. Raises Invalid (at ``pointer``) when a deadline would
        lie out of reach."""
        viewer.require(Role.ADMIN)
        try:
            return await effects_of(self._database, would_be, now, viewer.scope(), progress)
        except OutOfReach as error:
            raise Invalid(
                [
                    FieldProblem(
                        pointer, "out_of_reach", "The calendar does not hold enough open time for these deadlines."
                    )
                ]
            ) from error

    async def publish(self, viewer: Viewer, publication: Publication, language: str) -> int:
        """The number of the new version. Raises Invalid with every problem, Stale when somebody was faster."""
        viewer.require(Role.ADMIN)
        why = _why(publication.why)
        async with self._settings(viewer.office.id) as (connection, office, now):
            newest = max(office.policies, default=0)
            if publication.seen_version is not None and publication.seen_version != newest:
                raise Stale("Another version has been published in the meantime. Please look at it first.")
            document = publication.document
            if publication.at_once:
                document = msgspec.structs.replace(document, effective_from=now)
            _refuse(problems_of(document, office, now), language, publication.pointer)
            if publication.draft is not None:
                await _end_draft(connection, office.id, *publication.draft)
            version = newest + 1
            before = _in_force(office, now)
            await _store(connection, viewer, version, document, why, publication.applies_to_open)
            await add_office_event(
                connection, office_id=office.id, person_id=viewer.person.id, what=Setting.POLICY, subject=str(version),
                why=why, act="published", before=document_of(before) if before else None, after=document,
            )  # fmt: skip
            if publication.applies_to_open:
                await start_recompute(connection, office.id, "policy", version, max(document.effective_from, now))
        await self._offices.reload(viewer.office.id)
        self._waker.wake()
        return version

    async def withdraw(self, viewer: Viewer, version: int, why: str) -> None:
        """Take back a version that is not in force yet, or took effect today (``may_be_taken_back``). Raises NotFound, Refused."""
        viewer.require(Role.ADMIN)
        why = _why(why)
        async with self._settings(viewer.office.id) as (connection, office, now):
            policy = _known(office, version)
            if policy.withdrawn:
                raise Refused("This version has already been taken back.", code="withdrawn")
            if not may_be_taken_back(policy, office, now):
                raise Refused(
                    "Only a version that is not in force yet, or took effect today after another one, can be taken back."
                    " Publish a new one instead.",
                    code="in_force",
                )
            await queries("policies").withdraw_policy(connection, office_id=office.id, version=version)
            await call_off_recompute(connection, office.id, "policy", version)
            await add_office_event(
                connection, office_id=office.id, person_id=viewer.person.id, what=Setting.POLICY, subject=str(version),
                why=why, act="withdrawn", before=document_of(policy),
            )  # fmt: skip
        await self._offices.reload(viewer.office.id)

    async def confirm(self, viewer: Viewer, version: int, confirmed_by: str, why: str) -> None:
        """Record who has compared the version in force with the legal source. Raises Invalid, NotFound, Refused."""
        viewer.require(Role.ADMIN)
        name, why = confirmed_by.strip(), _why(why)
        if not name or len(name) > _LONGEST_NAME:
            raise Invalid([FieldProblem("/confirmed_by", "name", "Please say who has confirmed it.")])
        async with self._settings(viewer.office.id) as (connection, office, now):
            policy = _known(office, version)
            if policy is not _in_force(office, now):
                raise Refused("Only the version in force can be confirmed.", code="not_in_force")
            await queries("policies").confirm_policy(
                connection, office_id=office.id, version=version, confirmed_by=name
            )
            await add_office_event(
                connection, office_id=office.id, person_id=viewer.person.id, what=Setting.POLICY, subject=str(version),
                why=why, act="confirmed",
            )  # fmt: skip
        await self._offices.reload(viewer.office.id)

    @asynccontextmanager
    async def _settings(self, office_id: int) -> AsyncGenerator[tuple[asyncpg.Connection, Office, datetime]]:
        """A transaction in which nobody else publishes, with the office as it is now and office time."""
        async with self._database.transaction(SYSTEM) as connection:
            await queries("policies").lock_settings(connection, office_id=office_id)
            office = await self._offices.reload(office_id, connection=connection)
            yield connection, office, await queries("policies").office_now(connection)


async def _store(
    connection: asyncpg.Connection, viewer: Viewer, version: int, document: PolicyDocument, why: str, applies: bool
) -> None:
    # Positions as the rules will read them.
    policy = policy_from(document, version)
    await queries("policies").add_policy(
        connection,
        office_id=viewer.office.id,
        version=version,
        effective_from=document.effective_from,
        legal_source=document.legal_source.strip(),
        why=why,
        person_id=viewer.person.id,
        applies_to_open=applies,
        after_reopening=document.after_reopening,
        after_transfer=document.after_transfer,
    )
    targets = [{**msgspec.structs.asdict(row), "position": place} for place, row in enumerate(policy.targets, start=1)]
    await queries("policies").add_policy_rows(
        connection,
        office_id=viewer.office.id,
        version=version,
        targets=msgspec.json.encode(targets).decode(),
        pauses=msgspec.json.encode(policy.pauses).decode(),
        rungs=msgspec.json.encode(policy.rungs).decode(),
    )


async def _end_draft(connection: asyncpg.Connection, office_id: int, draft_id: int, seen_version: int) -> None:
    done = await queries("policies").end_policy_draft(
        connection, office_id=office_id, draft_id=draft_id, seen_version=seen_version
    )
    if done is None:
        raise Stale("Somebody else has changed or published this draft in the meantime. Please look at it again.")


def _why(why: str) -> str:
    text = why.strip()
    if len(text) < _SHORTEST_WHY:
        raise Invalid([FieldProblem("/why", "too_short", "Please say why, in a few words.")])
    if len(text) > LONGEST_WHY:
        raise Invalid([FieldProblem("/why", "too_long", "Shorten it to at most {limit}.", {"limit": LONGEST_WHY})])
    return text


def _refuse(problems: list[Problem], language: str, pointer: str) -> None:
    if problems:
        raise Invalid([field_problem(problem, language, pointer) for problem in problems])


def _known(office: Office, version: int) -> Policy:
    policy = office.policies.get(version)
    if policy is None:
        raise NotFound
    return policy


def _in_force(office: Office, now: datetime) -> Policy | None:
    try:
        return office.policy_at(now)
    except LookupError:
        return None
