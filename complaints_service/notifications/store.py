"""The outbox table: claim, fence, mark. Every method is one transaction; rows are marked only by the worker that holds their lease."""

from __future__ import annotations

import secrets
from collections.abc import Collection

import msgspec

from complaints_service.database import SWEEP, Database, Scope, queries
from complaints_service.notifications.facts import Claimed
from complaints_service.notifications.kinds import MessageKind, Recipient, Way
from complaints_service.notifications.message_ids import MessageIds

# Level changes at once, at most five an hour to one person (EXPERIENCE.md "E-mail").
MAILS_AN_HOUR = 5
# How long a message waits for an older one to the same reader that failed and will be tried again. Whose next try is further away has
# failed five times or more by then: news is worth more than order.
ORDER_PATIENCE_SECONDS = 300.0
DEAD, CANCELLED = "dead", "cancelled"
_CAPPED = frozenset({Way.EMAIL, Way.WHATSAPP})


class Waiting(msgspec.Struct, frozen=True):
    """``due`` rows can be sent now, ``leased`` are in somebody's hands; ``next_seconds`` until the next queued row is due (<= 0: now)."""

    due: int
    leased: int
    oldest_seconds: float | None
    next_seconds: float | None


class OutboxStore:
    """Row by row; ``lease_seconds`` are machine seconds. Messages to one chat, and mails to the reporter of one ticket, leave in order."""

    def __init__(
        self, database: Database, ids: MessageIds, lease_seconds: float, receipts_per_day: int | None = None
    ) -> None:
        self._database = database
        self._ids = ids
        self._lease_seconds = lease_seconds
        self._receipts_per_day = receipts_per_day

    async def claim(self, ways: Collection[str]) -> Claimed | int | None:
        """The next due row of these ways; None: nothing is due. A number: so many rows went into a roll-up instead.

        An escalation mail counts against its receiver's hour in the transaction that claims it.
        """
        token = secrets.token_bytes(16)
        async with self._database.transaction(SWEEP) as connection:
            found = await queries("outbox").claim(
                connection,
                ways=list(ways),
                token=token,
                lease_seconds=self._lease_seconds,
                patience_seconds=ORDER_PATIENCE_SECONDS,
            )
            if found is None:
                return None
            row = Claimed(**dict(found), token=token)
            if row.escalation and row.way in _CAPPED and row.person_id is not None:
                absorbed = await self._absorb(connection, row, row.person_id)
                if absorbed:
                    return absorbed
            if self._receipts_per_day is not None and _is_receipt(row) and await self._list_receipt(connection, row):
                return 1
            if row.kind == MessageKind.RECEIPTS and await queries("outbox").put_off_list(
                connection, office_id=row.office_id, list_id=row.id
            ):
                return 1
        return row

    async def _list_receipt(self, connection: object, row: Claimed) -> bool:
        """A receipt beyond the day's of its address goes into the list that follows them; True when it did."""
        about = {"office_id": row.office_id, "ticket_id": row.ticket_id, "outbox_id": row.id}
        turn = await queries("outbox").receipt_turn(connection, most=self._receipts_per_day, **about)
        if turn is None or turn["goes"]:
            return False
        key = f"receipts:{row.dedupe_key}"
        await queries("outbox").absorb_receipt(
            connection, since=turn["since"], contact=turn["contact"], in_flood=turn["in_flood"],
            message_id=self._ids.for_row(key), **about,
        )  # fmt: skip
        return True

    async def forget_receipts(self) -> None:
        """Which addresses have got their receipt is forgotten after a day."""
        async with self._database.transaction(Scope.system()) as connection:
            await queries("outbox").forget_receipts(connection)

    async def _absorb(self, connection: object, row: Claimed, person_id: int) -> int:
        await queries("outbox").lock_person(connection, office_id=row.office_id, person_id=person_id)
        # A new statement, a new snapshot: it sees what the worker that held the lock before us has claimed.
        return await queries("outbox").absorb(
            connection,
            office_id=row.office_id,
            person_id=person_id,
            outbox_id=row.id,
            way=row.way,
            cap=MAILS_AN_HOUR,
            forced='"roll_up":true' in row.params.replace(" ", ""),
            urgent='"target":"attend"' in row.params.replace(" ", ""),
            message_id=self._ids.for_row("{t}"),
        )

    async def mark_sent(self, row: Claimed, provider_id: str | None) -> bool:
        """False when the lease was lost: another worker has or had the row too."""
        return await self._mark("mark_sent", row, provider_id=provider_id)

    async def mark_again(
        self, row: Claimed, pause_seconds: float, error: str, *, known: bool, handed_over: bool
    ) -> bool:
        """Queue it again. ``known``: we know that nothing was taken of what was handed over."""
        ends = 1 if known and handed_over else 0
        return await self._mark("mark_again", row, pause_seconds=pause_seconds, error=error[:200], known_ends=ends)

    async def mark_ended(self, row: Claimed, state: str, error: str) -> bool:
        """``dead`` or ``cancelled``, with the reason as a code."""
        return await self._mark("mark_ended", row, state=state, error=error[:200])

    async def give_back(self, row: Claimed) -> bool:
        """The worker stops before the message left: no try is used up."""
        return await self._mark("give_back", row)

    async def _mark(self, query: str, row: Claimed, **values: object) -> bool:
        async with self._database.transaction(Scope.system()) as connection:
            marked = await getattr(queries("outbox"), query)(
                connection, office_id=row.office_id, id=row.id, token=row.token, **values
            )
        return marked is not None

    async def waiting(self, ways: Collection[str]) -> Waiting:
        """What a drain, a wake-up and the health page ask; ``next_seconds`` counts only rows of these ways."""
        async with self._database.transaction(SWEEP) as connection:
            found = await queries("outbox").waiting(
                connection, ways=list(ways), patience_seconds=ORDER_PATIENCE_SECONDS
            )
        return msgspec.convert(dict(found), Waiting)


def _is_receipt(row: Claimed) -> bool:
    return row.kind == MessageKind.RECEIPT and row.recipient == Recipient.REPORTER and row.way == Way.EMAIL
