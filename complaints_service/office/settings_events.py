"""The log of the office's settings: every change with who, when, why, and the document before and after (issue 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, cast

import asyncpg
import msgspec

from complaints_service.database import Database, queries

LONGEST_WHY = 2_000
WHY_FIELD = Annotated[str, msgspec.Meta(min_length=3, max_length=LONGEST_WHY)]
"""What ``why`` must look like in a request that changes a setting."""
_NEWEST = 2**63 - 1


class Setting(StrEnum):
    """What can be changed (``office_event.what``)."""

    CALENDAR = "calendar"
    POLICY = "policy"
    ABSENCE = "absence"
    DUTY = "duty"
    WAYS = "ways"
    GUIDANCE = "guidance"
    LOOK = "look"


class SettingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change. ``subject``: the version or the row's id; ``before`` and ``after``: JSON, None where there was or is nothing."""

    id: int
    at: datetime
    person_id: int
    what: Setting
    subject: str
    why: str
    act: str
    before: object = None
    after: object = None


class _Body(msgspec.Struct, frozen=True):
    act: str
    before: object = None
    after: object = None


class Difference(msgspec.Struct, frozen=True):
    """One place where two documents differ: JSON pointer and the two values (None: not there)."""

    pointer: str
    before: object
    after: object


async def add_office_event(
    connection: asyncpg.Connection,
    *,
    office_id: int,
    person_id: int,
    what: Setting,
    subject: str,
    why: str,
    act: str,
    before: object = None,
    after: object = None,
) -> int:
    """Write a change into the log; call it in the transaction of the change. Returns the event's id.

    ``act``: a word for what was done (published, withdrawn, added, revoked, ...). ``before`` and ``after`` are anything that
    msgspec writes as JSON. Never pass personal texts: the log stays for ever.
    """
    body = msgspec.json.encode(_Body(act, before, after)).decode()
    return await queries("settings").add_office_event(
        connection, office_id=office_id, person_id=person_id, what=what.value, subject=subject, why=why, body=body
    )


async def list_office_events(
    database: Database, office_id: int, whats: Iterable[Setting], *, before: int | None = None, most: int = 50
) -> list[SettingEvent]:
    """Changes of these kinds, the newest first; ``before``: only those older than this id (paging)."""
    found = queries("settings").office_events
    names = sorted(what.value for what in whats)
    async with database.connection() as connection:
        rows = [
            row
            async for row in found(connection, office_id=office_id, whats=names, before=before or _NEWEST, most=most)
        ]
    return [_event(row) for row in rows]


async def office_event(database: Database, office_id: int, event_id: int) -> SettingEvent | None:
    """One change, or None."""
    if not 0 < event_id <= _NEWEST:
        return None
    async with database.connection() as connection:
        row = await queries("settings").office_event(connection, office_id=office_id, event_id=event_id)
    return _event(row) if row is not None else None


def compare_documents(before: object, after: object) -> list[Difference]:
    """Every place where two JSON documents differ, in the order of the documents; lists are compared place by place."""
    found: list[Difference] = []
    _compare("", before, after, found)
    return found


def _compare(pointer: str, before: object, after: object, found: list[Difference]) -> None:
    old, new = _members(before), _members(after)
    if old is None or new is None or isinstance(before, dict) is not isinstance(after, dict):
        if before != after:
            found.append(Difference(pointer, before, after))
        return
    for name in [*old, *(name for name in new if name not in old)]:
        _compare(f"{pointer}/{name}", old.get(name), new.get(name), found)


def _members(value: object) -> dict[str, object] | None:
    """What an object or a list holds, by name or place; None for a plain value."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    if isinstance(value, list):
        return {str(place): item for place, item in enumerate(cast("list[object]", value))}
    return None


def _event(row: asyncpg.Record) -> SettingEvent:
    body = msgspec.json.decode(row["body"], type=_Body)
    return SettingEvent(
        id=row["id"],
        at=row["at"],
        person_id=row["person_id"],
        what=Setting(row["what"]),
        subject=row["subject"],
        why=row["why"],
        act=body.act,
        before=body.before,
        after=body.after,
    )
