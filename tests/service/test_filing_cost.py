"""What makes filing slow without making it wrong."""

from __future__ import annotations

from complaints_service.database import Database
from complaints_service.settings import Settings
from complaints_service.wiring import Services


async def test_the_key_of_tickets_is_their_newest_index(services: Services) -> None:
    """Foreign keys plan once a session; of equally cheap indexes they take the newest (sql/migrations/0017_cheap_checks.sql). Only those
    that begin with the office can serve them.
    """
    async with services.database.connection() as connection:
        newest = await connection.fetchval(
            "SELECT max(i.indexrelid)::regclass::text FROM pg_index AS i"
            " INNER JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            " WHERE i.indrelid = 'ticket'::regclass AND a.attname = 'office_id'"
        )
    assert newest == "ticket_pkey"


async def test_what_an_array_is_is_asked_once_a_process(settings: Settings) -> None:
    """Filing hands over arrays; asyncpg asks the server about them (8 ms of its time) at each new connection."""
    asked: list[str] = []
    for _ in range(2):
        database = await Database.open(settings.database_url or "", settings)
        async with database.connection() as connection:
            asked.clear()
            with connection.query_logger(lambda entry: asked.append(entry.query)):
                assert await connection.fetchval("SELECT $1::int4[] || $2::int8[]::int4[]", [1], [2]) == [1, 2]
        await database.close()
    assert len(asked) == 1
