"""A process killed at each failpoint: between a claim and its mark, between COMMIT and an answer, inside batches (I1 to I7, I12).

After each kill another process takes over. Every ticket is there once, every rung once, every message at most twice (I5) under the
same Message-ID, and the audit finds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from complaints_service.accounts.model import Via, Viewer
from complaints_service.sla.recompute_work import start_recompute
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from tests.faults.service import eventually
from tests.faults.struck import Struck, all_failpoints, audited
from tests.faults.test_failpoints_of_web import AT_THE_DOORS
from tests.servers import Running
from tests.service.outbox_room import Room, a_room
from tests.service.webhook_receiver import Receiver, receiver_at

IN_WORKERS = {
    "alarm.put", "cycle.added", "cycle.closed", "delivery.claimed", "delivery.marked", "delivery.packed", "delivery.sent",
    "digest.put", "recompute.batch_done", "recompute.claimed", "seal.made", "timers.claimed", "timers.committed", "timers.written",
    "upkeep.between", "webhook.claimed", "webhook.sent",
}  # fmt: skip
# tests/faults/test_restore.py
IN_COMMANDS = {
    "backup.dumped", "backup.before_manifest", "backup.before_rename", "restore.loaded", "restore.held", "restore.rights",
}  # fmt: skip
# The only places where a message may have left and nobody has written it down.
MAY_DOUBLE = {"delivery.sent", "webhook.sent"}
# What is in hand side by side when a worker is killed.
IN_HAND = 4


def test_every_place_in_the_code_is_killed_at_by_a_test() -> None:
    assert all_failpoints() == IN_WORKERS | AT_THE_DOORS | IN_COMMANDS


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[tuple[Receiver, int]]:
    receiver = Receiver()
    async with receiver_at(receiver) as port:
        yield receiver, port


@pytest.fixture(scope="module")
async def room(
    running: Running, tmp_path_factory: pytest.TempPathFactory, receiver: tuple[Receiver, int]
) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("struck")) as opened:
        admin = await opened.office.person("admin")
        viewer = Viewer(person=admin, office=await opened.office.office(), scopes=frozenset(), via=Via.COOKIE)
        events = ["complaint.received", "complaint.escalated", "feedback.cycle_closed"]
        await opened.services.webhooks.make(viewer, f"http://127.0.0.1:{receiver[1]}/in", "", events)
        yield opened


async def a_night_full_of_work(room: Room, place: str) -> dict[str, Filed]:
    """Receipts to send, promises broken, a month over, a new calendar, an alarm: all due at eight in the morning. Who filed what."""
    readers = [f"{number}.{place}@example.org" for number in range(3)]
    filed = {reader: await room.office.file(reporter_email=reader) for reader in readers}
    now = await room.office.now()
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=2)
    await room.office.move_clock_to(datetime(next_month.year, next_month.month, 2, 1, 0, tzinfo=UTC))
    await room.admin.execute("UPDATE clock_shift SET moved_at = clock_timestamp()")
    async with room.admin.transaction():
        version: int = await room.admin.fetchval(
            "INSERT INTO calendar (office_id, version, document, confirmed_through)"
            " SELECT office_id, version + 1, document, confirmed_through FROM calendar ORDER BY version DESC LIMIT 1"
            " RETURNING version"
        )
        await start_recompute(room.admin, 1, "calendar", version)
    await room.admin.execute(
        "INSERT INTO alarm (office_id, key, what) VALUES (1, $1, 'kiosk_clock')", f"kiosk_clock:{place}"
    )
    return filed


async def nothing_left(room: Room) -> bool:
    # Where this machine was too slow for a receiver's 10 s, nobody here waits five minutes for the next try.
    await room.admin.execute(
        "UPDATE outbox SET next_try_at = '-infinity' WHERE state = 'queued' AND way = 'webhook' AND attempts > 0"
    )
    return await room.admin.fetchval(
        "SELECT NOT EXISTS (SELECT 1 FROM outbox WHERE state IN ('queued', 'sending') AND released_at <= office_now())"
        " AND NOT EXISTS (SELECT 1 FROM sla_timer WHERE state = 'armed' AND due_at <= office_now())"
        " AND NOT EXISTS (SELECT 1 FROM recompute WHERE state = 'running' AND due_at <= office_now())"
        " AND EXISTS (SELECT 1 FROM chain_root WHERE cutoff > office_now() - interval '2 days')"
        " AND EXISTS (SELECT 1 FROM cycle WHERE monthly AND ends_at > office_now() - interval '3 days')"
        " AND EXISTS (SELECT 1 FROM outbox WHERE kind = 'digest' AND created_at > office_now() - interval '6 hours')"
        " AND NOT EXISTS (SELECT 1 FROM alarm AS a WHERE cleared_at IS NULL AND NOT EXISTS ("
        "   SELECT 1 FROM outbox AS o WHERE o.dedupe_key LIKE 'alarm:' || a.id || ':%'))"
    )


@pytest.mark.parametrize("place", sorted(IN_WORKERS))
async def test_a_worker_killed_there_is_replaced_and_everything_happens_once(
    room: Room, receiver: tuple[Receiver, int], place: str
) -> None:
    filed = await a_night_full_of_work(room, place)
    mails_before, hooks_before = len(room.postbox.taken), len(receiver[0].came)
    worker = Struck(room, "worker")
    async with worker.running(place) as process:
        await worker.dies(process)
    async with worker.running():
        assert await eventually(lambda: nothing_left(room)), await room.admin.fetch(
            "SELECT kind, way, state, attempts, last_error FROM outbox WHERE state IN ('queued', 'sending')"
        )
    assert await audited(room) == []
    for reader in filed:
        assert room.postbox.to(reader), "the receipt arrived"
    mails = Counter(str(mail.message["Message-ID"]) for mail in room.postbox.taken[mails_before:])
    hooks = Counter(came.id for came in receiver[0].came[hooks_before:])
    copies = sum(mails.values()) - len(mails) + sum(hooks.values()) - len(hooks)
    assert max([*mails.values(), *hooks.values()]) <= 2
    # The other messages that were in hand when it was killed may double too; never more than were in hand.
    assert copies <= (2 * IN_HAND if place in MAY_DOUBLE else 2 * IN_HAND - 1)
    assert (
        await room.admin.fetchval(
            "SELECT count(*) FROM (SELECT 1 FROM ticket_event WHERE type = 'rung_fired' GROUP BY ticket_id,"
            " body::json ->> 'rung', body::json ->> 'episode', body::json ->> 'occurrence' HAVING count(*) > 1) AS d"
        )
        == 0
    )
    # What is over climbs no ladder in the months of the next night.
    for one in filed.values():
        await room.office.reporter_acts(one, c.Withdraw())
