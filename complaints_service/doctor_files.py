"""I10 and the files' part of I7: every attachment has its file, and is the one that the chain holds.

By default only the size of each file is compared (a million in some seconds); ``whole`` reads and hashes every one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from complaints_service.database import queries
from complaints_service.intake.attachments.storage import FileDamaged, FileMissing, Storage
from complaints_service.tickets.attachments import files_fit

if TYPE_CHECKING:
    import asyncpg

PAGE = 1_000
# The first digit of a storage key: shares of about the same size, for several connections and for the bar.
SHARES = "0123456789abcdef"
# A folder that is gone breaks every row: some of each share tell it.
MOST_NAMED = 10


async def broken_files(
    connection: asyncpg.Connection, storage: Storage, share: str, *, whole: bool
) -> list[tuple[int, str, str]]:
    """(office, ticket's number, what is wrong) for the attachments of one share whose file is missing or another (10 at most)."""
    found: list[tuple[int, str, str]] = []
    after, before = share, f"{share}g"
    while len(found) < MOST_NAMED:
        rows = [
            row async for row in queries("attachments").files_page(connection, after=after, before=before, most=PAGE)
        ]
        if not rows:
            break
        found += await asyncio.to_thread(_wrong, storage, rows, whole)
        after = rows[-1]["storage_key"]
    return found[:MOST_NAMED]


def _wrong(storage: Storage, rows: list[asyncpg.Record], whole: bool) -> list[tuple[int, str, str]]:
    found: list[tuple[int, str, str]] = []
    for row in rows:
        files = [("file", row["sha256"], row["size"])]
        if row["preview_sha256"] is not None:
            files.append(("preview", row["preview_sha256"], row["preview_size"]))
        for name, sha256, size in files:
            what = None
            try:
                storage.check(row["storage_key"], sha256, size, whole=whole)
            except FileMissing:
                what = "is not there"
            except FileDamaged:
                what = "is not the one that was stored"
            if what is not None:
                found.append((row["office_id"], row["number"], f"the {name} of attachment {row['id']} {what}"))
    return found


async def files_off_the_chain(
    connection: asyncpg.Connection, office_id: int, first: int, last: int, with_files: list[int]
) -> list[tuple[str, str]]:
    """(number, what is wrong) for every event of a span whose attachments are not those that its body, and so its hash, holds.

    ``with_files``: the tickets of the span whose log names any.
    """
    span = {"office_id": office_id, "first": first, "last": last}
    rows: dict[tuple[int, int], list[asyncpg.Record]] = defaultdict(list)
    async for row in queries("attachments").chained_page(connection, **span):
        rows[(row["ticket_id"], row["seq"])].append(row)
    found: list[tuple[str, str]] = []
    async for event in queries("attachments").events_with_files(connection, office_id=office_id, ids=with_files):
        if not files_fit(event["body"], rows.pop((event["ticket_id"], event["seq"]), [])):
            found.append((event["number"], f"the files of event {event['seq']} are not those that were chained"))
    found += [(f"ticket {ticket_id}", f"files beside event {seq}, which has none") for ticket_id, seq in rows]
    return found
