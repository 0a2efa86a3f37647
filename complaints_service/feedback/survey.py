"""The survey that any visitor may answer: nine elements, once an hour for each device."""

from __future__ import annotations

import uuid
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from complaints_service.database import SYSTEM, Database, queries
from complaints_service.errors import TooMany
from complaints_service.feedback.index import ELEMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from complaints_service.keys import Keys


class Door(StrEnum):
    """Where a survey was answered."""

    WEB = "web"
    KIOSK = "kiosk"


# A kiosk stands in the waiting room: its next visitor is somebody else.
TURNS = {Door.WEB: timedelta(hours=1), Door.KIOSK: timedelta(minutes=1)}
_DEVICE = "survey-device"


class Surveys:
    """Keeps answers without anything about who gave them, and for a while a keyed hash of the device they came from."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    async def answer(
        self,
        office_id: int,
        form_id: uuid.UUID,
        answers: Mapping[str, int],
        *,
        door: Door,
        device: str,
        service: str | None,
    ) -> None:
        """Keep nine answers (1 to 4 each); the same form twice is one. Raises TooMany with the seconds until the device may again."""
        hashed = self._keys.digest(_DEVICE, device)
        given = [answers[element] for element in ELEMENTS]
        q = queries("survey")
        async with self._database.transaction(SYSTEM) as connection:
            if await q.is_taken(connection, office_id=office_id, form_id=form_id):
                return
            seconds = TURNS[door].total_seconds()
            if await q.take_turn(connection, device=hashed, seconds=seconds) is None:
                left: int | None = await q.turn_left(connection, device=hashed)
                raise TooMany(left or 1, "This device has answered already. Thank you; it can answer again later.")
            await q.add_survey(
                connection, office_id=office_id, form_id=form_id, door=door.value, service=service, answers=given
            )

    async def forget_turns(self) -> None:
        """Delete what no longer holds anybody back (upkeep)."""
        async with self._database.connection() as connection:
            await queries("survey").forget_turns(connection)
