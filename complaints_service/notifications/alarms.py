"""What an administrator must see: raised once, mailed once, cleared when it is over."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.database import Database, Scope, queries
from complaints_service.failpoints import fp
from complaints_service.notifications.facts import Claimed
from complaints_service.notifications.kinds import MessageKind, Recipient, Way
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.office.model import Office


class OpenAlarm(msgspec.Struct, frozen=True):
    """An alarm that is not over. ``details``: JSON of codes and counts, never personal."""

    id: int
    key: str
    what: str
    details: str
    raised_at: datetime


class Alarms:
    """The table ``alarm`` and the mails about it. One alarm stands for all that has its key, however many there are."""

    def __init__(self, database: Database, ids: MessageIds) -> None:
        self._database = database
        self._ids = ids

    async def dead(self, row: Claimed, reason: str) -> None:
        """A message will not arrive: one open alarm per kind and way."""
        await self._raise(row.office_id, dead_key(row.way, row.kind), "outbox_dead", {
            "way": row.way, "kind": row.kind, "reason": reason, "row": row.id,
        })  # fmt: skip

    async def way_down(self, row: Claimed, reason: str) -> None:
        """A whole way is broken and does not mend itself: a password, a certificate."""
        await self._raise(row.office_id, f"way_down:{row.way}", "way_down", {"way": row.way, "reason": reason})

    async def way_works(self, row: Claimed) -> None:
        """The way is whole again."""
        await self.clear(row.office_id, f"way_down:{row.way}")

    async def clear(self, office_id: int, key: str) -> None:
        """The alarm with this key is over."""
        async with self._database.connection() as connection:
            await queries("outbox").clear_alarm(connection, office_id=office_id, key=key)

    async def open(self, office_id: int) -> list[OpenAlarm]:
        """Alarms that are not over, the latest first (at most 200)."""
        async with self._database.connection() as connection:
            found = queries("outbox").open_alarms(connection, office_id=office_id)
            return [msgspec.convert(dict(row), OpenAlarm) async for row in found]

    async def mail(self, office: Office) -> int:
        """Put a mail to every administrator into the outbox for each open alarm that has none; the number of mails.

        Called with every sweep. A dead alarm mail raises an alarm of its own kind, once: there is no loop. Cases that reach nobody
        share a mail, and their alarms are over when somebody has seen to the case.
        """
        made = 0
        together: list[int] = []
        async with self._database.transaction(Scope.system()) as connection:
            await queries("outbox").clear_reached(connection, office_id=office.id)
            untold = [
                (row["alarm_id"], row["person_id"], row["alone"])
                async for row in queries("outbox").alarms_without_mail(connection, office_id=office.id)
            ]
            for alarm_id, person_id, alone in untold:
                key = f"alarm:{alarm_id}:{person_id}"
                put = await queries("outbox").put(
                    connection,
                    office_id=office.id,
                    ticket_id=None,
                    event_seq=None,
                    dedupe_key=key,
                    kind=MessageKind.ALARM.value,
                    way=Way.EMAIL.value,
                    recipient=Recipient.PERSON.value,
                    person_id=person_id,
                    address=None,
                    params=msgspec.json.encode({"alarm": alarm_id}).decode(),
                    message_id=self._ids.for_row(key),
                )
                made += alone and put is not None
                if put is not None and not alone:
                    together.append(put)
                fp("alarm.put")
            if together:
                await queries("outbox").told_together(connection, office_id=office.id, ids=together)
        return made

    async def _raise(self, office_id: int, key: str, what: str, details: dict[str, object]) -> None:
        async with self._database.connection() as connection:
            await queries("outbox").raise_alarm(
                connection, office_id=office_id, key=key, what=what, details=msgspec.json.encode(details).decode()
            )


def dead_key(way: str, kind: str) -> str:
    """The key of the alarm about dead messages of one way and kind."""
    return f"outbox_dead:{way}:{kind}"
