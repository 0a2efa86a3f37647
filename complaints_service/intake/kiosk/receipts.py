"""Receipts that a kiosk gave while it had no line: exchanged for the ticket once it has arrived."""

from __future__ import annotations

import re

from complaints_service.database import Database, queries
from complaints_service.keys import Keys, plain_code

# What the kiosk prints, "S-7K3M-9Q": S for "sementara". No number of a ticket looks like it.
_RECEIPT = re.compile(r"S[- ]?[0-9A-Z]{4}[- ]?[0-9A-Z]{2}", re.IGNORECASE)


class ProvisionalReceipts:
    """Stored is a keyed hash of receipt and code together: neither can be read out of the database, nor one without the other."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    async def keep(self, office_id: int, receipt: str, code: str, ticket_id: int) -> None:
        """From now on the receipt leads to the ticket; keeping it again changes nothing."""
        async with self._database.connection() as connection:
            await queries("kiosk").keep_receipt(
                connection, office_id=office_id, digest=self._digest(receipt, code), ticket_id=ticket_id
            )

    async def ticket_of(self, office_id: int, receipt: str, code: str) -> int | None:
        """The ticket, or None: not arrived yet, or not this code (the two are never told apart)."""
        async with self._database.connection() as connection:
            return await queries("kiosk").ticket_of_receipt(
                connection, office_id=office_id, digest=self._digest(receipt, code)
            )

    def _digest(self, receipt: str, code: str) -> bytes:
        return self._keys.digest("kiosk-receipt", plain_code(receipt), plain_code(code))


def is_provisional(number: str) -> bool:
    """Whether somebody has written the number of a provisional receipt."""
    return _RECEIPT.fullmatch(number.strip()) is not None
