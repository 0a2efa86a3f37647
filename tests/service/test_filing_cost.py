"""What makes filing slow without making it wrong."""

from __future__ import annotations

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
