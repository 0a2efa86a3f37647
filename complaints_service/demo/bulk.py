"""``complaints seed --tickets N``: many realistic tickets by COPY, for benchmarks and for trying the service at size."""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import datetime

import asyncpg
import msgspec

from complaints_service.clock import monotonic
from complaints_service.database import queries
from complaints_service.demo.bulk_rows import COLUMNS
from complaints_service.demo.bulk_tickets import ENDED_SHARE, BulkTickets
from complaints_service.keys import Keys
from complaints_service.office.store import office_from_json
from complaints_service.settings import Settings

CHUNK = 1_000
MOST = 50_000_000
_MOST_PROCESSES = 8
_BAR = 30


class Plan(msgspec.Struct, frozen=True):
    """What every process needs to know; ``office`` is the JSON that ``office_from_json`` reads."""

    url: str
    office: str
    now: datetime
    secret: bytes
    ended_share: float


class CannotSeed(RuntimeError):
    """Why no tickets can be made here; the text says what to do."""


def run(settings: Settings, arguments: list[str]) -> int:
    """The command. Exit codes: 0 done, 1 it could not be done, 2 wrong call."""
    parser = argparse.ArgumentParser(prog="complaints seed", description="Add realistic tickets to the office.")
    parser.add_argument("--tickets", type=int, required=True, metavar="N", help="how many")
    try:
        call = parser.parse_args(arguments)
    except SystemExit as ended:
        return 2 if ended.code else 0
    if not 0 < call.tickets <= MOST:
        print(f"--tickets: from 1 to {MOST}", file=sys.stderr)
        return 2
    if settings.admin_database_url is None:
        print("COMPLAINTS_ADMIN_DATABASE_URL is needed: tickets are copied by the owner of the tables", file=sys.stderr)
        return 1
    try:
        seconds = seed_bulk(settings.admin_database_url, settings.secret_key, call.tickets)
    except CannotSeed as reason:
        print(reason, file=sys.stderr)
        return 1
    print(f"{call.tickets} tickets in {seconds:.1f} s ({call.tickets / seconds:.0f}/s)")
    return 0


def seed_bulk(admin_url: str, secret: bytes, many: int, ended_share: float = ENDED_SHARE) -> float:
    """Add tickets in chunks, each whole in one transaction; returns the seconds it took. Raises CannotSeed.

    ``ended_share``: the part of them that is over; benchmarks of open tickets want none.
    """
    return asyncio.run(_seed(admin_url, secret, many, ended_share))


async def _seed(admin_url: str, secret: bytes, many: int, ended_share: float) -> float:
    """Under one transaction that keeps days from being sealed: what is written here lies in the past."""
    started = monotonic()
    connection = await asyncpg.connect(admin_url)
    try:
        async with connection.transaction():
            plan, ids = await _prepare(connection, admin_url, secret, many, ended_share)
            await asyncio.to_thread(_copy_all, plan, ids, started)
        await queries("demo").analyze(connection)
    finally:
        await connection.close()
    return monotonic() - started


def _copy_all(plan: Plan, ids: list[int], started: float) -> None:
    """Every chunk, on all processors."""
    many = len(ids)
    chunks = [ids[at : at + CHUNK] for at in range(0, many, CHUNK)]
    processes = max(1, min(_MOST_PROCESSES, os.cpu_count() or 1, len(chunks)))
    # spawn: a forked child would share sockets and locks of whoever calls us.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(msgspec.msgpack.encode(plan),)) as pool:
        done = 0
        for count in _each_done(pool, chunks):
            done += count
            _show(done, many, monotonic() - started)


def _each_done(pool: ProcessPoolExecutor, chunks: list[list[int]]) -> Iterator[int]:
    """Sizes of chunks as they are stored. The first failure ends it."""
    waiting: set[Future[int]] = {pool.submit(_copy_chunk, chunk) for chunk in chunks}
    try:
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()


async def _prepare(
    connection: asyncpg.Connection, admin_url: str, secret: bytes, many: int, ended_share: float
) -> tuple[Plan, list[int]]:
    if not await queries("demo").may_copy(connection):
        raise CannotSeed("the tickets must be copied by a superuser: set COMPLAINTS_ADMIN_DATABASE_URL accordingly")
    office_id = await queries("office").default_office_id(connection)
    row = await queries("office").office_rows(connection, office_id=office_id) if office_id is not None else None
    if row is None:
        raise CannotSeed("there is no office yet: start the service once")
    office = office_from_json(row["office"])
    if not office.people:
        raise CannotSeed("the office has no people: add some with `complaints people add`")
    await queries("seals").hold_seals(connection)
    sealed = await queries("seals").last_sealed(connection, office_id=office.id)
    if sealed is not None:
        raise CannotSeed(
            f"the log is sealed up to {sealed.isoformat()}, and made-up tickets have a past: use a fresh COMPLAINTS_DATA_DIR"
        )
    ids = [row["id"] async for row in queries("demo").new_ticket_ids(connection, office_id=office.id, many=many)]
    return Plan(admin_url, row["office"], row["office_time"], secret, ended_share), ids


class Copier:
    """Makes chunks of tickets and stores each in one transaction."""

    def __init__(self, plan: Plan) -> None:
        self._url = plan.url
        self._made = BulkTickets(office_from_json(plan.office), Keys(plan.secret), plan.now, plan.ended_share)

    async def copy(self, ids: list[int]) -> int:
        """Tickets under these ids; returns how many. Raises what asyncpg raises; then none of the chunk is stored."""
        made = self._made
        made.begin(seed=ids[0])
        for ticket_id in ids:
            made.add(ticket_id)
        connection = await asyncpg.connect(self._url)
        try:
            async with connection.transaction():
                await queries("demo").trust_rows(connection)
                for table, columns in COLUMNS.items():
                    await connection.copy_records_to_table(table, columns=columns, records=made.rows[table])
        finally:
            await connection.close()
        return len(ids)


_copier: list[Copier] = []


def _begin(plan: bytes) -> None:
    """In a new process: get ready. Rows are many and never form cycles, so nobody needs to look for any."""
    gc.disable()
    _copier.append(Copier(msgspec.msgpack.decode(plan, type=Plan)))


def _copy_chunk(ids: list[int]) -> int:
    return asyncio.run(_copier[0].copy(ids))


def _show(done: int, many: int, seconds: float) -> None:
    """The bar on stderr: redrawn in place on a terminal, else one line for every tenth."""
    filled = _BAR * done // many
    line = f"[{'#' * filled}{'.' * (_BAR - filled)}] {done}/{many} tickets, {done / max(seconds, 0.001):.0f}/s"
    if sys.stderr.isatty():
        print(f"\r{line}", end="\n" if done == many else "", file=sys.stderr, flush=True)
    elif done == many or done // CHUNK % max(1, many // CHUNK // 10) == 0:
        print(line, file=sys.stderr, flush=True)
