"""Pool, transactions with their scope, named queries, migrations."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, cast

import aiosql
import asyncpg
import structlog
from aiosql.adapters.asyncpg import AsyncPGAdapter

from complaints_service.progress import Progress, no_progress
from complaints_service.resources import sql_dir

if TYPE_CHECKING:
    from complaints_service.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Whole transactions are tried again after these, at most three times (RELIABILITY.md, scenario 7).
# The last one: a migration changed what a statement gives that this connection knows; it asks anew the next time.
TRANSIENT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.InvalidCachedStatementError)
UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientResourcesError,  # full disk, too many connections, no memory
    asyncpg.PostgresSystemError,  # a disk that cannot be read or written
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # The driver's word for a connection whose server was killed in the middle of an answer (found by the random run).
    asyncpg.InternalClientError,
)
STATEMENT_TIMEOUT_SECONDS = 20
# FirstNormalObjectId of access/transam.h in PostgreSQL's source.
_FIRST_OWN_OID = 16_384
# For a connection of the pool; whoever got none by then is told to come back (503), instead of waiting in a line that only grows.
ACQUIRE_SECONDS = 5


class Scope:
    """What a transaction may see; row-level security reads it (sql/migrations/0008_scope.sql).

    Values go into ``set_config`` calls as literals, so only integers and the fixed words below are accepted.
    """

    __slots__ = ("sql",)

    def __init__(self, name: str, **values: int | Iterable[int]) -> None:
        parts = [f"set_config('app.scope', '{name}', true)"]
        for key, value in values.items():
            text = str(int(value)) if isinstance(value, int) else ",".join(str(int(v)) for v in value)
            parts.append(f"set_config('app.{key}', '{text}', true)")
        self.sql = "BEGIN; SELECT " + ", ".join(parts)

    @classmethod
    def system(cls) -> Scope:
        """Workers and sign-in: every ticket of every office."""
        return SYSTEM

    @classmethod
    def ticket(cls, office_id: int, ticket_id: int) -> Scope:
        """A citizen who proved to hold the code, the cookie or the link of this one ticket."""
        return cls("ticket", office=office_id, ticket=ticket_id)

    @classmethod
    def person(cls, office_id: int, person_id: int, units: Iterable[int], own_units: Iterable[int]) -> Scope:
        """A signed-in person: tickets of ``units``, without those that name the person or one of ``own_units``."""
        return cls("person", office=office_id, person=person_id, units=units, own_units=own_units)


SYSTEM = Scope("system")
# Added to what a scope sets. From the sixth time on PostgreSQL would use one plan for all values; for a list with many filters left out
# that plan reads the whole table (seen at 10,000 open tickets: the queue 14 ms instead of 0.2).
PLANNED = ", set_config('plan_cache_mode', 'force_custom_plan', true)"
# What each sweep of each worker asks of the outbox in the scope of the system. One plan serves all values; to find that out by itself
# PostgreSQL makes five others, 2 ms of a processor each, for every statement of every connection.
SWEEP = Scope("system")
SWEEP.sql += ", set_config('plan_cache_mode', 'force_generic_plan', true)"
_SNAPSHOT = re.compile(r"[0-9A-F]{1,16}(-[0-9A-F]{1,16}){1,3}")


def read_only(scope: Scope, shared: str | None = None) -> str:
    """What begins a transaction of ``Database.snapshot``. Raises ValueError when ``shared`` is no name of a snapshot."""
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    if shared is not None:
        if not _SNAPSHOT.fullmatch(shared):
            raise ValueError("no name of a snapshot")
        begin += f"; SET TRANSACTION SNAPSHOT '{shared}'"
    return begin + scope.sql.removeprefix("BEGIN")


class ConnectionAdapter(AsyncPGAdapter):
    """aiosql's adapter without its guess at each call whether it was given a pool: we always give a connection."""

    async def select(self, conn: Any, query_name: Any, sql: Any, parameters: Any, record_class: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - an async generator there too
        """Every row, as an async iterator."""
        for row in await conn.fetch(sql, *self._ordered(query_name, parameters)):
            yield row

    async def select_one(self, conn: Any, query_name: Any, sql: Any, parameters: Any, record_class: Any = None) -> Any:
        """The first row or None."""
        return await conn.fetchrow(sql, *self._ordered(query_name, parameters))

    async def select_value(self, conn: Any, query_name: Any, sql: Any, parameters: Any) -> Any:
        """The first value of the first row, or None."""
        return await conn.fetchval(sql, *self._ordered(query_name, parameters))

    def _ordered(self, query_name: str, parameters: Any) -> tuple[Any, ...]:
        return tuple(cast("Iterable[Any]", self.maybe_order_params(query_name, parameters)))  # pyright: ignore[reportUnknownMemberType]


@functools.cache
def queries(name: str) -> Any:  # the queries' names come out of the file, so no type can list them
    """The named queries of ``sql/queries/<name>.sql``; call them as ``await queries("tickets").load(conn, ...)``.

    aiosql's suffixes: ``^`` one row or None, ``$`` one value, ``!`` no result, none: ``async for`` over rows.
    """
    path = sql_dir() / "queries" / f"{name}.sql"
    return cast("Any", aiosql).from_path(path, ConnectionAdapter)


class _Described(NamedTuple):
    """Where asyncpg expects the statement that asked the server; named, for none was sent that would have taken the unnamed one's place."""

    name: str = "known"


class _Connection(asyncpg.Connection):
    """Learns PostgreSQL's own array types once a process, not once a connection: the question costs the server 8 ms."""

    _known: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> tuple[Any, Any]:
        asked = frozenset(typeoids)
        if (known := self._known.get(asked)) is not None:
            return known, _Described()
        described, statement = await cast("Any", super())._introspect_types(asked, timeout)
        # Numbers below are given by PostgreSQL itself, the same in every database; those above belong to one database.
        if all(row["oid"] < _FIRST_OWN_OID for row in described):
            self._known[asked] = described
        return described, statement


async def _leave_as_is(_connection: asyncpg.Connection) -> None:
    """Nothing of ours outlives a transaction, so a connection needs no reset (asyncpg's costs a round trip)."""


class Database:
    """The pool of one process and the one way to open a transaction."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    @classmethod
    async def open(cls, url: str, settings: Settings) -> Database:
        """Connect as the application role. Raises what asyncpg raises when the server cannot be reached."""
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=settings.pool_size,
            statement_cache_size=settings.statement_cache,
            command_timeout=STATEMENT_TIMEOUT_SECONDS,
            timeout=5,
            max_inactive_connection_lifetime=300,
            reset=_leave_as_is,
            connection_class=_Connection,
        )
        return cls(pool)

    async def close(self) -> None:
        """Close every connection; gives running statements 5 seconds."""
        try:
            async with asyncio.timeout(5):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()

    def connection(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection without a transaction, for single statements on tables that have no row-level security."""
        return cast("AbstractAsyncContextManager[asyncpg.Connection]", self.pool.acquire(timeout=ACQUIRE_SECONDS))

    @asynccontextmanager
    async def transaction(self, scope: Scope, *, planned: bool = False) -> AsyncGenerator[asyncpg.Connection]:
        """One transaction under a scope: BEGIN and the scope are one round trip, COMMIT another.

        ``planned``: its statements are planned for their values each time; for those that list by filters most of which are left out.
        Rolls back when the block raises. Works through PgBouncer in transaction mode: nothing outlives the transaction.
        """
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(scope.sql + PLANNED if planned else scope.sql)
            try:
                yield cast("asyncpg.Connection", connection)
            except BaseException:
                if not connection.is_closed():
                    try:
                        await connection.execute("ROLLBACK")
                    except Exception:
                        connection.terminate()
                        log.warning("rollback_failed", exc_info=True)
                raise
            else:
                await connection.execute("COMMIT")

    @asynccontextmanager
    async def snapshot(self, scope: Scope, shared: str | None = None) -> AsyncGenerator[asyncpg.Connection]:
        """A transaction that only reads, and sees one state of the database from beginning to end.

        ``shared``: what ``pg_export_snapshot()`` said in another one that is still open: both see the same state.
        """
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(read_only(scope, shared))
            try:
                yield cast("asyncpg.Connection", connection)
            finally:
                if not connection.is_closed():
                    try:
                        await connection.execute("ROLLBACK")
                    except Exception:
                        connection.terminate()

    async def again(self, attempt: Callable[[], Awaitable[T]], tries: int = 3) -> T:
        """Run a whole transaction, and again when the server chose it as the victim of a deadlock; raises after ``tries``."""
        for left in reversed(range(tries)):
            try:
                return await attempt()
            except TRANSIENT:
                if left == 0:
                    raise
        raise AssertionError("unreachable")


async def upgrade(url: str, progress: Progress = no_progress) -> list[str]:
    """Apply all migrations that are not applied yet, one process at a time, and return their names. Raises as ``migrations.apply``."""
    from complaints_service import migrations

    connection = await asyncpg.connect(url)
    try:
        await queries("migrations").one_at_a_time(connection, key=_MIGRATION_LOCK)
        return await migrations.apply(connection, sql_dir() / "migrations", progress)
    finally:
        await connection.close()


async def check(url: str) -> list[str]:
    """Names of migrations that this version knows and the database lacks (empty: up to date)."""
    connection = await asyncpg.connect(url)
    try:
        return await missing_migrations(connection)
    finally:
        await connection.close()


async def missing_migrations(connection: asyncpg.Connection) -> list[str]:
    """As ``check``, on an open connection; a database without any migration lacks them all."""
    known = {path.stem for path in (sql_dir() / "migrations").glob("*.sql")}
    try:
        rows = await connection.fetch("SELECT migration_id FROM public._pogo_migration")
    except asyncpg.UndefinedTableError:
        return sorted(known)
    return sorted(known - {row["migration_id"] for row in rows})


_MIGRATION_LOCK = int.from_bytes(hashlib.sha256(b"complaints migrations").digest()[:8], "big", signed=True)
