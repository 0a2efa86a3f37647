"""The rows of webhooks: claim, what a message is made of, how endpoints answer. Every method is one transaction."""

from __future__ import annotations

import secrets

import msgspec

from complaints_service.database import SWEEP, Database, Scope, queries
from complaints_service.notifications.facts import Claimed
from complaints_service.notifications.store import CANCELLED

# Of one endpoint at the same time, over all workers: one that hangs holds no more hands than these.
MOST_AT_ONCE = 2


class Destination(msgspec.Struct, frozen=True):
    """Where a message goes; ``old_key`` only while the secret before the last rotation still signs."""

    url: str
    active: bool
    key: bytes
    old_key: bytes | None


class NotOwed(msgspec.Struct, frozen=True):
    """Nobody needs the message any more; ``reason`` is a code."""

    reason: str


class Owed(msgspec.Struct, frozen=True):
    """Ready to be made; ``number`` None: the message is not about a complaint."""

    destination: Destination
    number: str | None


class WebhookStore:
    """``lease_seconds``: machine seconds; ``rest``: least and most seconds for which an endpoint rests after failures."""

    def __init__(self, database: Database, lease_seconds: float, rest: tuple[float, float]) -> None:
        self._database = database
        self._lease_seconds = lease_seconds
        self._rest = rest

    async def claim(self) -> Claimed | None:
        """The next due row, or None."""
        token = secrets.token_bytes(16)
        async with self._database.transaction(SWEEP) as connection:
            found = await queries("webhooks").claim(
                connection, token=token, lease_seconds=self._lease_seconds, most_at_once=MOST_AT_ONCE
            )
        return Claimed(**dict(found), token=token) if found is not None else None

    async def next_seconds(self) -> float | None:
        """Machine seconds until something may be due (<= 0: now); None: nothing waits."""
        async with self._database.transaction(SWEEP) as connection:
            return await queries("webhooks").next_seconds(connection, most_at_once=MOST_AT_ONCE)

    async def owed(self, row: Claimed) -> Owed | NotOwed:
        """A last look before it is made. Raises ValueError when the row names no endpoint at all."""
        sql = queries("webhooks")
        async with self._database.transaction(Scope.system()) as connection:
            found = await sql.target(connection, office_id=row.office_id, id=int(row.address or ""))
            if found is None or not found["active"]:
                return NotOwed("endpoint_off")
            destination = Destination(**dict(found))
            if row.ticket_id is None:
                return Owed(destination, None)
            facts = await sql.facts(
                connection, office_id=row.office_id, ticket_id=row.ticket_id, event_seq=row.event_seq
            )
        if facts is None or facts["undone_by"] is not None:
            return NotOwed("undone")
        return Owed(destination, facts["number"])

    async def hand_over(self, row: Claimed) -> bool:
        """Just before it leaves: the lease starts anew. False: the row is somebody else's by now."""
        async with self._database.transaction(Scope.system()) as connection:
            held = await queries("outbox").hand_over(
                connection, office_id=row.office_id, id=row.id, token=row.token, lease_seconds=self._lease_seconds
            )
        return held is not None

    async def worked(self, row: Claimed) -> None:
        """The endpoint took a message: it is whole."""
        async with self._database.connection() as connection:
            await queries("webhooks").worked(connection, office_id=row.office_id, endpoint_id=int(row.address or ""))

    async def failed(self, row: Claimed, error: str, asked_seconds: float) -> None:
        """The endpoint rests a while, for all workers."""
        least, most = self._rest
        async with self._database.connection() as connection:
            await queries("webhooks").failed(
                connection,
                office_id=row.office_id,
                endpoint_id=int(row.address or ""),
                error=error[:200],
                least_seconds=least,
                most_seconds=most,
                asked_seconds=asked_seconds,
            )

    async def gone(self, row: Claimed) -> bool:
        """The receiver wants no more: the endpoint is off, what waits for it is cancelled, an alarm says so. False: it was off already."""
        address = row.address or ""
        async with self._database.transaction(Scope.system()) as connection:
            was_on = await queries("webhooks").disable(
                connection, office_id=row.office_id, id=int(address), reason="gone"
            )
            if was_on is None:
                return False
            await queries("webhooks").cancel_waiting(
                connection, office_id=row.office_id, address=address, reason="endpoint_off"
            )
            await queries("outbox").raise_alarm(
                connection,
                office_id=row.office_id,
                key=gone_key(int(address)),
                what="webhook_gone",
                details=msgspec.json.encode({"endpoint": int(address)}).decode(),
            )
        return True


def gone_key(endpoint_id: int) -> str:
    """The key of the alarm about an endpoint that switched itself off."""
    return f"webhook_gone:{endpoint_id}"


__all__ = ["CANCELLED", "MOST_AT_ONCE", "Destination", "NotOwed", "Owed", "WebhookStore", "gone_key"]
