"""One process of a simulation: ``python -m complaints_service.sla.simulation_process``.

It reads tickets from the snapshot it is told of and plays them, so that no web process stands still meanwhile. It gives way to everybody
else on the machine, and ends when its pipe does: a run whose web process dies leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys

import asyncpg
import msgspec

from complaints_service.database import SYSTEM, queries, read_only
from complaints_service.office.model import CalendarVersion, Office, Policy
from complaints_service.office.store import office_from_json
from complaints_service.sla.policy_document import PolicyDocument, policy_from
from complaints_service.sla.simulation_compare import Comparison, Wish
from complaints_service.sla.simulation_wire import Done, Order, Portion, framed, read_frame

# Documents that are no version yet.
UNPUBLISHED = 0


def wish_of(order: Order, office: Office) -> Wish:
    """What an order wants played. Raises LookupError for a version that the office does not have."""
    policy: Policy | None = None
    calendar: CalendarVersion | None = None
    if order.policy is not None:
        policy = policy_from(msgspec.json.decode(order.policy, type=PolicyDocument), UNPUBLISHED)
    elif order.policy_version is not None:
        policy = office.policies[order.policy_version]
    if order.calendar is not None:
        calendar = CalendarVersion(UNPUBLISHED, order.calendar)
    elif order.calendar_version is not None:
        calendar = office.calendars[order.calendar_version]
    return Wish(policy, calendar, order.until)


async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the order, then portions until the empty one."""
    order = await read_frame(reader, Order)
    connection = await asyncpg.connect(order.url, statement_cache_size=order.statement_cache, timeout=10)
    try:
        await connection.execute(read_only(SYSTEM, order.snapshot))
        # The query of histories writes times as text.
        await connection.execute("SET LOCAL TimeZone TO 'UTC'; SET LOCAL DateStyle TO 'ISO'")
        row = await queries("office").office_rows(connection, office_id=order.office_id)
        office = office_from_json(row["office"])
        comparison = Comparison(office, wish_of(order, office), order.control_every)
        gc.freeze()
        while ids := (await read_frame(reader, Portion)).ids:
            async for told in queries("simulation").histories(connection, office_id=office.id, ids=ids):
                comparison.take(told["history"])
            writer.write(framed(Done(len(ids))))
            await writer.drain()
        writer.write(framed(Done(0, comparison.tally)))
        await writer.drain()
    finally:
        await connection.close(timeout=5)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout.buffer)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    with contextlib.suppress(asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError):
        await work(reader, writer)


if __name__ == "__main__":
    os.nice(10)
    # Rows are many and never form cycles, so nobody needs to look for any.
    gc.disable()
    asyncio.run(_main())
