"""The office's logo as it is stored: a small WebP that our own encoder made (``management/look/logo.py``)."""

from __future__ import annotations

from complaints_service.database import Database, queries


async def logo_bytes(database: Database, office_id: int, digest: str) -> bytes | None:
    """The picture, or None where there is no such logo."""
    if not digest.isalnum():
        return None
    async with database.connection() as connection:
        return await queries("look").logo(connection, office_id=office_id, digest=digest)
