"""Drafts of a policy: kept as they were written, right or wrong, until somebody publishes or deletes them."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from complaints_service.accounts.model import Viewer
from complaints_service.database import Database, queries
from complaints_service.errors import FieldProblem, Invalid, NotFound, Stale
from complaints_service.office.model import Role

LONGEST_NAME = 120
# A draft that somebody fills by script must not fill the table.
_LARGEST = 200_000
_HIGHEST_ID = 2**63 - 1


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """``document``: JSON of the shape of a PolicyDocument, with whatever was typed; ``version`` counts its changes."""

    id: int
    name: str
    document: str
    version: int
    changed_at: datetime
    changed_by: int

    def raw(self) -> dict[str, object]:
        """The document as JSON values."""
        return msgspec.json.decode(self.document, type=dict[str, object])


class Drafts:
    """The drafts of an office. Administrators only: each call raises Forbidden for others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, viewer: Viewer) -> list[Draft]:
        """The one changed last first."""
        viewer.require(Role.ADMIN)
        async with self._database.connection() as connection:
            return [
                _draft(row) async for row in queries("policies").policy_drafts(connection, office_id=viewer.office.id)
            ]

    async def one(self, viewer: Viewer, draft_id: int) -> Draft:
        """Raises NotFound."""
        viewer.require(Role.ADMIN)
        if not 0 < draft_id <= _HIGHEST_ID:
            raise NotFound
        async with self._database.connection() as connection:
            row = await queries("policies").policy_draft(connection, office_id=viewer.office.id, draft_id=draft_id)
        if row is None:
            raise NotFound
        return _draft(row)

    async def add(self, viewer: Viewer, name: str, document: object) -> int:
        """A new draft's id."""
        viewer.require(Role.ADMIN)
        async with self._database.connection() as connection:
            return await queries("policies").add_policy_draft(
                connection,
                office_id=viewer.office.id,
                name=_name(name),
                document=_text(document),
                person_id=viewer.person.id,
            )

    async def save(self, viewer: Viewer, draft_id: int, seen_version: int, name: str, document: object) -> int:
        """The draft's new version. Raises Stale when somebody else has saved it, NotFound when it is gone."""
        viewer.require(Role.ADMIN)
        await self.one(viewer, draft_id)
        async with self._database.connection() as connection:
            saved = await queries("policies").save_policy_draft(
                connection,
                office_id=viewer.office.id,
                draft_id=draft_id,
                seen_version=seen_version,
                name=_name(name),
                document=_text(document),
                person_id=viewer.person.id,
            )
        if saved is None:
            raise Stale("Somebody else has saved this draft in the meantime.")
        return saved

    async def delete(self, viewer: Viewer, draft_id: int, seen_version: int) -> None:
        """Raises Stale when somebody else has saved it, NotFound when it is gone."""
        await self.one(viewer, draft_id)
        async with self._database.connection() as connection:
            done = await queries("policies").end_policy_draft(
                connection, office_id=viewer.office.id, draft_id=draft_id, seen_version=seen_version
            )
        if done is None:
            raise Stale("Somebody else has saved this draft in the meantime.")


def _draft(row: asyncpg.Record) -> Draft:
    return Draft(**dict(row))


def _name(name: str) -> str:
    text = name.strip()
    if not text:
        raise Invalid([FieldProblem("/name", "empty", "Please fill in this field.")])
    if len(text) > LONGEST_NAME:
        raise Invalid([FieldProblem("/name", "too_long", "Shorten it to at most {limit}.", {"limit": LONGEST_NAME})])
    return text


def _text(document: object) -> str:
    text = msgspec.json.encode(document).decode()
    if len(text) > _LARGEST:
        raise Invalid([FieldProblem("", "too_large", "The draft is too large.")])
    return text
