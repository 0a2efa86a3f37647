"""All sending held until a person says otherwise, and what else a restored database needs before it is used.

Outbox rows of the backup may have left since it was made: nobody here can know. So nothing leaves by itself; a person who knows
says `complaints resume-sending`. Then everything that is still owed leaves, oldest first, under the usual caps.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import queries

if TYPE_CHECKING:
    import asyncpg

ALARM = "sending_held"
# What a busy office files on its busiest day, twice, for each day that may be missing; at least this many.
LEAST_JUMP = 1_000
BUSY_DAYS = 90
# A ticket leaves far fewer rows than this in any other table with a sequence.
ROWS_A_TICKET = 100


class Reason(StrEnum):
    """Why sending is held."""

    RESTORED = "restored"
    BY_HAND = "by_hand"


class Jump(msgspec.Struct, frozen=True):
    """A sequence that was set ahead: the next value is the one after ``after``."""

    sequence: str
    before: int
    after: int


class Waiting(msgspec.Struct, frozen=True):
    """Messages of one kind that leave when sending goes on; ``oldest`` is office time."""

    kind: str
    way: str
    many: int
    oldest: datetime


async def hold(connection: asyncpg.Connection, reason: Reason) -> bool:
    """Hold all sending and raise the alarm; False when it was held already."""
    async with connection.transaction():
        made = await queries("backup").hold(connection, reason=reason.value)
        await queries("health").raise_alarm(connection, key=ALARM, what=ALARM)
    return made is not None


async def resume(connection: asyncpg.Connection) -> datetime | None:
    """Let it go; since when it was held, None when it was not."""
    async with connection.transaction():
        held_at: datetime | None = await queries("backup").resume(connection)
        await queries("health").clear_alarm(connection, key=ALARM)
    return held_at


async def waiting(connection: asyncpg.Connection) -> list[Waiting]:
    """What leaves when sending goes on, unless it is no longer owed. Needs to see everything."""
    return [msgspec.convert(dict(row), Waiting) async for row in queries("backup").waiting_messages(connection)]


async def jump_ahead(connection: asyncpg.Connection, missing: timedelta) -> list[Jump]:
    """Set every sequence ahead of whatever was given after the backup (D9).

    A number that is given twice would come with the same tracking code (it is derived from the id), and whoever holds the old one
    could open the new case. Ids of outbox rows and alarms are known outside as well: receivers pass over an id that they have
    seen. ``missing`` is the time of which nothing is known.
    """
    busiest: int = await queries("backup").numbers_a_day(connection, days=BUSY_DAYS)
    tickets = numbers_to_skip(busiest, missing)
    jumps: list[Jump] = []
    async with connection.transaction():
        found = [row async for row in queries("backup").sequences(connection)]
        for row in found:
            by = tickets if row["numbers_tickets"] else tickets * ROWS_A_TICKET
            after = round_up(row["last_value"] + by)
            await queries("backup").jump(connection, name=row["name"], value=after)
            jumps.append(Jump(row["name"], row["last_value"], after))
    return jumps


def numbers_to_skip(busiest_day: int, missing: timedelta) -> int:
    """How many numbers may have been given in ``missing``: generous, for a gap in the numbers harms nobody."""
    days = max(1, math.ceil(missing / timedelta(days=1)))
    return max(LEAST_JUMP, 2 * busiest_day * days)


def round_up(value: int) -> int:
    """To a full thousand, so that people see where the restore was."""
    return -(-value // 1_000) * 1_000
