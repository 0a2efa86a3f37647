"""Receipts that a kiosk gave while it had no line: exchanged for the ticket once it has arrived."""

from __future__ import annotations

import re

from complaints_service.database import Database, queries
from complaints_service.errors import NotFound
from complaints_service.keys import Keys, plain_code

# What the kiosk prints, "S-7K3M-9Q": S for "sementara". No number of a ticket looks like it.
_RECEIPT = re.compile(r"S[- ]?[0-9A-Z]{4}[- ]?[0-9A-Z]{2}", re.IGNORECASE)
# What its square holds: the receipt without its S, then the code. 80 random bits.
_SLIP = re.compile(r"([0-9A-Z]{6})([0-9A-Z]{10})")
SLIP_LETTERS = 16
# As long as the slowest case may take; typed at /lacak both are good for longer.
SLIP_DAYS = 90


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

    async def ticket_of_slip(self, office_id: int, token: str) -> int | None:
        """The ticket behind the square of a slip, or None: not arrived yet (or made up). Raises NotFound: no square of ours, or too old."""
        parts = _SLIP.fullmatch(token)
        if parts is None:
            raise NotFound
        digest = self._digest(f"S{parts[1]}", parts[2])
        async with self._database.connection() as connection:
            row = await queries("kiosk").slip(connection, office_id=office_id, digest=digest, days=SLIP_DAYS)
        if row is None:
            return None
        if not row["opens"]:
            raise NotFound(
                "This square was printed more than {days} days ago and opens nothing any more. Write receipt and code from "
                "your slip on the page Track.",
                days=SLIP_DAYS,
            )
        return row["ticket_id"]

    def _digest(self, receipt: str, code: str) -> bytes:
        return self._keys.digest("kiosk-receipt", plain_code(receipt), plain_code(code))


def receipt_of_slip(token: str) -> str:
    """The provisional receipt of a slip as it stands on it: ``S-7K3M-9Q``."""
    return f"S-{token[:4]}-{token[4:6]}"


def is_provisional(number: str) -> bool:
    """Whether somebody has written the number of a provisional receipt."""
    return _RECEIPT.fullmatch(number.strip()) is not None
